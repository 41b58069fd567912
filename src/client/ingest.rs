//! `client ingest`: from a medium, or from the copy, to a bundle in force.

use std::path::Path;

use super::apply::{Applied, Works};
use super::clock::{Time, parse, text};
use super::device::Device;
use super::disk::Disk;
use super::error::ClientError;
use super::facts::Facts;
use super::generation::{Generation, NewBundle};
use super::judge::{Bench, most_telling};
use super::medium::{self, Place, Search};
use super::outcome::{self, Outcome, PassedBy, Record};
use super::policy;
use super::result_slot::leave;
use super::state::{Attempt, State, Taken, Waiting};
use super::store::Store;
use super::testimony::{ResultKey, Subject, testify};
use super::trust::{TRANSFER_NAME, Trust};
use crate::bundle::sealed::open::join;
use crate::bundle::sealed::{Authentic, Limits, OpeningKey, Reason, Refusal};
use crate::delivery::manifest::LONGEST_MANIFEST;
use crate::delivery::{Clock, MANIFEST_NAME, Random, Shelf};

/// What a run is given.
pub struct Client<'a> {
    /// The device's files.
    pub disk: &'a Disk,
    /// The system's clock.
    pub clock: &'a dyn Clock,
    /// Random bytes.
    pub random: &'a dyn Random,
}

/// What a run is asked for.
#[derive(Clone, Copy, Default, Debug)]
pub struct Wish<'a> {
    /// The medium; removable drives are searched by label when absent.
    pub from: Option<&'a Path>,
    /// Whether a bundle that waits for its next try is tried at once.
    pub now: bool,
    /// Whether no medium is looked for: the copy serves.
    pub without_medium: bool,
}

/// A run at work.
struct Run<'a> {
    client: &'a Client<'a>,
    device: Device,
    facts: Facts,
    store: Store<'a>,
    time: Time,
    wish: Wish<'a>,
}

/// What was read of a medium: the bundles for this device, opened.
struct Taking {
    bundles: Vec<Bundle>,
    passed_by: Vec<PassedBy>,
    transfer: Option<Taken>,
}

/// A bundle for this device.
struct Bundle {
    authentic: Authentic,
    /// `None` for one that is in force already.
    opened: Option<NewBundle>,
}

/// Why nothing is taken from a medium.
struct Refused {
    refusal: Refusal,
    passed_by: Vec<PassedBy>,
    subject: Option<Subject>,
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self { refusal, passed_by: Vec::new(), subject: None }
    }
}

/// What a medium holds for this device: bundles, or why none is taken.
type Read = Result<Taking, Refused>;

/// Takes what is for this device from a medium, or goes on with the copy. Whatever comes of it is recorded, shown on LED and
/// console, and left on the medium; errors are those of the device itself.
pub fn ingest(client: &Client<'_>, wish: Wish<'_>) -> Result<Record, ClientError> {
    let machine = client.disk.machine();
    let device = Device::read(machine)?;
    outcome::show_work(machine, &device);
    let facts = Facts::read(machine, &device);
    let store = Store::open(client.disk, &device)?;
    let mut state = store.state()?;
    let time = Time::look(machine, client.clock, state.newest.as_deref().and_then(parse));
    let run = Run { client, device, facts, store, time, wish };
    run.store.point(&state)?;
    let interrupted = run.complete(&mut state)?;
    let (mut record, place, subjects) = match run.search(&state)? {
        Search::Found(place, Ok(taking)) => {
            let subjects = taking.bundles.iter().map(Bundle::subject).collect();
            (run.take(&mut state, taking)?, Some(place), subjects)
        }
        Search::Found(place, Err(refused)) => {
            let subjects = refused.subject.iter().cloned().collect();
            (run.refused(&state, refused)?, Some(place), subjects)
        }
        Search::NoBundle => (run.without(&mut state, Outcome::NoBundle)?, None, Vec::new()),
        Search::NoMedium => (run.without(&mut state, Outcome::NoMedium)?, None, Vec::new()),
    };
    if let (Some(why), None) = (interrupted, &record.what) {
        record.what = Some(format!("an interrupted run was completed first: {why}"));
    }
    let named = place.as_ref().filter(|place| !place.path.as_os_str().is_empty());
    record.medium = named.map(|place| place.path.display().to_string());
    record.result = place.as_ref().and_then(|place| run.testify(place, &subjects, &record));
    run.finish(&mut state, &record)?;
    Ok(record)
}

