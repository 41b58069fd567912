//! What a request is for.

use crate::coap::Request;
use crate::format::coap::{Code, Kind, Message};

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Aim {
    /// A Bootstrap-Request.
    Bootstrap,
    /// A Bootstrap-Pack-Request.
    Pack,
    /// The registration interface of the management server.
    Front,
    /// Nothing that is here; the answer.
    Nothing(Code),
}

/// Says what a request is for. The last segment decides: the address that a device was given may have a path of its own.
pub(super) fn aim(request: &Request) -> Aim {
    if request.path.first().is_some_and(|first| first == "rd") {
        return Aim::Front;
    }
    match (request.path.last().map(String::as_str), request.code) {
        (Some("bs"), Code::POST) => Aim::Bootstrap,
        (Some("bspack"), Code::GET) => Aim::Pack,
        (Some("bs" | "bspack"), _) => Aim::Nothing(Code(4 << 5 | 5)),
        _ => Aim::Nothing(Code(4 << 5 | 4)),
    }
}

/// Returns true if a datagram is a whole message that asks something: a stranger's anything else is not worth a place.
pub(super) fn is_request(datagram: &[u8]) -> bool {
    Message::decode(datagram).is_ok_and(|message| {
        matches!(message.kind, Kind::Confirmable | Kind::NonConfirmable)
            && message.code.class() == 0
            && message.code != Code::EMPTY
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_says_what_a_request_is_for() {
        let of = |code, path: &str| aim(&Request::new(code, path));
        assert_eq!(of(Code::POST, "/bs"), Aim::Bootstrap);
        assert_eq!(of(Code::POST, "/some/path/bs"), Aim::Bootstrap);
        assert_eq!(of(Code::GET, "/bspack"), Aim::Pack);
        assert_eq!(of(Code::GET, "/bs"), Aim::Nothing(Code(4 << 5 | 5)));
        assert_eq!(of(Code::GET, "/"), Aim::Nothing(Code(4 << 5 | 4)));
        assert_eq!(of(Code::POST, "/rd/17"), Aim::Front);
    }

    #[test]
    fn only_requests_are_worth_a_place() {
        let request = Message::new(Kind::Confirmable, Code::POST, 1).encode().unwrap();
        assert!(is_request(&request));
        for kind in [Kind::Confirmable, Kind::Acknowledgement, Kind::Reset] {
            assert!(!is_request(&Message::new(kind, Code::EMPTY, 1).encode().unwrap()));
        }
        assert!(!is_request(b"") && !is_request(b"\x40\x02") && !is_request(&[0xff; 40]));
    }
}
