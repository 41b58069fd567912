//! YAML with places: a bounded, marked tree built from parser events.
//!
//! serde_yaml gives no places and stops at the first fault, so the events of saphyr-parser are read here; serde_yaml types
//! the plain scalars ([`Node::value`]). Anchors, aliases and tags are refused, which leaves nothing to expand; depth and
//! number of nodes are bounded.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, StrInput};

use super::{Faults, Place};

/// Deepest nesting that is read.
pub(super) const DEEPEST: usize = 64;
/// Most nodes of a tree that is held whole: a node takes about 100 bytes.
const MOST_NODES: usize = 500_000;
/// Longest plain scalar that may be a number, `true`, `false` or nothing.
const LONGEST_TYPED: usize = 64;
/// Most faults of one kind that only repeat themselves (anchors, tags).
const MOST_REFUSALS: usize = 20;

/// A value and where it begins.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Clone, PartialEq, Debug)]
pub enum Kind {
    /// A scalar as it is written.
    Scalar {
        /// The text, without quotes and escapes.
        text: String,
        /// True if it stands without quotes, so that it may be a number, `true` or nothing.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A mapping, with every entry that is written, a repeated key's too.
    Map(Vec<Entry>),
    /// Something refused that has its fault already.
    Refused,
}

/// One entry of a mapping.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// The key's text.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// The value.
    pub value: Node,
}

impl Node {
    /// Returns true for nothing: an empty plain scalar, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Returns the entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the entry under `key`; of repeated ones the first.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// Returns the value under `key`; of repeated ones the first.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the text of a scalar as it is written, whatever its type would be; none for nothing, lists and mappings.
    pub fn written(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// Returns the text of a scalar whose type is text.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, plain } if !plain || scalar(text).is_string() => Some(text),
            _ => None,
        }
    }

    /// Returns the typed value; a refused part is nothing.
    pub fn value(&self) -> serde_json::Value {
        use serde_json::Value;
        match &self.kind {
            Kind::Scalar { text, plain: false } => Value::String(text.clone()),
            Kind::Scalar { text, plain: true } => scalar(text),
            Kind::List(items) => Value::Array(items.iter().map(Node::value).collect()),
            Kind::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.value())).collect())
            }
            Kind::Refused => Value::Null,
        }
    }
}

/// Types a plain scalar by YAML 1.2's core schema, as serde_yaml reads it. What serde_yaml cannot read is text.
fn scalar(text: &str) -> serde_json::Value {
    use serde_json::Value;
    let typed_start = text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit() || "+-.~nNtTfF".contains(c));
    if !typed_start || text.len() > LONGEST_TYPED {
        return Value::String(text.to_owned());
    }
    match serde_yaml::from_str::<serde_yaml::Value>(text) {
        Ok(serde_yaml::Value::Null) => Value::Null,
        Ok(serde_yaml::Value::Bool(truth)) => Value::Bool(truth),
        Ok(serde_yaml::Value::Number(number)) => {
            serde_json::to_value(number).ok().filter(Value::is_number).unwrap_or_else(|| Value::String(text.to_owned()))
        }
        _ => Value::String(text.to_owned()),
    }
}

/// Reads one document into a tree; none if there is none or it cannot be read to its end. The faults say why.
pub fn parse(file: &Arc<str>, text: &str, faults: &mut Faults) -> Option<Node> {
    let mut stream = Stream::new(file, text, faults);
    let Some(first) = stream.begin() else {
        if !stream.has_failed() {
            stream.faults.add(Place::new(file, 1, 1), "the file is empty");
        }
        return None;
    };
    let root = stream.node(first)?;
    stream.finish();
    Some(root)
}

/// One step through a document.
pub(super) enum Step {
    /// A scalar, or something refused: a node that is complete.
    Leaf(Node),
    /// A list begins.
    List(Place),
    /// A mapping begins.
    Map(Place),
    /// The innermost list or mapping ends.
    End,
}

/// The next key of a mapping.
pub(super) enum Key {
    /// Its text and place.
    Word(String, Place),
    /// The mapping ends.
    End,
}

