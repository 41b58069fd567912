//! The words by which devices are looked for: `state=registered model=sensor@1 firmware=1.* attributes.site=berlin gw-*`.
//!
//! Conditions stand next to each other, with or without `and`, and all must hold. A value ends at a blank unless it stands in
//! double quotes, in which `\"` and `\\` are a quote and a backslash. A `*` at the end, outside quotes, means: begins with.
//! A word alone is a device's name or serial number.

use std::fmt;

use crate::fleet::{Class, Diagnose};

/// The longest filter, in bytes.
pub const LONGEST_FILTER: usize = 4_096;
/// The most conditions of a filter.
pub const MOST_CONDITIONS: usize = 16;
/// The longest name of an attribute, in bytes.
pub const LONGEST_ATTRIBUTE_NAME: usize = 64;

/// Where the names of attributes begin.
const ATTRIBUTES: &str = "attributes.";
/// The states that can be asked for.
const STATES: [&str; 5] = ["expected", "pending", "assigning", "registered", "retired"];

/// Why a text is no filter.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the filter is wrong at byte {at}: {reason}")]
pub struct FilterError {
    /// Where, in bytes from 0.
    pub at: usize,
    /// What is wrong.
    pub reason: String,
}

impl Diagnose for FilterError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        Some(
            "write for example: state=registered model=sensor@1 firmware=1.* attributes.site=\"Halle 3\" gw-*"
                .to_owned(),
        )
    }
}

/// What devices are looked for; an empty one holds for all.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// All of these must hold.
    pub conditions: Vec<Condition>,
}

/// One condition.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Condition {
    /// What is looked at.
    pub field: Field,
    /// What it must be.
    pub matching: Matching,
}

/// What of a device is looked at.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Field {
    /// Its name or its serial number.
    Word,
    /// Its name; case does not count.
    Id,
    /// Its serial number.
    Serial,
    /// Its state.
    State,
    /// Its enrolment group.
    Group,
    /// Its model.
    Model,
    /// Its model's version.
    Version,
    /// Its vendor.
    Vendor,
    /// Its hardware.
    Hardware,
    /// Its firmware.
    Firmware,
    /// The protocol it speaks.
    Protocol,
    /// Where its record came from.
    Origin,
    /// The attribute of this name.
    Attribute(String),
}

/// What a field must be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Matching {
    /// This text.
    Exactly(String),
    /// A text that begins so.
    Prefix(String),
}

impl Matching {
    /// Returns the text.
    pub fn text(&self) -> &str {
        match self {
            Self::Exactly(text) | Self::Prefix(text) => text,
        }
    }
}

impl Filter {
    /// Reads a filter.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > LONGEST_FILTER {
            return fail(LONGEST_FILTER, format!("it has {} bytes, at most {LONGEST_FILTER} are possible", text.len()));
        }
        if let Some((at, found)) = text.char_indices().find(|(_, c)| c.is_control() && *c != '\t') {
            return fail(at, format!("{found:?} cannot stand in a filter"));
        }
        let mut reader = Reader { text, at: 0 };
        let mut conditions = Vec::new();
        while let Some((at, token)) = reader.token()? {
            if token.is_and() {
                continue;
            }
            conditions.extend(token.conditions(at)?);
            if conditions.len() > MOST_CONDITIONS {
                return fail(at, format!("it has more than {MOST_CONDITIONS} conditions"));
            }
        }
        Ok(Self { conditions })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, condition) in self.conditions.iter().enumerate() {
            if number > 0 {
                f.write_str(" ")?;
            }
            let key = match &condition.field {
                Field::Word => None,
                Field::Id => Some("id".to_owned()),
                Field::Serial => Some("serial".to_owned()),
                Field::State => Some("state".to_owned()),
                Field::Group => Some("group".to_owned()),
                Field::Model => Some("model".to_owned()),
                Field::Version => Some("version".to_owned()),
                Field::Vendor => Some("vendor".to_owned()),
                Field::Hardware => Some("hardware".to_owned()),
                Field::Firmware => Some("firmware".to_owned()),
                Field::Protocol => Some("protocol".to_owned()),
                Field::Origin => Some("origin".to_owned()),
                Field::Attribute(name) => Some(format!("{ATTRIBUTES}{name}")),
            };
            if let Some(key) = key {
                write!(f, "{key}=")?;
            }
            write!(f, "\"{}\"", condition.matching.text().replace('\\', "\\\\").replace('"', "\\\""))?;
            if matches!(condition.matching, Matching::Prefix(_)) {
                f.write_str("*")?;
            }
        }
        Ok(())
    }
}

