//! The types of values that a resource may have.

/// The type of a resource (LwM2M TS Core 1.1, appendix C).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResourceType {
    /// UTF-8 text.
    String,
    /// A whole number of 8 to 64 bits.
    Integer,
    /// A whole number from 0.
    UnsignedInteger,
    /// A number.
    Float,
    /// True or false.
    Boolean,
    /// Bytes.
    Opaque,
    /// Seconds since 1970-01-01T00:00:00Z.
    Time,
    /// A link to an object instance, `3303:0`.
    ObjectLink,
    /// A list of links (RFC 6690).
    CoreLink,
}

impl ResourceType {
    /// Every type with the name that OMA's schema has for it.
    pub const NAMED: [(&'static str, ResourceType); 9] = [
        ("String", ResourceType::String),
        ("Integer", ResourceType::Integer),
        ("Unsigned Integer", ResourceType::UnsignedInteger),
        ("Float", ResourceType::Float),
        ("Boolean", ResourceType::Boolean),
        ("Opaque", ResourceType::Opaque),
        ("Time", ResourceType::Time),
        ("Objlnk", ResourceType::ObjectLink),
        ("Corelnk", ResourceType::CoreLink),
    ];

    /// Returns the name that OMA's schema has for the type.
    pub fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, kind)| *kind == self).map_or("String", |(name, _)| name)
    }

    /// Reads a name, spaces and case aside.
    pub(super) fn parse(text: &str) -> Option<ResourceType> {
        let plain = |text: &str| text.replace(char::is_whitespace, "").to_ascii_lowercase();
        let wanted = plain(text);
        Self::NAMED.iter().find(|(name, _)| plain(name) == wanted).map(|(_, kind)| *kind)
    }

    /// Returns whether values are numbers.
    pub(super) fn is_number(self) -> bool {
        use ResourceType::{Float, Integer, Time, UnsignedInteger};
        matches!(self, Integer | UnsignedInteger | Float | Time)
    }
}
