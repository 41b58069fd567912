//! The directories: EF(DIR), EF(ODF), EF(DODF-bootstrap), EF(TokenInfo).

use super::Pkcs15Error;
use super::der::{Elements, element};

/// Application identifier of PKCS#15.
pub const AID: [u8; 12] = [0xa0, 0, 0, 0, 0x63, b'P', b'K', b'C', b'S', b'-', b'1', b'5'];
/// Object identifier 2.23.43.9.1, LwM2M bootstrap information.
const OID: [u8; 4] = [0x67, 0x2b, 9, 1];
/// The same as the example of the specification prints it, and some cards hold it: with a header of its own, twice.
const PRINTED_OID: [u8; 6] = [6, 4, 0x67, 0x2b, 9, 1];
const NAME: &[u8] = b"LwM2M Bootstrap";

const SEQUENCE: u8 = 0x30;
const OCTETS: u8 = 4;
const OBJECT_ID: u8 = 6;
const UTF8: u8 = 0x0c;
/// `oidDO` in EF(DODF), `typeAttributes` in an object.
const TAG_1: u8 = 0xa1;
/// `dataObjects` in EF(ODF).
const TAG_7: u8 = 0xa7;

/// How an entry names its object identifier.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OidForm {
    /// As DER wants it.
    #[default]
    Plain,
    /// As the specification's example prints it: for devices that look for that.
    Printed,
}

/// An entry of EF(DODF) for LwM2M bootstrap information.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The file's path: file ids one after the other, the last one's at least.
    pub path: Vec<u8>,
    /// How the identifier stands there.
    pub oid: OidForm,
}

/// Returns the entry of EF(ODF) that points to a directory of data objects.
pub fn pointer_to(file: u16) -> Vec<u8> {
    element(TAG_7, &[&path(&file.to_be_bytes())])
}

fn path(path: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&element(OCTETS, &[path])])
}

/// Returns the entry of EF(DODF) for `file`, as the specification wants it: by its object identifier.
pub fn directory_entry(file: u16, oid: OidForm) -> Vec<u8> {
    let named = element(SEQUENCE, &[&element(UTF8, &[NAME])]);
    let value = element(SEQUENCE, &[&object_id(oid), &path(&file.to_be_bytes())]);
    element(TAG_1, &[&element(SEQUENCE, &[]), &named, &element(TAG_1, &[&value])])
}

/// Returns an entry for the same file that every reader of PKCS#15 lists, OpenSC among them.
pub fn opaque_entry(file: u16) -> Vec<u8> {
    let label = element(SEQUENCE, &[&element(UTF8, &[NAME])]);
    let class = element(SEQUENCE, &[&element(UTF8, &[NAME]), &object_id(OidForm::Plain)]);
    element(SEQUENCE, &[&label, &class, &element(TAG_1, &[&path(&file.to_be_bytes())])])
}

fn object_id(form: OidForm) -> Vec<u8> {
    element(
        OBJECT_ID,
        &[match form {
            OidForm::Plain => &OID[..],
            OidForm::Printed => &PRINTED_OID,
        }],
    )
}