fn fail<T>(at: usize, reason: impl Into<String>) -> Result<T, FilterError> {
    Err(FilterError { at, reason: reason.into() })
}

struct Token {
    key: Option<String>,
    value: String,
    is_prefix: bool,
    was_quoted: bool,
}

impl Token {
    fn is_and(&self) -> bool {
        self.key.is_none() && !self.was_quoted && !self.is_prefix && self.value.eq_ignore_ascii_case("and")
    }

    fn conditions(self, at: usize) -> Result<Vec<Condition>, FilterError> {
        let field = self.key.as_deref().map_or(Ok(Field::Word), |key| field(key, at))?;
        if self.value.is_empty() && !self.is_prefix {
            return fail(at, "a value is missing after \"=\"");
        }
        if field == Field::State && !self.is_prefix && !STATES.contains(&self.value.as_str()) {
            return fail(at, format!("{:?} is no state; there are {}", self.value, STATES.join(", ")));
        }
        if field == Field::Model
            && !self.is_prefix
            && let Some((model, version)) = self.value.split_once('@')
        {
            let condition = |field, text: &str| Condition { field, matching: Matching::Exactly(text.to_owned()) };
            return Ok(vec![condition(Field::Model, model), condition(Field::Version, version)]);
        }
        let matching = if self.is_prefix { Matching::Prefix(self.value) } else { Matching::Exactly(self.value) };
        Ok(vec![Condition { field, matching }])
    }
}

