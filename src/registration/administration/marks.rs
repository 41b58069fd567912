//! Marks (ETag) of what is changed: nobody overwrites what he has not seen.

use crate::fleet::enrolment::Refusal;

use super::super::exchange::Incoming;
use super::super::request::Refused;

/// Which marks a change is for (RFC 9110, section 13.1.1).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Match {
    /// Whatever is there (`*`).
    Any,
    /// One of these.
    OneOf(Vec<i64>),
}

impl Match {
    /// Reads `If-Match`, without which nothing is changed. A mark that is none of ours, or a weak one, fits nothing.
    pub(super) fn required(incoming: &Incoming) -> Result<Self, Refused> {
        let words = "the change says nothing of the version it is for";
        Self::read(incoming).ok_or_else(|| (Refusal::MatchRequired, words.to_owned()))
    }

    pub(super) fn read(incoming: &Incoming) -> Option<Self> {
        let text = incoming.if_match.as_deref()?.trim();
        if text == "*" {
            return Some(Self::Any);
        }
        let mark = |tag: &str| {
            let number = tag.trim().strip_prefix('"')?.strip_suffix('"')?;
            number.parse::<i64>().ok().filter(|mark| mark.to_string() == number)
        };
        Some(Self::OneOf(text.split(',').filter_map(mark).collect()))
    }

    /// Returns the mark that the store is to find, knowing what it is at now: what fits, else what does not.
    pub(super) fn wanted(&self, now: i64) -> i64 {
        match self {
            Self::Any => now,
            Self::OneOf(marks) if marks.contains(&now) => now,
            Self::OneOf(marks) => marks.first().copied().unwrap_or(0),
        }
    }
}

/// Returns true for `If-None-Match: *`: only if nothing is there.
pub(super) fn only_new(incoming: &Incoming) -> bool {
    incoming.if_none_match.as_deref().is_some_and(|text| text.trim() == "*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    fn incoming(if_match: Option<&str>) -> Incoming {
        Incoming {
            if_match: if_match.map(str::to_owned),
            ..Incoming::bare("PATCH", "/", IpAddr::V4(Ipv4Addr::LOCALHOST))
        }
    }

    #[test]
    fn a_mark_is_read_and_anything_else_fits_nothing() {
        assert_eq!(Match::required(&incoming(None)).unwrap_err().0, Refusal::MatchRequired);
        assert_eq!(Match::read(&incoming(Some("*"))), Some(Match::Any));
        assert_eq!(Match::read(&incoming(Some("\"3\", \"4\""))), Some(Match::OneOf(vec![3, 4])));
        for other in ["3", "W/\"3\"", "\"+3\"", "\"03\"", "", "\"x\""] {
            let read = Match::read(&incoming(Some(other))).unwrap();
            assert_eq!(read.wanted(3), 0, "{other}");
        }
        assert_eq!(
            (Match::Any.wanted(3), Match::OneOf(vec![2, 3]).wanted(3), Match::OneOf(vec![2]).wanted(3)),
            (3, 3, 2)
        );
    }
}
