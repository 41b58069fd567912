//! What a device signs when it proves itself by a key it shares with the fleet: one text for client and server.

/// The scheme of the `Authorization` header.
pub const SCHEME: &str = "Firstlight-Claim";
/// How far the time of a claim may be off, in seconds.
pub const WINDOW: i64 = 300;
/// Longest nonce, in characters.
pub const LONGEST_NONCE: usize = 128;
/// Shortest nonce, in characters: 96 bits in base64url.
pub const SHORTEST_NONCE: usize = 16;

/// What is claimed, beside the request itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The device.
    pub id: String,
    /// Its enrolment group.
    pub group: String,
    /// Drawn by the device, or the server's challenge.
    pub nonce: String,
    /// Seconds since 1970, by the device's clock; none with a challenge.
    pub time: Option<i64>,
    /// The key: `group` is the one derived for the device from its group's, any other word names a pre-shared key of the
    /// device's credentials.
    pub key: String,
}

impl Claim {
    /// Returns the text whose HMAC-SHA-256 (RFC 2104) is the proof. `target` is the path with its query as sent, `body` the
    /// SHA-256 of the body in hex.
    pub fn text(&self, method: &str, target: &str, body: &str) -> String {
        let time = self.time.map(|time| time.to_string()).unwrap_or_default();
        let Self { id, group, nonce, key, .. } = self;
        format!("firstlight claim 1\n{method}\n{target}\n{id}\n{group}\n{key}\n{nonce}\n{time}\n{body}\n")
    }

    /// Writes the value of the header; `mac` is the proof in base64url without padding.
    pub fn header(&self, mac: &str) -> String {
        let time = self.time.map(|time| format!(", time={time}")).unwrap_or_default();
        let Self { id, group, nonce, key, .. } = self;
        format!("{SCHEME} id=\"{id}\", group=\"{group}\", key=\"{key}\", nonce=\"{nonce}\"{time}, mac=\"{mac}\"")
    }

    /// Reads the value of the header: the claim and its `mac`. None for anything else: unknown, missing or double words,
    /// characters that an id cannot hold.
    pub fn from_header(value: &str) -> Option<(Self, String)> {
        let mut words: [Option<&str>; 6] = [None; 6];
        let names = ["id", "group", "key", "nonce", "time", "mac"];
        if value.len() > 1024 {
            return None;
        }
        for word in value.strip_prefix(SCHEME)?.strip_prefix(' ')?.split(',') {
            let (name, value) = word.trim().split_once('=')?;
            let place = &mut words[names.iter().position(|known| *known == name)?];
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            if place.replace(value).is_some() || !value.bytes().all(is_plain) {
                return None;
            }
        }
        let [id, group, key, nonce, time, mac] = words;
        let nonce = nonce.filter(|nonce| (SHORTEST_NONCE..=LONGEST_NONCE).contains(&nonce.len()))?;
        let time = time.map(str::parse).transpose().ok()?;
        let claim = Self {
            id: id?.to_owned(),
            group: group?.to_owned(),
            nonce: nonce.to_owned(),
            time,
            key: key.unwrap_or("group").to_owned(),
        };
        Some((claim, mac?.to_owned()))
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.:+@=/".contains(&byte)
}

/// Returns the words that tell a key derived for a claim from every other use of the same secret (HKDF info, RFC 5869).
pub fn purpose(fleet: &str, id: &str) -> String {
    format!("firstlight claim 1\0{fleet}\0{}", id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn claim() -> Claim {
        Claim {
            id: "gw-0007".into(),
            group: "line-a".into(),
            nonce: "0123456789abcdef".into(),
            time: Some(1_763_726_400),
            key: "group".into(),
        }
    }

    #[test]
    fn a_claim_comes_back_from_its_header() {
        let header = claim().header("bWFj");
        let expected = "Firstlight-Claim id=\"gw-0007\", group=\"line-a\", key=\"group\", nonce=\"0123456789abcdef\", time=1763726400, mac=\"bWFj\"";
        assert_eq!(header, expected);
        assert_eq!(Claim::from_header(&header), Some((claim(), "bWFj".to_owned())));
        let timeless = Claim { time: None, ..claim() };
        assert_eq!(Claim::from_header(&timeless.header("x")).unwrap().0, timeless);
    }

    #[test]
    fn what_is_no_claim_is_none() {
        let header = claim().header("bWFj");
        for wrong in [
            header.replace("Firstlight-Claim", "Basic"),
            header.replace("nonce=\"0123456789abcdef\"", "nonce=\"short\""),
            header.replace("time=1763726400", "time=soon"),
            header.replace("group=\"line-a\"", "id=\"other\""),
            header.replace("gw-0007", "gw 0007"),
            header.replace(", mac=\"bWFj\"", ""),
            format!("{header}, more=1"),
            "Firstlight-Claim".to_owned(),
        ] {
            assert_eq!(Claim::from_header(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_part_of_a_request_is_in_the_text() {
        let text = claim().text("POST", "/v1/register", "00ff");
        assert_eq!(
            text,
            "firstlight claim 1\nPOST\n/v1/register\ngw-0007\nline-a\ngroup\n0123456789abcdef\n1763726400\n00ff\n"
        );
    }

    proptest! {
        #[test]
        fn no_header_makes_us_panic(text in ".{0,200}", tail in "[ -~]{0,120}") {
            let _ = Claim::from_header(&text);
            let _ = Claim::from_header(&format!("Firstlight-Claim {tail}"));
        }
    }
}
