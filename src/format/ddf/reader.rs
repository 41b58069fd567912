//! Reads object definitions, takes what is clear, and tells what is not as OMA's schema has it.

use roxmltree::{Document, Node, ParsingOptions};

use super::error::DdfError;
use super::object::{ObjectDefinition, Operations, ResourceDefinition};
use super::range::Range;
use super::resource_type::ResourceType;

/// The largest file that is read, in bytes; OMA's largest has a tenth of it.
pub const LARGEST: usize = 1 << 20;
/// The most nodes (elements, texts, comments) of a file.
const MOST_NODES: u32 = 200_000;
/// Notes beyond this number are not told.
const MOST_NOTES: usize = 200;

const OF_OBJECT: [&str; 10] = [
    "Name",
    "Description1",
    "ObjectID",
    "ObjectURN",
    "LWM2MVersion",
    "ObjectVersion",
    "MultipleInstances",
    "Mandatory",
    "Resources",
    "Description2",
];
const OF_ITEM: [&str; 8] =
    ["Name", "Operations", "MultipleInstances", "Mandatory", "Type", "RangeEnumeration", "Units", "Description"];

/// What a file defines, and what is odd about it.
#[derive(Clone, PartialEq, Debug)]
pub struct Import {
    /// The definitions, at least one.
    pub objects: Vec<ObjectDefinition>,
    /// What does not follow OMA's schema and how it was taken.
    pub notes: Vec<Note>,
}

/// A place of a file that does not follow OMA's schema.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// The line, from 1.
    pub line: u32,
    /// What is odd and how it was taken.
    pub words: String,
}

/// Reads a file of object definitions.
///
/// # Errors
/// Too large, no plain XML (a document type or an entity of its own is refused), another kind of document, or no
/// object with a number in it.
pub fn read(bytes: &[u8]) -> Result<Import, DdfError> {
    if bytes.len() > LARGEST {
        return Err(DdfError::TooLarge { found: bytes.len(), limit: LARGEST });
    }
    let mut reader = Reader { notes: Vec::new() };
    let text = reader.text(bytes);
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, entity_resolver: None };
    let document =
        Document::parse_with_options(&text, options).map_err(|error| DdfError::Xml { reason: error.to_string() })?;
    let root = document.root_element();
    if root.tag_name().name() != "LWM2M" {
        return Err(DdfError::Root { found: shortened(root.tag_name().name()) });
    }
    let mut objects = Vec::new();
    for child in elements(root) {
        match child.tag_name().name() {
            "Object" => objects.extend(reader.object(child)),
            other => reader.note(child, format!("the element \"{}\" was passed over", shortened(other))),
        }
    }
    if objects.is_empty() {
        let reason = reader.notes.first().map_or_else(|| "the file is empty".into(), |note| note.words.clone());
        return Err(DdfError::NoObject { reason });
    }
    Ok(Import { objects, notes: reader.notes })
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

/// Names of strangers are told, not repeated at length.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

struct Reader {
    notes: Vec<Note>,
}

impl Reader {
    fn note(&mut self, node: Node<'_, '_>, words: impl Into<String>) {
        // Finding the line reads the file up to it.
        if self.notes.len() >= MOST_NOTES {
            return;
        }
        let line = node.document().text_pos_at(node.range().start).row;
        self.push(line, words.into());
    }

    fn push(&mut self, line: u32, words: String) {
        if self.notes.len() < MOST_NOTES {
            self.notes.push(Note { line, words });
        }
    }

