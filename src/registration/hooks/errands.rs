//! Errands: the threads that ask hooks to allocate and tell them to release. What they do lies in the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::fleet::enrolment::{GroupPolicy, HookFailure, HookTarget};
use crate::registry::{Chore, ChoreKind, Registry, RegistryError, Unallocated};

use super::super::groups::Groups;
use super::bell::{Crew, Ringer};
use super::caller::{HookCaller, Uncalled};
use super::pause::{LONGEST_PAUSE, pause};
use super::words::{Ask, of_device};

/// Threads that run errands.
const THREADS: usize = 4;
/// How long a claim outlives the hook's own limit, in milliseconds.
const MARGIN: i64 = 5_000;
/// How often an allocation is tried.
const MOST_TRIES: i64 = 5;

/// Is told what ails the registry.
type Alarm = dyn Fn(&RegistryError) + Send + Sync;

/// What errands need.
pub(in crate::registration) struct Bag {
    pub(in crate::registration) registry: Registry,
    pub(in crate::registration) groups: Arc<Groups>,
    pub(in crate::registration) caller: Arc<HookCaller>,
    pub(in crate::registration) alarm: Arc<Alarm>,
}

/// The threads; they end when this is let go.
pub(in crate::registration) struct Errands {
    crew: Crew,
}

impl Errands {
    /// Starts the threads: chores left by a crash are taken up as soon as their claims have run out.
    pub(in crate::registration) fn start(bag: Bag) -> Self {
        Self { crew: Crew::start(THREADS, "errand", move || bag.run_one()) }
    }

    /// Returns what tells that there is something to do.
    pub(in crate::registration) fn ringer(&self) -> Ringer {
        self.crew.ringer()
    }
}

impl Bag {
    /// Does the chore that is due first. Returns false where there is none, or the registry is away.
    fn run_one(&self) -> bool {
        let done = self.claimed().and_then(|chore| match chore {
            Some(chore) => self.do_chore(&chore).map(|()| true),
            None => Ok(false),
        });
        done.unwrap_or_else(|error| {
            (self.alarm)(&error);
            false
        })
    }

    fn claimed(&self) -> Result<Option<Chore>, RegistryError> {
        let time = |policy: &GroupPolicy| {
            let hook = policy.hooks.allocate.as_ref();
            hook.map_or(0, |hook| i64::from(hook.timeout.max(1)) * 1_000) + MARGIN
        };
        let times: BTreeMap<String, i64> =
            self.groups.all().iter().map(|group| (group.name.clone(), time(&group.policy))).collect();
        self.registry.claim_chore(&times, MARGIN)
    }

    fn do_chore(&self, chore: &Chore) -> Result<(), RegistryError> {
        match chore.kind {
            ChoreKind::Allocate => self.allocate(chore),
            ChoreKind::Release => self.release(chore),
        }
    }

    /// Returns the hook of a group. Where we know of none the policies are read anew: another server may know better.
    fn hook(&self, group: &str) -> Result<Option<HookTarget>, RegistryError> {
        let known = || self.groups.get(Some(group))?.policy.hooks.allocate.clone();
        if let Some(target) = known() {
            return Ok(Some(target));
        }
        self.groups.refresh()?;
        Ok(known())
    }

    fn allocate(&self, chore: &Chore) -> Result<(), RegistryError> {
        // The hook was taken out of the fleet file meanwhile: nothing is to be allocated any more.
        let Some(target) = &self.hook(&chore.group)? else {
            return self.registry.allocated(chore, &[]).map(drop);
        };
        let more = json!({ "registration": chore.registration, "device": of_device(&chore.asked),
            "resources": Self::told(chore) });
        let ask = self.words("allocate", chore, more);
        let said = self.caller.ask(target, &ask);
        let said = said.and_then(|said| Ok((said.resources().map_err(Uncalled::Failed)?, said)));
        match said {
            Ok((resources, said)) if said.ok => self.registry.allocated(chore, &resources).map(drop),
            Ok((_, said)) => {
                self.registry.unallocated(chore, &Unallocated { is_denied: true, words: said.words() }).map(drop)
            }
            Err(Uncalled::Rests(_)) if target.fail == HookFailure::Open => {
                self.registry.allocated(chore, &[]).map(drop)
            }
            Err(Uncalled::Rests(left)) => {
                self.registry.put_off(chore, i64::try_from(left.as_millis()).unwrap_or(LONGEST_PAUSE), false)
            }
            Err(Uncalled::Failed(_)) if chore.failures + 1 < tries(target.fail) => {
                self.registry.put_off(chore, pause(chore.failures), true)
            }
            Err(Uncalled::Failed(_)) if target.fail == HookFailure::Open => {
                self.registry.allocated(chore, &[]).map(drop)
            }
            Err(Uncalled::Failed(words)) => {
                let words = format!("the group's own allocation failed: {words}");
                self.registry.unallocated(chore, &Unallocated { is_denied: false, words }).map(drop)
            }
        }
    }

    fn release(&self, chore: &Chore) -> Result<(), RegistryError> {
        let Some(target) = &self.hook(&chore.group)? else {
            // There is nobody to tell any more.
            return self.registry.released(chore).map(drop);
        };
        let more = json!({ "registration": chore.registration, "device": { "id": chore.device },
            "resources": Self::told(chore) });
        match self.caller.tell(target, &self.words("release", chore, more)) {
            Ok(()) => self.registry.released(chore).map(drop),
            Err(Uncalled::Rests(left)) => {
                self.registry.put_off(chore, i64::try_from(left.as_millis()).unwrap_or(LONGEST_PAUSE), false)
            }
            Err(Uncalled::Failed(_)) => self.registry.put_off(chore, pause(chore.failures), true),
        }
    }

    fn words<'a>(&'a self, step: &'static str, chore: &'a Chore, more: Value) -> Ask<'a> {
        Ask { step, fleet: self.registry.tenant(), group: Some(&chore.group), key: &chore.registration, more }
    }

    fn told(chore: &Chore) -> Vec<Value> {
        let resources = chore.resources.iter();
        resources
            .map(|resource| json!({ "kind": resource.kind, "name": resource.name, "detail": resource.detail }))
            .collect()
    }
}

/// One that may fail is tried less often: the device waits.
fn tries(fail: HookFailure) -> i64 {
    if fail == HookFailure::Open { 2 } else { MOST_TRIES }
}
