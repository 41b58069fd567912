//! Which of several keys of an identity a handshake tries: one at a time, for a handshake knows one key only.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::words::Candidate;

/// Identities and hosts that are remembered. Only those have a place here that have several keys.
const MOST: usize = 4096;

/// The key that a handshake tries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Choice {
    /// Its place among those of its identity.
    pub(super) place: usize,
    /// The numbers of those, in their order.
    of: Vec<u32>,
    /// As whoever handed it out numbers it.
    pub(super) number: u32,
    pub(super) is_new: bool,
}

/// What the next handshake of an identity tries.
///
/// It is remembered for the identity at a host, so that no stranger elsewhere can turn it, and for the identity alone: a
/// device whose address changes all the time gets another key each time too. Where the keys are others than they were, or
/// others are likelier, it begins with the first of them again.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Asked, Turn>>);

/// Which of these keys (their numbers, in their order) is tried next.
struct Turn {
    of: Vec<u32>,
    place: usize,
}

/// An identity, at a host or anywhere.
type Asked = (Vec<u8>, Option<IpAddr>);

impl Turns {
    /// Says which of the keys is tried now.
    pub(super) fn choose(&self, identity: &[u8], host: IpAddr, keys: &[Candidate]) -> Option<Choice> {
        let of: Vec<u32> = keys.iter().map(|key| key.number).collect();
        let place = if of.len() < 2 { 0 } else { self.next(identity, host, &of) };
        let key = keys.get(place)?;
        Some(Choice { place, of, number: key.number, is_new: key.is_new })
    }

    fn next(&self, identity: &[u8], host: IpAddr, of: &[u32]) -> usize {
        let turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = |host| turns.get(&(identity.to_vec(), host)).filter(|turn| turn.of == of).map(|turn| turn.place);
        at(Some(host)).or_else(|| at(None)).unwrap_or_default()
    }

    /// The device did not have this one: the next is tried.
    pub(super) fn failed(&self, identity: &[u8], host: IpAddr, choice: &Choice) {
        self.set(identity, host, choice, choice.place + 1);
    }

    /// The device has this one: it is tried again.
    pub(super) fn proved(&self, identity: &[u8], host: IpAddr, choice: &Choice) {
        self.set(identity, host, choice, choice.place);
    }

    fn set(&self, identity: &[u8], host: IpAddr, choice: &Choice, place: usize) {
        if choice.of.len() < 2 {
            return;
        }
        let place = place % choice.of.len();
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= MOST {
            // Each begins with its first key again: a try is lost, no device.
            turns.clear();
        }
        for host in [Some(host), None] {
            turns.insert((identity.to_vec(), host), Turn { of: choice.of.clone(), place });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::fleet::Secret;

    fn keys(numbers: &[u32]) -> Vec<Candidate> {
        numbers.iter().map(|&number| Candidate { key: Secret::new(vec![0; 16]), number, is_new: number > 1 }).collect()
    }

    fn host(last: u8) -> IpAddr {
        Ipv4Addr::new(192, 0, 2, last).into()
    }

    #[test]
    fn keys_take_turns_until_one_is_proved() {
        let (turns, keys) = (Turns::default(), keys(&[1, 2]));
        let choose = |at| turns.choose(b"gw-1", host(at), &keys).unwrap();
        for number in [1, 2, 1, 2] {
            assert_eq!(choose(1).number, number);
            turns.failed(b"gw-1", host(1), &choose(1));
        }
        turns.failed(b"gw-1", host(1), &choose(1));
        turns.proved(b"gw-1", host(1), &choose(1));
        assert_eq!((choose(1).number, choose(1).is_new), (2, true));
        // From an address that was never seen it goes on where it was left.
        assert_eq!(choose(2).number, 2);
        assert_eq!(turns.choose(b"gw-2", host(1), &keys).unwrap().number, 1);
        assert_eq!(turns.choose(b"gw-1", host(1), &[]), None);
    }

    #[test]
    fn where_another_key_is_the_likeliest_that_one_is_tried_first() {
        let turns = Turns::default();
        let choose = |numbers: &[u32]| turns.choose(b"gw-1", host(1), &keys(numbers)).unwrap();
        turns.failed(b"gw-1", host(1), &choose(&[1, 2]));
        turns.proved(b"gw-1", host(1), &choose(&[1, 2]));
        assert_eq!(choose(&[1, 2]).number, 2);
        for (numbers, first) in [([2, 1], 2), ([3, 2], 3), ([2, 3], 2)] {
            assert_eq!(choose(&numbers).number, first);
        }
    }

    #[test]
    fn a_stranger_elsewhere_does_not_turn_what_a_device_is_tried_with() {
        let (turns, keys) = (Turns::default(), keys(&[1, 2]));
        let choose = |at| turns.choose(b"gw-1", host(at), &keys).unwrap();
        turns.failed(b"gw-1", host(1), &choose(1));
        for _ in 0..3 {
            turns.failed(b"gw-1", host(9), &choose(9));
            assert_eq!(choose(1).number, 2);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_nothing_is_of_who_has_one_key() {
        let turns = Turns::default();
        for number in 0..10_000_u32 {
            let (identity, keys) = (number.to_be_bytes(), keys(&[1, 2]));
            turns.failed(&identity, host(1), &turns.choose(&identity, host(1), &keys).unwrap());
            assert!(turns.0.lock().unwrap().len() <= MOST + 1);
        }
        let turns = Turns::default();
        turns.failed(b"gw-1", host(1), &turns.choose(b"gw-1", host(1), &keys(&[1])).unwrap());
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