/// The events of one document, bounded and with places. `None` from its methods means that reading on is impossible and the
/// fault is noted.
pub(super) struct Stream<'a> {
    parser: Parser<'a, StrInput<'a>>,
    text: &'a str,
    file: Arc<str>,
    pub(super) faults: &'a mut Faults,
    depth: usize,
    nodes: usize,
    refusals: usize,
    failed: bool,
}

impl<'a> Stream<'a> {
    pub(super) fn new(file: &Arc<str>, text: &'a str, faults: &'a mut Faults) -> Self {
        let failed = holds_control_character(file, text, faults);
        let text = if failed { "" } else { text };
        let parser = Parser::new_from_str(text);
        Self { parser, text, file: Arc::clone(file), faults, depth: 0, nodes: 0, refusals: 0, failed }
    }

    /// Returns the first step of the document; none if there is no document.
    pub(super) fn begin(&mut self) -> Option<Step> {
        loop {
            match self.event()? {
                (Event::StreamEnd, _) => return None,
                (Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd | Event::Nothing, _) => {}
                (event, at) => return self.translate(event, at),
            }
        }
    }

    /// Returns the next step within the document.
    pub(super) fn step(&mut self) -> Option<Step> {
        let (event, at) = self.event()?;
        self.translate(event, at)
    }

    /// Notes whatever follows the document.
    pub(super) fn finish(&mut self) {
        while let Some((event, at)) = self.event() {
            match event {
                Event::StreamEnd => return,
                Event::DocumentStart(_) => {
                    self.faults.add(self.place(at), "a second document begins here, one is read");
                    return;
                }
                _ => {}
            }
        }
    }

    /// Returns true if reading stopped at a fault.
    pub(super) fn has_failed(&self) -> bool {
        self.failed
    }

    /// Lets go of the nodes counted so far: for a reader that drops each item of a long list before it takes the next.
    pub(super) fn forget(&mut self) {
        self.nodes = 0;
    }

    /// Builds the node that begins with `first`.
    pub(super) fn node(&mut self, first: Step) -> Option<Node> {
        match first {
            Step::Leaf(node) => Some(node),
            Step::List(place) => {
                let mut items = Vec::new();
                loop {
                    match self.step()? {
                        Step::End => break Some(Node { place, kind: Kind::List(items) }),
                        item => items.push(self.node(item)?),
                    }
                }
            }
            Step::Map(place) => {
                let mut keys = Keys::default();
                let mut entries = Vec::new();
                while let Key::Word(key, at) = self.key()? {
                    keys.note(&key, &at, self.faults);
                    let value = self.step()?;
                    entries.push(Entry { key, place: at, value: self.node(value)? });
                }
                Some(Node { place, kind: Kind::Map(entries) })
            }
            Step::End => None,
        }
    }

    /// Returns the next key of the innermost mapping, or its end. An entry whose key is no scalar is noted and passed over.
    pub(super) fn key(&mut self) -> Option<Key> {
        loop {
            let key = match self.step()? {
                Step::End => return Some(Key::End),
                first => self.node(first)?,
            };
            if let Kind::Scalar { text, .. } = key.kind {
                return Some(Key::Word(text, key.place));
            }
            if key.kind != Kind::Refused {
                self.faults.add(key.place, "a key must be a plain word");
            }
            let value = self.step()?;
            self.node(value)?;
        }
    }

    fn event(&mut self) -> Option<(Event<'a>, Marker)> {
        if self.failed {
            return None;
        }
        match self.parser.next_event()? {
            Ok((event, span)) => Some((event, span.start)),
            Err(error) => self.syntax_error(self.place(*error.marker()), error.info()),
        }
    }

