//! YAML inventories: a list of mappings, read item by item so that no tree of the whole file is held.

use std::sync::Arc;

use super::super::file::{GivenValue, given};
use super::super::yaml::{Entry, Key, Kind, Node, Step, Stream};
use super::super::{Faults, Place, nearest, shape};
use super::builder::{Builder, KNOWN, Known, Text};
use super::packed::Inventory;
use super::row::{Form, Mark};

pub(super) fn read(file: &Arc<str>, text: &str, faults: &mut Faults) -> Inventory {
    let mut builder = Builder::new(file);
    let mut stream = Stream::new(file, text, faults);
    document(&mut stream, file, &mut builder);
    builder.finish()
}

/// Reads the document; `None` when reading on is impossible.
fn document(stream: &mut Stream<'_>, file: &Arc<str>, builder: &mut Builder) -> Option<()> {
    let Some(first) = stream.begin() else {
        if !stream.has_failed() {
            stream.faults.add_with_hint(
                Place::new(file, 1, 1),
                "the inventory is empty",
                "it is a list of devices: - id: NAME",
            );
        }
        return None;
    };
    match first {
        Step::List(_) => devices(stream, builder)?,
        Step::Map(place) => wrapped(stream, &place, builder)?,
        other => {
            let node = stream.node(other)?;
            no_list(&node, stream.faults);
        }
    }
    stream.finish();
    Some(())
}

/// Reads a mapping whose `devices` is the list.
fn wrapped(stream: &mut Stream<'_>, place: &Place, builder: &mut Builder) -> Option<()> {
    let mut found = false;
    while let Key::Word(key, at) = stream.key()? {
        let value = stream.step()?;
        match value {
            Step::List(_) if key == "devices" && !found => {
                found = true;
                devices(stream, builder)?;
            }
            other => {
                let node = stream.node(other)?;
                if key != "devices" {
                    stream.faults.add(at, format!("unknown key {} in the inventory", shape::abridged(&key)));
                } else if found {
                    stream.faults.add(at, "key \"devices\" stands here a second time");
                } else {
                    found = true;
                    no_list(&node, stream.faults);
                }
            }
        }
    }
    if !found {
        stream.faults.add(place.clone(), "the inventory lacks \"devices\", a list of devices");
    }
    Some(())
}

fn no_list(node: &Node, faults: &mut Faults) {
    faults.add(node.place.clone(), format!("the inventory is {}, wanted is a list of devices", shape::found(node)));
}

fn devices(stream: &mut Stream<'_>, builder: &mut Builder) -> Option<()> {
    loop {
        stream.forget();
        let item = match stream.step()? {
            Step::End => return Some(()),
            first => stream.node(first)?,
        };
        if builder.is_full(mark(&item.place), stream.faults) {
            continue;
        }
        match &item.kind {
            Kind::Map(entries) => device(&item, entries, builder, stream.faults),
            Kind::Refused => {}
            _ => {
                let message = format!("a device is {}, wanted is a mapping such as {{id: NAME}}", shape::found(&item));
                stream.faults.add(item.place.clone(), message);
            }
        }
    }
}

fn device(item: &Node, entries: &[Entry], builder: &mut Builder, faults: &mut Faults) {
    let mut known = Known::default();
    for (index, entry) in entries.iter().enumerate() {
        let repeated = entries[..index].iter().any(|other| other.key == entry.key);
        if repeated || entry.value.kind == Kind::Refused || (entry.value.is_null() && KNOWN.contains(&&*entry.key)) {
            continue;
        }
        match entry.key.as_str() {
            "id" => known.id = word(entry, faults),
            "serial" => known.serial = word(entry, faults),
            "model" => known.model = word(entry, faults),
            "profile" => known.profile = word(entry, faults),
            _ => variable(entry, builder, faults),
        }
    }
    let id = item.get("id");
    let id_has_its_fault = id.is_some_and(|id| !id.is_null() && id.written().is_none());
    if id_has_its_fault {
        known.id = None;
        builder.row_without_id(mark(&item.place), &known, faults);
        return;
    }
    if id.is_none()
        && let Some(near) =
            nearest::nearest("id", entries.iter().map(|entry| entry.key.as_str()).filter(|key| !KNOWN.contains(key)))
    {
        faults.add_with_hint(
            item.place.clone(),
            "the device has no id",
            format!("{near:?} seems to be meant: call it \"id\""),
        );
        builder.row_without_id(mark(&item.place), &known, faults);
        return;
    }
    builder.row(mark(id.map_or(&item.place, |id| &id.place)), &known, faults);
}

/// Takes a scalar as it is written: a serial number 0012 keeps its zeros.
fn word<'a>(entry: &'a Entry, faults: &mut Faults) -> Option<Text<'a>> {
    let text = entry.value.written();
    if text.is_none() {
        let message = format!("{:?} is {}, wanted is a text", entry.key, shape::found(&entry.value));
        faults.add(entry.value.place.clone(), message);
    }
    text.filter(|text| !text.is_empty()).map(|text| Text { text, at: mark(&entry.value.place) })
}

fn variable(entry: &Entry, builder: &mut Builder, faults: &mut Faults) {
    let at = mark(&entry.value.place);
    let Some(column) = builder.column(&entry.key, mark(&entry.place), faults) else { return };
    match given(&entry.value) {
        _ if entry.value.is_null() => builder.cell(column, Form::Blank, "", at, faults),
        GivenValue::Clear(value) => builder.cell(column, Form::Json, &value.to_string(), at, faults),
        GivenValue::Secret(name) => builder.cell(column, Form::Secret, &name, at, faults),
        GivenValue::Cell(text) => builder.cell(column, Form::Plain, &text, at, faults),
        GivenValue::Broken if entry.value.get("secret").is_none() => {}
        GivenValue::Broken => faults.add(entry.value.place.clone(), "a reference is wanted as {secret: NAME}"),
    }
}

fn mark(place: &Place) -> Mark {
    Mark { line: place.line, column: place.column }
}
