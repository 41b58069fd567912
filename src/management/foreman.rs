//! Works off what the registry wishes: triggers that are due, rollouts that go on. Of several servers on one registry each
//! trigger is worked by one.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::registry::{Registry, RegistryError, Trigger, Via};

use super::front::Front;
use super::rollout::next_move;
use super::wish::{Want, WishFailure, WishId};

/// How long a claim lasts, in milliseconds: longer than a webhook may take.
const CLAIM: i64 = 120_000;
/// The first pause after a failure, in milliseconds; it doubles.
const PAUSE: i64 = 5_000;
/// The longest pause, in milliseconds.
const LONGEST_PAUSE: i64 = 300_000;
/// Most triggers of one look.
const MOST: usize = 1_000;

/// Why a device was not told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Untold {
    /// It is worth another try.
    Later(String),
    /// It is not.
    Never(String),
}

/// The other ways to tell a device. Calls may wait.
pub trait Ways: Send + Sync {
    /// Tells the operator's own management server by webhook.
    fn webhook(&self, trigger: &Trigger) -> Result<(), Untold>;
    /// Begins a bootstrap that was not asked for (LwM2M 1.0): over the live association of the device, or without security
    /// at `address`. What comes of it is told to the registry as of any other bootstrap.
    fn push(&self, device: &str, address: Option<SocketAddr>) -> Result<(), Untold>;
}

/// The foreman of one server.
pub struct Foreman {
    registry: Registry,
    front: Arc<Front>,
    ways: Arc<dyn Ways>,
    under_way: Mutex<Vec<(Trigger, WishId)>>,
}

impl Foreman {
    /// A foreman who tells devices that are registered at `front`, and others by `ways`.
    pub fn new(registry: Registry, front: Arc<Front>, ways: Arc<dyn Ways>) -> Self {
        Self { registry, front, ways, under_way: Mutex::default() }
    }

    /// Looks once for what is to be done, and does it. Returns true if there was something.
    ///
    /// # Errors
    ///
    /// What ails the registry; what was begun is taken up again by the next look.
    pub fn look(&self) -> Result<bool, RegistryError> {
        let mut is_busy = self.registry.expire_triggers()? > 0;
        is_busy |= self.registry.step_rollout(next_move)?;
        is_busy |= self.gather()?;
        for _ in 0..MOST {
            let claimed = self.registry.claim_trigger(&|trigger| self.can(trigger), CLAIM)?;
            let Some(trigger) = claimed else { return Ok(is_busy) };
            is_busy = true;
            self.tell(trigger)?;
        }
        Ok(is_busy)
    }

    /// A device that is registered elsewhere is told by whom it is registered at.
    fn can(&self, trigger: &Trigger) -> bool {
        trigger.via != Via::Registration
            || (self.front.client(&trigger.device).is_some()
                && self.under_way().iter().all(|(other, _)| other.device != trigger.device))
    }

    fn tell(&self, trigger: Trigger) -> Result<(), RegistryError> {
        let told = match trigger.via {
            Via::Registration => match self.front.want(&trigger.device, Want::Bootstrap) {
                Ok(wish) => {
                    self.under_way().push((trigger, wish));
                    return Ok(());
                }
                Err(failure) => Err(untold(&failure)),
            },
            Via::Webhook => self.ways.webhook(&trigger),
            Via::Push => match trigger.address.as_deref().map(str::parse).transpose() {
                Ok(address) => self.ways.push(&trigger.device, address),
                Err(_) => Err(Untold::Never(format!("{:?} is no address with a port", trigger.address))),
            },
        };
        self.note(&trigger, told)
    }

    /// Gathers what devices answered.
    fn gather(&self) -> Result<bool, RegistryError> {
        let mut ended = Vec::new();
        self.under_way().retain(|(trigger, wish)| {
            let outcome = self.front.outcome(*wish);
            let is_late = outcome.is_none() && trigger.until <= self.registry.now() && self.front.unwish(*wish);
            let stays = outcome.is_none() && !is_late;
            ended.extend(outcome.map(|outcome| (trigger.clone(), outcome)));
            stays
        });
        let is_busy = !ended.is_empty();
        for (trigger, outcome) in ended {
            self.note(&trigger, outcome.map(drop).map_err(|failure| untold(&failure)))?;
        }
        Ok(is_busy)
    }

    fn note(&self, trigger: &Trigger, told: Result<(), Untold>) -> Result<(), RegistryError> {
        match told {
            Ok(()) => self.registry.trigger_sent(trigger),
            Err(Untold::Later(words)) => {
                let wait = (PAUSE << trigger.failures.clamp(0, 8)).min(LONGEST_PAUSE);
                self.registry.put_off_trigger(trigger, wait, &words)
            }
            Err(Untold::Never(words)) => self.registry.trigger_failed(trigger, &words),
        }
    }

    fn under_way(&self) -> MutexGuard<'_, Vec<(Trigger, WishId)>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn untold(failure: &WishFailure) -> Untold {
    let words = failure.to_string();
    match failure {
        WishFailure::NotHere | WishFailure::Busy | WishFailure::Unanswered(_) => Untold::Later(words),
        _ => Untold::Never(words),
    }
}