    fn translate(&mut self, event: Event<'a>, at: Marker) -> Option<Step> {
        let place = self.place(at);
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return self.stop(place, format!("the file holds more than {MOST_NODES} values"));
        }
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_anchor(anchor, &place);
                self.refuse_tag(tag.is_some(), &place);
                let kind = Kind::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                Some(Step::Leaf(Node { place, kind }))
            }
            Event::SequenceStart(anchor, tag) => {
                self.descend(anchor, tag.is_some(), &place)?;
                Some(Step::List(place))
            }
            Event::MappingStart(anchor, tag) => {
                self.descend(anchor, tag.is_some(), &place)?;
                Some(Step::Map(place))
            }
            Event::SequenceEnd | Event::MappingEnd => {
                self.depth = self.depth.saturating_sub(1);
                Some(Step::End)
            }
            Event::Alias(_) => {
                self.refuse(&place, "an alias (*) is not read here", "write the value out");
                Some(Step::Leaf(Node { place, kind: Kind::Refused }))
            }
            _ => self.stop(place, "the document ends too early".to_owned()),
        }
    }

    fn descend(&mut self, anchor: usize, tagged: bool, place: &Place) -> Option<()> {
        self.refuse_anchor(anchor, place);
        self.refuse_tag(tagged, place);
        self.depth += 1;
        if self.depth > DEEPEST {
            return self.stop(place.clone(), format!("nested deeper than {DEEPEST} levels"));
        }
        Some(())
    }

    fn refuse_anchor(&mut self, anchor: usize, place: &Place) {
        if anchor != 0 {
            self.refuse(place, "an anchor (&) is not read here", "write the value out where it is needed");
        }
    }

    fn refuse_tag(&mut self, tagged: bool, place: &Place) {
        if tagged {
            self.refuse(place, "a tag (!) is not read here", "put a text that looks like a number in quotes");
        }
    }

    fn refuse(&mut self, place: &Place, message: &str, hint: &str) {
        self.refusals += 1;
        if self.refusals <= MOST_REFUSALS {
            self.faults.add_with_hint(place.clone(), message, hint);
        }
    }

    fn syntax_error<T>(&mut self, place: Place, words: &str) -> Option<T> {
        // The parser's own limit lies deeper, but it looks ahead through opening brackets.
        if words.contains("recursion limit") {
            return self.stop(place, format!("nested deeper than {DEEPEST} levels"));
        }
        let line = self.text.lines().nth(place.line as usize - 1).unwrap_or_default();
        let message = format!("not YAML: {}", lower_case(words));
        self.failed = true;
        if line.contains('\t') {
            self.faults.add_with_hint(place, message, "the line holds a tab: YAML wants spaces");
        } else {
            self.faults.add(place, message);
        }
        None
    }

    fn stop<T>(&mut self, place: Place, message: String) -> Option<T> {
        self.faults.add(place, message);
        self.failed = true;
        None
    }

    /// The parser counts lines from 1 and columns from 0.
    fn place(&self, at: Marker) -> Place {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Place::new(&self.file, count(at.line()).max(1), count(at.col() + 1))
    }
}

/// Notes characters that YAML does not allow (YAML 1.2.2, section 5.1): the parser would take NUL for the end of the file.
fn holds_control_character(file: &Arc<str>, text: &str, faults: &mut Faults) -> bool {
    let Some(at) = text.find(|c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{85}')) else {
        return false;
    };
    let (line, column) = super::text::advance(1, 1, &text[..at]);
    let found = text[at..].chars().next().map_or(0, u32::from);
    faults.add(Place::new(file, line, column), format!("not YAML: control character U+{found:04X}"));
    true
}

fn lower_case(message: &str) -> String {
    let message = message.trim_end_matches('.');
    let mut letters = message.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// The keys of one mapping: a list while it is short, hashed when it is long.
#[derive(Default)]
pub(super) struct Keys {
    few: Vec<(String, u32)>,
    many: HashMap<String, u32>,
}

impl Keys {
    /// Notes a key; a repeated one becomes a fault that names the first.
    pub(super) fn note(&mut self, key: &str, place: &Place, faults: &mut Faults) {
        const FEW: usize = 16;
        let first = match self.many.get(key) {
            Some(line) => Some(*line),
            None => self.few.iter().find(|(known, _)| known == key).map(|(_, line)| *line),
        };
        match first {
            Some(line) => {
                faults.add(place.clone(), format!("key {key:?} stands here a second time, first in line {line}"));
            }
            None if self.few.len() < FEW => self.few.push((key.to_owned(), place.line)),
            None => {
                self.many.insert(key.to_owned(), place.line);
            }
        }
    }
}

#[cfg(test)]
mod tests;
