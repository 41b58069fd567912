//! What every device of a group gets: the names and particulars its policy declares, filled in for one device.

use serde_json::Value;

use crate::fleet::enrolment::Refusal;
use crate::registry::registering::NewResource;

use super::acl::MQTT_ACL;
use super::groups::Group;
use super::request::{Refused, Request};

/// Returns the resources that a group declares for a device.
///
/// # Errors
///
/// A refusal where the group's words need a serial number and the device has none, or where a name in a topic would reach
/// further than this device.
pub(super) fn resources(request: &Request, group: &Group) -> Result<Vec<NewResource>, Refused> {
    let serial = request.serial.as_ref().map(ToString::to_string);
    let fill = |text: &str, is_topic: bool| -> Result<String, Refused> {
        let mut filled = text.to_owned();
        let values = [
            ("{id}", Some(request.device.as_str())),
            ("{group}", Some(group.name.as_str())),
            ("{serial}", serial.as_deref()),
        ];
        for (place, value) in values.into_iter().filter(|(place, _)| text.contains(place)) {
            let Some(value) = value else {
                let words = format!("group {:?} allocates by serial number, and the request has none", group.name);
                return Err((Refusal::RequestNotAcceptable, words));
            };
            if is_topic && value.contains(['+', '#', '/']) {
                let words = format!("{value:?} cannot stand in a topic of MQTT");
                return Err((Refusal::InvalidIdentifier, words));
            }
            filled = filled.replace(place, value);
        }
        Ok(filled)
    };
    let declared = group.policy.resources.iter();
    let filled = declared.map(|resource| {
        let is_topic = resource.kind == MQTT_ACL;
        let detail = resource.detail.iter();
        let detail = detail.map(|(name, value)| Ok((name.clone(), Value::from(fill(value, is_topic)?))));
        Ok(NewResource {
            kind: resource.kind.clone(),
            name: fill(&resource.name, is_topic)?,
            detail: Value::Object(detail.collect::<Result<_, Refused>>()?),
        })
    });
    filled.collect()
}
