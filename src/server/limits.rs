//! How often a source, a group, a token may ask: token buckets in bounded memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use sha2::{Digest as _, Sha256};

use crate::fleet::enrolment::Rates;

/// What a bad proof costs, where another request costs one.
pub const BAD_PROOF_COST: u32 = 10;
/// Sweeps are at least so far apart, in milliseconds.
const BETWEEN_SWEEPS: u64 = 1000;

/// Who is counted.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) enum Counted {
    /// An IPv4 /24 or an IPv6 /48.
    Source([u8; 7]),
    /// A group, by the hash of its name.
    Group([u8; 16]),
    /// A source, as far as it is one of a group with rates of its own, by the hash of both.
    SourceInGroup([u8; 16]),
    /// A token, by its hash: no bucket holds a token.
    Token([u8; 16]),
    /// All those for whom there is no room.
    Others,
}

impl Counted {
    pub(super) fn source(address: IpAddr) -> Self {
        let mut prefix = [0; 7];
        match address.to_canonical() {
            IpAddr::V4(address) => {
                prefix[0] = 4;
                prefix[1..4].copy_from_slice(&address.octets()[..3]);
            }
            IpAddr::V6(address) => {
                prefix[0] = 6;
                prefix[1..7].copy_from_slice(&address.octets()[..6]);
            }
        }
        Self::Source(prefix)
    }

    pub(super) fn group(name: &str) -> Self {
        Self::Group(hash(name))
    }

    pub(super) fn source_in_group(address: IpAddr, name: &str) -> Self {
        let Self::Source(prefix) = Self::source(address) else { return Self::Others };
        Self::SourceInGroup(hash(&format!("{}/{name}", hex::encode(prefix))))
    }

    pub(super) fn token(authorization: &str) -> Self {
        Self::Token(hash(authorization))
    }

    fn rate(&self, rates: &Rates) -> u32 {
        match self {
            Self::Source(_) | Self::SourceInGroup(_) | Self::Others => rates.source,
            Self::Group(_) => rates.group,
            Self::Token(_) => rates.token,
        }
    }
}

fn hash(text: &str) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&Sha256::digest(text.as_bytes())[..16]);
    short
}

/// Sixty-thousandths of a request: a rate of one a minute gives one of them each millisecond.
const WHOLE: u64 = 60_000;

struct Bucket {
    left: u64,
    at: u64,
    rate: u64,
}

impl Bucket {
    fn full(rate: u32, now: u64) -> Self {
        let rate = u64::from(rate.max(1));
        Self { left: rate * WHOLE, at: now, rate }
    }

    fn refill(&mut self, now: u64) {
        let gained = now.saturating_sub(self.at).saturating_mul(self.rate);
        self.left = self.left.saturating_add(gained).min(self.rate * WHOLE);
        self.at = self.at.max(now);
    }

    /// A rate that was changed counts from now on.
    fn turn_to(&mut self, rate: u32) {
        self.rate = u64::from(rate.max(1));
        self.left = self.left.min(self.rate * WHOLE);
    }

    fn is_full_at(&self, now: u64) -> bool {
        self.left.saturating_add(now.saturating_sub(self.at).saturating_mul(self.rate)) >= self.rate * WHOLE
    }
}

/// The buckets. A bucket holds a minute's worth of requests and refills evenly.
pub(super) struct Limits {
    rates: Rates,
    most: usize,
    inner: Mutex<(HashMap<Counted, Bucket>, u64)>,
}

impl Limits {
    /// Keeps at most `most` buckets: where there is no room, newcomers share one.
    pub(super) fn new(rates: Rates, most: usize) -> Self {
        Self { rates, most, inner: Mutex::new((HashMap::new(), 0)) }
    }

    /// Takes `cost` requests from the bucket at `now` (milliseconds of a steady clock), or says after how many seconds
    /// there are enough; by rates of a group's own where there are some.
    pub(super) fn take_at(&self, who: &Counted, own: Option<&Rates>, cost: u32, now: u64) -> Result<(), u32> {
        self.with(who, own, now, |bucket| {
            let cost = u64::from(cost) * WHOLE;
            if bucket.left >= cost {
                bucket.left -= cost;
                return Ok(());
            }
            let missing = (cost - bucket.left).div_ceil(bucket.rate * 1000);
            Err(u32::try_from(missing.clamp(1, 3600)).unwrap_or(3600))
        })
    }

    /// Takes `cost` requests, or all that are left.
    pub(super) fn charge(&self, who: &Counted, cost: u32, now: u64) {
        self.with(who, None, now, |bucket| bucket.left = bucket.left.saturating_sub(u64::from(cost) * WHOLE));
    }

    /// Gives one request back: a stranger who names a group must not use up what the group may do.
    pub(super) fn give_back(&self, who: &Counted, own: Option<&Rates>, now: u64) {
        self.with(who, own, now, |bucket| bucket.left = (bucket.left + WHOLE).min(bucket.rate * WHOLE));
    }

