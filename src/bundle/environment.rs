//! The template engine, set up for one syntax: strict, bounded, and closed to everything but the template's own files.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, Output, State, UndefinedBehavior};

use crate::fleet::template::Syntax;

use super::encoding::Form;
use super::placeholder::{Marks, invalid, part_of};
use super::quoting;

/// Steps of the engine for one file; a template that needs more does not come to an end.
pub(super) const FUEL: u64 = 2_000_000;
/// How deep files may include each other, and values and blocks be nested.
const RECURSION: usize = 120;
/// Where the engine's own state stands in the context; no template can name it.
pub(super) const MARKS: &str = "\u{1}marks";

/// Makes an engine for files of `syntax` that knows `sources` by their names.
///
/// Errors come with the file's name: every source that does not parse is reported, the others are there.
pub(super) fn build(syntax: Syntax, sources: &BTreeMap<String, Arc<str>>) -> (Environment<'static>, Vec<Error>) {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(RECURSION);
    environment.set_syntax(whitespace());
    environment.set_debug(true);
    // Any mode but none: blocks and macros then come back marked as finished text and are not quoted twice.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("firstlight".into()));
    environment.set_formatter(move |out, state, value| format(syntax, out, state, value));
    environment.add_filter("tojson", to_json);
    environment.add_filter("pem", |state: &State<'_, '_>, value: &Value| in_form(state, value, Form::Pem));
    environment.add_filter("der", |state: &State<'_, '_>, value: &Value| in_form(state, value, Form::Raw));
    environment.add_filter("hex", |state: &State<'_, '_>, value: &Value| in_form(state, value, Form::Hex));
    environment.add_filter("base64", |state: &State<'_, '_>, value: &Value| in_form(state, value, Form::Base64));
    environment.add_filter("hostname", |text: &str| hostname(text));
    environment.add_function("fail", |message: String| Err::<Value, Error>(invalid(message)));
    for name in ["e", "escape", "pprint", "urlencode"] {
        environment.remove_filter(name);
    }
    environment.remove_global("debug");
    let mut errors = Vec::new();
    for (name, source) in sources {
        if let Err(error) = environment.add_template_owned(name.clone(), source.to_string()) {
            errors.push(error);
        }
    }
    (environment, errors)
}

fn whitespace() -> minijinja::syntax::SyntaxConfig {
    minijinja::syntax::SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .expect("the delimiters are the usual ones")
}

fn format(syntax: Syntax, out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    refuse_misuse(state)?;
    if value.is_undefined() {
        return Ok(());
    }
    if value.is_safe() {
        return out.write_str(value.as_str().unwrap_or_default()).map_err(Error::from);
    }
    let text = written(syntax, state, value)?;
    refuse_misuse(state)?;
    out.write_str(&text).map_err(Error::from)
}

fn refuse_misuse(state: &State<'_, '_>) -> Result<(), Error> {
    let marks = state.lookup(MARKS);
    let marks = marks.as_ref().and_then(|value| value.downcast_object_ref::<Marks>());
    match marks.and_then(Marks::take_misused) {
        Some(what) => Err(invalid(misused(&what))),
        None => Ok(()),
    }
}

/// The marks of the rendering, from the first marker written on: only from then on can a text hold one.
struct Marked(Arc<Marks>);

/// Returns `value` as a value of `syntax`. A text that holds a marker is refused: it would be quoted around the secret,
/// which brings quotes of its own.
fn written(syntax: Syntax, state: &mut State<'_, '_>, value: &Value) -> Result<String, Error> {
    let marks = state.get_extension::<Marked>().map(|marked| Arc::clone(&marked.0));
    let mut writer = Writer { syntax, out: String::new(), marks };
    writer.value(value)?;
    if let Some(marks) = writer.marks {
        state.get_or_insert_extension(Marked(marks));
    }
    Ok(writer.out)
}

fn refuse_marker(marks: Option<&Marks>, text: &str) -> Result<(), Error> {
    if marks.is_some_and(|marks| marks.stands_in(text)) {
        return Err(invalid("a block of text that holds a secret cannot be quoted or encoded once more".into()));
    }
    Ok(())
}

/// The words for a secret that a template tries to join, cut or change.
pub(super) fn misused(what: &str) -> String {
    format!(
        "the {what} is secret: it can stand whole where a value stands (also with pem, hex, base64 or tojson), \
         but not be joined, cut or changed"
    )
}

/// Writes values of one syntax.
struct Writer {
    syntax: Syntax,
    out: String,
    marks: Option<Arc<Marks>>,
}

impl Writer {
    fn value(&mut self, value: &Value) -> Result<(), Error> {
        if let Some(part) = part_of(value) {
            self.out.push_str(&part.written(self.syntax)?);
            self.marks.get_or_insert_with(|| Arc::clone(&part.marks));
            return Ok(());
        }
        match value.kind() {
            ValueKind::String => self.text(value.as_str().unwrap_or_default()),
            ValueKind::Number => self.number(value),
            ValueKind::Seq | ValueKind::Iterable => self.list(value),
            ValueKind::Map => self.map(value),
            kind => self.word(kind, value.is_true()),
        }
    }

