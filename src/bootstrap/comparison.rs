//! What was read back against what was written.

use std::collections::BTreeSet;

use crate::fleet::lwm2m::{Content, Instance, Object, SECURITY, SERVER, Value};
use crate::format::discovered::Discovered;

/// What a client should have of /0 and /1: instance and short server id.
pub(super) struct Expected {
    /// Management servers in /0.
    pub(super) security: Vec<(u16, u16)>,
    /// In /1.
    pub(super) servers: Vec<(u16, u16)>,
    /// Instances that were not to be touched.
    pub(super) kept: BTreeSet<u16>,
    /// True if everything else was to go.
    pub(super) alone: bool,
}

/// Says what differs in the list of instances.
pub(super) fn listing(expected: &Expected, found: &Discovered) -> Option<String> {
    let instances = |object: u16| found.find(object).map(|object| &object.instances[..]).unwrap_or_default();
    let candidates = found.bootstrap_candidates();
    if let Some(lost) = expected.kept.iter().find(|kept| !candidates.contains(kept)) {
        return Some(format!("the bootstrap account was at /0/{lost} and is not there any more"));
    }
    for (object, wanted) in [(SECURITY, &expected.security), (SERVER, &expected.servers)] {
        // Clients of 1.1 list the ids of both; one that lists none tells nothing.
        let listed: Vec<_> = instances(object).iter().filter_map(|it| Some((it.id, it.short_server_id?))).collect();
        if let Some((id, server)) = wanted.iter().find(|(id, server)| {
            !listed.contains(&(*id, *server))
                && (object == SECURITY || !instances(object).iter().any(|it| it.id == *id))
        }) {
            return Some(format!("/{object}/{id} with short server id {server} is not there"));
        }
        let stranger = listed.iter().find(|(id, server)| {
            let is_known = wanted.contains(&(*id, *server));
            let may_be_account = object == SECURITY && candidates.contains(id);
            !is_known && !may_be_account
        });
        if let Some((id, server)) = stranger.filter(|_| expected.alone) {
            return Some(format!("/{object}/{id} with short server id {server} is still there"));
        }
    }
    None
}

/// Says what differs between an instance that was written and what was read.
pub(super) fn instance(object: u16, written: &Instance, read: &[Object]) -> Option<String> {
    let instances = read.iter().filter(|found| found.id == object).flat_map(|found| &found.instances);
    let Some(found) = instances.into_iter().find(|found| found.id == written.id) else {
        return Some(format!("/{object}/{} is not there", written.id));
    };
    written.resources.iter().find_map(|wanted| {
        let path = format!("/{object}/{}/{}", written.id, wanted.id);
        match found.resources.iter().find(|resource| resource.id == wanted.id) {
            None => Some(format!("{path} is not there")),
            Some(resource) if !same_content(&wanted.content, &resource.content) => {
                Some(format!("{path} is not what was written"))
            }
            Some(_) => None,
        }
    })
}

fn same_content(written: &Content, read: &Content) -> bool {
    match (written, read) {
        (Content::Single(written), Content::Single(read)) => same(written, read),
        (Content::Multiple(written), Content::Multiple(read)) => {
            written.len() == read.len()
                && written
                    .iter()
                    .all(|(number, value)| read.iter().any(|(other, read)| other == number && same(value, read)))
        }
        _ => false,
    }
}

/// A format may not tell a signed from an unsigned number, or a number from the time.
fn same(written: &Value, read: &Value) -> bool {
    match (written, read) {
        (Value::Integer(signed), Value::Unsigned(unsigned)) | (Value::Unsigned(unsigned), Value::Integer(signed)) => {
            i64::try_from(*unsigned) == Ok(*signed)
        }
        _ => written == read,
    }
}
