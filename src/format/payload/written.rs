//! The content formats by name and number.

use std::fmt;
use std::str::FromStr;

/// A content format of LwM2M (TS Core, section 7.4) by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum PayloadFormat {
    /// A single value as text.
    Text = 0,
    /// The link format of Discover.
    Links = 40,
    /// A single value as its bytes.
    Opaque = 42,
    /// A single value as CBOR.
    Cbor = 60,
    /// SenML JSON (1.1).
    SenmlJson = 110,
    /// SenML CBOR (1.1).
    SenmlCbor = 112,
    /// OMA TLV (1.0).
    Tlv = 11_542,
    /// The JSON of LwM2M 1.0, which old clients answer in.
    OldJson = 11_543,
    /// LwM2M CBOR (1.2).
    Lwm2mCbor = 11_544,
}

/// Every format, with its name.
const ALL: [(PayloadFormat, &str); 9] = [
    (PayloadFormat::Text, "text"),
    (PayloadFormat::Links, "links"),
    (PayloadFormat::Opaque, "opaque"),
    (PayloadFormat::Cbor, "cbor"),
    (PayloadFormat::SenmlJson, "senml-json"),
    (PayloadFormat::SenmlCbor, "senml-cbor"),
    (PayloadFormat::Tlv, "tlv"),
    (PayloadFormat::OldJson, "json"),
    (PayloadFormat::Lwm2mCbor, "lwm2m-cbor"),
];

impl PayloadFormat {
    /// Returns every format.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.iter().map(|(format, _)| *format)
    }

    /// Returns the format of a number.
    pub fn of(number: u16) -> Option<Self> {
        Self::all().find(|format| format.number() == number)
    }

    /// Returns the number.
    pub fn number(self) -> u16 {
        self as u16
    }
}

impl fmt::Display for PayloadFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ALL.iter().find(|(format, _)| format == self).map_or("?", |(_, name)| name))
    }
}

impl FromStr for PayloadFormat {
    type Err = ();

    /// Takes the name or the number.
    fn from_str(text: &str) -> Result<Self, ()> {
        let named = ALL.iter().find(|(_, name)| *name == text).map(|(format, _)| *format);
        named.or_else(|| Self::of(text.parse().ok()?)).ok_or(())
    }
}