fn field(key: &str, at: usize) -> Result<Field, FilterError> {
    if let Some(name) = key.strip_prefix(ATTRIBUTES) {
        if name.is_empty() || name.len() > LONGEST_ATTRIBUTE_NAME {
            return fail(at, format!("the name of an attribute has 1 to {LONGEST_ATTRIBUTE_NAME} bytes"));
        }
        return Ok(Field::Attribute(name.to_owned()));
    }
    Ok(match key {
        "id" => Field::Id,
        "serial" => Field::Serial,
        "state" => Field::State,
        "group" => Field::Group,
        "model" => Field::Model,
        "version" => Field::Version,
        "vendor" => Field::Vendor,
        "hardware" => Field::Hardware,
        "firmware" => Field::Firmware,
        "protocol" => Field::Protocol,
        "origin" => Field::Origin,
        _ => return fail(at, format!("{key:?} is nothing devices can be looked for by")),
    })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Returns the next condition and where it begins.
    fn token(&mut self) -> Result<Option<(usize, Token)>, FilterError> {
        while self.peek().is_some_and(char::is_whitespace) {
            self.take();
        }
        let begin = self.at;
        if self.peek().is_none() {
            return Ok(None);
        }
        let key = self.key();
        let was_quoted = self.peek() == Some('"');
        let (value, is_prefix) = if was_quoted { self.quoted()? } else { self.bare()? };
        Ok(Some((begin, Token { key, value, is_prefix, was_quoted })))
    }

    /// Reads up to and with `=`, where one stands before the next blank or quote.
    fn key(&mut self) -> Option<String> {
        let rest = &self.text[self.at..];
        let end = rest.find(|c: char| c == '=' || c == '"' || c.is_whitespace())?;
        if !rest[end..].starts_with('=') {
            return None;
        }
        self.at += end + 1;
        Some(rest[..end].to_owned())
    }

    fn bare(&mut self) -> Result<(String, bool), FilterError> {
        let begin = self.at;
        while self.peek().is_some_and(|c| !c.is_whitespace()) {
            if self.take() == Some('"') {
                return fail(self.at - 1, "a quote stands within a word");
            }
        }
        let word = &self.text[begin..self.at];
        let (value, is_prefix) = word.strip_suffix('*').map_or((word, false), |value| (value, true));
        match value.find('*') {
            Some(star) => {
                fail(begin + star, "\"*\" can stand only at the end; put the value in quotes to mean the sign itself")
            }
            None => Ok((value.to_owned(), is_prefix)),
        }
    }

    fn quoted(&mut self) -> Result<(String, bool), FilterError> {
        let begin = self.at;
        self.take();
        let mut value = String::new();
        loop {
            match self.take() {
                None => return fail(begin, "a quote is not closed"),
                Some('"') => break,
                Some('\\') => match self.take() {
                    Some(c @ ('"' | '\\')) => value.push(c),
                    _ => return fail(self.at, "after a backslash a quote or a backslash must stand"),
                },
                Some(c) => value.push(c),
            }
        }
        let is_prefix = self.peek() == Some('*');
        if is_prefix {
            self.take();
        }
        match self.peek() {
            Some(c) if !c.is_whitespace() => fail(self.at, "a blank is missing after a quoted value"),
            _ => Ok((value, is_prefix)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn exactly(field: Field, text: &str) -> Condition {
        Condition { field, matching: Matching::Exactly(text.to_owned()) }
    }

    fn prefix(field: Field, text: &str) -> Condition {
        Condition { field, matching: Matching::Prefix(text.to_owned()) }
    }

    #[test]
    fn a_filter_is_read_condition_by_condition() {
        let text = "state=registered and model=sensor@1 firmware=1.* attributes.site=\"Halle \\\"3\\\"\" gw-*";
        let wanted = vec![
            exactly(Field::State, "registered"),
            exactly(Field::Model, "sensor"),
            exactly(Field::Version, "1"),
            prefix(Field::Firmware, "1."),
            exactly(Field::Attribute("site".to_owned()), "Halle \"3\""),
            prefix(Field::Word, "gw-"),
        ];
        assert_eq!(Filter::parse(text).unwrap().conditions, wanted);
        assert_eq!(Filter::parse("  ").unwrap(), Filter::default());
        assert_eq!(Filter::parse("\"and\"").unwrap().conditions, [exactly(Field::Word, "and")]);
    }

    #[test]
    fn a_wrong_filter_is_refused_with_its_place() {
        for (text, at) in [
            ("colour=red", 0),
            ("id=a state=lost", 5),
            ("serial=", 0),
            ("firmware=1.*.2", 11),
            ("id=\"open", 3),
            ("id=\"a\"b", 6),
            ("attributes.=x", 0),
            ("a\0b", 1),
            ("a\"b", 1),
        ] {
            assert_eq!(Filter::parse(text).map_err(|error| error.at), Err(at), "{text:?}");
        }
        assert!(Filter::parse(&"a ".repeat(MOST_CONDITIONS + 1)).is_err());
        assert!(Filter::parse(&"a".repeat(LONGEST_FILTER + 1)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic_and_what_it_read_reads_the_same_again(
            text in "([a-z.]{0,12}=?[\"\\\\* a-zäß@1'%;-]{0,12} ?){0,5}|\\PC{0,40}"
        ) {
            if let Ok(filter) = Filter::parse(&text) {
                let models = filter.conditions.iter().any(|c| c.field == Field::Model && c.matching.text().contains('@'));
                let empty = filter.conditions.iter().any(|c| c.matching == Matching::Exactly(String::new()));
                if !models && !empty {
                    prop_assert_eq!(Filter::parse(&filter.to_string()).unwrap(), filter);
                }
            }
        }
    }
}
