//! What stands on a device's label: a code to scan and lines to read, with placeholders for what only the line knows.
//!
//! `{id}`, `{serial}`, `{uid}`, `{mac}` and `{model}` are placeholders; `{{` and `}}` are the braces themselves. Everything else in braces
//! is an error, so that no label says `{seral}`.

use std::collections::BTreeSet;

use super::nearest;
use super::{Class, Diagnose};

/// The longest code, in bytes: a QR code of that is as large as cheap scanners read.
pub const LONGEST_CODE: usize = 300;
/// The most lines.
pub const MOST_LINES: usize = 8;
/// The longest line, in characters.
pub const LONGEST_LINE: usize = 64;
/// The longest text with placeholders, in bytes.
const LONGEST_TEXT: usize = 1024;

/// A device's label before it is filled in.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelPlan {
    /// What the code says.
    pub code: LabelText,
    /// The lines beside it.
    pub lines: Vec<LabelText>,
    /// What it is printed on.
    pub stock: LabelStock,
}

/// A text with placeholders.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelText(Vec<Part>);

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Text(String),
    Field(LabelField),
}

/// What a placeholder stands for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum LabelField {
    /// Endpoint name.
    Id,
    /// Serial number.
    Serial,
    /// The chip's unique id.
    Uid,
    /// The chip's MAC address.
    Mac,
    /// Model.
    Model,
}

/// What the placeholders of one device's label become; what is not known is `None`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LabelValues<'a> {
    /// Endpoint name.
    pub id: Option<&'a str>,
    /// Serial number.
    pub serial: Option<&'a str>,
    /// The chip's unique id.
    pub uid: Option<&'a str>,
    /// The chip's MAC address.
    pub mac: Option<&'a str>,
    /// Model.
    pub model: Option<&'a str>,
}

/// The labels in the printer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LabelStock {
    /// Width in millimetres, across the direction of feed.
    pub width: u16,
    /// Height in millimetres.
    pub height: u16,
    /// The printer's resolution.
    pub resolution: Resolution,
}

/// A printer's resolution.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Resolution {
    /// 203 dots an inch: 8 a millimetre.
    Dpi203,
    /// 300 dots an inch.
    Dpi300,
}

/// Why a label cannot be meant, or not be filled in.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LabelPlanError {
    /// A placeholder that is none.
    #[error("label text {text:?} holds the placeholder {found:?}, which is none")]
    Placeholder {
        /// The text.
        text: String,
        /// Between the braces.
        found: String,
    },
    /// A brace by itself.
    #[error("label text {text:?} holds a single {brace:?} at byte {at}")]
    Brace {
        /// The text.
        text: String,
        /// Which.
        brace: char,
        /// Where.
        at: usize,
    },
    /// More than a label holds.
    #[error("the label has {found} {what}, it can hold {most}")]
    TooMuch {
        /// "lines", "bytes of text" ...
        what: &'static str,
        /// Found.
        found: usize,
        /// Allowed.
        most: usize,
    },
    /// A size that no printer takes.
    #[error("the label is {width} by {height} mm, {least} to {most} are possible")]
    Stock {
        /// Width.
        width: u16,
        /// Height.
        height: u16,
        /// Least of either.
        least: u16,
        /// Most of either.
        most: u16,
    },
    /// A resolution that is none.
    #[error("the label printer has {found} dots an inch, 203 and 300 are possible")]
    Resolution {
        /// Found.
        found: u16,
    },
    /// A placeholder whose value is not known.
    #[error("the label wants the {}, which is not known of this device", field.words())]
    NotKnown {
        /// Which.
        field: LabelField,
    },
}

impl Diagnose for LabelPlanError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            LabelPlanError::Placeholder { found, .. } => {
                nearest::hint(found, LabelField::ALL.iter().map(|field| field.name()))
            }
            LabelPlanError::Brace { brace, .. } => Some(format!("write {brace}{brace} for a {brace} of its own")),
            _ => None,
        }
    }
}

impl LabelField {
    /// Every field.
    pub const ALL: [Self; 5] = [Self::Id, Self::Serial, Self::Uid, Self::Mac, Self::Model];

    /// Returns the name that stands in the braces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Serial => "serial",
            Self::Uid => "uid",
            Self::Mac => "mac",
            Self::Model => "model",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Id => "endpoint name",
            Self::Serial => "serial number",
            Self::Uid => "chip's unique id",
            Self::Mac => "chip's MAC address",
            Self::Model => "model",
        }
    }
}

