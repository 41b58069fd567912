//! What a partition holds, and the rules for names and values.

use std::collections::HashSet;

use crate::fleet::Secret;

use super::error::NvsError;

/// The longest namespace or key, in bytes.
pub const LONGEST_NAME: usize = 15;
/// The longest text, in bytes without its NUL.
pub const LONGEST_TEXT: usize = 3999;
/// The longest blob, in bytes.
pub const LONGEST_BLOB: usize = 508_000;
/// The most namespaces of a partition.
pub const MOST_NAMESPACES: usize = 254;

/// One key with its value.
pub struct Item {
    /// The namespace: 1 to 15 printable ASCII characters.
    pub namespace: String,
    /// The key: 1 to 15 printable ASCII characters, once in its namespace.
    pub key: String,
    /// The value.
    pub value: Value,
}

/// A value of one of NVS's types.
pub enum Value {
    /// A whole number.
    Integer {
        /// Its type.
        kind: IntegerType,
        /// The number, within the range of the type.
        number: i128,
    },
    /// Text without NUL, up to [`LONGEST_TEXT`] bytes. NVS knows no character set.
    Text(Secret),
    /// Any bytes, up to [`LONGEST_BLOB`].
    Blob(Secret),
}

/// The types of numbers. The codes are those of the entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
#[repr(u8)]
pub enum IntegerType {
    /// 8 bits without sign.
    U8 = 0x01,
    /// 8 bits with sign.
    I8 = 0x11,
    /// 16 bits without sign.
    U16 = 0x02,
    /// 16 bits with sign.
    I16 = 0x12,
    /// 32 bits without sign.
    U32 = 0x04,
    /// 32 bits with sign.
    I32 = 0x14,
    /// 64 bits without sign.
    U64 = 0x08,
    /// 64 bits with sign.
    I64 = 0x18,
}

impl IntegerType {
    /// Every type.
    pub const ALL: [Self; 8] = [Self::U8, Self::I8, Self::U16, Self::I16, Self::U32, Self::I32, Self::U64, Self::I64];

    /// Returns the name that ESP-IDF gives it: `u8` to `i64`.
    pub fn name(self) -> &'static str {
        match self {
            Self::U8 => "u8",
            Self::I8 => "i8",
            Self::U16 => "u16",
            Self::I16 => "i16",
            Self::U32 => "u32",
            Self::I32 => "i32",
            Self::U64 => "u64",
            Self::I64 => "i64",
        }
    }

    /// Returns the type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Returns the number of bytes.
    pub fn bytes(self) -> usize {
        usize::from(self as u8 & 0x0F)
    }

    /// Returns the smallest and the largest number.
    pub fn range(self) -> (i128, i128) {
        let bits = 8 * self.bytes();
        if self as u8 & 0x10 == 0 { (0, (1 << bits) - 1) } else { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) }
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == code)
    }
}

impl Value {
    /// Returns the name of the type: `u8` to `i64`, `string` or `blob`.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Integer { kind, .. } => kind.name(),
            Value::Text(_) => "string",
            Value::Blob(_) => "blob",
        }
    }

    /// Returns the number of bytes, a text's without its NUL.
    pub fn size(&self) -> usize {
        match self {
            Value::Integer { kind, .. } => kind.bytes(),
            Value::Text(bytes) | Value::Blob(bytes) => bytes.len(),
        }
    }

    /// Returns true if type and bytes are the same.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Value::Integer { kind, number }, Value::Integer { kind: as_kind, number: as_number }) => {
                kind == as_kind && number == as_number
            }
            (Value::Text(a), Value::Text(b)) | (Value::Blob(a), Value::Blob(b)) => a.expose(|a| b.expose(|b| a == b)),
            _ => false,
        }
    }
}

/// Checks all items by themselves and against each other.
pub(super) fn check(items: &[Item]) -> Result<(), NvsError> {
    let mut seen = HashSet::with_capacity(items.len());
    let (mut namespaces, mut last) = (HashSet::new(), "");
    for item in items {
        check_name("namespace", &item.namespace)?;
        check_name("key", &item.key)?;
        check_value(&item.key, &item.value)?;
        if item.namespace != last {
            namespaces.insert(item.namespace.as_str());
            last = &item.namespace;
        }
        if !seen.insert((item.namespace.as_str(), item.key.as_str())) {
            return Err(NvsError::Twice { namespace: item.namespace.clone(), key: item.key.clone() });
        }
    }
    if namespaces.len() > MOST_NAMESPACES {
        return Err(NvsError::Namespaces { found: namespaces.len(), most: MOST_NAMESPACES });
    }
    Ok(())
}

fn check_name(what: &'static str, name: &str) -> Result<(), NvsError> {
    let wrong = |reason: String| Err(NvsError::Name { what, name: name.to_owned(), reason });
    if name.is_empty() || name.len() > LONGEST_NAME {
        return wrong(format!("has {} bytes, it can have 1 to {LONGEST_NAME}", name.len()));
    }
    match name.chars().find(|character| !is_printable(*character)) {
        Some(character) => wrong(format!("holds {character:?}, only printable ASCII can stand there")),
        None => Ok(()),
    }
}

pub(super) fn is_printable(character: char) -> bool {
    matches!(character, ' '..='~')
}

fn check_value(key: &str, value: &Value) -> Result<(), NvsError> {
    let too_long = |kind, found, most| Err(NvsError::TooLong { key: key.to_owned(), kind, found, most });
    match value {
        Value::Integer { kind, number } => {
            let (least, most) = kind.range();
            if (least..=most).contains(number) {
                return Ok(());
            }
            Err(NvsError::Range { key: key.to_owned(), kind: kind.name(), number: *number, least, most })
        }
        Value::Text(bytes) if bytes.len() > LONGEST_TEXT => too_long("string", bytes.len(), LONGEST_TEXT),
        Value::Blob(bytes) if bytes.len() > LONGEST_BLOB => too_long("blob", bytes.len(), LONGEST_BLOB),
        Value::Text(bytes) => match bytes.expose(first_nul) {
            Some(at) => Err(NvsError::Nul { key: key.to_owned(), at }),
            None => Ok(()),
        },
        Value::Blob(_) => Ok(()),
    }
}

/// Looks at many bytes at once before it looks at each: there is hardly ever one.
fn first_nul(bytes: &[u8]) -> Option<usize> {
    bytes.contains(&0).then(|| bytes.iter().position(|byte| *byte == 0))?
}
