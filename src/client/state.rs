//! What a device remembers: `state.json` in its store, one document, replaced as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::outcome::Record;
use crate::delivery::{Manifest, Scope};
use crate::fleet::Digest;

/// Most digests of used bundles that are remembered; the oldest go first, the counters stay.
const MOST_USED: usize = 4096;
/// Failures after which the waiting does not grow.
const LONGEST_WAIT: i64 = 6 * 3600;

/// What a device remembers.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct State {
    /// Format number, 1.
    pub format: u32,
    /// The fleet it belongs to; the first accepted bundle's, or a transfer's.
    #[serde(default)]
    pub owner: Option<String>,
    /// The name it goes by since the first accepted bundle.
    #[serde(default)]
    pub device: Option<String>,
    /// The highest version taken of each lane.
    #[serde(default)]
    pub lanes: BTreeMap<String, Counter>,
    /// Digests of single-use bundles and transfers that were taken, in their order.
    #[serde(default)]
    pub used: Vec<Digest>,
    /// The newest signed time of an accepted bundle, RFC 3339.
    #[serde(default)]
    pub newest: Option<String>,
    /// The bundle keys learned; they stand for the image's.
    #[serde(default)]
    pub learned: Option<Learned>,
    /// The generation in force.
    #[serde(default)]
    pub current: Option<u64>,
    /// The one before.
    #[serde(default)]
    pub previous: Option<u64>,
    /// A generation that is being put in force; after a power cut the next run goes on with it.
    #[serde(default)]
    pub attempt: Option<Attempt>,
    /// A generation that could not prove itself, and when it is tried again.
    #[serde(default)]
    pub waiting: Option<Waiting>,
    /// What came of the last run.
    #[serde(default)]
    pub last: Option<Record>,
}

/// The highest version taken of a lane, and which bundle that was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Counter {
    /// The version.
    pub version: u32,
    /// The bundle.
    pub digest: Digest,
}

/// Keys that a bundle brought.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Learned {
    /// The list's number.
    pub sequence: u32,
    /// The keys, as in the second line of a minisign public key file.
    pub keys: Vec<String>,
}

/// A generation on its way.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Attempt {
    /// Which.
    pub generation: u64,
    /// How often it was begun.
    pub begun: u32,
    /// How often it failed to prove itself before.
    pub failures: u32,
    /// The transfer that lets it in, where the owner changes.
    #[serde(default)]
    pub transfer: Option<Taken>,
}

/// A transfer as the store remembers it until its bundle is accepted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Taken {
    /// Its document's digest.
    pub digest: Digest,
    /// The new owner.
    pub to: String,
    /// The new owner's keys.
    pub keys: Vec<String>,
}

/// A generation that waits for its next try.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Waiting {
    /// Which.
    pub generation: u64,
    /// How often it failed.
    pub failures: u32,
    /// When it failed last, seconds since 1970 by the system's clock.
    pub since: i64,
    /// When it is tried again, likewise.
    pub next: i64,
    /// As in the attempt.
    #[serde(default)]
    pub transfer: Option<Taken>,
}

impl Waiting {
    /// Returns the waiting after the `failures`-th failure at `now`: a minute, doubled each time, at most six hours.
    pub fn after(attempt: &Attempt, now: i64) -> Self {
        let failures = attempt.failures.saturating_add(1);
        let wait = 60_i64.checked_shl(failures - 1).filter(|wait| failures < 20 && *wait < LONGEST_WAIT);
        let next = now.saturating_add(wait.unwrap_or(LONGEST_WAIT));
        Self { generation: attempt.generation, failures, since: now, next, transfer: attempt.transfer.clone() }
    }

    /// Returns true if its time has come. A clock that ran back counts as that: it would make the wait endless.
    pub fn is_due(&self, now: i64) -> bool {
        now < self.since || now >= self.next
    }
}

impl State {
    /// Returns the key of a bundle's lane: the line in which its versions count up.
    pub fn lane(manifest: &Manifest) -> String {
        let scope = match manifest.scope {
            Scope::Device => "device",
            Scope::Site => "site",
        };
        format!("{}/{scope}/{}", manifest.fleet, manifest.device)
    }

    /// Remembers a digest as used.
    pub fn use_up(&mut self, digest: Digest) {
        if !self.used.contains(&digest) {
            self.used.push(digest);
        }
        let surplus = self.used.len().saturating_sub(MOST_USED);
        self.used.drain(..surplus);
    }

    /// Returns the generations that are still wanted.
    pub fn wanted(&self) -> BTreeSet<u64> {
        let attempt = self.attempt.as_ref().map(|attempt| attempt.generation);
        let waiting = self.waiting.as_ref().map(|waiting| waiting.generation);
        [self.current, self.previous, attempt, waiting].into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_a_minute_to_six_hours_and_a_clock_that_ran_back_ends_it() {
        let waits: Vec<i64> = (0..40)
            .map(|failures| {
                let attempt = Attempt { generation: 1, begun: 1, failures, transfer: None };
                Waiting::after(&attempt, 1000).next - 1000
            })
            .collect();
        assert_eq!(waits[..10], [60, 120, 240, 480, 960, 1920, 3840, 7680, 15360, 21600]);
        assert!(waits[10..].iter().all(|wait| *wait == 21600));
        let waiting = Waiting { generation: 1, failures: 1, since: 1000, next: 1060, transfer: None };
        assert_eq!([999, 1000, 1059, 1060].map(|now| waiting.is_due(now)), [true, false, false, true]);
    }

    #[test]
    fn used_digests_are_remembered_once_and_bounded() {
        let mut state = State::default();
        for number in 0..5000_u32 {
            state.use_up(Digest::of(&number.to_be_bytes()));
            state.use_up(Digest::of(&number.to_be_bytes()));
        }
        assert_eq!(state.used.len(), MOST_USED);
        assert_eq!(state.used.last(), Some(&Digest::of(&4999_u32.to_be_bytes())));
    }
}