/// All bundles of a medium are opened in memory: together they may not be larger than one may be.
fn check_size(bundles: &[Authentic], limits: Limits) -> Result<(), Refusal> {
    let sizes = bundles.iter().flat_map(|bundle| &bundle.manifest.files).map(|file| file.size);
    let bytes = sizes.fold(0_u64, u64::saturating_add);
    if bytes > limits.bytes {
        let what = format!("the bundles for this device have {bytes} bytes, it takes at most {}", limits.bytes);
        return Err(Refusal::new(Reason::TooBig, what));
    }
    Ok(())
}

impl Bundle {
    fn subject(&self) -> Subject {
        Subject { folder: self.authentic.folder.clone(), document: self.authentic.document.clone() }
    }
}

impl Run<'_> {
    fn works(&self) -> Works<'_> {
        Works { store: &self.store, machine: self.client.disk.machine(), device: &self.device, time: self.time }
    }

    /// Goes on with an attempt that was cut off; says what came of it where it was taken back.
    fn complete(&self, state: &mut State) -> Result<Option<String>, ClientError> {
        self.store.prune(state)?;
        if state.attempt.is_none() {
            return Ok(None);
        }
        match self.works().go_on(state)? {
            Applied::InForce => Ok(None),
            Applied::TakenBack(why) => Ok(Some(why)),
        }
    }

    fn current(&self, state: &State) -> Result<Option<Generation>, ClientError> {
        state.current.map(|number| self.store.generation(number)).transpose()
    }

    fn search(&self, state: &State) -> Result<Search<Read>, ClientError> {
        let machine = self.client.disk.machine();
        let limits = self.device.limits.into();
        let current = self.current(state)?;
        let mut visit = |shelf: &dyn Shelf| match self.read(shelf, state, current.as_ref()) {
            Err(ClientError::Refused(refusal)) => Ok(Err(refusal.into())),
            other => other,
        };
        let found = match self.wish.from {
            _ if self.wish.without_medium => Ok(Search::NoMedium),
            Some(path) => medium::at(path, limits, &mut visit),
            None => medium::by_label(machine, &self.device.labels, limits, &mut visit),
        };
        match found {
            // A volume that cannot be read, or holds too many bundles, is refused like a bundle.
            Err(ClientError::Refused(refusal)) => {
                let path = self.wish.from.unwrap_or(Path::new("")).to_owned();
                Ok(Search::Found(Place { path, offset: 0, size: 0 }, Err(refusal.into())))
            }
            other => other,
        }
    }

    /// Reads what a medium holds for this device; nothing is changed.
    fn read(&self, shelf: &dyn Shelf, state: &State, current: Option<&Generation>) -> Result<Read, ClientError> {
        let machine = self.client.disk.machine();
        let own = Trust::now(machine, &self.device, state)?;
        let mut passed_by = Vec::new();
        let trust = own.transferred(shelf, &self.facts, state).unwrap_or_else(|Refusal { reason, what }| {
            passed_by.push(PassedBy { folder: TRANSFER_NAME.into(), reason, what });
            own.clone()
        });
        let limits: Limits = self.device.limits.into();
        let bench = Bench { facts: &self.facts, trust: &trust, state, current, time: self.time, limits };
        let choice = bench.choose(shelf)?;
        passed_by.extend(choice.passed_by);
        if choice.bundles.is_empty() {
            let refused = Self::nothing(shelf, passed_by);
            return Ok(Err(refused));
        }
        if let Err(refusal) = check_size(&choice.bundles, limits) {
            return Ok(Err(Refused { refusal, passed_by, subject: None }));
        }
        let keys = self.opening_keys()?;
        let mut bundles = Vec::new();
        for authentic in choice.bundles {
            let subject = Subject { folder: authentic.folder.clone(), document: authentic.document.clone() };
            match self.open(&bench, shelf, authentic, &keys) {
                Ok(bundle) => bundles.push(bundle),
                Err(ClientError::Refused(refusal)) => {
                    return Ok(Err(Refused { refusal, passed_by, subject: Some(subject) }));
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Ok(Taking { bundles, passed_by, transfer: trust.transfer }))
    }

    /// Says why nothing on a medium is for this device. A bundle for another device, among many, is none of ours to write on.
    fn nothing(shelf: &dyn Shelf, passed_by: Vec<PassedBy>) -> Refused {
        let Some((told, refusal)) = most_telling(&passed_by) else {
            // A folder can change between two looks.
            return Refusal::new(Reason::Truncated, "the bundles on the medium went away").into();
        };
        let is_ours = told.reason != Reason::OtherDevice || passed_by.len() == 1;
        let path = join(&told.folder, MANIFEST_NAME);
        let document = shelf.read(&path, LONGEST_MANIFEST as u64).ok().filter(|_| is_ours);
        let subject =
            document.map(|document| Subject { folder: told.folder.clone(), document: document.expose(<[u8]>::to_vec) });
        Refused { refusal, passed_by, subject }
    }

    fn opening_keys(&self) -> Result<Vec<OpeningKey>, ClientError> {
        let mut keys = self.device.baked_keys(self.client.disk.machine())?;
        keys.push(self.store.own_key()?);
        Ok(keys)
    }

    fn open(
        &self,
        bench: &Bench<'_>,
        shelf: &dyn Shelf,
        authentic: Authentic,
        keys: &[OpeningKey],
    ) -> Result<Bundle, ClientError> {
        bench.judge(&authentic)?;
        if bench.is_in_force(&authentic) {
            return Ok(Bundle { authentic, opened: None });
        }
        policy::allow(self.client.disk, &self.device, &authentic.manifest)?;
        let files = authentic.open(shelf, keys, bench.limits)?;
        let opened = Some(NewBundle::taken(&authentic, files).keeping(&authentic.manifest, bench.current)?);
        Ok(Bundle { authentic, opened })
    }

    /// Puts what was read in force, together with what stays of the generation before.
    fn take(&self, state: &mut State, taking: Taking) -> Result<Record, ClientError> {
        let Taking { bundles, passed_by, transfer } = taking;
        let record = if bundles.iter().all(|bundle| bundle.opened.is_none()) {
            self.works().serve(state)?;
            self.record(state, Outcome::Unchanged)?
        } else if let Some(waiting) = self.waiting_for(state, &bundles)? {
            self.try_again(state, waiting)?
        } else {
            self.stage(state, bundles, transfer)?;
            self.attempt(state)?
        };
        Ok(Record { passed_by, ..record })
    }

    /// Returns true in `Some` if these very bundles failed to prove themselves before: whether their time has come.
    fn waiting_for(&self, state: &State, bundles: &[Bundle]) -> Result<Option<bool>, ClientError> {
        let Some(waiting) = &state.waiting else { return Ok(None) };
        let stored = self.store.generation(waiting.generation)?;
        let holds = |bundle: &Bundle| stored.parts.iter().any(|part| part.digest == bundle.authentic.digest());
        let is_due = self.wish.now || waiting.is_due(self.time.system.unix_timestamp());
        Ok(bundles.iter().all(holds).then_some(is_due))
    }

    fn try_again(&self, state: &mut State, is_due: bool) -> Result<Record, ClientError> {
        let Some(waiting) = state.waiting.clone() else { return self.record(state, Outcome::Waiting) };
        if !is_due {
            self.works().serve(state)?;
            let mut record = self.record(state, Outcome::Waiting)?;
            record.what = Some(format!("it failed {} times to prove itself", waiting.failures));
            return Ok(record);
        }
        let Waiting { generation, failures, transfer, .. } = waiting;
        state.attempt = Some(Attempt { generation, begun: 0, failures, transfer });
        self.attempt(state)
    }

    /// Writes the next generation and notes that it is to be put in force.
    fn stage(&self, state: &mut State, bundles: Vec<Bundle>, transfer: Option<Taken>) -> Result<(), ClientError> {
        let current = self.current(state)?.filter(|_| transfer.is_none());
        let stays = current.iter().flat_map(|current| &current.parts);
        let lanes: Vec<String> = bundles
            .iter()
            .filter(|bundle| bundle.opened.is_some())
            .map(|bundle| State::lane(&bundle.authentic.manifest))
            .collect();
        let stays = stays.filter(|part| !lanes.contains(&State::lane(&part.manifest)));
        let mut parts = stays.map(super::generation::StoredBundle::carry).collect::<Result<Vec<_>, _>>()?;
        parts.extend(bundles.into_iter().filter_map(|bundle| bundle.opened));
        let generation = self.store.stage(state, &parts)?;
        state.attempt = Some(Attempt { generation, begun: 0, failures: 0, transfer });
        state.waiting = None;
        Ok(())
    }

    fn attempt(&self, state: &mut State) -> Result<Record, ClientError> {
        match self.works().go_on(state)? {
            Applied::InForce => self.record(state, Outcome::Applied),
            Applied::TakenBack(why) => {
                let mut record = self.record(state, Outcome::RolledBack)?;
                record.what = Some(why);
                Ok(record)
            }
        }
    }

    /// Goes on without a medium: a bundle that waits is tried if its time has come, else the copy serves.
    fn without(&self, state: &mut State, nothing: Outcome) -> Result<Record, ClientError> {
        let may_wait =
            self.wish.now || state.waiting.as_ref().is_some_and(|w| w.is_due(self.time.system.unix_timestamp()));
        if state.waiting.is_some() && may_wait && self.is_still_good(state)? {
            return self.try_again(state, true);
        }
        let serves = self.works().serve(state)?.is_some();
        let is_named = self.wish.from.is_some() && nothing == Outcome::NoBundle;
        self.record(state, if serves && !is_named { Outcome::CopyServes } else { nothing })
    }

    /// Returns true if what waits may still be taken; else it is forgotten.
    fn is_still_good(&self, state: &mut State) -> Result<bool, ClientError> {
        let Some(waiting) = &state.waiting else { return Ok(false) };
        let stored = self.store.generation(waiting.generation)?;
        let new = stored.parts.iter().filter(|part| !state.lanes.values().any(|seen| seen.digest == part.digest));
        let is_good = new.into_iter().all(|part| self.time.judge(&part.manifest).is_ok());
        if !is_good {
            state.waiting = None;
            self.store.save(state)?;
        }
        Ok(is_good)
    }

    fn refused(&self, state: &State, refused: Refused) -> Result<Record, ClientError> {
        self.works().serve(state)?;
        let record = self.record(state, Outcome::Refused)?;
        let Refused { refusal, passed_by, .. } = refused;
        Ok(Record { reason: Some(refusal.reason), what: Some(refusal.what), passed_by, ..record })
    }

    /// Leaves the signed result beside each bundle; returns whether it lies there, and why not.
    fn testify(&self, place: &Place, subjects: &[Subject], record: &Record) -> Option<String> {
        let key = self.store.result_seed(self.client.random).ok().and_then(|seed| ResultKey::of(&seed))?;
        let recipient = self.store.recipient().ok();
        let mut said = None;
        for subject in subjects {
            let Some(bytes) = testify(subject, record, &self.facts, self.time, recipient.clone(), &key) else {
                continue;
            };
            let left = leave(place, &subject.folder, &bytes);
            said = Some(left.map_or_else(|why| format!("not written: {why}"), |()| "written".to_owned()));
        }
        said
    }

    /// Returns the record of what is in force now.
    fn record(&self, state: &State, outcome: Outcome) -> Result<Record, ClientError> {
        let mut record = Record::new(outcome, text(self.time.system));
        record.device.clone_from(&state.device);
        record.generation = state.current;
        record.bundles = self.current(state)?.map(|current| current.record()).unwrap_or_default();
        let next = state.waiting.as_ref().and_then(|w| time::OffsetDateTime::from_unix_timestamp(w.next).ok());
        record.next_try = next.map(text);
        Ok(record)
    }

    /// Remembers and shows what came of the run. A refusal, or a medium that is left plugged in, does not wear the flash out:
    /// the same outcome is not written again.
    fn finish(&self, state: &mut State, record: &Record) -> Result<(), ClientError> {
        let known = state.last.as_ref().map(|last| Record { time: record.time.clone(), ..last.clone() });
        if known.as_ref() != Some(record) {
            state.last = Some(record.clone());
            self.store.save(state)?;
        }
        self.store.prune(state)?;
        outcome::show(self.client.disk.machine(), &self.device, record);
        Ok(())
    }
}
