//! What a template sees in the place of key material and secrets, and how the real text gets there.
//!
//! A secret never enters the template engine. It sees a [`Part`], which is written as a *marker*: a run of digits that no
//! text of the fleet can hold, for it is a digest over all of that text. The finished file is cut at its markers and put
//! together again with the quoted secrets, in one buffer that is wiped.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind};
use zeroize::Zeroizing;

use crate::fleet::template::Syntax;
use crate::fleet::{Digest, Secret};

use super::encoding::{Form, Nature, encode};
use super::quoting::{self, Unquotable};

/// Digits of a nonce: what 128 bits need.
const NONCE: usize = 39;
/// Digits of a marker: nonce, slot (4), form (1), syntax (1).
const MARKER: usize = NONCE + 6;
/// A stretch of a nonce this long does not stand in a file by chance.
const FRAGMENT: usize = 12;
/// More secrets than this in one bundle have no number.
pub(super) const MOST_SLOTS: usize = 10_000;

/// The nonce of one rendering, and what went wrong with its secrets.
///
/// Only digits, so that no change of case can hide a marker. Nobody can write it into a variable: the nonce is a digest
/// over every variable, so the text would have to hold a digest of itself.
#[derive(Debug)]
pub(super) struct Marks {
    nonce: String,
    misused: Mutex<Option<Arc<str>>>,
}

impl Marks {
    /// Makes the nonce from a digest over everything public that goes into the rendering.
    pub(super) fn new(over: Digest) -> Self {
        let (half, _) = over.as_bytes().split_first_chunk::<16>().expect("a digest has 32 bytes");
        Self { nonce: format!("{:0width$}", u128::from_be_bytes(*half), width = NONCE), misused: Mutex::new(None) }
    }

    /// Returns and forgets which secret was used in an expression since the last call.
    pub(super) fn take_misused(&self) -> Option<Arc<str>> {
        self.misused.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Returns true if `text` holds a marker.
    pub(super) fn stands_in(&self, text: &str) -> bool {
        text.contains(&self.nonce)
    }

    fn misuse(&self, what: &Arc<str>) {
        *self.misused.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(what));
    }

    fn marker(&self, slot: usize, form: Form, syntax: Syntax) -> String {
        let form = Form::ALL.iter().position(|f| *f == form).expect("every form is in the list");
        let syntax = SYNTAXES.iter().position(|s| *s == syntax).expect("every syntax is in the list");
        format!("{}{slot:04}{form}{syntax}", self.nonce)
    }
}

impl Object for Marks {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

const SYNTAXES: [Syntax; 6] = [Syntax::Yaml, Syntax::Json, Syntax::Toml, Syntax::TomlLine, Syntax::Shell, Syntax::Text];

/// A part of a credential, or a secret variable, as a template sees it.
#[derive(Clone)]
pub(super) struct Part {
    /// In words: "private key of credential identity".
    pub(super) what: Arc<str>,
    pub(super) nature: Nature,
    pub(super) body: Body,
    /// The form a filter asked for; else the usual one of the nature.
    pub(super) asked: Option<Form>,
    pub(super) marks: Arc<Marks>,
}

/// Where a part's bytes are.
#[derive(Clone)]
pub(super) enum Body {
    /// Here: anybody may read them.
    Public(Arc<[Vec<u8>]>),
    /// Not made yet: a name stands for them.
    Unmade,
    /// In the slot of this number, outside of the engine.
    Secret(usize),
}

/// The secret behind one slot; absent when only a preview is wanted.
pub(super) struct Slot<'a> {
    pub(super) what: Arc<str>,
    pub(super) nature: Nature,
    pub(super) bytes: Option<&'a Secret>,
    /// True for a part of a credential, which is never empty: where it is, it is not at hand any more.
    pub(super) of_credential: bool,
}

impl Slot<'_> {
    /// Returns true if the secret was made once and is not at hand any more.
    pub(super) fn is_gone(&self) -> bool {
        self.of_credential && self.bytes.is_some_and(Secret::is_empty)
    }
}

impl Part {
    /// Returns the part in another form (`pem | base64` is base64 of the PEM text), or the reason why it has none such.
    pub(super) fn in_form(&self, form: Form) -> Result<Part, Error> {
        let form = if (self.asked, form) == (Some(Form::Pem), Form::Base64) { Form::PemBase64 } else { form };
        if !self.nature.can_be(form) {
            return Err(invalid(format!("the {} cannot be written as PEM", self.what)));
        }
        Ok(Part { asked: Some(form), ..self.clone() })
    }