    /// Takes UTF-8, or Latin-1 if it is none.
    fn text(&mut self, bytes: &[u8]) -> String {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
                let line = before.split(|byte| *byte == b'\n').count();
                self.push(u32::try_from(line).unwrap_or(u32::MAX), "is not UTF-8: read as Latin-1".into());
                bytes.iter().map(|byte| char::from(*byte)).collect()
            }
        }
    }

    fn object(&mut self, node: Node<'_, '_>) -> Option<ObjectDefinition> {
        self.order(node, &OF_OBJECT, &["LWM2MVersion", "ObjectVersion"]);
        let id = self.number(node, Self::content(node, "ObjectID").as_deref(), "the number of the object")?;
        let version = self.version(node, "ObjectVersion");
        let lwm2m_version = self.version(node, "LWM2MVersion");
        let urn = self.urn(node, id, &version);
        let multiple = self.choice(node, "MultipleInstances", ["Single", "Multiple"]);
        let mandatory = self.choice(node, "Mandatory", ["Optional", "Mandatory"]);
        let resources = self.resources(node);
        let text = |name| Self::content(node, name).unwrap_or_default();
        let (name, description, remarks) = (text("Name"), text("Description1"), text("Description2"));
        Some(ObjectDefinition {
            id,
            urn,
            name: if name.is_empty() { format!("Object {id}") } else { name },
            description,
            remarks,
            version,
            lwm2m_version,
            multiple,
            mandatory,
            resources,
        })
    }

    /// Returns the text of the first child called `name`, without the space around it.
    fn content(node: Node<'_, '_>, name: &str) -> Option<String> {
        let child = elements(node).find(|child| child.has_tag_name(name))?;
        let text: String = child.descendants().filter(Node::is_text).filter_map(|text| text.text()).collect();
        Some(text.trim().to_owned())
    }

    /// Tells of children that are missing, unknown, there twice, or in another order.
    fn order(&mut self, node: Node<'_, '_>, known: &[&str], optional: &[&str]) {
        let mut last = 0;
        let mut seen = vec![false; known.len()];
        for child in elements(node) {
            let name = child.tag_name().name();
            let Some(at) = known.iter().position(|each| *each == name) else {
                self.note(child, format!("the element \"{}\" was passed over", shortened(name)));
                continue;
            };
            if seen[at] {
                self.note(child, format!("\"{name}\" stands twice: the first one was taken"));
            } else if at < last {
                self.note(child, format!("\"{name}\" stands after \"{}\", belongs before it", known[last]));
            }
            seen[at] = true;
            last = last.max(at);
        }
        let absent = known.iter().enumerate().filter(|(at, name)| !seen[*at] && !optional.contains(name));
        let absent: Vec<&str> = absent.map(|(_, name)| *name).collect();
        if !absent.is_empty() {
            self.note(node, format!("without {}", absent.join(", ")));
        }
        let stray =
            node.children().filter(Node::is_text).filter_map(|text| text.text()).any(|text| !text.trim().is_empty());
        if stray {
            self.note(node, "text between the elements was passed over");
        }
    }

    fn number(&mut self, node: Node<'_, '_>, text: Option<&str>, what: &str) -> Option<u16> {
        match text.map(str::trim).map(str::parse::<u16>) {
            Some(Ok(number)) => Some(number),
            Some(Err(_)) => {
                let text = shortened(text.unwrap_or_default());
                self.note(node, format!("{what} is \"{text}\", not 0 to 65535: passed over"));
                None
            }
            None => {
                self.note(node, format!("{what} is missing: passed over"));
                None
            }
        }
    }

    /// Reads `1.1`; without one it is `1.0` (LwM2M TS Core 1.1, section 7.2.2).
    fn version(&mut self, node: Node<'_, '_>, name: &str) -> String {
        let Some(text) = Self::content(node, name).filter(|text| !text.is_empty()) else { return "1.0".into() };
        let digits = |part: &str| !part.is_empty() && part.len() <= 5 && part.bytes().all(|byte| byte.is_ascii_digit());
        if text.split('.').count() <= 3 && text.split('.').all(digits) {
            return text;
        }
        self.note(node, format!("the {name} \"{}\" is no version: taken as 1.0", shortened(&text)));
        "1.0".into()
    }

    fn urn(&mut self, node: Node<'_, '_>, id: u16, version: &str) -> String {
        let urn = Self::content(node, "ObjectURN").unwrap_or_default();
        let parts: Vec<&str> = urn.split(':').collect();
        let number = parts.get(4).and_then(|text| text.trim().parse::<u16>().ok());
        if urn.contains(char::is_whitespace) {
            self.note(node, "the ObjectURN holds a space");
        } else if !urn.is_empty() && number != Some(id) {
            self.note(node, format!("the ObjectURN \"{}\" does not name object {id}", shortened(&urn)));
        } else if parts.get(5).is_some_and(|told| *told != version) {
            self.note(node, format!("the ObjectURN \"{}\" does not name version {version}", shortened(&urn)));
        }
        urn
    }

    /// Reads one of two words; the second is true.
    fn choice(&mut self, node: Node<'_, '_>, name: &str, words: [&str; 2]) -> bool {
        let Some(text) = Self::content(node, name) else { return false };
        let is = words.iter().position(|word| word.eq_ignore_ascii_case(&text));
        if is.is_none_or(|at| words[at] != text) {
            let taken = words[is.unwrap_or(0)];
            self.note(node, format!("{name} is \"{}\": taken as {taken}", shortened(&text)));
        }
        is == Some(1)
    }

    fn resources(&mut self, object: Node<'_, '_>) -> Vec<ResourceDefinition> {
        let mut resources: Vec<ResourceDefinition> = Vec::new();
        let mut numbers = std::collections::HashSet::new();
        let Some(list) = elements(object).find(|child| child.has_tag_name("Resources")) else { return resources };
        for item in elements(list) {
            if !item.has_tag_name("Item") {
                self.note(item, format!("the element \"{}\" was passed over", shortened(item.tag_name().name())));
                continue;
            }
            let Some(resource) = self.resource(item) else { continue };
            if numbers.insert(resource.id) {
                resources.push(resource);
            } else {
                self.note(item, format!("resource {} is defined twice: the first one was taken", resource.id));
            }
        }
        if resources.is_empty() {
            self.note(list, "no resource is defined");
        }
        resources
    }

    fn resource(&mut self, item: Node<'_, '_>) -> Option<ResourceDefinition> {
        let id = self.number(item, item.attribute("ID"), "the number of the resource")?;
        self.order(item, &OF_ITEM, &[]);
        let operations = self.operations(item, id);
        let multiple = self.choice(item, "MultipleInstances", ["Single", "Multiple"]);
        let mandatory = self.choice(item, "Mandatory", ["Optional", "Mandatory"]);
        let kind = self.kind(item, id, operations);
        let text = |name| Self::content(item, name).unwrap_or_default();
        let (name, range) = (text("Name"), Range::parse(&text("RangeEnumeration"), kind));
        let (units, description) = (text("Units"), text("Description"));
        let name = if name.is_empty() { format!("Resource {id}") } else { name };
        Some(ResourceDefinition { id, name, operations, multiple, mandatory, kind, range, units, description })
    }

    fn operations(&mut self, item: Node<'_, '_>, id: u16) -> Operations {
        let text = Self::content(item, "Operations").unwrap_or_default();
        match Operations::parse(&text) {
            Ok(operations) => {
                if operations.execute && (operations.read || operations.write) {
                    self.note(item, format!("resource {id} is executed and has a value"));
                }
                operations
            }
            Err(letter) => {
                self.note(item, format!("the operations of resource {id} hold \"{letter}\": taken as none"));
                Operations::default()
            }
        }
    }

    /// A resource that is only executed has no value, hence no type.
    fn kind(&mut self, item: Node<'_, '_>, id: u16, operations: Operations) -> Option<ResourceType> {
        let text = Self::content(item, "Type").unwrap_or_default();
        let kind = ResourceType::parse(&text);
        let only_executed = operations.execute && !operations.read && !operations.write;
        match kind {
            Some(_) if only_executed => {
                self.note(
                    item,
                    format!("resource {id} is executed only: its type \"{}\" was passed over", shortened(&text)),
                );
                None
            }
            Some(kind) => {
                if kind.name() != text {
                    self.note(item, format!("the type \"{}\" was taken as {}", shortened(&text), kind.name()));
                }
                Some(kind)
            }
            None if only_executed && text.is_empty() => None,
            None if only_executed => {
                self.note(item, format!("the type \"{}\" was passed over", shortened(&text)));
                None
            }
            None => {
                self.note(item, format!("resource {id} has the type \"{}\": taken as String", shortened(&text)));
                Some(ResourceType::String)
            }
        }
    }
}
