//! An object definition (LwM2M TS Core 1.1, appendix D.1).

use super::range::Range;
use super::resource_type::ResourceType;

/// A definition of an object and its resources.
#[derive(Clone, PartialEq, Debug)]
pub struct ObjectDefinition {
    /// The object's number.
    pub id: u16,
    /// Its name, such as `urn:oma:lwm2m:ext:3303:1.1`; empty where the file gives none.
    pub urn: String,
    /// What a person calls it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What the file says after the resources; mostly empty.
    pub remarks: String,
    /// The version of the definition, `1.0` unless the file gives another.
    pub version: String,
    /// The least version of LwM2M that it needs, `1.0` unless the file gives another.
    pub lwm2m_version: String,
    /// Whether a device may have several instances.
    pub multiple: bool,
    /// Whether every device must have an instance.
    pub mandatory: bool,
    /// Its resources, in the order of the file.
    pub resources: Vec<ResourceDefinition>,
}

/// A resource of an object.
#[derive(Clone, PartialEq, Debug)]
pub struct ResourceDefinition {
    /// The resource's number.
    pub id: u16,
    /// What a person calls it.
    pub name: String,
    /// What a server may do with it.
    pub operations: Operations,
    /// Whether it has several instances.
    pub multiple: bool,
    /// Whether every instance of the object has it.
    pub mandatory: bool,
    /// The type of its values; none where it is only executed.
    pub kind: Option<ResourceType>,
    /// Which values it takes.
    pub range: Range,
    /// The unit, mostly by SenML (RFC 8428, section 12.1).
    pub units: String,
    /// What it is for.
    pub description: String,
}

/// What a server may do with a resource. None of the three: only the bootstrap server has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Operations {
    /// Read (and observe).
    pub read: bool,
    /// Write.
    pub write: bool,
    /// Execute.
    pub execute: bool,
}

impl Operations {
    /// Reads letters such as `RW`; another letter is returned as the error.
    pub(super) fn parse(text: &str) -> Result<Operations, char> {
        let mut operations = Operations::default();
        for letter in text.chars().filter(|letter| !letter.is_whitespace()) {
            match letter {
                'R' | 'r' => operations.read = true,
                'W' | 'w' => operations.write = true,
                'E' | 'e' => operations.execute = true,
                other => return Err(other),
            }
        }
        Ok(operations)
    }

    /// Returns the letters as OMA's schema has them.
    pub fn letters(self) -> &'static str {
        match (self.read, self.write, self.execute) {
            (false, false, false) => "",
            (true, false, false) => "R",
            (false, true, false) => "W",
            (true, true, false) => "RW",
            (false, false, true) => "E",
            (true, false, true) => "RE",
            (false, true, true) => "WE",
            (true, true, true) => "RWE",
        }
    }
}