    fn form(&self) -> Form {
        self.asked.unwrap_or(self.nature.usual_form())
    }

    /// Returns the text that stands for the part in a file of `syntax`: the part itself, quoted, or a marker.
    pub(super) fn written(&self, syntax: Syntax) -> Result<String, Error> {
        if !self.nature.is_text_in(self.form()) {
            return Err(invalid(format!("the {} is bytes: add hex or base64", self.what)));
        }
        let text = match &self.body {
            Body::Secret(slot) => return Ok(self.marks.marker(*slot, self.form(), syntax)),
            Body::Unmade => format!("<{}>", self.what),
            Body::Public(parts) => self.public_text(parts)?,
        };
        let mut out = String::with_capacity(text.len() + 2);
        quote_encoded(syntax, self.form(), &text, &mut |piece| out.push_str(piece))
            .map_err(|error| invalid(format!("the {} {error}", self.what)))?;
        Ok(out)
    }

    fn public_text(&self, parts: &[Vec<u8>]) -> Result<String, Error> {
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        let text = encode(self.nature, self.form(), &parts)
            .ok_or_else(|| invalid(format!("the {} are several: only PEM holds them", self.what)))?;
        String::from_utf8(text.to_vec()).map_err(|_| invalid(format!("the {} is no text", self.what)))
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.what)
    }
}

impl Object for Part {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    /// Called when a template joins, cuts or changes the part: right for public text, a misuse of a secret.
    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.body {
            Body::Public(parts) => f.write_str(&self.public_text(parts).unwrap_or_default()),
            Body::Unmade => write!(f, "<{}>", self.what),
            Body::Secret(_) => {
                self.marks.misuse(&self.what);
                write!(f, "<{}>", self.what)
            }
        }
    }
}

/// Returns the part behind a template value, where it is one.
pub(super) fn part_of(value: &Value) -> Option<&Part> {
    value.downcast_object_ref::<Part>()
}

/// A finished file, with its secrets in it, and which they are.
pub(super) struct Filled {
    pub(super) bytes: Secret,
    /// Numbers of the slots used, each once.
    pub(super) slots: Vec<usize>,
}

/// Why a file cannot be filled.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FillError {
    /// Part of a marker stands in the file: the template has cut a secret.
    Cut,
    /// The secret is not UTF-8 text.
    NotText(Arc<str>),
    /// The syntax cannot hold the secret's text.
    Unquotable(Arc<str>, Unquotable),
}

/// Puts the secrets of `slots` in the place of their markers; where a slot has no bytes, `<what>` stands.
pub(super) fn fill(text: &str, marks: &Marks, slots: &[Slot<'_>]) -> Result<Filled, FillError> {
    let pieces = cut(text, marks);
    refuse_fragments(&pieces, marks)?;
    let room = pieces.iter().map(|piece| room_for(piece, slots)).sum();
    let mut out = Vec::with_capacity(room);
    let mut used = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
            Piece::Marker { slot, form, syntax } => {
                put(&slots[slot], form, syntax, &mut out)?;
                used.push(slot);
            }
        }
    }
    debug_assert!(out.len() <= room, "the buffer never grows, so no copy of a secret is left behind");
    used.sort_unstable();
    used.dedup();
    Ok(Filled { bytes: Secret::new(out), slots: used })
}

enum Piece<'a> {
    Text(&'a str),
    Marker { slot: usize, form: Form, syntax: Syntax },
}

fn cut<'a>(text: &'a str, marks: &Marks) -> Vec<Piece<'a>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(&marks.nonce) {
        let Some(marker) = rest.get(at..at + MARKER).and_then(|marker| read(&marker[NONCE..])) else { break };
        pieces.push(Piece::Text(&rest[..at]));
        pieces.push(marker);
        rest = &rest[at + MARKER..];
    }
    pieces.push(Piece::Text(rest));
    pieces
}

fn read<'a>(tail: &str) -> Option<Piece<'a>> {
    let digit = |at: usize| tail.get(at..=at)?.parse::<usize>().ok();
    Some(Piece::Marker {
        slot: tail.get(..4)?.parse().ok()?,
        form: *Form::ALL.get(digit(4)?)?,
        syntax: *SYNTAXES.get(digit(5)?)?,
    })
}

