//! Message ids of the other side, so that what is repeated is done once (RFC 7252, section 4.5).

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use zeroize::Zeroizing;

use super::words::Asked;

/// Most ids that are remembered.
const MOST_IDS: usize = 256;
/// Most replies that are kept to be said again.
const MOST_REPLIES: usize = 8;

/// What is done about a message that was heard before.
#[derive(PartialEq, Eq, Debug)]
pub(super) enum Again {
    /// The reply is said again.
    Reply(Vec<u8>),
    /// It is this request, not answered yet.
    Asked(Asked),
    /// Nothing.
    Nothing,
}

/// The messages that were heard.
#[derive(Default)]
pub(super) struct Remembered {
    entries: VecDeque<Entry>,
}

struct Entry {
    id: u16,
    /// A rebooted peer begins with ids that it used before: only the same bytes are the same message.
    digest: u64,
    until: Duration,
    asked: Option<Asked>,
    reply: Option<Zeroizing<Vec<u8>>>,
}

impl Remembered {
    /// Returns what to do about a datagram if it was heard before.
    pub(super) fn again(&self, id: u16, datagram: &[u8]) -> Option<Again> {
        let digest = digest(datagram);
        let entry = self.entries.iter().rev().find(|entry| entry.id == id && entry.digest == digest)?;
        Some(match (&entry.reply, entry.asked) {
            (Some(reply), _) => Again::Reply(reply.to_vec()),
            (None, Some(asked)) => Again::Asked(asked),
            (None, None) => Again::Nothing,
        })
    }

    /// Remembers a datagram.
    pub(super) fn add(&mut self, id: u16, datagram: &[u8], asked: Option<Asked>, until: Duration) {
        if self.entries.len() >= MOST_IDS {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { id, digest: digest(datagram), until, asked, reply: None });
    }

    /// Keeps what was replied to the latest message of this id.
    pub(super) fn reply(&mut self, id: u16, bytes: &[u8]) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.id == id) {
            entry.reply = Some(Zeroizing::new(bytes.to_vec()));
        }
        let mut replies = self.entries.iter_mut().rev().filter(|entry| entry.reply.is_some());
        if let Some(oldest) = replies.nth(MOST_REPLIES) {
            (oldest.reply, oldest.asked) = (None, None);
        }
    }

    /// Forgets what is over.
    pub(super) fn forget(&mut self, at: Duration) {
        while self.entries.front().is_some_and(|entry| entry.until <= at) {
            self.entries.pop_front();
        }
    }
}

fn digest(datagram: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    datagram.hash(&mut hasher);
    hasher.finish()
}
