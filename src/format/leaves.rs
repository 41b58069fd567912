//! Objects as a list of values with their paths, and back: what the encodings have in common that name each value.

use std::collections::BTreeMap;

use crate::fleet::lwm2m::{Content, Instance, Object, Path, Resource, Value};

/// One value with where it stands.
pub(super) struct Leaf<'a> {
    pub(super) object: u16,
    pub(super) instance: u16,
    pub(super) resource: u16,
    /// Resource instance, of a multiple resource.
    pub(super) number: Option<u16>,
    pub(super) value: &'a Value,
}

impl Leaf<'_> {
    pub(super) fn path(&self) -> Path {
        match self.number {
            None => Path::Resource(self.object, self.instance, self.resource),
            Some(number) => Path::ResourceInstance(self.object, self.instance, self.resource, number),
        }
    }
}

/// Returns all values of `objects` that lie at or below `at`, in their order.
pub(super) fn leaves(at: Path, objects: &[Object]) -> Vec<Leaf<'_>> {
    let mut leaves = Vec::new();
    for object in objects {
        for instance in &object.instances {
            for resource in &instance.resources {
                let leaf = |number, value| Leaf {
                    object: object.id,
                    instance: instance.id,
                    resource: resource.id,
                    number,
                    value,
                };
                match &resource.content {
                    Content::Single(value) => leaves.push(leaf(None, value)),
                    Content::Multiple(values) => leaves.extend(values.iter().map(|(id, value)| leaf(Some(*id), value))),
                }
            }
        }
    }
    leaves.retain(|leaf| at.covers(leaf.path()));
    leaves
}

/// Values put together to objects again, by rising ids whatever order they came in.
#[derive(Default)]
pub(super) struct Gathered(BTreeMap<u16, BTreeMap<u16, BTreeMap<u16, Content>>>);

impl Gathered {
    /// Puts a value at three or four numbers; `None` if one is there already, or the path is another's kind.
    pub(super) fn put(&mut self, path: &[u16], value: Value) -> Option<()> {
        let [object, instance, resource, number @ ..] = path else { return None };
        let resources = self.0.entry(*object).or_default().entry(*instance).or_default();
        match number {
            [] if resources.contains_key(resource) => None,
            [] => {
                resources.insert(*resource, Content::Single(value));
                Some(())
            }
            [number] => match resources.entry(*resource).or_insert_with(|| Content::Multiple(Vec::new())) {
                Content::Multiple(values) if values.iter().all(|(id, _)| id != number) => {
                    values.push((*number, value));
                    Some(())
                }
                _ => None,
            },
            _ => None,
        }
    }

    pub(super) fn into_objects(self) -> Vec<Object> {
        let resource = |(id, content)| Resource { id, content };
        let instance = |(id, resources): (u16, BTreeMap<u16, Content>)| Instance {
            id,
            resources: resources.into_iter().map(resource).collect(),
        };
        let object = |(id, instances): (u16, BTreeMap<_, _>)| Object {
            id,
            instances: instances.into_iter().map(instance).collect(),
        };
        self.0.into_iter().map(object).collect()
    }
}

/// Reads an object link in its text form, `object:instance`.
pub(super) fn read_link(text: &str) -> Option<Value> {
    let (object, instance) = text.split_once(':')?;
    Some(Value::Link { object: number(object)?, instance: number(instance)? })
}

/// Returns the three or four numbers of `/object/instance/resource[/resource instance]`.
pub(super) fn numbers(path: &str) -> Option<Vec<u16>> {
    let numbers: Option<Vec<u16>> = path.strip_prefix('/')?.splitn(5, '/').map(number).collect();
    numbers.filter(|numbers| matches!(numbers.len(), 3 | 4))
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}