    /// Returns the number of buckets.
    pub(super) fn len(&self) -> usize {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).0.len()
    }

    fn with<R>(&self, who: &Counted, own: Option<&Rates>, now: u64, using: impl FnOnce(&mut Bucket) -> R) -> R {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let (buckets, swept) = &mut *inner;
        let mut who = who;
        if buckets.len() >= self.most && !buckets.contains_key(who) {
            if now.saturating_sub(*swept) >= BETWEEN_SWEEPS {
                // A full bucket is as good as none.
                buckets.retain(|_, bucket| !bucket.is_full_at(now));
                *swept = now;
            }
            if buckets.len() >= self.most {
                who = &Counted::Others;
            }
        }
        // Those who share a bucket share a rate.
        let own = own.filter(|_| *who != Counted::Others);
        let rate = who.rate(own.unwrap_or(&self.rates));
        let bucket = buckets.entry(who.clone()).or_insert_with(|| Bucket::full(rate, now));
        bucket.refill(now);
        if bucket.rate != u64::from(rate.max(1)) {
            bucket.turn_to(rate);
        }
        using(bucket)
    }
}

/// Spreads `seconds` by up to a half more, so that those who were sent away do not all come back at once. `draw` is any
/// number that differs from request to request.
pub(super) fn jittered(seconds: u32, draw: u64) -> u32 {
    let mixed = draw.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    let spread = u64::from(seconds / 2 + 1);
    seconds + u32::try_from(mixed % spread).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Limits {
        fn take(&self, who: &Counted, cost: u32, now: u64) -> Result<(), u32> {
            self.take_at(who, None, cost, now)
        }
    }

    fn limits(most: usize) -> Limits {
        Limits::new(Rates { source: 60, group: 6, token: 3 }, most)
    }

    fn source(text: &str) -> Counted {
        Counted::source(text.parse().unwrap())
    }

    #[test]
    fn a_source_is_a_24_or_a_48() {
        assert_eq!(source("192.0.2.1"), source("::ffff:192.0.2.254"));
        assert_ne!(source("192.0.2.1"), source("192.0.3.1"));
        assert_eq!(source("2001:db8:1:2::1"), source("2001:db8:1:ffff::2"));
        assert_ne!(source("2001:db8:1::1"), source("2001:db8:2::1"));
    }

    #[test]
    fn a_minutes_worth_is_taken_at_once_and_comes_back_evenly() {
        let (limits, who) = (limits(100), source("192.0.2.1"));
        assert!((0..60).all(|_| limits.take(&who, 1, 0).is_ok()));
        assert_eq!(limits.take(&who, 1, 0), Err(1));
        assert_eq!(limits.take(&who, 10, 0), Err(10));
        assert_eq!(limits.take(&who, 1, 999), Err(1));
        assert_eq!(limits.take(&who, 1, 1000), Ok(()));
        assert_eq!(limits.take(&Counted::token("x"), 4, 1000), Err(20), "more than a bucket holds");
    }

    #[test]
    fn a_bad_proof_costs_ten() {
        let (limits, who) = (limits(100), source("192.0.2.1"));
        let tries = (0..100).take_while(|_| {
            let may = limits.take(&who, 1, 0).is_ok();
            limits.charge(&who, BAD_PROOF_COST - 1, 0);
            may
        });
        assert_eq!(tries.count(), 6);
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_never_more() {
        let (limits, who) = (limits(100), Counted::group("line-a"));
        limits.give_back(&who, None, 0);
        assert!((0..6).all(|_| limits.take(&who, 1, 0).is_ok()));
        assert!(limits.take(&who, 1, 0).is_err());
        limits.give_back(&who, None, 0);
        assert!(limits.take(&who, 1, 0).is_ok() && limits.take(&who, 1, 0).is_err());
    }

    #[test]
    fn a_group_with_rates_of_its_own_is_counted_by_them() {
        let (limits, who) = (limits(100), Counted::group("line-a"));
        let own = Rates { source: 2, group: 8, token: 1 };
        assert_eq!((0..20).filter(|_| limits.take_at(&who, Some(&own), 1, 0).is_ok()).count(), 8);
        let fewer = Rates { group: 1, ..own };
        assert_eq!(limits.take_at(&who, Some(&fewer), 1, 30_000), Ok(()), "what is there is cut to the new rate");
        assert_eq!(limits.take_at(&who, Some(&fewer), 1, 30_000), Err(60));
        let at = |source: &str, group: &str| Counted::source_in_group(source.parse().unwrap(), group);
        assert_eq!(at("192.0.2.1", "a"), at("192.0.2.9", "a"));
        assert_ne!(at("192.0.2.1", "a"), at("192.0.2.1", "b"));
        let one = at("192.0.2.1", "a");
        assert_eq!((0..9).filter(|_| limits.take_at(&one, Some(&own), 1, 0).is_ok()).count(), 2);
    }

    #[test]
    fn memory_is_bounded_and_newcomers_share_what_is_left() {
        let limits = limits(50);
        let busy = source("10.0.0.1");
        assert!(limits.take(&busy, 60, 5000).is_ok());
        let strangers = (0..2000_u32).map(|at| source(&format!("172.{}.{}.1", at / 200, at % 200)));
        let served = strangers.filter(|who| limits.take(who, 60, 5000).is_ok()).count();
        assert_eq!(served, 50, "49 with a bucket of their own, one with the shared one");
        assert_eq!(limits.len(), 51);
        assert!(limits.take(&busy, 1, 5000).is_err(), "a flood does not make the server forget who was too busy");
        assert!(limits.take(&source("10.9.9.9"), 1, 70_000).is_ok());
        assert_eq!(limits.len(), 1, "full buckets are swept");
    }

    #[test]
    fn retries_are_spread() {
        let drawn: std::collections::BTreeSet<_> = (0..200).map(|draw| jittered(20, draw)).collect();
        assert!(drawn.len() > 8 && drawn.iter().all(|seconds| (20..=30).contains(seconds)), "{drawn:?}");
        assert_eq!(jittered(0, 7), 0);
    }
}