/// Returns the paths of all directories of data objects that an EF(ODF) names.
pub fn data_directories(odf: &[u8]) -> Result<Vec<Vec<u8>>, Pkcs15Error> {
    let (mut found, mut entries) = (Vec::new(), Elements::new("EF(ODF)", odf));
    while let Some((tag, content)) = entries.next()? {
        if tag == TAG_7
            && let Some(path) = path_in("EF(ODF)", content)?
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// Returns the path in the first `Path` of `content`; an element may be wrapped in one more, which cards do.
fn path_in(file: &'static str, content: &[u8]) -> Result<Option<Vec<u8>>, Pkcs15Error> {
    let Some(sequence) = Elements::new(file, content).find(SEQUENCE)? else { return Ok(None) };
    let path = Elements::new(file, sequence).find(OCTETS)?;
    Ok(path.filter(|path| (2..=16).contains(&path.len()) && path.len().is_multiple_of(2)).map(<[u8]>::to_vec))
}

/// Returns the entries for LwM2M bootstrap information of an EF(DODF), by either form of the identifier; entries of the
/// opaque kind count too.
pub fn bootstrap_entries(dodf: &[u8]) -> Result<Vec<Found>, Pkcs15Error> {
    const FILE: &str = "EF(DODF)";
    let (mut found, mut entries) = (Vec::new(), Elements::new(FILE, dodf));
    while let Some((tag, entry)) = entries.next()? {
        let Some(attributes) = Elements::new(FILE, entry).find(TAG_1)? else { continue };
        let (oid, path) = match tag {
            TAG_1 => {
                let Some(value) = Elements::new(FILE, attributes).find(SEQUENCE)? else { continue };
                (Elements::new(FILE, value).find(OBJECT_ID)?, path_in(FILE, value)?)
            }
            SEQUENCE => {
                let mut parts = Elements::new(FILE, entry);
                parts.next()?;
                let class = parts.next()?.map_or(&[][..], |(_, class)| class);
                (Elements::new(FILE, class).find(OBJECT_ID)?, path_in(FILE, attributes)?)
            }
            _ => continue,
        };
        let oid = match oid {
            Some(oid) if oid == OID => OidForm::Plain,
            Some(oid) if oid == PRINTED_OID => OidForm::Printed,
            _ => continue,
        };
        found.extend(path.map(|path| Found { path, oid }));
    }
    Ok(found)
}

/// Returns how many bytes of a directory are entries; padding follows.
pub fn used(file: &'static str, bytes: &[u8]) -> Result<usize, Pkcs15Error> {
    let mut entries = Elements::new(file, bytes);
    while entries.next()?.is_some() {}
    Ok(entries.offset())
}

/// Returns the record of EF(DIR) for the application at `path`.
pub fn application_template(path: &[u8]) -> Vec<u8> {
    element(0x61, &[&element(0x4f, &[&AID]), &element(0x50, &[NAME]), &element(0x51, &[path])])
}

/// Returns the path of the PKCS#15 application that an EF(DIR) names.
pub fn application_path(dir: &[u8]) -> Result<Option<Vec<u8>>, Pkcs15Error> {
    let mut entries = Elements::new("EF(DIR)", dir);
    while let Some((tag, template)) = entries.next()? {
        let is_ours = tag == 0x61 && Elements::new("EF(DIR)", template).find(0x4f)? == Some(&AID[..]);
        if is_ours && let Some(path) = Elements::new("EF(DIR)", template).find(0x51)? {
            return Ok(Some(path.to_vec()));
        }
    }
    Ok(None)
}

/// Returns an EF(TokenInfo) (PKCS#15 v1.1, section 6.9): version 1, the card's number, no flags.
pub fn token_info(serial: &[u8]) -> Vec<u8> {
    let (version, flags) = (element(2, &[&[0]]), element(3, &[&[0]]));
    element(SEQUENCE, &[&version, &element(OCTETS, &[serial]), &element(0x80, &[NAME]), &flags])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes(hex: &str) -> Vec<u8> {
        hex::decode(hex).unwrap()
    }

    /// What a modem maker's tests hold for a card (Nordic, nRF Connect SDK), which prints the identifier as the
    /// specification's example does.
    const FOREIGN_DODF: &str = "a127300030110c0f4c774d324d20426f6f747374726170a110300e06060604672b0901300404026432";

    #[test]
    fn the_directories_are_those_of_a_modem_maker_s_card() {
        assert_eq!(hex::encode(pointer_to(0x6430)), "a706300404026430");
        assert_eq!(hex::encode(directory_entry(0x6432, OidForm::Printed)), FOREIGN_DODF);
        let plain = "a125300030110c0f4c774d324d20426f6f747374726170a10e300c0604672b0901300404026432";
        assert_eq!(hex::encode(directory_entry(0x6432, OidForm::Plain)), plain);
    }

    #[test]
    fn entries_are_found_by_either_form_and_behind_others() {
        let foreign = bootstrap_entries(&bytes(FOREIGN_DODF)).unwrap();
        assert_eq!(foreign, [Found { path: vec![0x64, 0x32], oid: OidForm::Printed }]);
        let both = [opaque_entry(0x6432), directory_entry(0x6433, OidForm::Plain), vec![0xff; 9]].concat();
        let found = bootstrap_entries(&both).unwrap();
        assert_eq!(found.iter().map(|found| &found.path[..]).collect::<Vec<_>>(), [[0x64, 0x32], [0x64, 0x33]]);
        assert_eq!(used("EF(DODF)", &both), Ok(both.len() - 9));
        // Another application's entry, and an EF(ODF) with keys in front and padding behind.
        assert_eq!(bootstrap_entries(&bytes("a11330003000a10d300b06032a0304300404026433")), Ok(Vec::new()));
        let odf = bytes("a006300404024401a706300404026430a506300404024404ffffff");
        assert_eq!(data_directories(&odf).unwrap(), [[0x64, 0x30]]);
        assert_eq!(data_directories(&bytes("ffffff")), Ok(Vec::new()));
    }

    #[test]
    fn the_application_is_found_by_its_identifier() {
        let dir =
            [bytes("61094f07a0000000871002"), application_template(&[0x3f, 0, 0x7f, 0x50]), vec![0xff; 4]].concat();
        assert_eq!(application_path(&dir), Ok(Some(vec![0x3f, 0, 0x7f, 0x50])));
        assert_eq!(application_path(&[]), Ok(None));
    }

    #[test]
    fn what_is_damaged_is_refused() {
        assert!(bootstrap_entries(&bytes("a127300030")).is_err());
        assert!(data_directories(&bytes("a784ffffffff")).is_err());
    }

    proptest! {
        #[test]
        fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), at in 0_usize..41, byte: u8) {
            let _ = (bootstrap_entries(&bytes), data_directories(&bytes), application_path(&bytes), used("x", &bytes));
            let mut changed = hex::decode(FOREIGN_DODF).unwrap();
            changed[at] = byte;
            let _ = bootstrap_entries(&changed);
        }
    }
}
