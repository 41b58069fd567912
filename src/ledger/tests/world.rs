//! A small fleet for the tests.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::delivery::{Clock, PublicCredential, PublicKind, Receipt, SealedMaterial, Step, TargetIdentity, TargetKind};
use crate::fleet::{
    BundlePlan, CertificateProfile, CredentialKind, CredentialShape, DeliveryPlan, DevicePlan, Digest, EndpointName,
    Filesystem, KeyAlgorithm, MediumPlan, PartitionTable, Retain, Seal, SerialNumber, Validity, Variable,
};
use crate::ledger::*;

/// A clock that a test sets.
pub(super) struct Watch(pub(super) AtomicI64);

impl Clock for Watch {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0.fetch_add(1, Ordering::SeqCst)).unwrap()
    }
}

pub(super) const NOON: i64 = 1_780_000_000;

/// A folder with a ledger in it.
pub(super) struct World {
    pub(super) folder: tempfile::TempDir,
    pub(super) watch: Arc<Watch>,
    pub(super) ledger: Ledger,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let watch = Arc::new(Watch(AtomicI64::new(NOON)));
        let ledger = open(&folder.path().join("ledger.db"), &watch);
        Self { folder, watch, ledger }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    /// Closes the ledger and opens it again: what a restart of the program does.
    pub(super) fn restart(mut self) -> Self {
        let path = self.path();
        let other = self.folder.path().join("other.db");
        self.ledger = open(&other, &self.watch);
        self.ledger = open(&path, &self.watch);
        self
    }

    pub(super) fn begin(&self, plan: &DevicePlan, target: &TargetIdentity) -> Result<Claim, LedgerError> {
        begin(&self.ledger, plan, target, None)
    }

    pub(super) fn again(&self, plan: &DevicePlan, target: &TargetIdentity, again: Again) -> Result<Claim, LedgerError> {
        begin(&self.ledger, plan, target, Some(again))
    }

    /// Takes a device all the way.
    pub(super) fn deliver(&self, plan: &DevicePlan, target: &TargetIdentity) {
        let ticket = self.begin(plan, target).unwrap().ticket();
        drive(&self.ledger, ticket, target, Step::Finished);
    }

    /// Takes a device up to and including a step, and drops the ticket.
    pub(super) fn deliver_to(&self, plan: &DevicePlan, target: &TargetIdentity, last: Step) {
        let ticket = self.begin(plan, target).unwrap().ticket();
        drive(&self.ledger, ticket, target, last);
    }

    /// Says for each generation `name generation state`, with `+` while its private half exists.
    pub(super) fn generations(&self, id: &str) -> Vec<String> {
        let history = self.ledger.device(&EndpointName::new(id).unwrap()).unwrap().unwrap();
        let word = |record: &GenerationRecord| {
            let private = if record.private { "+" } else { "" };
            format!("{} {} {}{private}", record.public.name, record.public.generation, record.state.name())
        };
        history.generations.iter().map(word).collect()
    }

    /// Says for each delivery `version state`.
    pub(super) fn deliveries(&self, id: &str) -> Vec<String> {
        let history = self.ledger.device(&EndpointName::new(id).unwrap()).unwrap().unwrap();
        history.deliveries.iter().map(|record| format!("{} {}", record.version, record.state.name())).collect()
    }

    pub(super) fn is_sound(&self) {
        let report = self.ledger.verify_chain().unwrap();
        assert!(report.is_sound(), "{:?}", report.findings);
    }
}

pub(super) fn open(path: &Path, watch: &Arc<Watch>) -> Ledger {
    Ledger::open(path, "acme", provenance(), Arc::clone(watch) as Arc<dyn Clock>).unwrap()
}

pub(super) fn provenance() -> Provenance {
    Provenance {
        operator: "ada".into(),
        station: "bench-1".into(),
        batch: Some("B7".into()),
        tool: "firstlight 0.1.0".into(),
    }
}

