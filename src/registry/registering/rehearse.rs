//! What would become of a registration: decided as ever, and nothing written.

use time::OffsetDateTime;

use crate::registry::times::millis;
use crate::registry::{Registry, RegistryError};

use super::asked::{Asked, Decision};
use super::decide::{Stage, Verdict, decide};
use super::snapshot::{GroupRow, Snapshot};

/// What would become of a registration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Foretold {
    /// The decision.
    pub decision: Decision,
    /// The same in words.
    pub says: &'static str,
}

impl Registry {
    /// Decides a registration by what the store holds now, under the policy it brings; nothing is written, no use is counted.
    pub fn rehearse(&self, asked: &Asked) -> Result<Foretold, RegistryError> {
        let now = millis(self.now());
        self.read(|reading| {
            let found = Snapshot::read(reading.sql, reading.tenant, now, std::slice::from_ref(asked))?;
            Ok(foretold(asked, found, now))
        })
    }
}

impl Foretold {
    /// Decides a registration in a registry that holds nothing yet, at the moment `now`.
    pub fn of_first(asked: &Asked, now: OffsetDateTime) -> Self {
        foretold(asked, Snapshot::default(), millis(now))
    }
}

/// The policy that is tried need not be the one in force: its group is taken to be there, at its mark.
fn foretold(asked: &Asked, mut found: Snapshot, now: i64) -> Foretold {
    let group = found.groups.entry(asked.group.clone()).or_insert(GroupRow { etag: asked.etag, used: 0 });
    group.etag = asked.etag;
    told(asked, decide(asked, &found, now))
}

fn told(asked: &Asked, verdict: Verdict) -> Foretold {
    let (registration, answer) = (asked.registration.clone(), asked.answer.clone());
    let (decision, says) = match verdict {
        Verdict::New(Stage::Assigned) => (Decision::Assigned { registration, answer }, "it would be registered"),
        Verdict::New(Stage::Pending) => (Decision::Pending { registration }, "it would wait for a person"),
        Verdict::New(Stage::Assigning) => {
            (Decision::Assigning { registration }, "it would be registered once what it needs is allocated")
        }
        Verdict::Anew { keeps: true } => {
            (Decision::Assigned { registration, answer }, "it would be registered anew and keep its instance")
        }
        Verdict::Anew { keeps: false } => {
            (Decision::Assigned { registration, answer }, "it would be registered anew, with nothing kept")
        }
        Verdict::Rotate(current) => {
            (Decision::Assigned { registration: current, answer }, "it would get a new credential, and all else stays")
        }
        Verdict::Same(registration, answer) => {
            (Decision::Same { registration, answer }, "it is registered and would get the same answer again")
        }
        Verdict::Waits(registration, Stage::Pending) => {
            (Decision::Pending { registration }, "it waits for a person already")
        }
        Verdict::Waits(registration, _) => {
            (Decision::Assigning { registration }, "what it needs is being allocated already")
        }
        Verdict::Refused(refusal) => (Decision::Refused(refusal), refusal.says()),
        Verdict::Stale => (Decision::Stale, "the group's policy is being changed"),
    };
    Foretold { decision, says }
}
