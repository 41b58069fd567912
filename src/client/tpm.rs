//! The endorsement key of a TPM: asked for by one command, given back as other programs write it.
//! Source: TCG TPM 2.0 Library, part 3, section 12.4 (`TPM2_ReadPublic`), part 2, sections 12.2 (TPMT_PUBLIC) and 11.2.4;
//! TCG EK Credential Profile 2.5, section 2.2.1.4 (persistent handles, default templates).

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

/// Where the RSA and the ECC endorsement key lie by default.
const HANDLES: [u32; 2] = [0x8101_0001, 0x8101_0002];
/// `TPM2_ReadPublic`.
const READ_PUBLIC: u32 = 0x0000_0173;
/// A command without sessions.
const NO_SESSIONS: u16 = 0x8001;
/// The longest answer, in bytes.
const LONGEST: usize = 4096;
/// Algorithms (part 2, section 6.3): RSA, ECC, no algorithm.
const RSA: u16 = 0x0001;
const ECC: u16 = 0x0023;
const NULL: u16 = 0x0010;
/// The curve P-256 (part 2, section 6.4).
const P256: u16 = 0x0003;

/// Asks the TPM behind `node` for its endorsement key and returns it as a SubjectPublicKeyInfo, DER; `None` where there is no
/// TPM, or no such key in it.
pub fn endorsement_key(node: &Path) -> Option<Vec<u8>> {
    if !std::fs::metadata(node).is_ok_and(|found| found.file_type().is_char_device()) {
        return None;
    }
    HANDLES.into_iter().find_map(|handle| to_der(&ask(node, handle)?))
}

/// A TPM answers each write with one read (Linux, drivers/char/tpm).
fn ask(node: &Path, handle: u32) -> Option<Vec<u8>> {
    let mut command = Vec::with_capacity(14);
    command.extend_from_slice(&NO_SESSIONS.to_be_bytes());
    command.extend_from_slice(&14_u32.to_be_bytes());
    command.extend_from_slice(&READ_PUBLIC.to_be_bytes());
    command.extend_from_slice(&handle.to_be_bytes());
    let flags = OFlags::CLOEXEC.bits().cast_signed();
    let mut tpm = OpenOptions::new().read(true).write(true).custom_flags(flags).open(node).ok()?;
    tpm.write_all(&command).ok()?;
    let mut answer = vec![0; LONGEST];
    let length = tpm.read(&mut answer).ok()?;
    answer.truncate(length);
    Some(answer)
}

/// Reads the answer to `TPM2_ReadPublic`.
fn to_der(answer: &[u8]) -> Option<Vec<u8>> {
    let mut rest = answer;
    let (_tag, length, code) = (take16(&mut rest)?, take32(&mut rest)?, take32(&mut rest)?);
    if code != 0 || usize::try_from(length).ok()? != answer.len() {
        return None;
    }
    let public = take_sized(&mut rest)?;
    let mut rest = public;
    let (kind, _name, _attributes) = (take16(&mut rest)?, take16(&mut rest)?, take32(&mut rest)?);
    take_sized(&mut rest)?;
    skip_symmetric(&mut rest)?;
    match kind {
        RSA => rsa(rest),
        ECC => ecc(rest),
        _ => None,
    }
}

/// A restricted decryption key names a cipher with key bits and mode.
fn skip_symmetric(rest: &mut &[u8]) -> Option<()> {
    if take16(rest)? != NULL {
        take32(rest)?;
    }
    Some(())
}

fn rsa(mut rest: &[u8]) -> Option<Vec<u8>> {
    if take16(&mut rest)? != NULL {
        return None;
    }
    let (_bits, exponent) = (take16(&mut rest)?, take32(&mut rest)?);
    let modulus = take_sized(&mut rest)?;
    let exponent = if exponent == 0 { 65_537 } else { exponent };
    let numbers = [integer(modulus), integer(&exponent.to_be_bytes())].concat();
    // rsaEncryption with NULL (RFC 3279, section 2.3.1).
    let algorithm = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let key = [&[0][..], &element(0x30, &numbers)].concat();
    Some(element(0x30, &[&algorithm[..], &element(0x03, &key)].concat()))
}

