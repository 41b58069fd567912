//! The files of a smartcard that hold LwM2M bootstrap information (TS Core 1.1, Appendix G; PKCS#15 v1.1).
//!
//! EF(ODF) names EF(DODF-bootstrap), which names EF(LwM2M_Bootstrap) by an object identifier; that file holds objects.

mod bootstrap_file;
mod der;
mod directory;

pub use bootstrap_file::{HEADER, bootstrap_file, length_of, read_bootstrap_file};
pub use directory::{
    AID, Found, OidForm, application_path, application_template, bootstrap_entries, data_directories, directory_entry,
    opaque_entry, pointer_to, token_info, used,
};

/// File id of EF(DIR), below the master file: which applications the card has.
pub const DIR: u16 = 0x2f00;
/// File id of EF(ICCID), below the master file: the card's number.
pub const ICCID: u16 = 0x2fe2;
/// File id of the application where a card has no other for it (ETSI TS 102 221 reserves 7F50 for it).
pub const APPLICATION: u16 = 0x7f50;
/// File id of EF(ODF).
pub const ODF: u16 = 0x5031;
/// File id of EF(TokenInfo).
pub const TOKEN_INFO: u16 = 0x5032;
/// File id of EF(DODF-bootstrap), where we make it.
pub const DODF: u16 = 0x6430;
/// File id of EF(LwM2M_Bootstrap), where we make it.
pub const BOOTSTRAP: u16 = 0x6432;

/// Why the bytes of a card cannot be understood, or objects cannot be put on one.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Pkcs15Error {
    /// DER that ends too early or is none.
    #[error("{file} is damaged at byte {offset}: {reason}")]
    Damaged {
        /// Which file.
        file: &'static str,
        /// Where.
        offset: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// An object's TLV.
    #[error("object {object} in EF(LwM2M_Bootstrap): {source}")]
    Object {
        /// Object id.
        object: u16,
        /// What is wrong.
        source: super::tlv::TlvError,
    },
    /// More than the file's fields can say.
    #[error("{what}: {found}, EF(LwM2M_Bootstrap) takes at most {limit}")]
    TooMuch {
        /// "objects" or "bytes".
        what: &'static str,
        /// Found.
        found: usize,
        /// Allowed.
        limit: usize,
    },
}
