//! The shapes of our YAML files as one table: the walk here checks a tree against it, `schema` writes it out as JSON Schema.
//! What both say is said once, so that they cannot drift apart.

use super::yaml::{Kind, Node};
use super::{Faults, Place, nearest, quantity};

/// What may stand somewhere.
pub(super) enum Shape {
    /// Text by a rule.
    Text(&'static TextRule),
    /// One of some words.
    Word(&'static [&'static str]),
    /// A whole number.
    Integer {
        /// Least value.
        least: i64,
        /// Greatest value.
        most: i64,
    },
    /// `true` or `false`.
    Boolean,
    /// `true`: the key's being there says it.
    True,
    /// Any value.
    Value,
    /// A mapping with known keys.
    Record(&'static Record),
    /// A mapping whose keys depend on the word under one of them.
    Tagged {
        /// The key that decides.
        tag: &'static str,
        /// What it means, for the schema.
        says: &'static str,
        /// Words and the mappings they stand for (the deciding key is not repeated there).
        variants: &'static [(&'static str, Record)],
    },
    /// A mapping from names to values.
    Names {
        /// Rule of the names.
        key: &'static TextRule,
        /// Shape of each value.
        value: &'static Shape,
        /// Least number of entries; with 0, nothing at all may stand there too.
        least: usize,
    },
    /// A list.
    List(&'static Shape),
    /// A text by a rule, or a mapping of a shape.
    TextOrMap(&'static TextRule, &'static Shape),
    /// A mapping of the first shape, or a list of the second.
    MapOrList(&'static Shape, &'static Shape),
}

/// A mapping with known keys.
pub(super) struct Record {
    /// The keys.
    pub(super) fields: &'static [Field],
    /// What holds between them.
    pub(super) rule: Rule,
}

/// What holds between the keys of a mapping.
#[derive(Clone, Copy)]
pub(super) enum Rule {
    /// Nothing more.
    Free,
    /// Exactly one of these stands there.
    OneOf(&'static [&'static str]),
    /// If `flag` is not there and true, `wanted` must be there.
    Unless {
        /// A boolean key.
        flag: &'static str,
        /// The key wanted without it.
        wanted: &'static str,
    },
}

/// One key of a mapping.
pub(super) struct Field {
    /// The key.
    pub(super) name: &'static str,
    /// True if it must be there.
    pub(super) required: bool,
    /// What it is for, one sentence without full stop.
    pub(super) says: &'static str,
    /// What may stand there.
    pub(super) shape: Shape,
}

/// A rule for texts.
pub(super) struct TextRule {
    /// What is wanted, with its article: "a size such as 64MiB".
    pub(super) wanted: &'static str,
    /// The rule as a regular expression, for the schema.
    pub(super) pattern: &'static str,
    /// The rule.
    pub(super) accepts: fn(&str) -> bool,
}

/// Makes a key that must be there.
pub(super) const fn required(name: &'static str, shape: Shape, says: &'static str) -> Field {
    Field { name, required: true, says, shape }
}

/// Makes a key that may be there.
pub(super) const fn optional(name: &'static str, shape: Shape, says: &'static str) -> Field {
    Field { name, required: false, says, shape }
}

/// Any text that is not empty.
pub(super) static TEXT: TextRule =
    TextRule { wanted: "a text", pattern: r"^[\s\S]+$", accepts: |text| !text.is_empty() };
/// The name of an entry.
pub(super) static NAME: TextRule = TextRule {
    wanted: "a name of letters, digits, \"-\", \"_\" and \".\" (at most 64, first a letter or digit)",
    pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$",
    accepts: |text| {
        (1..=64).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
    },
};
/// The name of a variable: what an expression of a template can name.
pub(super) static IDENTIFIER: TextRule = TextRule {
    wanted: "a variable name of letters, digits and \"_\" (at most 64, first no digit)",
    pattern: "^[A-Za-z_][A-Za-z0-9_]{0,63}$",
    accepts: is_identifier,
};
/// A size in bytes.
pub(super) static SIZE: TextRule = TextRule {
    wanted: "a size such as 64MiB",
    pattern: quantity::SIZE_PATTERN,
    accepts: |text| quantity::size(text).is_some(),
};
/// A duration.
pub(super) static DURATION: TextRule = TextRule {
    wanted: "a duration such as 1h (units s m h d w y)",
    pattern: quantity::DURATION_PATTERN,
    accepts: |text| quantity::duration(text).is_some(),
};
/// A duration without end, or one with.
pub(super) static VALIDITY: TextRule = TextRule {
    wanted: "\"forever\" or a duration such as 10y (units s m h d w y)",
    pattern: quantity::VALIDITY_PATTERN,
    accepts: |text| quantity::validity(text).is_some(),
};

/// Returns true if `text` can name a variable.
pub(super) fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Where the walk is: the keys down to here.
#[derive(Clone, Copy)]
struct At<'a> {
    parent: Option<&'a At<'a>>,
    name: &'a str,
    /// Where the key stands: where something missing is reported.
    place: &'a Place,
}

