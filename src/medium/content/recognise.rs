//! Which form bytes have, by what is in them.

use crate::format::nvs::{self, Keys};

use super::found::{Content, Form, Sureness};
use super::mask::{self, Nature, Secrecy};
use super::{esp, littlefs, objects, segments};

/// How deep forms may lie in each other: a partition of a flash in an Intel HEX file is at 2.
const DEEPEST: u8 = 3;
/// The longest raw content in which certificates and keys are looked for.
const LONGEST_VALUE: usize = 1 << 20;
/// Bytes from the start that tell the form: a partition table ends before.
pub(super) const HEAD: usize = 0x9000;
const MAGIC_UF2: [u8; 8] = [0x55, 0x46, 0x32, 0x0A, 0x57, 0x51, 0x5D, 0x9E];
const MAGIC_SECURE_CERT: [u8; 4] = [0x11, 0xBA, 0x5E, 0xBA];
const MAGIC_PARTITION_TABLE: [u8; 2] = [0xAA, 0x50];
const MAGIC_LITTLEFS: &[u8] = b"littlefs";
/// The smallest and largest block of a littlefs, whose second superblock may be the only good one.
const LITTLEFS_BLOCKS: [usize; 6] = [0, 128, 256, 512, 1024, 4096];
/// Bytes of a table's sector: a file that is longer holds more than the table.
const TABLE_SECTOR: usize = 0x1000;

/// What is asked of a look at bytes.
#[derive(Clone, Copy, Default)]
pub struct Request<'a> {
    /// The form that the bytes are said to have.
    pub form: Option<Form>,
    /// The object whose TLV they are, for [`Form::Lwm2mTlv`].
    pub object: u16,
    /// Keys of an encrypted NVS partition.
    pub keys: Option<&'a Keys>,
}

/// Looks at bytes in memory, at the places where their containers put them.
pub fn look(bytes: &[u8], request: &Request<'_>) -> Content {
    let keys: Vec<&Keys> = request.keys.into_iter().collect();
    let looker = Looker { keys, object: request.object, depth: 0 };
    match request.form {
        Some(form) => looker.read(form, bytes, 0),
        None => looker.look(bytes, 0),
    }
}

/// Returns the form whose mark `head`, the first bytes of something, carries.
pub(super) fn form_of(head: &[u8], address: u64) -> Option<Form> {
    let is_hex_record = |text: &[u8]| text.len() >= 11 && text[1..11].iter().all(u8::is_ascii_hexdigit);
    let is_flash = || esp::table_within(head, address).is_some();
    match () {
        () if head.starts_with(&MAGIC_UF2) => Some(Form::Uf2),
        () if head.starts_with(b":") && is_hex_record(head) => Some(Form::IntelHex),
        () if head.starts_with(&MAGIC_SECURE_CERT) => Some(Form::EspSecureCert),
        () if head.len() > TABLE_SECTOR && is_flash() => Some(Form::EspFlash),
        () if head.starts_with(&MAGIC_PARTITION_TABLE) => Some(Form::EspPartitionTable),
        () if is_nvs(head) => Some(Form::Nvs),
        () if is_littlefs(head) => Some(Form::Littlefs),
        () => None,
    }
}

/// The first page that is not erased must be one of NVS.
fn is_nvs(head: &[u8]) -> bool {
    let mut pages = head.chunks_exact(nvs::PAGE).filter(|page| page.iter().any(|byte| *byte != 0xFF));
    pages.next().is_some_and(nvs::is_page)
}

fn is_littlefs(head: &[u8]) -> bool {
    LITTLEFS_BLOCKS.iter().any(|at| head.get(at + 8..).is_some_and(|rest| rest.starts_with(MAGIC_LITTLEFS)))
}

struct Looker<'a> {
    keys: Vec<&'a Keys>,
    object: u16,
    depth: u8,
}

impl Looker<'_> {
    fn look(&self, bytes: &[u8], address: u64) -> Content {
        let head = &bytes[..bytes.len().min(HEAD)];
        match form_of(head, address) {
            Some(form) if self.depth < DEEPEST => self.read(form, bytes, address),
            _ => raw(bytes),
        }
    }

    fn read(&self, form: Form, bytes: &[u8], address: u64) -> Content {
        match form {
            Form::Nvs | Form::NvsKeys => esp::nvs(bytes, &self.keys),
            Form::EspSecureCert => esp::secure_cert(bytes),
            Form::EspPartitionTable => esp::partition_table(bytes),
            Form::EspFlash => self.flash(bytes, address),
            Form::IntelHex => segments::intel_hex(bytes, &|inner, at| self.deeper(&[]).look(inner, at)),
            Form::Uf2 => segments::uf2(bytes, &|inner, at| self.deeper(&[]).look(inner, at)),
            Form::Littlefs => littlefs::littlefs(bytes),
            Form::SenmlCbor => objects::senml_cbor(bytes),
            Form::Lwm2mTlv => objects::lwm2m_tlv(bytes, self.object),
            Form::Blank | Form::Raw => raw(bytes),
        }
    }

    fn flash(&self, bytes: &[u8], address: u64) -> Content {
        match esp::table_within(bytes, address) {
            // A partition is no flash, whatever lies at its byte 0x8000.
            Some(partitions) => {
                esp::flash(bytes, address, &partitions, &|inner, keys| self.deeper(keys).look(inner, u64::MAX))
            }
            None => Content::damaged(Form::EspFlash, bytes.len(), &"there is no partition table at 0x8000"),
        }
    }

    fn deeper<'b>(&'b self, more: &'b [Keys]) -> Looker<'b> {
        let keys = self.keys.iter().copied().chain(more).collect();
        Looker { keys, object: self.object, depth: self.depth + 1 }
    }
}

/// Says what can be said of bytes that carry no mark, and shows none of them.
fn raw(bytes: &[u8]) -> Content {
    let is_content = |byte: &u8| ![0x00, 0xFF].contains(byte);
    let Some(first) = bytes.iter().position(is_content) else {
        return blank(bytes);
    };
    let last = bytes.iter().rposition(is_content).unwrap_or(first);
    let mut found = Content::new(Form::Raw, Sureness::Unknown, bytes.len());
    found = found.fact("first byte not blank", format!("{first:#x}")).fact("last byte not blank", format!("{last:#x}"));
    if bytes.len() <= LONGEST_VALUE {
        let value = mask::value("", "bytes", bytes, Nature::File, Secrecy::ByName);
        found.values.extend(Some(value).filter(|value| value.masked != Some(super::found::Why::File)));
    }
    found
}

fn blank(bytes: &[u8]) -> Content {
    let all = |wanted: u8| bytes.iter().all(|byte| *byte == wanted);
    let fill = match () {
        () if bytes.is_empty() => "no bytes",
        () if all(0xFF) => "ff, as erased flash is",
        () if all(0x00) => "00",
        () => "00 and ff",
    };
    Content::new(Form::Blank, Sureness::Certain, bytes.len()).fact("filled with", fill)
}
