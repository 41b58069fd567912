//! Putting a generation in force: place, act, prove, commit; or restore what was before.

use std::collections::BTreeMap;

use super::actions;
use super::clock::{Time, parse};
use super::connect::Proof;
use super::device::Device;
use super::error::ClientError;
use super::generation::Generation;
use super::place::{converge, placements};
use super::state::{Attempt, Counter, Learned, State, Waiting};
use super::store::Store;
use crate::delivery::{Manifest, Scope};
use crate::host::Machine;

/// How often a generation may be begun without coming to an end: one that lets the device fall over is taken back.
const MOST_BEGUN: u32 = 3;

/// What came of an attempt.
pub enum Applied {
    /// The generation is in force.
    InForce,
    /// It is not, for these reasons; what was before is in force.
    TakenBack(String),
}

/// What an attempt is made with.
pub struct Works<'a> {
    /// The store.
    pub store: &'a Store<'a>,
    /// The machine.
    pub machine: &'a Machine,
    /// The image's word.
    pub device: &'a Device,
    /// What time it is.
    pub time: Time,
}

impl Works<'_> {
    /// Goes on with the attempt that the state names, to its end. Every step may be done again after a power cut.
    pub fn go_on(&self, state: &mut State) -> Result<Applied, ClientError> {
        let Some(attempt) = state.attempt.as_mut() else { return Ok(Applied::InForce) };
        attempt.begun += 1;
        let attempt = attempt.clone();
        self.store.save(state)?;
        let generation = self.store.generation(attempt.generation)?;
        if attempt.begun > MOST_BEGUN {
            let why = format!("it was cut off {MOST_BEGUN} times before it came to an end");
            return self.take_back(state, &attempt, &generation, why);
        }
        match self.bring(&generation) {
            Ok(()) => self.commit(state, &attempt, &generation).map(|()| Applied::InForce),
            Err(why) => self.take_back(state, &attempt, &generation, why),
        }
    }

    fn bring(&self, generation: &Generation) -> Result<(), String> {
        let wanted = placements(self.store.disk(), generation).map_err(|error| told(&error))?;
        converge(self.store, &wanted).map_err(|error| told(&error))?;
        actions::act(self.machine, self.device, generation)?;
        for part in &generation.parts {
            if let Some(proof) = Proof::of(part, self.time.best())? {
                proof.connect()?;
            }
        }
        Ok(())
    }

    /// Makes the files those of the generation in force again, where something changed them; its actions follow then.
    pub fn serve(&self, state: &State) -> Result<Option<Generation>, ClientError> {
        let Some(number) = state.current else {
            converge(self.store, &BTreeMap::new())?;
            return Ok(None);
        };
        let generation = self.store.generation(number)?;
        if converge(self.store, &placements(self.store.disk(), &generation)?)? {
            // What cannot be restarted now reads its files when it starts.
            let _ = actions::act(self.machine, self.device, &generation);
        }
        Ok(Some(generation))
    }

    fn commit(&self, state: &mut State, attempt: &Attempt, generation: &Generation) -> Result<(), ClientError> {
        remember(state, attempt, generation);
        self.store.save(state)?;
        self.store.point(state)?;
        self.store.prune(state)
    }

    fn take_back(
        &self,
        state: &mut State,
        attempt: &Attempt,
        generation: &Generation,
        why: String,
    ) -> Result<Applied, ClientError> {
        let before = self.serve(state)?;
        let mut why = why;
        if let Err(also) = actions::act_back(self.machine, generation) {
            why = format!("{why}; then {also}");
        }
        if let Some(before) = before
            && let Err(also) = actions::act(self.machine, self.device, &before)
        {
            why = format!("{why}; then {also}");
        }
        state.attempt = None;
        state.waiting = Some(Waiting::after(attempt, self.time.system.unix_timestamp()));
        self.store.save(state)?;
        self.store.prune(state)?;
        Ok(Applied::TakenBack(why))
    }
}

fn told(error: &ClientError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        words = format!("{words}: {inner}");
        cause = inner.source();
    }
    words
}

/// What the device remembers once a generation is in force: counters go up, never down.
fn remember(state: &mut State, attempt: &Attempt, generation: &Generation) {
    if let Some(transfer) = &attempt.transfer {
        state.learned = Some(Learned { sequence: 0, keys: transfer.keys.clone() });
        state.owner = Some(transfer.to.clone());
        state.use_up(transfer.digest);
    }
    for part in &generation.parts {
        let manifest = &part.manifest;
        let counter = Counter { version: manifest.version, digest: part.digest };
        let lane = state.lanes.entry(State::lane(manifest)).or_insert(counter);
        if counter.version >= lane.version {
            *lane = counter;
        }
        if manifest.single_use {
            state.use_up(part.digest);
        }
        learn(state, manifest);
        raise_floor(state, manifest);
        state.owner.get_or_insert_with(|| manifest.fleet.clone());
        if manifest.scope == Scope::Device {
            state.device = Some(manifest.device.as_str().to_owned());
        }
    }
    if state.current != Some(generation.number) {
        state.previous = state.current;
    }
    state.current = Some(generation.number);
    state.attempt = None;
    state.waiting = None;
}

/// A list of keys with a higher number replaces what was known.
fn learn(state: &mut State, manifest: &Manifest) {
    let Some(list) = &manifest.trusted_keys else { return };
    if state.learned.as_ref().is_none_or(|known| list.sequence > known.sequence) {
        state.learned = Some(Learned { sequence: list.sequence, keys: list.keys.clone() });
    }
}

fn raise_floor(state: &mut State, manifest: &Manifest) {
    let known = state.newest.as_deref().and_then(parse);
    if let Some(created) = parse(&manifest.created)
        && known.is_none_or(|known| created > known)
    {
        state.newest = Some(manifest.created.clone());
    }
}