/// A captured block can be cut or reversed as text: then pieces of the nonce remain, and the file is refused.
fn refuse_fragments(pieces: &[Piece<'_>], marks: &Marks) -> Result<(), FillError> {
    let backwards: String = marks.nonce.chars().rev().collect();
    let windows =
        |digits: &str| (0..=NONCE - FRAGMENT).map(|at| digits[at..at + FRAGMENT].to_owned()).collect::<Vec<_>>();
    let fragments: Vec<String> = windows(&marks.nonce).into_iter().chain(windows(&backwards)).collect();
    let holds_one = |text: &str| {
        let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= FRAGMENT);
        runs.into_iter().any(|run| fragments.iter().any(|fragment| run.contains(fragment)))
    };
    let cut = pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if holds_one(text)));
    if cut { Err(FillError::Cut) } else { Ok(()) }
}

fn room_for(piece: &Piece<'_>, slots: &[Slot<'_>]) -> usize {
    match piece {
        Piece::Text(text) => text.len(),
        Piece::Marker { slot, .. } => {
            let slot = &slots[*slot];
            let longest = slot.bytes.map_or(slot.what.len() + 2, |bytes| bytes.len() * 2 + 256);
            quoting::longest_scalar(longest)
        }
    }
}

fn put(slot: &Slot<'_>, form: Form, syntax: Syntax, out: &mut Vec<u8>) -> Result<(), FillError> {
    let mut push = |piece: &str| out.extend_from_slice(piece.as_bytes());
    let unquotable = |error| FillError::Unquotable(Arc::clone(&slot.what), error);
    let Some(secret) = slot.bytes else {
        return quoting::scalar(syntax, &format!("<secret {}>", slot.what), &mut push).map_err(unquotable);
    };
    let encoded: Zeroizing<Vec<u8>> =
        secret.expose(|bytes| encode(slot.nature, form, &[bytes])).expect("checked when the marker was made");
    let text = std::str::from_utf8(&encoded).map_err(|_| FillError::NotText(Arc::clone(&slot.what)))?;
    quote_encoded(syntax, form, text, &mut push).map_err(unquotable)
}

/// Quotes encoded material. PEM stands in a text file as its lines: they are ours, nobody else's text is in them.
fn quote_encoded(syntax: Syntax, form: Form, text: &str, push: &mut dyn FnMut(&str)) -> Result<(), Unquotable> {
    if syntax == Syntax::Text && form == Form::Pem {
        push(text.trim_end());
        return Ok(());
    }
    quoting::scalar(syntax, text, push)
}

pub(super) fn invalid(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks() -> Marks {
        Marks::new(Digest::of(b"x"))
    }

    fn slot(secret: Option<&Secret>, nature: Nature) -> [Slot<'_>; 1] {
        [Slot { what: "variable wifi".into(), nature, bytes: secret, of_credential: false }]
    }

    fn filled(text: &str, secret: &str) -> Result<String, FillError> {
        let secret = Secret::new(secret.as_bytes().to_vec());
        let filled = fill(text, &marks(), &slot(Some(&secret), Nature::Text))?;
        Ok(filled.bytes.expose(|bytes| String::from_utf8(bytes.to_vec()).unwrap()))
    }

    #[test]
    fn a_marker_becomes_the_quoted_secret_wherever_it_stands() {
        let marker = marks().marker(0, Form::Raw, Syntax::Json);
        assert_eq!(filled(&format!("1{marker}{marker}2"), "a\"b").unwrap(), "1\"a\\\"b\"\"a\\\"b\"2");
        assert_eq!(filled(&marker.to_uppercase(), "x").unwrap(), "\"x\"");
    }

    #[test]
    fn a_cut_or_reversed_marker_is_refused() {
        let marker = marks().marker(0, Form::Raw, Syntax::Json);
        let reversed: String = marker.chars().rev().collect();
        for text in [&marker[..20], &marker[10..], &reversed, &marker[..MARKER - 1]] {
            assert_eq!(filled(text, "x").err(), Some(FillError::Cut), "{text}");
        }
    }

    #[test]
    fn other_digits_are_no_marker() {
        let digits = "0123456789".repeat(20);
        assert_eq!(filled(&digits, "x").unwrap(), digits);
    }

    #[test]
    fn a_secret_that_is_no_text_is_refused() {
        let secret = Secret::new(vec![0xff, 0xfe]);
        let marker = marks().marker(0, Form::Raw, Syntax::Json);
        let error = fill(&marker, &marks(), &slot(Some(&secret), Nature::Text)).err();
        assert_eq!(error, Some(FillError::NotText("variable wifi".into())));
        assert!(filled(&marks().marker(0, Form::Raw, Syntax::Text), "a\nb").is_err());
    }

    #[test]
    fn two_inputs_have_two_nonces() {
        assert_ne!(Marks::new(Digest::of(b"a")).nonce, Marks::new(Digest::of(b"b")).nonce);
        assert_eq!(marks().nonce.len(), NONCE);
    }
}
