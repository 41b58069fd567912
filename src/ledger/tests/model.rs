//! Random sequences of operations against a small model of what must hold.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::*;
use crate::delivery::{PublicCredential, Step, TargetIdentity};
use crate::fleet::{Class, DevicePlan, Retain};
use crate::ledger::*;

#[derive(Clone, Debug)]
enum Operation {
    Run { device: usize, zone: usize, target: usize, again: Option<Again>, last: usize, fails: bool },
    Restart,
    Retire { device: usize },
}

const LASTS: [Step; 7] =
    [Step::Begin, Step::Bind, Step::Sealed, Step::Exposed, Step::Verified, Step::Registered, Step::Finished];

fn operation() -> impl Strategy<Value = Operation> {
    let again = prop_oneof![
        6 => Just(None),
        1 => Just(Some(Again::Lost)),
        1 => Just(Some(Again::Damaged)),
        1 => Just(Some(Again::Copy)),
    ];
    let run = (0..2_usize, 0..2_usize, 0..4_usize, again, 0..LASTS.len(), any::<bool>()).prop_map(
        |(device, zone, target, again, last, fails)| Operation::Run { device, zone, target, again, last, fails },
    );
    prop_oneof![
        20 => run,
        2 => Just(Operation::Restart),
        1 => (0..2_usize).prop_map(|device| Operation::Retire { device }),
    ]
}

/// What the test knows by itself.
#[derive(Default)]
struct Model {
    /// The public half each generation was issued with: never another.
    issued: BTreeMap<(String, String, u32), PublicCredential>,
    /// Generations that were reported lost: never carried again.
    lost: BTreeSet<(String, String, u32)>,
    /// Generations whose bytes left on some target.
    left: BTreeSet<(String, String, u32)>,
    /// Hardware that each version was exposed on, and whether more than one was asked for.
    hardware: BTreeMap<(String, u32), (BTreeSet<String>, bool)>,
    /// Hardware that was exposed and not verified since, by device: nothing else may get these secrets.
    half: BTreeMap<String, String>,
    /// The highest version that ever left, by device.
    newest: BTreeMap<String, u32>,
    retired: BTreeSet<String>,
}

fn target(number: usize) -> TargetIdentity {
    match number {
        0 => image("a.img"),
        1 => image("b.img"),
        2 => stick("A"),
        _ => stick("B"),
    }
}

fn planned(device: usize, zone_number: usize) -> DevicePlan {
    zone(plan(&format!("gw-{device}")), ["UTC", "CET"][zone_number])
}

impl Model {
    fn run(&mut self, world: &World, operation: &Operation) {
        let Operation::Run { device, zone, target: number, again, last, fails } = operation else { return };
        let (plan, target) = (planned(*device, *zone), target(*number));
        let name = plan.device.to_string();
        let claim = match begin(&world.ledger, &plan, &target, *again) {
            Ok(claim) => claim,
            Err(error) => return self.expect_refusal(&name, &error),
        };
        assert!(!self.retired.contains(&name), "a retired device is served");
        match claim {
            Claim::Done(done) => {
                assert_eq!(again, &None);
                let next = begin(&world.ledger, &plan, &target, None).unwrap();
                assert!(matches!(next, Claim::Done(again) if again == done), "done stays done");
            }
            other => self.follow(world, other.ticket(), &target, *again, LASTS[*last], *fails),
        }
    }

    fn expect_refusal(&self, name: &str, error: &LedgerError) {
        match error {
            LedgerError::Retired { .. } => assert!(self.retired.contains(name)),
            LedgerError::ExposedElsewhere { .. } | LedgerError::MaterialDestroyed { .. } => {}
            other => panic!("{other}"),
        }
    }