impl At<'_> {
    fn path(&self) -> String {
        match self.parent {
            Some(parent) if parent.parent.is_some() => format!("{}.{}", parent.path(), self.name),
            _ => self.name.to_owned(),
        }
    }

    fn shown(&self) -> String {
        match self.parent {
            Some(_) => format!("\"{}\"", self.path()),
            None => self.name.to_owned(),
        }
    }
}

/// Checks a whole file against its shape and notes everything that does not fit.
pub(super) fn check(what: &str, root: &Node, record: &'static Record, faults: &mut Faults) {
    let at = At { parent: None, name: what, place: &root.place };
    if matches!(root.kind, Kind::Map(_)) {
        check_record(at, root, record, None, faults);
    } else {
        wrong(at, root, "a mapping", faults);
    }
}

fn check_node(at: At<'_>, node: &Node, shape: &Shape, faults: &mut Faults) {
    if node.kind == Kind::Refused {
        return;
    }
    match shape {
        Shape::TextOrMap(_, map) | Shape::MapOrList(map, _) if is_map(node) => check_node(at, node, map, faults),
        Shape::Text(rule) | Shape::TextOrMap(rule, _) => check_text(at, node, rule, faults),
        Shape::Word(words) => check_word(at, node, words, faults),
        Shape::Integer { least, most } => check_integer(at, node, *least, *most, faults),
        Shape::Boolean if !node.value().is_boolean() => wrong(at, node, "true or false", faults),
        Shape::True if node.value() != serde_json::Value::Bool(true) => wrong(at, node, "true", faults),
        Shape::Boolean | Shape::True => {}
        Shape::Value => check_value(at, node, faults),
        Shape::Record(record) if is_map(node) => check_record(at, node, record, None, faults),
        Shape::Tagged { tag, variants, .. } if is_map(node) => check_tagged(at, node, tag, variants, faults),
        Shape::Names { least: 0, .. } if node.is_null() => {}
        Shape::Names { key, value, least } if is_map(node) => check_names(at, node, (key, value, *least), faults),
        Shape::Record(_) | Shape::Tagged { .. } | Shape::Names { .. } => wrong(at, node, "a mapping", faults),
        Shape::List(shape) => check_list(at, node, shape, faults),
        Shape::MapOrList(_, list) if matches!(node.kind, Kind::List(_)) => check_node(at, node, list, faults),
        Shape::MapOrList(..) => wrong(at, node, "a mapping or a list", faults),
    }
}

fn is_map(node: &Node) -> bool {
    matches!(node.kind, Kind::Map(_))
}

fn check_text(at: At<'_>, node: &Node, rule: &TextRule, faults: &mut Faults) {
    match (node.text(), node.written()) {
        (Some(text), _) if (rule.accepts)(text) => {}
        (Some(text), _) => {
            faults.add(node.place.clone(), format!("{} is {}, wanted is {}", at.shown(), abridged(text), rule.wanted));
        }
        (None, Some(written)) => faults.add_with_hint(
            node.place.clone(),
            format!("{} is {}, wanted is {}", at.shown(), found(node), rule.wanted),
            format!("if it is meant as text put it in quotes: \"{written}\""),
        ),
        (None, None) => wrong(at, node, rule.wanted, faults),
    }
}

fn check_word(at: At<'_>, node: &Node, words: &[&str], faults: &mut Faults) {
    let wanted = words.join(", ");
    // `none` and the like may be anything but text for a YAML parser; as written they are the word.
    match node.text() {
        Some(text) if words.contains(&text) => {}
        Some(text) => {
            let message = format!("{} is {}, wanted is one of: {wanted}", at.shown(), abridged(text));
            match nearest::nearest(text, words.iter().copied()) {
                Some(near) => faults.add_with_hint(node.place.clone(), message, format!("did you mean {near:?}?")),
                None => faults.add(node.place.clone(), message),
            }
        }
        None => wrong(at, node, &format!("one of: {wanted}"), faults),
    }
}

fn check_integer(at: At<'_>, node: &Node, least: i64, most: i64, faults: &mut Faults) {
    let value = node.value();
    let inside = value.as_i64().is_some_and(|number| (least..=most).contains(&number));
    if inside {
        return;
    }
    let wanted = if least == most { format!("{least}") } else { format!("a whole number from {least} to {most}") };
    match value {
        serde_json::Value::Number(number) => {
            faults.add(node.place.clone(), format!("{} is {number}, wanted is {wanted}", at.shown()));
        }
        _ => wrong(at, node, &wanted, faults),
    }
}

/// Any value: but texts that look like references must be references.
fn check_value(at: At<'_>, node: &Node, faults: &mut Faults) {
    let entries = node.entries();
    if entries.len() == 1 && entries[0].key == "secret" {
        check_text(at, &entries[0].value, &NAME, faults);
    }
}

