//! Writes object definitions as XML that OMA's schema accepts.

use std::fmt::Write as _;

use super::object::{ObjectDefinition, ResourceDefinition};
use super::resource_type::ResourceType;

/// Writes definitions, UTF-8, with the members in the order of OMA's schema (version 1.1 of it, which knows the types
/// Unsigned Integer and Corelnk).
pub fn write(objects: &[ObjectDefinition]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<LWM2M>\n");
    for object in objects {
        put_object(&mut out, object);
    }
    out.push_str("</LWM2M>\n");
    out
}

fn put_object(out: &mut String, object: &ObjectDefinition) {
    out.push_str("\t<Object ObjectType=\"MODefinition\">\n");
    put(out, 2, "Name", &object.name);
    put(out, 2, "Description1", &object.description);
    put(out, 2, "ObjectID", &object.id.to_string());
    put(out, 2, "ObjectURN", &object.urn);
    put(out, 2, "LWM2MVersion", &object.lwm2m_version);
    put(out, 2, "ObjectVersion", &object.version);
    put(out, 2, "MultipleInstances", instances(object.multiple));
    put(out, 2, "Mandatory", needed(object.mandatory));
    out.push_str("\t\t<Resources>\n");
    for resource in &object.resources {
        put_resource(out, resource);
    }
    out.push_str("\t\t</Resources>\n");
    put(out, 2, "Description2", &object.remarks);
    out.push_str("\t</Object>\n");
}

fn put_resource(out: &mut String, resource: &ResourceDefinition) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "\t\t\t<Item ID=\"{}\">", resource.id);
    put(out, 4, "Name", &resource.name);
    put(out, 4, "Operations", resource.operations.letters());
    put(out, 4, "MultipleInstances", instances(resource.multiple));
    put(out, 4, "Mandatory", needed(resource.mandatory));
    put(out, 4, "Type", resource.kind.map_or("", ResourceType::name));
    put(out, 4, "RangeEnumeration", &resource.range.text);
    put(out, 4, "Units", &resource.units);
    put(out, 4, "Description", &resource.description);
    out.push_str("\t\t\t</Item>\n");
}

fn instances(multiple: bool) -> &'static str {
    if multiple { "Multiple" } else { "Single" }
}

fn needed(mandatory: bool) -> &'static str {
    if mandatory { "Mandatory" } else { "Optional" }
}

fn put(out: &mut String, depth: usize, name: &str, text: &str) {
    let _ = writeln!(out, "{}<{name}>{}</{name}>", "\t".repeat(depth), escaped(text));
}

/// Writes text so that a reader gets the same text: a return is a reference, for a bare one is read as a line's end;
/// what XML 1.0 has no character for (section 2.2) becomes U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '\n' | '\t' => out.push(letter),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            letter => out.push(letter),
        }
    }
    out
}
