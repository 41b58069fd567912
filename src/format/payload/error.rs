//! Why a payload cannot be written or understood.

use crate::fleet::lwm2m::Path;
use crate::format::cbor::CborError;
use crate::format::senml::SenmlError;
use crate::format::tlv::TlvError;

use super::written::PayloadFormat;

/// The most values that are read.
pub const MOST_VALUES: usize = 10_000;

/// Why a payload cannot be written or understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PayloadError {
    /// The format has no way to say it.
    #[error("{format} cannot hold {at}")]
    Cannot {
        /// The format.
        format: PayloadFormat,
        /// What was to be written or read.
        at: Path,
    },
    /// The objects hold nothing there.
    #[error("there is nothing at {at} to be written")]
    Nothing {
        /// Where.
        at: Path,
    },
    /// More than a reader takes.
    #[error("the payload has {found} {what}, at most {limit} are read")]
    TooMuch {
        /// "bytes" or "values".
        what: &'static str,
        /// Found.
        found: usize,
        /// Allowed.
        limit: usize,
    },
    /// An answer about something else.
    #[error("asked was {at}, and the payload holds {found}")]
    Outside {
        /// What was asked for.
        at: Path,
        /// What came.
        found: String,
    },
    /// A value that is none of the resource's data type.
    #[error("{at} holds no {wanted}")]
    Value {
        /// Where.
        at: Path,
        /// Data type in words.
        wanted: &'static str,
    },
    /// TLV.
    #[error(transparent)]
    Tlv(#[from] TlvError),
    /// SenML CBOR.
    #[error(transparent)]
    Senml(#[from] SenmlError),
    /// LwM2M CBOR, or a single CBOR value.
    #[error(transparent)]
    Cbor(#[from] CborError),
    /// SenML JSON or the JSON of LwM2M 1.0.
    #[error("the JSON {reason}")]
    Json {
        /// What is wrong with it; never a value of it.
        reason: String,
    },
}
