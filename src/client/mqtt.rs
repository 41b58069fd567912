//! The two MQTT packets that prove a broker takes us: CONNECT and CONNACK.
//! Source: OASIS MQTT 3.1.1, sections 2.2.3, 3.1, 3.2.

/// CONNACK's fixed length: type, remaining length 2, flags, return code.
pub const CONNACK_LENGTH: usize = 4;
/// How long the broker may wait for our next packet, in seconds. There is none: DISCONNECT follows at once.
const KEEP_ALIVE: u16 = 60;
/// DISCONNECT (section 3.14).
pub const DISCONNECT: [u8; 2] = [0xE0, 0];

/// Returns CONNECT with a clean session. `client_id` has at most 65,535 bytes; a longer one gives `None`.
pub fn connect(client_id: &str) -> Option<Vec<u8>> {
    let length = u16::try_from(client_id.len()).ok()?;
    let mut rest = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 0b10];
    rest.extend_from_slice(&KEEP_ALIVE.to_be_bytes());
    rest.extend_from_slice(&length.to_be_bytes());
    rest.extend_from_slice(client_id.as_bytes());
    let mut packet = vec![0x10];
    let mut remaining = rest.len();
    loop {
        let digit = u8::try_from(remaining % 128).expect("below 128");
        remaining /= 128;
        packet.push(if remaining > 0 { digit | 0x80 } else { digit });
        if remaining == 0 {
            break;
        }
    }
    packet.extend(rest);
    Some(packet)
}

/// Reads CONNACK; the error says why the broker does not take us.
pub fn accepted(packet: [u8; CONNACK_LENGTH]) -> Result<(), String> {
    let [0x20, 2, 0 | 1, code] = packet else {
        return Err("the broker's answer is no CONNACK".into());
    };
    Err(match code {
        0 => return Ok(()),
        1 => "the broker does not speak MQTT 3.1.1".into(),
        2 => "the broker refuses the client identifier".into(),
        3 => "the broker is not available".into(),
        4 => "the broker refuses user name or password".into(),
        5 => "the broker does not authorise this device".into(),
        other => format!("the broker refuses with the unknown code {other}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connect_is_as_the_standard_has_it() {
        let packet = connect("gw-1").unwrap();
        assert_eq!(packet, b"\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04gw-1");
        let long = connect(&"x".repeat(200)).unwrap();
        assert_eq!(long[..3], [0x10, 0xD4, 0x01]);
        assert!(connect(&"x".repeat(65_536)).is_none());
    }

    #[test]
    fn only_code_0_is_acceptance() {
        assert!(accepted([0x20, 2, 0, 0]).is_ok());
        for code in 1..=255 {
            assert!(accepted([0x20, 2, 0, code]).is_err());
        }
        for packet in [[0x21, 2, 0, 0], [0x20, 3, 0, 0], [0x20, 2, 2, 0], *b"HTTP"] {
            assert!(accepted(packet).is_err());
        }
    }
}