fn ecc(mut rest: &[u8]) -> Option<Vec<u8>> {
    if take16(&mut rest)? != NULL || take16(&mut rest)? != P256 || take16(&mut rest)? != NULL {
        return None;
    }
    let point = [take_sized(&mut rest)?, take_sized(&mut rest)?];
    // id-ecPublicKey with prime256v1 (RFC 5480, section 2.1.1).
    let algorithm = [
        0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
        0x03, 0x01, 0x07,
    ];
    let mut key = vec![0, 4];
    for coordinate in point {
        let missing = 32_usize.checked_sub(coordinate.len())?;
        key.extend(std::iter::repeat_n(0, missing));
        key.extend_from_slice(coordinate);
    }
    Some(element(0x30, &[&algorithm[..], &element(0x03, &key)].concat()))
}

/// A DER element (X.690, section 8.1) of at most 65,535 bytes.
fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head: &[u8] = match (length, content.len()) {
        ([_, short], 0..=0x7f) => &[tag, short],
        ([_, long], 0..=0xff) => &[tag, 0x81, long],
        ([high, low], _) => &[tag, 0x82, high, low],
    };
    [head, content].concat()
}

fn integer(number: &[u8]) -> Vec<u8> {
    let first = number.iter().position(|byte| *byte != 0).unwrap_or(number.len().saturating_sub(1));
    let number = &number[first..];
    let sign: &[u8] = if number.first().is_some_and(|byte| *byte & 0x80 != 0) { &[0] } else { &[] };
    element(0x02, &[sign, number].concat())
}

fn take16(rest: &mut &[u8]) -> Option<u16> {
    let (number, behind) = rest.split_first_chunk::<2>()?;
    *rest = behind;
    Some(u16::from_be_bytes(*number))
}

fn take32(rest: &mut &[u8]) -> Option<u32> {
    let (number, behind) = rest.split_first_chunk::<4>()?;
    *rest = behind;
    Some(u32::from_be_bytes(*number))
}

fn take_sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::from(take16(rest)?);
    let (bytes, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    fn sized(bytes: &[u8]) -> Vec<u8> {
        [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
    }

    /// An answer as a TPM gives it for the default templates.
    fn answer(public: &[u8]) -> Vec<u8> {
        let body = [sized(public), sized(b"name"), sized(b"qualified")].concat();
        let length = u32::try_from(body.len() + 10).unwrap();
        [&NO_SESSIONS.to_be_bytes()[..], &length.to_be_bytes(), &0_u32.to_be_bytes(), &body].concat()
    }

    fn public(kind: u16, parameters: &[u8], unique: &[u8]) -> Vec<u8> {
        let policy = sized(&[0x83; 32]);
        let aes_128_cfb = [0, 6, 0, 128, 0, 0x43];
        let head =
            [&kind.to_be_bytes()[..], &[0, 0x0b], &0x0003_00b2_u32.to_be_bytes(), &policy, &aes_128_cfb].concat();
        [&head, parameters, unique].concat()
    }

    /// Returns what openssl makes of the key.
    fn openssl(der: &[u8]) -> String {
        let mut child = Command::new("openssl")
            .args(["pkey", "-pubin", "-inform", "DER", "-text_pub", "-noout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("openssl is missing (tests/run names it)");
        child.stdin.take().unwrap().write_all(der).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn openssl_reads_the_keys_of_both_default_templates() {
        let mut modulus = [0xC5; 256];
        modulus[255] = 1;
        let rsa = public(RSA, &[0, 0x10, 8, 0, 0, 0, 0, 0], &sized(&modulus));
        let text = openssl(&to_der(&answer(&rsa)).unwrap());
        assert!(text.contains("(2048 bit)") && text.contains("65537 (0x10001)"), "{text}");
        // The generator of P-256: a point of the curve.
        let x = hex::decode("6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296").unwrap();
        let y = hex::decode("4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5").unwrap();
        let ecc = public(ECC, &[0, 0x10, 0, 3, 0, 0x10], &[sized(&x), sized(&y)].concat());
        assert!(openssl(&to_der(&answer(&ecc)).unwrap()).contains("prime256v1"));
    }

    #[test]
    fn an_answer_that_is_none_or_cut_off_gives_no_key() {
        let whole = answer(&public(RSA, &[0, 0x10, 8, 0, 0, 0, 0, 0], &sized(&[0xC5; 256])));
        for length in 0..whole.len() {
            assert_eq!(to_der(&whole[..length]), None, "{length}");
        }
        // TPM_RC_HANDLE: no such key.
        assert_eq!(to_der(&[0x80, 1, 0, 0, 0, 10, 0, 0, 1, 0x8b]), None);
        assert_eq!(endorsement_key(Path::new("/dev/null")), None);
        assert_eq!(endorsement_key(Path::new("/nowhere")), None);
    }
}