    fn word(&mut self, kind: ValueKind, truth: bool) -> Result<(), Error> {
        self.out.push_str(match kind {
            ValueKind::Bool if truth => "true",
            ValueKind::Bool => "false",
            ValueKind::None if matches!(self.syntax, Syntax::Yaml | Syntax::Json) => "null",
            _ => return Err(self.cannot_hold(kind)),
        });
        Ok(())
    }

    fn cannot_hold(&self, kind: ValueKind) -> Error {
        let syntax = match self.syntax {
            Syntax::Yaml => "YAML",
            Syntax::Json => "JSON",
            Syntax::Toml | Syntax::TomlLine => "TOML",
            Syntax::Shell => "shell",
            Syntax::Text => "text",
        };
        invalid(format!("a {syntax} file cannot hold a value of type {kind}"))
    }

    fn text(&mut self, text: &str) -> Result<(), Error> {
        refuse_marker(self.marks.as_deref(), text)?;
        let out = &mut self.out;
        quoting::scalar(self.syntax, text, &mut |piece| out.push_str(piece))
            .map_err(|error| invalid(format!("the value {error}")))
    }

    fn number(&mut self, value: &Value) -> Result<(), Error> {
        if !value.is_integer() {
            let number = f64::try_from(value.clone())?;
            let text = quoting::float(number);
            let text = text.ok_or_else(|| invalid(format!("{number} is no number that a file can hold")))?;
            self.out.push_str(&text);
            return Ok(());
        }
        let text = value.to_string();
        if matches!(self.syntax, Syntax::Toml | Syntax::TomlLine) && text.parse::<i64>().is_err() {
            return Err(invalid(format!("{text} is beyond the 64 bits of a TOML integer")));
        }
        self.out.push_str(&text);
        Ok(())
    }

    fn list(&mut self, value: &Value) -> Result<(), Error> {
        let (open, between, close) = match self.syntax {
            Syntax::Text => return Err(self.cannot_hold(ValueKind::Seq)),
            Syntax::Shell => ("", " ", ""),
            Syntax::Yaml | Syntax::Json | Syntax::Toml | Syntax::TomlLine => ("[", ", ", "]"),
        };
        self.out.push_str(open);
        for (index, item) in value.try_iter()?.enumerate() {
            if index > 0 {
                self.out.push_str(between);
            }
            if self.syntax == Syntax::Shell && matches!(item.kind(), ValueKind::Seq | ValueKind::Iterable) {
                return Err(invalid("a shell file cannot hold a list in a list".into()));
            }
            self.value(&item)?;
        }
        self.out.push_str(close);
        Ok(())
    }

    fn map(&mut self, value: &Value) -> Result<(), Error> {
        let equals = match self.syntax {
            Syntax::Text | Syntax::Shell => return Err(self.cannot_hold(ValueKind::Map)),
            Syntax::Toml | Syntax::TomlLine => " = ",
            Syntax::Yaml | Syntax::Json => ": ",
        };
        self.out.push('{');
        for (index, key) in value.try_iter()?.enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            let name = key.as_str().ok_or_else(|| invalid(format!("the key {key:?} of a mapping is no text")))?;
            self.text(name)?;
            self.out.push_str(equals);
            self.value(&value.get_item(&key)?)?;
        }
        self.out.push('}');
        Ok(())
    }
}

fn to_json(state: &mut State<'_, '_>, value: &Value) -> Result<Value, Error> {
    written(Syntax::Json, state, value).map(Value::from_safe_string)
}

/// The filters `pem`, `der`, `hex`, `base64`: on key material they choose its form, on plain text the last two encode it.
fn in_form(state: &State<'_, '_>, value: &Value, form: Form) -> Result<Value, Error> {
    use base64::Engine as _;
    if let Some(part) = part_of(value) {
        return part.in_form(form).map(Value::from_object);
    }
    refuse_marker(state.get_extension::<Marked>().map(|marked| &*marked.0), value.as_str().unwrap_or_default())?;
    match (value.as_str(), form) {
        (Some(text), Form::Hex) => Ok(Value::from(hex::encode(text))),
        (Some(text), Form::Base64) => Ok(Value::from(base64::engine::general_purpose::STANDARD.encode(text))),
        (Some(_), _) => Err(invalid("pem and der are for parts of credentials, not for text".into())),
        (None, _) => {
            let kind = value.kind();
            Err(invalid(format!("pem, der, hex and base64 are for keys and text, not for a value of type {kind}")))
        }
    }
}

/// The filter `hostname`: a label of RFC 1123, section 2.1, from any text: lower case, everything but letters and digits
/// a hyphen, at most 63.
fn hostname(text: &str) -> String {
    let label: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(63).collect();
    label.trim_matches('-').to_owned()
}