impl LabelText {
    /// Reads a text with placeholders.
    ///
    /// # Errors
    /// [`LabelPlanError::Placeholder`], [`LabelPlanError::Brace`], and [`LabelPlanError::TooMuch`] beyond 1024 bytes.
    pub fn parse(text: &str) -> Result<Self, LabelPlanError> {
        bounded("bytes of text", text.len(), LONGEST_TEXT)?;
        let (mut parts, mut plain, mut at) = (Vec::new(), String::new(), 0);
        while let Some(found) = text[at..].find(['{', '}']) {
            let (before, rest) = text[at..].split_at(found);
            plain.push_str(before);
            at += found;
            let brace = if rest.starts_with('{') { '{' } else { '}' };
            let single = || LabelPlanError::Brace { text: text.to_owned(), brace, at };
            if rest[1..].starts_with(brace) {
                plain.push(brace);
                at += 2;
                continue;
            }
            let inner = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')).ok_or_else(single)?.0;
            let field = LabelField::ALL.into_iter().find(|field| field.name() == inner);
            let none = || LabelPlanError::Placeholder { text: text.to_owned(), found: inner.to_owned() };
            let field = field.ok_or_else(none)?;
            parts.extend(text_part(&mut plain));
            parts.push(Part::Field(field));
            at += inner.len() + 2;
        }
        plain.push_str(&text[at..]);
        parts.extend(text_part(&mut plain));
        Ok(Self(parts))
    }

    /// Returns the fields that it wants.
    pub fn fields(&self) -> impl Iterator<Item = LabelField> + '_ {
        self.0.iter().filter_map(|part| match part {
            Part::Field(field) => Some(*field),
            Part::Text(_) => None,
        })
    }

    /// Fills in the values.
    ///
    /// # Errors
    /// [`LabelPlanError::NotKnown`] for the first field without a value; an empty value is none.
    pub fn fill(&self, values: &LabelValues<'_>) -> Result<String, LabelPlanError> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => filled.push_str(text),
                Part::Field(field) => {
                    let value = values.of(*field).filter(|value| !value.is_empty());
                    filled.push_str(value.ok_or(LabelPlanError::NotKnown { field: *field })?);
                }
            }
        }
        Ok(filled)
    }
}

fn text_part(plain: &mut String) -> Option<Part> {
    (!plain.is_empty()).then(|| Part::Text(std::mem::take(plain)))
}

fn bounded(what: &'static str, found: usize, most: usize) -> Result<(), LabelPlanError> {
    if found > most { Err(LabelPlanError::TooMuch { what, found, most }) } else { Ok(()) }
}

impl LabelPlan {
    /// Reads a label from its texts.
    ///
    /// # Errors
    /// [`LabelPlanError`] for the first text that is wrong, and for more than [`MOST_LINES`] lines.
    pub fn parse(code: &str, lines: &[&str], stock: LabelStock) -> Result<Self, LabelPlanError> {
        bounded("lines", lines.len(), MOST_LINES)?;
        let lines = lines.iter().map(|line| LabelText::parse(line)).collect::<Result<_, _>>()?;
        Ok(Self { code: LabelText::parse(code)?, lines, stock })
    }

    /// Returns the fields that code and lines want: what must be known before a label can be printed.
    pub fn fields(&self) -> BTreeSet<LabelField> {
        self.code.fields().chain(self.lines.iter().flat_map(LabelText::fields)).collect()
    }

    /// Fills in the values: what the code says, and the lines.
    ///
    /// # Errors
    /// [`LabelPlanError::NotKnown`].
    pub fn fill(&self, values: &LabelValues<'_>) -> Result<(String, Vec<String>), LabelPlanError> {
        let lines = self.lines.iter().map(|line| line.fill(values)).collect::<Result<_, _>>()?;
        Ok((self.code.fill(values)?, lines))
    }
}

impl<'a> LabelValues<'a> {
    fn of(&self, field: LabelField) -> Option<&'a str> {
        match field {
            LabelField::Id => self.id,
            LabelField::Serial => self.serial,
            LabelField::Uid => self.uid,
            LabelField::Mac => self.mac,
            LabelField::Model => self.model,
        }
    }
}

impl LabelStock {
    /// Least and most millimetres of a side.
    const SIDES: (u16, u16) = (10, 200);