fn check_list(at: At<'_>, node: &Node, shape: &Shape, faults: &mut Faults) {
    if !matches!(node.kind, Kind::List(_)) {
        wrong(at, node, "a list", faults);
        return;
    }
    for (index, item) in node.items().iter().enumerate() {
        let name = index.to_string();
        check_node(At { parent: Some(&at), name: &name, place: &item.place }, item, shape, faults);
    }
}

fn check_names(at: At<'_>, node: &Node, (rule, value, least): (&TextRule, &Shape, usize), faults: &mut Faults) {
    for entry in node.entries() {
        if !(rule.accepts)(&entry.key) {
            let message = format!("{} under {}: wanted is {}", abridged(&entry.key), at.shown(), rule.wanted);
            faults.add(entry.place.clone(), message);
        }
        check_node(At { parent: Some(&at), name: &entry.key, place: &entry.place }, &entry.value, value, faults);
    }
    if node.entries().len() < least {
        faults.add(at.place.clone(), format!("{} is empty, at least {least} entry is wanted", at.shown()));
    }
}

fn check_tagged(at: At<'_>, node: &Node, tag: &str, variants: &[(&str, Record)], faults: &mut Faults) {
    let words: Vec<&str> = variants.iter().map(|(word, _)| *word).collect();
    let Some(entry) = node.entry(tag) else {
        let message = format!("{} lacks {tag:?}", at.shown());
        faults.add_with_hint(at.place.clone(), message, format!("{tag} is one of: {}", words.join(", ")));
        return;
    };
    if let Some((_, record)) = variants.iter().find(|(word, _)| entry.value.text() == Some(word)) {
        check_record(at, node, record, Some(tag), faults);
    } else {
        let inner = At { parent: Some(&at), name: tag, place: &entry.place };
        check_word(inner, &entry.value, &words, faults);
    }
}

fn check_record(at: At<'_>, node: &Node, record: &Record, tag: Option<&str>, faults: &mut Faults) {
    for entry in node.entries().iter().filter(|entry| Some(entry.key.as_str()) != tag) {
        match record.fields.iter().find(|field| field.name == entry.key) {
            Some(field) => {
                let inner = At { parent: Some(&at), name: &entry.key, place: &entry.place };
                check_node(inner, &entry.value, &field.shape, faults);
            }
            None => unknown_key(at, &entry.key, &entry.place, record, faults),
        }
    }
    for field in record.fields.iter().filter(|field| field.required && node.entry(field.name).is_none()) {
        lacks(at, field, faults);
    }
    check_rule(at, node, record, faults);
}

fn check_rule(at: At<'_>, node: &Node, record: &Record, faults: &mut Faults) {
    match record.rule {
        Rule::Free => {}
        Rule::OneOf(names) => {
            let there: Vec<&str> = names.iter().filter(|name| node.entry(name).is_some()).copied().collect();
            if there.len() != 1 {
                let found = if there.is_empty() { "none of them".to_owned() } else { there.join(" and ") };
                let message = format!("{} holds {found}, wanted is one of: {}", at.shown(), names.join(", "));
                faults.add(at.place.clone(), message);
            }
        }
        Rule::Unless { flag, wanted } => {
            let flagged = node.get(flag).is_some_and(|flag| flag.value() == serde_json::Value::Bool(true));
            if !flagged && node.entry(wanted).is_none() {
                let message = format!("{} lacks {wanted:?}", at.shown());
                faults.add_with_hint(at.place.clone(), message, format!("or write {flag}: true"));
            }
        }
    }
}

fn lacks(at: At<'_>, field: &Field, faults: &mut Faults) {
    let message = format!("{} lacks {:?}", at.shown(), field.name);
    faults.add_with_hint(at.place.clone(), message, format!("{}: {}", field.name, field.says));
}

fn unknown_key(at: At<'_>, key: &str, place: &Place, record: &Record, faults: &mut Faults) {
    let message = format!("unknown key {} in {}", abridged(key), at.shown());
    match nearest::hint(key, record.fields.iter().map(|field| field.name)) {
        Some(hint) => faults.add_with_hint(place.clone(), message, hint),
        None => faults.add(place.clone(), message),
    }
}

fn wrong(at: At<'_>, node: &Node, wanted: &str, faults: &mut Faults) {
    faults.add(node.place.clone(), format!("{} is {}, wanted is {wanted}", at.shown(), found(node)));
}

/// Says what stands there, in a person's words.
pub(super) fn found(node: &Node) -> String {
    match (&node.kind, node.value()) {
        (Kind::List(_), _) => "a list".to_owned(),
        (Kind::Map(_), _) => "a mapping".to_owned(),
        (_, serde_json::Value::Null) => "nothing".to_owned(),
        (_, serde_json::Value::Number(number)) => format!("the number {number}"),
        (_, serde_json::Value::Bool(truth)) => format!("{truth}"),
        (_, value) => abridged(value.as_str().unwrap_or_default()),
    }
}

/// Quotes a text, cut to 40 characters.
pub(super) fn abridged(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push_str("...");
    }
    format!("{shown:?}")
}
