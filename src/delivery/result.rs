//! What came of a bundle on a device: the result file that the device's reader leaves on the medium.

use serde::{Deserialize, Serialize};

use super::manifest::RESULT_SIZE;

/// The result file's format number.
pub const RESULT_FORMAT: u32 = 1;
/// The longest text of one field of a body, in bytes; `words` may be cut to fit the file.
const LONGEST_FIELD: usize = 1024;

/// The result file: a signed body. [`ResultFile::to_bytes`] gives exactly [`RESULT_SIZE`] bytes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultFile {
    /// Format number, [`RESULT_FORMAT`].
    pub format: u32,
    /// The body: a JSON document as text, so that what is signed is exactly what is read.
    pub body: String,
    /// The device's result key, as in the second line of a minisign public key file.
    pub key: String,
    /// Ed25519 (RFC 8032, pure) over the bytes of `body`, base64 with padding.
    pub signature: String,
}

/// What a device says of a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultBody {
    /// The bundle's fleet.
    pub fleet: String,
    /// The device (or site) that the bundle is for.
    pub device: String,
    /// The bundle's name.
    pub bundle: String,
    /// The bundle's version.
    pub version: u32,
    /// SHA-256 of the manifest document, hex.
    pub manifest: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The code of the refusal (docs/bundle-format.md), where it was refused.
    pub reason: Option<String>,
    /// The same in words.
    pub words: String,
    /// When, RFC 3339 in UTC; null on a device without trusted time.
    pub at: Option<String>,
    /// The device's serial number, where it has one.
    pub serial: Option<String>,
    /// The device's machine id, where it has one.
    pub machine: Option<String>,
    /// The age recipient of the key that the device made, where it has one.
    pub recipient: Option<String>,
}

/// What came of a bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Taken: it is the device's configuration now.
    Ingested,
    /// The device had it already.
    Unchanged,
    /// Not taken; the device is as it was.
    Refused,
    /// Taken, found not to connect, and replaced by what was there before.
    RolledBack,
}

impl Outcome {
    /// Returns its name in result files.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Ingested => "ingested",
            Outcome::Unchanged => "unchanged",
            Outcome::Refused => "refused",
            Outcome::RolledBack => "rolled-back",
        }
    }
}

/// What lies in the room for a result.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(clippy::large_enum_variant, reason = "there is one for a medium")]
pub enum ResultRoom {
    /// Blanks: no device has said anything yet.
    Blank,
    /// A result; whether its signature is good is for `bundle::sealed::result` to say.
    File(ResultFile, ResultBody),
    /// Something else.
    Unreadable,
}

impl ResultRoom {
    /// Reads the bytes of a result file. Anything longer than [`RESULT_SIZE`] is unreadable.
    pub fn read(bytes: &[u8]) -> Self {
        if bytes.len() > RESULT_SIZE {
            return ResultRoom::Unreadable;
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return ResultRoom::Blank;
        }
        match parse(bytes) {
            Some((file, body)) => ResultRoom::File(file, body),
            None => ResultRoom::Unreadable,
        }
    }
}

fn parse(bytes: &[u8]) -> Option<(ResultFile, ResultBody)> {
    let file: ResultFile = serde_json::from_slice(bytes).ok()?;
    let body: ResultBody = serde_json::from_str(&file.body).ok()?;
    (file.format == RESULT_FORMAT && body.is_plain()).then_some((file, body))
}

impl ResultBody {
    /// Returns the body's document, to be signed: of at most `LONGEST_FIELD` bytes a field, `words` cut until the whole
    /// fits its file; control characters become blanks. `None` where the other fields are too long for that.
    pub fn to_document(&self) -> Option<String> {
        /// Room for the file's other members: key (56), signature (88), names and quotes.
        const REST: usize = 256;
        let mut body = self.clone();
        body.words = shortened(&self.words, LONGEST_FIELD);
        loop {
            let document = serde_json::to_string(&body).ok()?;
            let quoted = serde_json::to_string(&document).ok()?;
            if quoted.len() + REST <= RESULT_SIZE {
                return Some(document);
            }
            if body.words.is_empty() {
                return None;
            }
            body.words = shortened(&body.words, body.words.len() / 2);
        }
    }

    /// Texts from a stick are shown on a terminal: no control character, none too long.
    fn is_plain(&self) -> bool {
        let optional = [&self.reason, &self.at, &self.serial, &self.machine, &self.recipient];
        let texts = [&self.fleet, &self.device, &self.bundle, &self.manifest, &self.words];
        let fits = |text: &String| text.len() <= LONGEST_FIELD && !text.chars().any(char::is_control);
        texts.into_iter().chain(optional.into_iter().flatten()).all(fits)
    }
}

/// Returns at most `most` bytes of `text`, cut between two characters, control characters replaced by blanks.
fn shortened(text: &str, most: usize) -> String {
    let mut out = String::new();
    for c in text.chars().map(|c| if c.is_control() { ' ' } else { c }) {
        if out.len() + c.len_utf8() > most {
            break;
        }
        out.push(c);
    }
    out
}

impl ResultFile {
    /// Returns the file's bytes: JSON, blanks, a line feed; [`RESULT_SIZE`] in all. `None` if it does not fit.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self).ok()?;
        if bytes.len() >= RESULT_SIZE {
            return None;
        }
        bytes.resize(RESULT_SIZE - 1, b' ');
        bytes.push(b'\n');
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(words: &str) -> ResultBody {
        ResultBody {
            fleet: "acme".into(),
            device: "gw-1".into(),
            bundle: "boot".into(),
            version: 3,
            manifest: "00".repeat(32),
            outcome: Outcome::Refused,
            reason: Some("older-version".into()),
            words: words.into(),
            at: None,
            serial: Some("SN-1".into()),
            machine: None,
            recipient: None,
        }
    }

    fn file(body: String) -> ResultFile {
        ResultFile { format: RESULT_FORMAT, body, key: "k".repeat(56), signature: "s".repeat(88) }
    }

    #[test]
    fn a_result_fills_its_room_and_reads_back_whatever_the_words() {
        for words in ["version 2 is older than 3", "", &"\u{1b}\"\\ü".repeat(4000), &"\u{10ffff}".repeat(9000)] {
            let written = file(body(words).to_document().unwrap());
            let bytes = written.to_bytes().unwrap();
            assert_eq!(bytes.len(), RESULT_SIZE);
            let ResultRoom::File(read, told) = ResultRoom::read(&bytes) else { panic!("{words:.20}") };
            assert_eq!(read, written);
            assert_eq!((told.outcome, told.version), (Outcome::Refused, 3));
        }
    }

    #[test]
    fn blanks_are_no_result_and_anything_else_is_unreadable() {
        let mut blank = vec![b' '; RESULT_SIZE];
        blank[RESULT_SIZE - 1] = b'\n';
        assert_eq!(ResultRoom::read(&blank), ResultRoom::Blank);
        assert_eq!(ResultRoom::read(b"{}"), ResultRoom::Unreadable);
        assert_eq!(ResultRoom::read(&vec![b' '; RESULT_SIZE + 1]), ResultRoom::Unreadable);
        let mut control = body("x");
        control.words = "a\u{1b}[2Jb".into();
        let control = file(serde_json::to_string(&control).unwrap()).to_bytes().unwrap();
        assert_eq!(ResultRoom::read(&control), ResultRoom::Unreadable);
    }

    #[test]
    fn an_outcome_is_written_as_it_is_called() {
        for outcome in [Outcome::Ingested, Outcome::Unchanged, Outcome::Refused, Outcome::RolledBack] {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.word());
        }
    }
}