    /// Makes a stock of `width` by `height` millimetres at `dpi` dots an inch.
    ///
    /// # Errors
    /// [`LabelPlanError::Stock`] unless both are 10 to 200 mm, [`LabelPlanError::Resolution`] unless it is 203 or 300.
    pub fn new(width: u16, height: u16, dpi: u16) -> Result<Self, LabelPlanError> {
        let (least, most) = Self::SIDES;
        if [width, height].iter().any(|side| !(least..=most).contains(side)) {
            return Err(LabelPlanError::Stock { width, height, least, most });
        }
        let resolution = match dpi {
            203 => Resolution::Dpi203,
            300 => Resolution::Dpi300,
            found => return Err(LabelPlanError::Resolution { found }),
        };
        Ok(Self { width, height, resolution })
    }
}

impl Resolution {
    /// Returns the dots an inch.
    pub fn dpi(self) -> u32 {
        match self {
            Self::Dpi203 => 203,
            Self::Dpi300 => 300,
        }
    }

    /// Returns how many whole dots `millimetres` have.
    pub fn dots(self, millimetres: u16) -> u32 {
        u32::from(millimetres) * self.dpi() * 10 / 254
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: LabelValues<'static> =
        LabelValues { id: Some("gw-0007"), serial: Some("SN 7"), uid: Some("{id}"), mac: Some("0a:1b"), model: None };

    fn filled(text: &str) -> Result<String, LabelPlanError> {
        LabelText::parse(text)?.fill(&VALUES)
    }

    #[test]
    fn placeholders_are_filled_once() {
        assert_eq!(filled("https://a.example/{id}?s={serial}"), Ok("https://a.example/gw-0007?s=SN 7".into()));
        assert_eq!(filled("{uid}{uid}"), Ok("{id}{id}".into()), "a value is no text with placeholders");
        assert_eq!(filled("{{id}} {{{id}}} }}{{"), Ok("{id} {gw-0007} }{".into()));
        assert_eq!(filled("Grüße {mac}"), Ok("Grüße 0a:1b".into()));
        assert_eq!(filled(""), Ok(String::new()));
    }

    #[test]
    fn whatever_else_stands_in_braces_is_an_error() {
        for (text, words) in [
            ("{seral}", "\"seral\", which is none"),
            ("{}", "\"\", which is none"),
            ("{ id }", "\" id \", which is none"),
            ("{ID}", "\"ID\", which is none"),
            ("{{id}", "a single '}' at byte 4"),
            ("a {id", "a single '{' at byte 2"),
            ("id}", "a single '}' at byte 2"),
            ("{", "a single '{' at byte 0"),
            ("{i{id}}", "\"i{id\", which is none"),
        ] {
            let error = LabelText::parse(text).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
        let hint = LabelText::parse("{seral}").unwrap_err().hint();
        assert_eq!(hint.as_deref(), Some("did you mean \"serial\"?"));
    }

    #[test]
    fn what_is_not_known_is_said_before_anything_is_printed() {
        assert_eq!(filled("{model}"), Err(LabelPlanError::NotKnown { field: LabelField::Model }));
        let empty = LabelValues { id: Some(""), ..LabelValues::default() };
        assert!(LabelText::parse("{id}").unwrap().fill(&empty).is_err(), "an empty value is none");
        let stock = LabelStock::new(50, 25, 203).unwrap();
        let plan = LabelPlan::parse("{id}", &["{mac}", "{id} x"], stock).unwrap();
        assert_eq!(plan.fields().into_iter().collect::<Vec<_>>(), [LabelField::Id, LabelField::Mac]);
        assert_eq!(plan.fill(&VALUES), Ok(("gw-0007".into(), vec!["0a:1b".into(), "gw-0007 x".into()])));
    }

    #[test]
    fn bounds_are_refused_with_both_numbers() {
        let stock = LabelStock::new(50, 25, 300).unwrap();
        let error = |lines: &[&str]| LabelPlan::parse("", lines, stock).unwrap_err().to_string();
        assert_eq!(error(&[""; 9]), "the label has 9 lines, it can hold 8");
        assert_eq!(error(&[&"x".repeat(1025)]), "the label has 1025 bytes of text, it can hold 1024");
        assert!(LabelStock::new(9, 25, 203).is_err() && LabelStock::new(50, 201, 203).is_err());
        assert!(LabelStock::new(50, 25, 600).is_err());
        assert_eq!((Resolution::Dpi203.dots(50), Resolution::Dpi300.dots(100)), (399, 1181));
    }
}
