//! What `media inspect` shows of an image that is no medium.

use std::path::{Path, PathBuf};

use crate::command::{Context, Status};
use crate::medium::Inspection;
use crate::medium::content::{CertificateFound, Content, Form, Request, ValueFound, Why, look_at_file, read_keys};
use crate::ui::Table;
use crate::ui::measure::size;

use super::sealed;

/// Arguments of `firstlight media inspect` that are about images.
#[derive(clap::Args, Debug)]
pub struct ImageArgs {
    /// Read it as FORM [default: what its content tells]
    #[arg(long, value_name = "FORM", value_parser = Form::NAMED.map(|(name, _)| name))]
    pub format: Option<String>,
    /// The object whose TLV it is
    #[arg(long, value_name = "ID", requires = "format", required_if_eq("format", "lwm2m-tlv"))]
    pub object: Option<u16>,
    /// Keys of an encrypted NVS partition: its keys partition, the keys, or the eFuse key
    #[arg(long, value_name = "FILE")]
    pub keys: Option<PathBuf>,
}

impl ImageArgs {
    /// Looks into the image at `path`; `None` where it is none and none is asked for.
    pub fn look(&self, path: &Path) -> anyhow::Result<Option<Content>> {
        let keys = self.keys.as_deref().map(read_keys).transpose()?;
        let named = |name: &String| Form::NAMED.iter().find(|(known, _)| known == name).map(|(_, form)| *form);
        let form = self.format.as_ref().and_then(named);
        let request = Request { form, object: self.object.unwrap_or_default(), keys: keys.as_ref() };
        Ok(look_at_file(path, &request)?)
    }
}

/// Says what can be said of the bytes at `path`, which carry no mark; `None` for a folder.
pub fn raw(path: &Path) -> anyhow::Result<Option<Content>> {
    Ok(look_at_file(path, &Request { form: Some(Form::Raw), ..Request::default() })?)
}

/// Prints what was found in the image at `path`.
pub fn show(path: &Path, found: &Content, context: &Context) -> Status {
    let name = path.display().to_string();
    let mut document = sealed::document(&Inspection::of_image(&name, found.size), None);
    document["image"] = serde_json::to_value(found).expect("what was found is plain data");
    context.printer.report(&document, || text(&name, found, context.printer.terminal().columns));
    Status::Done
}

/// Returns the image called `name` and everything inside it in words.
fn text(name: &str, content: &Content, columns: Option<usize>) -> String {
    let mut text = String::new();
    add(&mut text, &heading(name, content), content, columns);
    text
}

fn heading(name: &str, content: &Content) -> String {
    format!("{name}: {} ({})", content.form.words(), content.sure.words())
}

fn add(text: &mut String, heading: &str, content: &Content, columns: Option<usize>) {
    text.push_str(&format!("{heading}\n  size     {}\n", size(content.size)));
    for (name, words) in &content.facts {
        text.push_str(&format!("  {name}: {words}\n"));
    }
    if let Some(problem) = &content.problem {
        text.push_str(&format!("  problem: {problem}\n"));
    }
    if !content.values.is_empty() {
        text.push_str(&values(&content.values).render(columns));
    }
    for (left_out, noun) in [(content.values_left_out, "values"), (content.parts_left_out, "parts")] {
        if left_out > 0 {
            text.push_str(&format!("  {left_out} more {noun} are not shown\n"));
        }
    }
    for part in &content.parts {
        let address = part.address.map(|address| format!("{address:#x}")).unwrap_or_default();
        let place = match &part.name {
            Some(name) => format!("{address} {name}"),
            None => address,
        };
        text.push('\n');
        add(text, &self::heading(&place, part), part, columns);
    }
}

fn values(values: &[ValueFound]) -> Table {
    let mut table = Table::new(["place", "type", "bytes", "value"]).right("bytes");
    for value in values {
        table.row([value.place.clone(), value.kind.clone(), value.length.to_string(), words(value)]);
    }
    table
}

fn words(value: &ValueFound) -> String {
    let mut words: Vec<String> = value.shown.iter().cloned().collect();
    words.extend(value.certificates.iter().map(certificate));
    words.extend(value.masked.map(|why| masked(why, value.sha256.as_deref())));
    words.join("; ")
}

fn certificate(found: &CertificateFound) -> String {
    let CertificateFound { subject, serial, not_before, not_after, sha256 } = found;
    format!("certificate {subject}, serial {serial}, {not_before} to {not_after}, SHA-256 {sha256}")
}

fn masked(why: Why, sha256: Option<&str>) -> String {
    let why = match why {
        Why::PrivateKey => "private key",
        Why::Name => "secret by its name",
        Why::Text => "reads like a secret",
        Why::Unknown => "binary",
        Why::File => "file",
    };
    match sha256 {
        Some(digest) => format!("masked ({why}), SHA-256 {digest}..."),
        None => format!("masked ({why})"),
    }
}
