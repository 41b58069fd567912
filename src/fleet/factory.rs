//! What goes where in a chip's flash: the plan of a factory delivery. Pure values, without a secret.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

#[cfg(feature = "station")]
use super::label::LabelPlan;
#[cfg(feature = "station")]
use super::program::HookSpec;

/// A delivery by a programmer: which chip, which parts of its flash, and what the unit must be when it leaves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FactoryPlan {
    /// The chip as its programmer calls it: `esp32c3`, `nRF52840_xxAA`, `STM32F405RGTx`.
    pub chip: Arc<str>,
    /// The ESP-IDF partition table as CSV text; the chip must have this very table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition_table: Option<Arc<str>>,
    /// Where that table lies in flash.
    pub partition_table_offset: u32,
    /// What is written, in the order of the fleet file.
    pub parts: Vec<FactoryPart>,
    /// Where serial numbers come from.
    pub serials: SerialSource,
    /// True if a chip that cannot say who it is may be written; such a unit is bound to its port only.
    pub anonymous: bool,
    /// Path of the lock recipe in the fleet's folder.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lock: Option<Arc<str>>,
    /// True if a lock passes that was applied and that nothing can show.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unobservable_passes: bool,
    /// Programs that are told of a step and may say no. No part of what is on the chip.
    #[cfg(feature = "station")]
    #[serde(skip)]
    pub hooks: Vec<(HookStep, HookSpec)>,
    /// The label of a unit that passed. No part of what is on the chip.
    #[cfg(feature = "station")]
    #[serde(skip)]
    pub label: Option<LabelPlan>,
}

/// Steps that hooks are told of.
#[cfg(feature = "station")]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum HookStep {
    /// Before the programmer connects.
    BeforeConnect,
    /// When the chip was read back and holds what it should.
    AfterWrite,
    /// When the chip was let go and runs its firmware.
    AfterBoot,
}

#[cfg(feature = "station")]
impl HookStep {
    /// All steps, in their order.
    pub const ALL: [Self; 3] = [Self::BeforeConnect, Self::AfterWrite, Self::AfterBoot];

    /// Returns its name in messages and records.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeConnect => "before-connect",
            Self::AfterWrite => "after-write",
            Self::AfterBoot => "after-boot",
        }
    }

    /// Returns the name of its row among the locks of a delivery: no step of a recipe is called so.
    pub fn row_name(self) -> String {
        format!("hook {}", self.name())
    }

    /// Returns its key in the fleet file.
    pub fn key(self) -> &'static str {
        match self {
            Self::BeforeConnect => "before_connect",
            Self::AfterWrite => "after_write",
            Self::AfterBoot => "after_boot",
        }
    }
}

#[cfg(feature = "station")]
impl FactoryPlan {
    /// Returns the hook of a step.
    pub fn hook(&self, step: HookStep) -> Option<&HookSpec> {
        self.hooks.iter().find(|(own, _)| *own == step).map(|(_, hook)| hook)
    }
}

/// One part of the flash: a partition, or a piece at an address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FactoryPart {
    /// For a person, and the folder of its files in the bundle: the partition's name, or `part1` ...
    pub name: Arc<str>,
    /// Where it lies.
    #[serde(flatten)]
    pub place: PartPlace,
    /// Its form.
    #[serde(flatten)]
    pub format: PartFormat,
    /// What it holds, in the order of the fleet file.
    pub entries: Vec<FactoryEntry>,
}

/// Where a part lies.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartPlace {
    /// In the partition of that name.
    Partition(Arc<str>),
    /// At an address.
    Region {
        /// Address of its first byte.
        address: u64,
        /// Length in bytes.
        size: u64,
    },
}

/// Forms of a part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(tag = "format", rename_all = "snake_case")]
pub enum PartFormat {
    /// ESP-IDF non-volatile storage.
    Nvs {
        /// The device will not write there, so every page may be used.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        read_only: bool,
        /// The entry that holds the 64 bytes of the encryption keys, where it is encrypted.
        #[serde(skip_serializing_if = "Option::is_none")]
        keys: Option<NvsKeys>,
    },
    /// Espressif's `esp_secure_cert` partition, TLV form.
    EspSecureCert,
    /// A littlefs volume.
    Littlefs {
        /// Bytes of an erasable block.
        block_size: u32,
    },
    /// One CBOR map from text keys to values (RFC 8949, section 4.2.1 order), padded with 0xFF.
    Cbor,
    /// Fields at offsets, padded with 0xFF.
    Raw,
}