    fn follow(
        &mut self,
        world: &World,
        ticket: Ticket,
        target: &TargetIdentity,
        again: Option<Again>,
        last: Step,
        fails: bool,
    ) {
        let name = ticket.device.to_string();
        if again == Some(Again::Lost) && ticket.reached == Step::Begin {
            self.note_lost(world, &name);
            self.half.remove(&name);
        }
        if again == Some(Again::Damaged) && ticket.reached == Step::Begin {
            self.note_damaged(&name);
            self.half.remove(&name);
        }
        assert!(ticket.version >= self.newest.get(&name).copied().unwrap_or(0), "versions never go back");
        let version = ticket.version;
        let keys: Vec<_> =
            ticket.credentials.iter().map(|state| (name.clone(), state.name.to_string(), state.generation)).collect();
        for (state, key) in ticket.credentials.iter().zip(&keys) {
            assert!(!self.lost.contains(key), "{key:?} was lost and is carried again");
            let public = match &state.issued {
                Some(issued) => issued.public.clone(),
                None if last >= Step::Sealed => {
                    issue(&ticket.device, &state.name, state.generation, Retain::Keep, "first").public
                }
                None => continue,
            };
            let known = self.issued.entry(key.clone()).or_insert_with(|| public.clone());
            assert_eq!(*known, public, "one generation, two identities");
        }
        if last >= Step::Exposed || ticket.reached >= Step::Exposed {
            self.left.extend(keys);
            self.newest.insert(name.clone(), version);
            if target.is_hardware() {
                let half = self.half.insert(name.clone(), target.name.clone());
                assert!(half.is_none_or(|half| half == target.name), "{name}: half written elsewhere");
                if last >= Step::Verified {
                    self.half.remove(&name);
                }
                let (on, wanted) = self.hardware.entry((name.clone(), version)).or_default();
                on.insert(target.name.clone());
                *wanted |= again == Some(Again::Copy);
                assert!(*wanted || on.len() < 2, "version {version} of {name} on two media that nobody asked for");
            }
        }
        let rest = drive(&world.ledger, ticket, target, last);
        if let Some(ticket) = rest.filter(|_| fails) {
            world.ledger.failed(&ticket, Class::Surroundings, "unplugged").unwrap();
            assert!(
                world.ledger.pending().unwrap().iter().any(|open| open.delivery == ticket.delivery && !open.under_way)
            );
        }
    }

    /// A damaged run that has just begun: whatever carried the device's secrets is declared broken.
    fn note_damaged(&mut self, name: &str) {
        for ((device, _), (on, _)) in &mut self.hardware {
            if device == name {
                on.clear();
            }
        }
    }

    /// A lost run that has just begun: what had left is revoked now.
    fn note_lost(&mut self, world: &World, name: &str) {
        let history = world.ledger.device(&id(name)).unwrap().unwrap();
        for record in &history.generations {
            let key = (name.to_owned(), record.public.name.to_string(), record.public.generation);
            if record.state == GenerationState::Revoked {
                assert!(self.left.contains(&key), "{key:?} never left and was revoked");
                self.lost.insert(key);
            }
        }
    }

    fn check(&self, world: &World) {
        world.is_sound();
        for device in 0..2 {
            let Some(history) = world.ledger.device(&id(&format!("gw-{device}"))).unwrap() else { continue };
            let mut active = BTreeSet::new();
            for record in &history.generations {
                let usable = record.state == GenerationState::Active;
                assert!(!usable || active.insert(record.public.name.clone()), "two active generations");
                assert!(record.state != GenerationState::Revoked || !record.private, "a revoked private half exists");
            }
            let numbers: Vec<u32> = history.versions.iter().map(|version| version.version).collect();
            assert_eq!(numbers, (1..).take(numbers.len()).collect::<Vec<u32>>());
        }
        for (name, credential, generation) in self.issued.keys() {
            let history = world.ledger.device(&id(name)).unwrap().unwrap();
            let found = history
                .generations
                .iter()
                .any(|record| *record.public.name == **credential && record.public.generation == *generation);
            assert!(found, "{name} {credential} {generation} is gone");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 2_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_the_invariants_hold(operations in prop::collection::vec(operation(), 1..25)) {
        let mut world = World::new();
        let mut model = Model::default();
        for operation in &operations {
            match operation {
                Operation::Restart => world = world.restart(),
                Operation::Retire { device } => {
                    let name = format!("gw-{device}");
                    if world.ledger.retire(&id(&name), "no more").is_ok() {
                        model.retired.insert(name);
                    }
                }
                run @ Operation::Run { .. } => model.run(&world, run),
            }
        }
        model.check(&world);
    }
}
