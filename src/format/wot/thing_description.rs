//! The rules of Thing Descriptions (WoT TD 1.1, sections 5 to 7).

use serde_json::Value;

use super::finding::{Fault, Warning};
use super::walk::{Kind, Members, Walk};
use super::{data_schema, document, name, thing};

/// Checks a Thing Description: the schema of the Recommendation and the assertions that it cannot state.
///
/// # Errors
/// Every rule that is broken, at most 100, each with its place.
pub fn validate_thing_description(description: &Value) -> Result<Vec<Warning>, Vec<Fault>> {
    document::bounded(description).map_err(|fault| vec![fault])?;
    let mut walk = Walk::new(Kind::Description);
    if let Some(map) = walk.object(description) {
        for required in ["title", "security", "securityDefinitions"] {
            walk.required(map, required);
        }
        data_schema::type_declaration(&mut walk, map);
        formats(&mut walk, map);
        version(&mut walk, map);
        thing::check(&mut walk, map);
    }
    walk.end()
}

fn formats(walk: &mut Walk, description: &Members) {
    let text = |name: &str| description.get(name).and_then(Value::as_str);
    if let Some(id) = text("id").filter(|id| !name::is_uri(id)) {
        walk.fault_at("id", format!("\"{id}\" is no address"));
    }
    for member in ["created", "modified"] {
        if let Some(when) = text(member).filter(|when| !name::is_date_time(when)) {
            walk.fault_at(member, format!("\"{when}\" is no point in time (RFC 3339)"));
        }
    }
    if description.contains_key("tm:optional") {
        walk.warn_at("tm:optional", "belongs to a Thing Model");
    }
}

fn version(walk: &mut Walk, description: &Members) {
    let Some(version) = description.get("version") else { return };
    walk.enter("version", |walk| {
        let Some(version) = walk.object(version) else { return };
        walk.required(version, "instance");
        walk.texts(version, &["instance", "model"]);
    });
}
