//! What an image holds, as a tree of plain values without a secret.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::host::machine::harmless;

/// A piece of an image, and what is inside it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Content {
    /// What it is.
    pub form: Form,
    /// How sure that is.
    pub sure: Sureness,
    /// The name that its container gives it: a partition's, or a chip family's.
    pub name: Option<String>,
    /// Its first byte, in the addresses of its container; `None` where it is no part of one.
    pub address: Option<u64>,
    /// Bytes.
    pub size: u64,
    /// Particulars of the form, in words.
    pub facts: BTreeMap<&'static str, String>,
    /// The values in it.
    pub values: Vec<ValueFound>,
    /// Values that are there and not shown, because there are more than are shown.
    pub values_left_out: u64,
    /// The pieces inside it.
    pub parts: Vec<Content>,
    /// Pieces that are there and not shown.
    pub parts_left_out: u64,
    /// Why it could not be read, or not all of it.
    pub problem: Option<String>,
}

/// The forms that are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// NVS partition of ESP-IDF.
    Nvs,
    /// The keys of an encrypted NVS partition.
    NvsKeys,
    /// esp_secure_cert partition.
    EspSecureCert,
    /// Partition table of ESP-IDF.
    EspPartitionTable,
    /// Flash of an ESP chip, or a part of it with the partition table.
    EspFlash,
    /// Intel HEX.
    IntelHex,
    /// UF2.
    Uf2,
    /// littlefs, version 2.
    Littlefs,
    /// LwM2M objects as SenML-CBOR.
    SenmlCbor,
    /// An LwM2M object as TLV.
    Lwm2mTlv,
    /// Nothing but erased or zero bytes.
    Blank,
    /// Any bytes.
    Raw,
}

/// How sure a form is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sureness {
    /// It carries its mark, and its checksums are right.
    Certain,
    /// It carries its mark, and has no checksum or cannot be read whole.
    Likely,
    /// Somebody said so, and it reads so.
    Told,
    /// It carries no mark.
    Unknown,
}

/// A value in an image: what may be shown of it, and why the rest may not.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ValueFound {
    /// Where it is: `namespace/key`, a path, `/object/instance/resource`.
    pub place: String,
    /// Its type, in the words of its form.
    #[serde(rename = "type")]
    pub kind: String,
    /// Bytes.
    pub length: u64,
    /// The value, made safe to show; `None` where it is masked or a certificate.
    pub shown: Option<String>,
    /// The certificates in it.
    pub certificates: Vec<CertificateFound>,
    /// Why it is not shown.
    pub masked: Option<Why>,
    /// The first 8 bytes of its SHA-256, hex; only of unknown binary values of 16 bytes and more.
    pub sha256: Option<String>,
}

/// Why a value is masked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// It is, or holds, a private key.
    PrivateKey,
    /// Its place says that it is secret.
    Name,
    /// Its text reads like a secret.
    Text,
    /// It is binary, and nobody knows what it means.
    Unknown,
    /// Only certificates and private keys are shown of files.
    File,
}

/// What is shown of a certificate (X.509).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CertificateFound {
    /// Subject.
    pub subject: String,
    /// Serial number, hex.
    pub serial: String,
    /// Not valid before, RFC 3339.
    pub not_before: String,
    /// Not valid after, RFC 3339.
    pub not_after: String,
    /// SHA-256 of the certificate, hex.
    pub sha256: String,
}

impl Form {
    /// The forms that can be asked for by name, with the name.
    pub const NAMED: [(&'static str, Self); 10] = [
        ("nvs", Self::Nvs),
        ("esp-secure-cert", Self::EspSecureCert),
        ("esp-partition-table", Self::EspPartitionTable),
        ("esp-flash", Self::EspFlash),
        ("intel-hex", Self::IntelHex),
        ("uf2", Self::Uf2),
        ("littlefs", Self::Littlefs),
        ("senml-cbor", Self::SenmlCbor),
        ("lwm2m-tlv", Self::Lwm2mTlv),
        ("raw", Self::Raw),
    ];

    /// Returns it in the words of a sentence: "an NVS partition".
    pub fn words(self) -> &'static str {
        match self {
            Form::Nvs => "an NVS partition",
            Form::NvsKeys => "an NVS keys partition",
            Form::EspSecureCert => "an esp_secure_cert partition",
            Form::EspPartitionTable => "an ESP-IDF partition table",
            Form::EspFlash => "the flash of an ESP chip",
            Form::IntelHex => "an Intel HEX file",
            Form::Uf2 => "a UF2 file",
            Form::Littlefs => "a littlefs image",
            Form::SenmlCbor => "LwM2M objects as SenML-CBOR",
            Form::Lwm2mTlv => "an LwM2M object as TLV",
            Form::Blank => "blank",
            Form::Raw => "content of no known form",
        }
    }
}

impl Sureness {
    /// Returns it in words.
    pub fn words(self) -> &'static str {
        match self {
            Sureness::Certain => "certain: its checksums are right",
            Sureness::Likely => "likely: it carries the mark",
            Sureness::Told => "as told",
            Sureness::Unknown => "unknown: it carries no mark",
        }
    }
}

impl Content {
    pub(super) fn new(form: Form, sure: Sureness, size: usize) -> Self {
        Self {
            form,
            sure,
            name: None,
            address: None,
            size: size as u64,
            facts: BTreeMap::new(),
            values: Vec::new(),
            values_left_out: 0,
            parts: Vec::new(),
            parts_left_out: 0,
            problem: None,
        }
    }

    /// What carries the mark of `form` and cannot be read.
    pub(super) fn damaged(form: Form, size: usize, problem: &dyn std::fmt::Display) -> Self {
        Self { problem: Some(harmless(&problem.to_string())), ..Self::new(form, Sureness::Likely, size) }
    }

    /// Returns true if it could not be read at all.
    pub(super) fn is_unread(&self) -> bool {
        self.problem.is_some() && self.values.is_empty() && self.parts.is_empty()
    }

    pub(super) fn of_size(mut self, size: u64) -> Self {
        self.size = size;
        self
    }

    pub(super) fn fact(mut self, name: &'static str, words: impl ToString) -> Self {
        self.facts.insert(name, words.to_string());
        self
    }
}
