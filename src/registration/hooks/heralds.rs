//! Heralds: the threads that tell subscribers of events, in order, each at least once. How far each has come lies in the
//! store; one that does not listen is told later, and holds up nobody else.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use crate::fleet::enrolment::{HookTarget, Subscription};
use crate::registry::{Delivery, Registry, RegistryError};

use super::super::groups::Groups;
use super::bell::Crew;
use super::caller::{HookCaller, Uncalled};
use super::pause::{LONGEST_PAUSE, pause};
use super::words::Ask;

/// Threads that tell.
const THREADS: usize = 2;
/// How long a claim outlives the hook's own limit, in milliseconds.
const MARGIN: i64 = 5_000;
/// Most events of one message.
const MOST: i64 = 100;

/// Is told what ails the registry.
type Alarm = dyn Fn(&RegistryError) + Send + Sync;

/// What heralds need.
pub(in crate::registration) struct News {
    pub(in crate::registration) registry: Registry,
    pub(in crate::registration) groups: Arc<Groups>,
    pub(in crate::registration) caller: Arc<HookCaller>,
    /// Subscribers of the fleet file, by name.
    pub(in crate::registration) subscriptions: BTreeMap<String, Subscription>,
    pub(in crate::registration) alarm: Arc<Alarm>,
}

/// The threads; they end when this is let go.
pub(in crate::registration) struct Heralds {
    _crew: Crew,
}

impl Heralds {
    /// Starts the threads. A subscriber that is new hears what happens from now on.
    pub(in crate::registration) fn start(news: News) -> Self {
        Self {
            _crew: Crew::start(THREADS, "herald", move || {
                news.tell_one().unwrap_or_else(|error| {
                    (news.alarm)(&error);
                    false
                })
            }),
        }
    }
}

/// One that is to be told.
struct Listener {
    target: HookTarget,
    /// The group whose events it hears; none for all.
    group: Option<String>,
    /// The events it hears; none for all.
    events: Vec<String>,
}

impl News {
    fn listeners(&self) -> BTreeMap<String, Listener> {
        let of_groups = self.groups.all().into_iter().filter_map(|group| {
            let target = group.policy.hooks.notify.clone()?;
            let listener = Listener { target, group: Some(group.name.clone()), events: Vec::new() };
            Some((format!("group/{}", group.name), listener))
        });
        let of_fleet = self.subscriptions.iter().map(|(name, subscription)| {
            let Subscription { target, events } = subscription.clone();
            (format!("fleet/{name}"), Listener { target, group: None, events })
        });
        of_groups.chain(of_fleet).collect()
    }

    /// Tells one subscriber what it has not heard. Returns false where nobody is to be told.
    fn tell_one(&self) -> Result<bool, RegistryError> {
        let listeners = self.listeners();
        if listeners.is_empty() {
            return Ok(false);
        }
        let time = |listener: &Listener| i64::from(listener.target.timeout.max(1)) * 1_000 + MARGIN;
        let times = listeners.iter().map(|(id, listener)| (id.clone(), time(listener))).collect();
        let Some(delivery) = self.registry.claim_delivery(&times, MOST)? else { return Ok(false) };
        if let Some(listener) = listeners.get(&delivery.subscriber) {
            self.tell(listener, &delivery)?;
        }
        Ok(true)
    }

    fn tell(&self, listener: &Listener, delivery: &Delivery) -> Result<(), RegistryError> {
        let is_heard = |(event, group): &&(crate::registry::StoredEvent, Option<String>)| {
            let is_its = listener.group.is_none() || listener.group == *group;
            is_its && (listener.events.is_empty() || listener.events.contains(&event.what))
        };
        let heard: Vec<_> = delivery.events.iter().filter(is_heard).map(|(event, _)| event).collect();
        if heard.is_empty() {
            return self.registry.delivered(delivery);
        }
        let key = format!("{}/{}", delivery.subscriber, delivery.until);
        let ask = Ask {
            step: "notify",
            fleet: self.registry.tenant(),
            group: listener.group.as_deref(),
            key: &key,
            more: json!({ "events": heard }),
        };
        match self.caller.tell(&listener.target, &ask) {
            Ok(()) => self.registry.delivered(delivery),
            Err(Uncalled::Rests(left)) => {
                let left = i64::try_from(left.as_millis()).unwrap_or(LONGEST_PAUSE);
                self.registry.undelivered(delivery, left, false)
            }
            Err(Uncalled::Failed(_)) => self.registry.undelivered(delivery, pause(delivery.failures), true),
        }
    }
}
