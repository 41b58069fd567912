//! Which of several keys of an identity a handshake tries: one at a time, for a handshake knows one key only.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::words::Candidate;

/// Identities and hosts that are remembered. Only those have a place here that have several keys.
const MOST: usize = 4096;

/// The key that a handshake tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Choice {
    /// Its place among those of its identity.
    pub(super) place: usize,
    /// How many those are.
    of: usize,
    /// As whoever handed it out numbers it.
    pub(super) number: u32,
    pub(super) is_new: bool,
}

/// What the next handshake of an identity tries.
///
/// It is remembered for the identity at a host, so that no stranger elsewhere can turn it, and for the identity alone: a
/// device whose address changes all the time gets another key each time too.
#[derive(Default)]
pub(super) struct Turns(Mutex<HashMap<Asked, usize>>);

/// An identity, at a host or anywhere.
type Asked = (Vec<u8>, Option<IpAddr>);

impl Turns {
    /// Says which of the keys is tried now.
    pub(super) fn choose(&self, identity: &[u8], host: IpAddr, keys: &[Candidate]) -> Option<Choice> {
        let place = match keys.len() {
            0 | 1 => 0,
            of => self.next(identity, host) % of,
        };
        let key = keys.get(place)?;
        Some(Choice { place, of: keys.len(), number: key.number, is_new: key.is_new })
    }

    fn next(&self, identity: &[u8], host: IpAddr) -> usize {
        let turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |host| turns.get(&(identity.to_vec(), host)).copied();
        of(Some(host)).or_else(|| of(None)).unwrap_or_default()
    }

    /// The device did not have this one: the next is tried.
    pub(super) fn failed(&self, identity: &[u8], host: IpAddr, choice: Choice) {
        self.set(identity, host, choice, choice.place + 1);
    }

    /// The device has this one: it is tried again.
    pub(super) fn proved(&self, identity: &[u8], host: IpAddr, choice: Choice) {
        self.set(identity, host, choice, choice.place);
    }

    fn set(&self, identity: &[u8], host: IpAddr, choice: Choice, place: usize) {
        if choice.of < 2 {
            return;
        }
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= MOST {
            // Each begins with its first key again: a try is lost, no device.
            turns.clear();
        }
        for host in [Some(host), None] {
            turns.insert((identity.to_vec(), host), place);
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
            turns.failed(b"gw-1", host(1), choose(1));
        }
        turns.failed(b"gw-1", host(1), choose(1));
        turns.proved(b"gw-1", host(1), choose(1));
        assert_eq!((choose(1).number, choose(1).is_new), (2, true));
        // From an address that was never seen it goes on where it was left.
        assert_eq!(choose(2).number, 2);
        assert_eq!(turns.choose(b"gw-2", host(1), &keys).unwrap().number, 1);
        assert_eq!(turns.choose(b"gw-1", host(1), &[]), None);
    }

    #[test]
    fn a_stranger_elsewhere_does_not_turn_what_a_device_is_tried_with() {
        let (turns, keys) = (Turns::default(), keys(&[1, 2]));
        let choose = |at| turns.choose(b"gw-1", host(at), &keys).unwrap();
        turns.failed(b"gw-1", host(1), choose(1));
        for _ in 0..3 {
            turns.failed(b"gw-1", host(9), choose(9));
            assert_eq!(choose(1).number, 2);
        }
    }

    #[test]
    fn what_is_remembered_is_bounded_and_nothing_is_of_who_has_one_key() {
        let turns = Turns::default();
        for number in 0..10_000_u32 {
            let (identity, keys) = (number.to_be_bytes(), keys(&[1, 2]));
            turns.failed(&identity, host(1), turns.choose(&identity, host(1), &keys).unwrap());
            assert!(turns.0.lock().unwrap().len() <= MOST + 1);
        }
        let turns = Turns::default();
        turns.failed(b"gw-1", host(1), turns.choose(b"gw-1", host(1), &keys(&[1])).unwrap());
        assert!(turns.0.lock().unwrap().is_empty());
    }
}