pub(super) fn begin(
    ledger: &Ledger,
    plan: &DevicePlan,
    target: &TargetIdentity,
    again: Option<Again>,
) -> Result<Claim, LedgerError> {
    ledger.begin(&Beginning { plan, summary: &summary(plan), target, again, rework: None })
}

impl Claim {
    pub(super) fn word(&self) -> &'static str {
        match self {
            Claim::Fresh(_) => "fresh",
            Claim::Resume(_) => "resume",
            Claim::Changed(_) => "changed",
            Claim::Done(_) => "done",
        }
    }

    pub(super) fn ticket(self) -> Ticket {
        match self {
            Claim::Fresh(ticket) | Claim::Resume(ticket) | Claim::Changed(ticket) => ticket,
            Claim::Done(done) => panic!("already done: {done:?}"),
        }
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

pub(super) fn id(text: &str) -> EndpointName {
    EndpointName::new(text).unwrap()
}

pub(super) fn summary(plan: &DevicePlan) -> Value {
    plan.summary(&|name, variable| Digest::of(format!("{name}{variable:?}").as_bytes()))
}

/// A device with a certificate (until delivered), a PSK (keep) and a token key (never).
pub(super) fn plan(text: &str) -> DevicePlan {
    let shape = |kind: CredentialKind, retain| CredentialShape { kind, retain };
    let x509 = CredentialKind::X509 {
        key: KeyAlgorithm::P256,
        profile: CertificateProfile::Idevid,
        valid: Validity::Forever,
        made: crate::fleet::KeyOrigin::default(),
    };
    let credentials = BTreeMap::from([
        (Arc::from("identity"), shape(x509, Retain::UntilDelivered)),
        (Arc::from("management"), shape(CredentialKind::Psk { bytes: 16, identity: None, group: None }, Retain::Keep)),
    ]);
    DevicePlan {
        fleet: "acme".into(),
        device: id(text),
        serial: Some(SerialNumber::new(&format!("S-{text}")).unwrap()),
        model: Some("m1".into()),
        profile: "gateway".into(),
        group: None,
        delivery: Arc::new(DeliveryPlan {
            name: "stick".into(),
            bundle: BundlePlan {
                name: "site".into(),
                template: "cloud-init".into(),
                template_digest: Digest::of(b"template"),
                seal: Seal::None,
                accept_plaintext: Some("a reason that is long enough to be shared between devices".repeat(5)),
                sealing: crate::fleet::SealingPlan::default(),
            },
            carrier: MediumPlan {
                table: PartitionTable::Mbr,
                filesystem: Filesystem::Fat32,
                label: "CIDATA".into(),
                size: Some(64 << 20),
            }
            .into(),
        }),
        credentials: Arc::new(credentials),
        servers: Arc::default(),
        variables: BTreeMap::from([
            (Arc::from("timezone"), Variable::Plain(json!("Europe/Berlin"))),
            (Arc::from("wifi"), Variable::Secret("wifi".into())),
        ]),
        addressee: crate::fleet::Addressee::default(),
    }
}

/// The same plan with every credential kept.
pub(super) fn keeping(mut plan: DevicePlan) -> DevicePlan {
    retain(&mut plan, "identity", Retain::Keep);
    plan
}

pub(super) fn retain(plan: &mut DevicePlan, name: &str, retain: Retain) {
    Arc::make_mut(&mut plan.credentials).get_mut(name).unwrap().retain = retain;
}

pub(super) fn zone(mut plan: DevicePlan, zone: &str) -> DevicePlan {
    plan.variables.insert("timezone".into(), Variable::Plain(json!(zone)));
    plan
}

fn target(kind: TargetKind, name: &str) -> TargetIdentity {
    let path = format!("/x/{name}");
    TargetIdentity {
        kind,
        name: name.into(),
        path,
        size: None,
        port: None,
        serial: None,
        cid: None,
        diskseq: None,
        chip: None,
    }
}

pub(super) fn image(name: &str) -> TargetIdentity {
    target(TargetKind::ImageFile, name)
}

pub(super) fn stick(serial: &str) -> TargetIdentity {
    TargetIdentity {
        size: Some(8_000_000_000),
        port: Some("1-4".into()),
        serial: Some(serial.into()),
        diskseq: Some(7),
        ..target(TargetKind::Drive, &format!("/dev/{serial}"))
    }
}

/// Makes up what the authority would issue: all values depend on device, name and generation, and on `salt`.
pub(super) fn issue(device: &EndpointName, name: &str, generation: u32, retain: Retain, salt: &str) -> NewCredential {
    let seed = format!("{}/{name}/{generation}/{salt}", device.as_str());
    let kind = if name == "management" {
        PublicKind::Psk { identity: device.to_string() }
    } else {
        PublicKind::X509 {
            certificate: seed.clone().into_bytes(),
            issuers: vec![b"station".to_vec(), b"root".to_vec()],
            serial: hex::encode(&Digest::of(seed.as_bytes()).as_bytes()[..16]),
            key_fingerprint: Digest::of(format!("key {seed}").as_bytes()),
        }
    };
    NewCredential {
        public: PublicCredential { name: name.into(), generation, kind, demo: false },
        material: SealedMaterial {
            key: format!("wrapped key of {seed}").into_bytes(),
            body: format!("sealed body of {seed}").into_bytes(),
        },
        retain,
        wraps: if name == "management" { vec![("hub".into(), b"for hub".to_vec())] } else { vec![] },
    }
}

/// Issues what a ticket misses.
pub(super) fn issue_missing(ticket: &Ticket, salt: &str) -> Vec<NewCredential> {
    let missing = ticket.credentials.iter().filter(|state| state.issued.is_none());
    let retain = |name: &str| if name == "management" { Retain::Keep } else { Retain::UntilDelivered };
    missing.map(|state| issue(&ticket.device, &state.name, state.generation, retain(&state.name), salt)).collect()
}

pub(super) fn spool_of(ticket: &Ticket) -> SealedMaterial {
    let seed = format!("{} v{} d{}", ticket.device, ticket.version, ticket.delivery);
    SealedMaterial { key: format!("spool key {seed}").into_bytes(), body: format!("spool body {seed}").into_bytes() }
}

pub(super) fn artifact_of(ticket: &Ticket) -> Digest {
    Digest::of(format!("{} v{}", ticket.device, ticket.version).as_bytes())
}

pub(super) fn receipt(ticket: &Ticket, target: &TargetIdentity) -> Receipt {
    let image = Digest::of(b"image");
    let artifact = artifact_of(ticket);
    Receipt {
        target: target.clone(),
        artifact,
        image,
        read_back: image,
        written: 10,
        compared: 10,
        accept_plaintext: None,
    }
}

/// Goes on from where a ticket stands, up to and including `last`.
/// Gives the ticket back unless the delivery is finished.
pub(super) fn drive(ledger: &Ledger, ticket: Ticket, target: &TargetIdentity, last: Step) -> Option<Ticket> {
    let due = |step: Step| last >= step && ticket.reached < step;
    if last >= Step::Bind {
        ledger.bind(&ticket, target).unwrap();
    }
    if due(Step::Sealed) {
        ledger.sealed(&ticket, issue_missing(&ticket, "first"), artifact_of(&ticket), spool_of(&ticket)).unwrap();
    }
    if due(Step::Exposed) {
        ledger.exposed(&ticket).unwrap();
    }
    if due(Step::Verified) {
        ledger.verified(&ticket, &receipt(&ticket, target)).unwrap();
    }
    if due(Step::Registered) {
        ledger.registered(&ticket).unwrap();
    }
    if due(Step::Finished) {
        ledger.finish(ticket).unwrap();
        return None;
    }
    Some(ticket)
}