/// The keys of an encrypted NVS partition.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct NvsKeys {
    /// Path in the bundle of the file with the 64 bytes.
    pub file: String,
    /// The partition the keys are written to (type `data`, subtype `nvs_keys`); none where the chip derives them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub partition: Option<Arc<str>>,
}

/// One value of a part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct FactoryEntry {
    /// Namespace (NVS only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<Arc<str>>,
    /// Key; of littlefs the path; of `esp_secure_cert` the record.
    pub key: Arc<str>,
    /// How the value is written.
    #[serde(rename = "type")]
    pub kind: ValueKind,
    /// Offset in the part (raw only).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// Bytes reserved (raw only): the value is padded with 0xFF to this length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Path in the bundle of the file with the value.
    pub file: String,
    /// True if the file is one line of text, whose end is no part of the value.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_line: bool,
    /// What the value is to the device, for the check of the read-back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub meaning: Option<Meaning>,
}

/// How a value is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValueKind {
    /// 8 bits without sign.
    U8,
    /// 8 bits with sign.
    I8,
    /// 16 bits without sign.
    U16,
    /// 16 bits with sign.
    I16,
    /// 32 bits without sign.
    U32,
    /// 32 bits with sign.
    I32,
    /// 64 bits without sign.
    U64,
    /// 64 bits with sign.
    I64,
    /// Text.
    String,
    /// Bytes.
    Blob,
}

impl ValueKind {
    /// The words of the fleet file.
    pub const WORDS: [&'static str; 10] = ["u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64", "string", "blob"];

    /// Returns bits and sign of a number; `None` for text and bytes.
    pub fn number(self) -> Option<(u32, bool)> {
        Some(match self {
            Self::U8 => (8, false),
            Self::I8 => (8, true),
            Self::U16 => (16, false),
            Self::I16 => (16, true),
            Self::U32 => (32, false),
            Self::I32 => (32, true),
            Self::U64 => (64, false),
            Self::I64 => (64, true),
            Self::String | Self::Blob => return None,
        })
    }

    /// Returns the smallest and the largest number; `None` for text and bytes.
    pub fn range(self) -> Option<(i128, i128)> {
        let (bits, signed) = self.number()?;
        Some(if signed { (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) } else { (0, (1 << bits) - 1) })
    }

    /// Returns its word.
    pub fn word(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

/// What a value is to the device: which part of which credential, and in which encoding.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Meaning {
    /// Name of the credential.
    pub credential: Arc<str>,
    /// `certificate`, `chain`, `private_key`, `public_key`, `key`, `identity`, `token`.
    pub part: Arc<str>,
    /// `der`, `pem`, `raw`, `hex` or `base64`.
    pub encoding: Arc<str>,
}

/// Where serial numbers come from.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SerialSource {
    /// The inventory (or the manufacturing execution system behind it) gives them; a device without one is refused.
    #[default]
    Mes,
    /// The chip's own unique number, or its MAC address without colons.
    Chip,
    /// This station counts them: the lowest that was never given.
    Pool(SerialPool),
}

/// A range of serial numbers that a station gives out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SerialPool {
    /// What stands in front of the number.
    pub prefix: Arc<str>,
    /// The first number.
    pub first: u64,
    /// The last number.
    pub last: u64,
    /// Digits, filled with zeros.
    pub digits: u32,
}

impl SerialPool {
    /// Returns the serial number of a number of this pool.
    pub fn serial(&self, number: u64) -> String {
        let digits = self.digits as usize;
        format!("{}{number:0digits$}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_the_word_at_its_place_and_its_range() {
        let kinds: Vec<ValueKind> =
            ValueKind::WORDS.iter().map(|word| serde_json::from_value(serde_json::json!(word)).unwrap()).collect();
        assert!(kinds.iter().zip(ValueKind::WORDS).all(|(kind, word)| kind.word() == word));
        assert_eq!(ValueKind::I8.range(), Some((-128, 127)));
        assert_eq!(ValueKind::U64.range(), Some((0, i128::from(u64::MAX))));
        assert_eq!(ValueKind::Blob.range(), None);
    }

    #[test]
    fn a_pool_fills_with_zeros() {
        let pool = SerialPool { prefix: "AC-".into(), first: 1, last: 9, digits: 5 };
        assert_eq!((pool.serial(7), pool.serial(123_456)), ("AC-00007".into(), "AC-123456".into()));
    }
}
