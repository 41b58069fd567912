//! The station's procedures on a drive that exists only in memory, with a real authority and a real ledger on disk.
#![allow(dead_code, clippy::unwrap_used, missing_docs, unreachable_pub, clippy::missing_panics_doc)]

use std::path::Path;
use std::sync::{Arc, Mutex};

use firstlight::authority::{AskPassphrase, AuthorityError};
use firstlight::delivery::{
    Cargo, Confirm, Consent, Effect, Event, Footprint, Part, Preflight, Receipt, Sink, SinkError, Step, TargetIdentity,
    TargetKind,
};
use firstlight::fleet::Secret;
use firstlight::host::surroundings::{OsRandom, SystemClock};
use firstlight::station::{Shelf, Station, StationError, Surroundings, load};

/// A drive in memory: what was written last survives in `content`.
pub struct MemoryDrive {
    pub serial: &'static str,
    pub content: Arc<Mutex<Option<String>>>,
    pub fault: Option<fn() -> SinkError>,
    /// Another drive is in its place from the n-th look on.
    pub exchanged_at: Option<usize>,
    /// What a look says would be lost.
    pub lost: Vec<String>,
    pub looks: usize,
}

impl MemoryDrive {
    pub fn new(serial: &'static str) -> Self {
        Self { serial, content: Arc::default(), fault: None, exchanged_at: None, lost: Vec::new(), looks: 0 }
    }

    pub fn dying(serial: &'static str) -> Self {
        let fault = || SinkError::Gone { target: "/dev/memory".into(), doing: "writing" };
        Self { fault: Some(fault), ..Self::new(serial) }
    }
}

impl Sink for MemoryDrive {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        self.looks += 1;
        let is_exchanged = self.exchanged_at.is_some_and(|at| self.looks >= at);
        let target = TargetIdentity {
            kind: TargetKind::Drive,
            name: "/dev/memory".into(),
            path: "/dev/memory".into(),
            size: Some(64 << 20),
            port: Some("1-1".into()),
            serial: Some(self.serial.into()),
            cid: None,
            diskseq: Some(if is_exchanged { 2 } else { 1 }),
            chip: None,
        };
        Ok(Preflight::new(target, Effect::Overwrites(self.lost.clone()), need.carrier.clone(), None))
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let device = cargo.device().clone();
        if let Some(fault) = self.fault {
            return Err(fault());
        }
        let text = |part: &Part<'_>| String::from_utf8(part.artifact().document().to_vec()).unwrap();
        *self.content.lock().unwrap() = Some(cargo.parts().iter().map(text).collect());
        watch(Event::Step { device: &device, step: Step::Written });
        watch(Event::Step { device: &device, step: Step::ReadBack });
        let digest = cargo.digest();
        Ok(Receipt {
            target: consent.target().clone(),
            artifact: digest,
            image: digest,
            read_back: digest,
            written: cargo.payload(),
            compared: cargo.payload(),
            accept_plaintext: cargo.accept_plaintext(),
        })
    }
}

pub struct Yes;

impl Confirm for Yes {
    fn confirm(&self, _: &Preflight) -> Result<(), SinkError> {
        Ok(())
    }
}

pub struct Nobody;

impl AskPassphrase for Nobody {
    fn passphrase(&self, _: &str) -> Result<Secret, AuthorityError> {
        panic!("the test fleets have no passphrase")
    }
}

pub fn open(root: &Path) -> Result<Station, StationError> {
    let shelf = Shelf::default();
    let folder = load::load(root, load::Inputs { inventory: None, stdin: &mut std::io::empty() }, &shelf)?;
    let surroundings = Surroundings {
        clock: Arc::new(SystemClock),
        random: Arc::new(OsRandom),
        ask: Arc::new(Nobody),
        operator: "tester".into(),
        interrupt: Arc::new(|| None),
    };
    Station::open(folder, shelf, surroundings)
}
