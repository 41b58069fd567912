//! Payloads of LwM2M operations in every content format that clients speak, and back to objects.

mod cbor_maps;
mod error;
mod fit;
mod json;
mod old_json;
mod plain;
mod senml_json;
#[cfg(test)]
mod tests;
mod written;

pub use error::{MOST_VALUES, PayloadError};
pub use written::PayloadFormat;

use crate::fleet::Secret;
use crate::fleet::lwm2m::{Object, Path};

use super::leaves::leaves;
use super::senml;
use super::tlv::{self, Types};

/// The longest payload that is read, in bytes.
pub const LONGEST: usize = 1 << 20;

/// Encodes what `objects` hold at and below `at`: all instances of an object, one instance, one resource, one resource
/// instance. The plain formats (text, opaque, CBOR) hold one value; TLV holds anything but `/`.
///
/// # Errors
/// [`PayloadError`]: nothing is there, or the format cannot hold it.
pub fn encode(format: PayloadFormat, at: Path, objects: &[Object]) -> Result<Secret, PayloadError> {
    let values = leaves(at, objects);
    let cannot = || PayloadError::Cannot { format, at };
    let nothing = || PayloadError::Nothing { at };
    match format {
        PayloadFormat::Links | PayloadFormat::OldJson => return Err(cannot()),
        PayloadFormat::Tlv if at == Path::Root => return Err(cannot()),
        PayloadFormat::Tlv => return tlv::encode_at(at, objects).ok_or_else(nothing),
        _ => {}
    }
    match (format, values.as_slice()) {
        (_, []) => Err(nothing()),
        (PayloadFormat::SenmlCbor, _) => Ok(senml::encode_at(at, objects)),
        (PayloadFormat::SenmlJson, values) => Ok(senml_json::encode(values)),
        (PayloadFormat::Lwm2mCbor, values) => Ok(cbor_maps::encode(values)),
        (_, [leaf]) if at.numbers().len() >= 3 && (leaf.path() == at) => {
            plain::encode(format, leaf.value).ok_or_else(cannot)
        }
        _ => Err(cannot()),
    }
}

/// Decodes what a client answered for `at`. `types` tells what a value is where the format does not; a value of unknown
/// type is opaque in TLV, and what it looks like in the others.
///
/// # Errors
/// [`PayloadError`]: malformed, more than [`LONGEST`] bytes or [`MOST_VALUES`] values, or values that do not lie at `at`.
pub fn decode(format: PayloadFormat, at: Path, bytes: &[u8], types: Types<'_>) -> Result<Vec<Object>, PayloadError> {
    if bytes.len() > LONGEST {
        return Err(PayloadError::TooMuch { what: "bytes", found: bytes.len(), limit: LONGEST });
    }
    let objects = match format {
        PayloadFormat::Links => return Err(PayloadError::Cannot { format, at }),
        PayloadFormat::Tlv if at == Path::Root => return Err(PayloadError::Cannot { format, at }),
        PayloadFormat::Tlv => vec![tlv::decode_at(at, bytes, types)?],
        PayloadFormat::SenmlCbor => senml::decode(bytes)?,
        PayloadFormat::SenmlJson => senml_json::decode(bytes)?,
        PayloadFormat::OldJson => old_json::decode(at, bytes)?,
        PayloadFormat::Lwm2mCbor => cbor_maps::decode(bytes)?,
        PayloadFormat::Text | PayloadFormat::Opaque | PayloadFormat::Cbor => plain::decode(format, at, bytes, types)?,
    };
    fit::fit(format, at, objects, types)
}
