//! Registrations against a real store.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

use serde_json::json;
use time::OffsetDateTime;

use super::*;
use crate::delivery::Clock;
use crate::fleet::enrolment::{Approval, GroupPolicy, ProofKind, Refusal, Reprovision};
use crate::fleet::{Digest, EndpointName, SerialNumber};
use crate::registry::instances::Chosen;
use crate::registry::tests::cluster::{BOTH, Place, place};
use crate::registry::{Engine, Registry, Value};

pub(in crate::registry) struct Noon;

impl Clock for Noon {
    fn now(&self) -> OffsetDateTime {
        time::macros::datetime!(2026-11-21 12:00 UTC)
    }
}

/// A store with the group "line-a", and the queue before it.
pub(in crate::registry) struct World {
    pub(in crate::registry) registrar: Registrar,
    pub(in crate::registry) registry: Registry,
    pub(in crate::registry) place: Place,
}

pub(in crate::registry) fn open(address: &str) -> Registry {
    Registry::open(address, "acme", Arc::new(Noon)).unwrap()
}

impl World {
    pub(in crate::registry) fn new(engine: Engine, policy: GroupPolicy) -> Self {
        let place = place(engine);
        let registry = open(&place.address);
        Self::on(registry, place, &policy)
    }

    /// A world on a handle of the caller's own.
    pub(in crate::registry) fn on(registry: Registry, place: Place, policy: &GroupPolicy) -> Self {
        let world = Self { registrar: Registrar::start(registry.clone()), registry, place };
        world.put("line-a", policy);
        world
    }

    fn put(&self, group: &str, policy: &GroupPolicy) {
        let (group, policy) = (group.to_owned(), serde_json::to_string(policy).unwrap());
        let put = self.registry.write(move |writing| {
            let text =
                "INSERT INTO grp (tenant, id, policy, declared, etag, used, changed) VALUES ($1, $2, $3, 1, 1, 0, 0)";
            writing.sql.execute(text, &["acme".into(), Value::from(&group), Value::from(&policy)])
        });
        assert_eq!(put, Ok(1));
    }

    fn run(&self, text: &'static str, values: Vec<Value>) {
        assert_eq!(self.registry.write(move |writing| writing.sql.execute(text, &values)), Ok(1));
    }

    pub(in crate::registry) fn count(&self, table: &str) -> i64 {
        let text = format!("SELECT count(*) FROM {table}");
        self.registry.read(|reading| reading.sql.maybe_row(&text, &[])?.unwrap().integer(0)).unwrap()
    }

    pub(in crate::registry) fn chain(&self) -> i64 {
        self.registry.read(|reading| crate::registry::chain::verify(reading.sql, "acme")).unwrap().unwrap()
    }

    pub(in crate::registry) fn register(&self, asked: &Asked) -> Decision {
        self.registrar.register(asked.clone()).unwrap()
    }

    fn refused(&self, asked: &Asked) -> Refusal {
        match self.register(asked) {
            Decision::Refused(refusal) => refusal,
            other => panic!("{other:?}"),
        }
    }
}

pub(in crate::registry) fn policy() -> GroupPolicy {
    let policy = json!({"proofs": [ProofKind::Claim, ProofKind::Token, ProofKind::X509]});
    serde_json::from_value(policy).unwrap()
}

/// A registration of device `id`, under a key of its own for each `request`.
pub(in crate::registry) fn asked(policy: &GroupPolicy, id: &str, request: &str) -> Asked {
    let registration = format!("{}-{request}", id.to_ascii_lowercase());
    Asked {
        device: EndpointName::new(id).unwrap(),
        group: "line-a".into(),
        etag: 1,
        policy: Arc::new(policy.clone()),
        proof: Proof::Claim,
        nonce: None,
        request: registration.clone(),
        digest: Digest::of(id.as_bytes()),
        facts: Facts { attributes: [("site".into(), "berlin".into())].into(), ..Facts::default() },
        credential: None,
        instance: Some(NewInstance {
            model: "sensor".into(),
            version: "1.0.0".into(),
            values: json!({"a": 1}),
            chosen: Chosen::Rule,
            supplied: None,
        }),
        resources: vec![NewResource { kind: "topic".into(), name: format!("t/{id}"), detail: json!({}) }],
        allocates: false,
        validated: Validated::Agreed,
        asked: json!({"id": id}),
        answer: json!({"registration": registration}).into(),
        source: "192.0.2.1".into(),
        registration,
    }
}

pub(in crate::registry) fn credential(key: u8) -> NewCredential {
    NewCredential {
        name: "registration".into(),
        kind: "x509".into(),
        fingerprint: Digest::of(&[key]),
        public: "PEM".into(),
        not_before: None,
        not_after: None,
    }
}

#[test]
fn a_registration_is_written_whole_and_the_chain_holds() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let decision = world.register(&asked(&policy(), "gw-1", "a"));
        assert!(matches!(decision, Decision::Assigned { .. }), "{decision:?}");
        for table in ["device", "registration", "instance", "resource", "attribute", "event"] {
            assert_eq!(world.count(table), 1, "{table}");
        }
        assert_eq!(world.chain(), 1);
    }
}

#[test]
fn a_refused_request_leaves_nothing_but_an_audit_line() {
    for engine in BOTH {
        let mut strict = policy();
        strict.admit.listed = true;
        let world = World::new(engine, strict.clone());
        assert_eq!(world.refused(&asked(&strict, "gw-1", "a")), Refusal::NotOnAllowList);
        for table in ["device", "registration", "instance", "resource", "attribute", "credential"] {
            assert_eq!(world.count(table), 0, "{table}");
        }
        assert_eq!(world.chain(), 1);
    }
}

#[test]
fn the_same_request_gets_the_same_answer_and_changes_nothing() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let first = asked(&policy(), "gw-1", "a");
        world.register(&first);
        let again = Asked { registration: "another".into(), answer: json!("another").into(), ..first.clone() };
        let same = Decision::Same { registration: first.registration.clone(), answer: first.answer.clone() };
        assert_eq!(world.register(&again), same);
        assert_eq!((world.count("registration"), world.chain()), (1, 1));
        let other = Asked { digest: Digest::of(b"other"), ..first };
        assert_eq!(world.refused(&other), Refusal::IdempotencyKeyReused);
    }
}

#[test]
fn ids_that_differ_in_case_only_are_one_device() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        world.register(&asked(&policy(), "gw-1", "a"));
        let decision = world.register(&asked(&policy(), "GW-1", "b"));
        assert!(matches!(decision, Decision::Same { .. }), "{decision:?}");
        assert_eq!(world.count("device"), 1);
    }
}

#[test]
fn a_nonce_is_good_once_even_within_one_batch() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let nonce = Some(Nonce { value: "n".into(), expires: Noon.now() + time::Duration::minutes(5) });
        let first = Asked { nonce: nonce.clone(), ..asked(&policy(), "gw-1", "a") };
        let second = Asked { nonce, ..asked(&policy(), "gw-2", "b") };
        let decisions = world.registry.write({
            let batch = vec![first.clone(), second.clone()];
            move |writing| super::apply::register_all(writing, &batch)
        });
        let decisions = decisions.unwrap();
        assert!(matches!(decisions[0], Decision::Assigned { .. }));
        assert_eq!(decisions[1], Decision::Refused(Refusal::NonceReplayed));
        assert_eq!(world.refused(&first), Refusal::NonceReplayed);
    }
}

#[test]
fn a_used_up_token_still_gives_its_device_the_same_answer() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let hash = Digest::of(b"token");
        world.run(
        "INSERT INTO token (hash, tenant, id, grp, max_uses, used, made_by, made) VALUES ($1, 'acme', 't', 'line-a', 1, 0, 'x', 0)",
        vec![hash.as_bytes().as_slice().into()],
    );
        let first = Asked { proof: Proof::Token(hash), ..asked(&policy(), "gw-1", "a") };
        world.register(&first);
        assert!(matches!(world.register(&first), Decision::Same { .. }));
        let second = Asked { proof: Proof::Token(hash), ..asked(&policy(), "gw-2", "b") };
        assert_eq!(world.refused(&second), Refusal::TokenUsedUp);
        let unknown = Asked { proof: Proof::Token(Digest::of(b"x")), ..asked(&policy(), "gw-3", "c") };
        assert_eq!(world.refused(&unknown), Refusal::TokenUnknown);
    }
}

#[test]
fn a_quota_holds_within_one_batch_too() {
    for engine in BOTH {
        let mut small = policy();
        small.quota = Some(2);
        let world = World::new(engine, small.clone());
        let batch: Vec<Asked> = (0..4).map(|n| asked(&small, &format!("gw-{n}"), "a")).collect();
        let decisions = world.registry.write(move |writing| super::apply::register_all(writing, &batch)).unwrap();
        let assigned = decisions.iter().filter(|decision| matches!(decision, Decision::Assigned { .. })).count();
        assert_eq!((assigned, world.count("device")), (2, 2));
        assert_eq!(decisions[3], Decision::Refused(Refusal::QuotaReached));
    }
}

#[test]
fn a_key_belongs_to_the_device_that_proved_itself_by_it() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let proof = Proof::Key { fingerprint: Digest::of(b"key"), must_be_known: false };
        world.register(&Asked { proof: proof.clone(), ..asked(&policy(), "gw-1", "a") });
        assert_eq!(
            world.refused(&Asked { proof: proof.clone(), ..asked(&policy(), "gw-2", "b") }),
            Refusal::ProofOfAnotherDevice
        );
        world.run("UPDATE credential SET state = 'revoked' WHERE tenant = $1", vec!["acme".into()]);
        assert_eq!(world.refused(&Asked { proof, ..asked(&policy(), "gw-1", "c") }), Refusal::CertificateRevoked);
    }
}

#[test]
fn a_serial_number_is_one_device_s() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let mut first = asked(&policy(), "gw-1", "a");
        first.facts.serial = Some(SerialNumber::new("SN1").unwrap());
        let mut second = asked(&policy(), "gw-2", "b");
        second.facts.serial.clone_from(&first.facts.serial);
        world.register(&first);
        assert_eq!(world.refused(&second), Refusal::SerialTaken);
    }
}

#[test]
fn each_way_of_registering_again_does_what_it_says() {
    for engine in BOTH {
        for (mode, expected) in [
            (Reprovision::Deny, Err(Refusal::AlreadyRegistered)),
            (Reprovision::Same, Ok("gw-1-a")),
            (Reprovision::Rotate, Ok("gw-1-a")),
            (Reprovision::Move, Ok("gw-1-a")),
            (Reprovision::Reset, Ok("gw-1-b")),
        ] {
            let mut policy = policy();
            policy.reprovision = mode;
            let world = World::new(engine, policy.clone());
            let first = Asked { credential: Some(credential(1)), ..asked(&policy, "gw-1", "a") };
            world.register(&first);
            let decision = world.register(&Asked { credential: Some(credential(2)), ..asked(&policy, "gw-1", "b") });
            let registration = match decision {
                Decision::Assigned { registration, .. } | Decision::Same { registration, .. } => Ok(registration),
                Decision::Refused(refusal) => Err(refusal),
                other => panic!("{mode:?}: {other:?}"),
            };
            assert_eq!(registration.as_deref().map_err(|refusal| *refusal), expected, "{mode:?}");
            let active = world
                .registry
                .read(|reading| {
                    let text = "SELECT count(*) FROM credential WHERE state = 'active'";
                    reading.sql.maybe_row(text, &[])?.unwrap().integer(0)
                })
                .unwrap();
            assert_eq!((active, world.count("device")), (1, 1), "{mode:?}");
            let rotated = matches!(mode, Reprovision::Rotate | Reprovision::Reset);
            assert_eq!(world.count("credential"), if rotated { 2 } else { 1 }, "{mode:?}");
        }
    }
}

#[test]
fn a_device_moves_to_another_group_only_where_that_takes_it() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let mut taking = policy();
        taking.reprovision = Reprovision::Move;
        world.put("line-b", &taking);
        world.register(&asked(&policy(), "gw-1", "a"));
        let moving = Asked { group: "line-b".into(), ..asked(&taking, "gw-1", "b") };
        assert!(matches!(world.register(&moving), Decision::Assigned { .. }));
        let back = Asked { group: "line-a".into(), ..asked(&policy(), "gw-1", "c") };
        assert_eq!(world.refused(&back), Refusal::AlreadyRegistered);
        let used = world.registry.read(|reading| {
            let rows = reading.sql.query("SELECT used FROM grp ORDER BY id", &[])?;
            rows.iter().map(|row| row.integer(0)).collect::<Result<Vec<_>, _>>()
        });
        assert_eq!(used.unwrap(), [0, 1]);
    }
}

#[test]
fn approval_and_allocation_come_before_the_assignment() {
    for engine in BOTH {
        let mut approved = policy();
        approved.approval = Approval::Always;
        let world = World::new(engine, approved.clone());
        let first = asked(&approved, "gw-1", "a");
        let pending = Decision::Pending { registration: first.registration.clone() };
        assert_eq!(world.register(&first), pending);
        assert_eq!(world.register(&Asked { registration: "x".into(), ..first }), pending);
        let world = World::new(engine, policy());
        let allocating = Asked { allocates: true, ..asked(&policy(), "gw-1", "a") };
        assert_eq!(world.register(&allocating), Decision::Assigning { registration: allocating.registration.clone() });
    }
}

#[test]
fn a_denial_revokes_what_was_made_for_it_gives_uses_back_and_leaves_other_keys_alone() {
    for engine in BOTH {
        let mut approved = policy();
        approved.approval = Approval::Always;
        let world = World::new(engine, approved.clone());
        let other = Asked { credential: Some(credential(9)), ..asked(&approved, "gw-0", "a") };
        world.register(&other);
        world.run(
            "INSERT INTO token (hash, tenant, id, used, made_by, made) VALUES ($1, 'acme', 't', 3, 'ann', 0)",
            vec![Digest::of(b"t").as_bytes().as_slice().into()],
        );
        world.run(
            "INSERT INTO allow (tenant, grp, device, attributes, max_uses, used)
             VALUES ('acme', 'line-a', 'gw-1', '{}', 1, $1)",
            vec![0.into()],
        );
        world.run(
            "INSERT INTO credential (tenant, fingerprint, device, name, kind, state, public, changed)
             VALUES ('acme', $1, 'gw-1', 'factory', 'x509', 'active', 'PEM', 0)",
            vec![Digest::of(b"factory").as_bytes().as_slice().into()],
        );
        let first = Asked {
            proof: Proof::Token(Digest::of(b"t")),
            credential: Some(credential(1)),
            ..asked(&approved, "gw-1", "a")
        };
        assert!(matches!(world.register(&first), Decision::Pending { .. }));
        world.registry.deny("ann", &first.registration, "unknown").unwrap();
        let rows = world.registry.read(|reading| {
            let text = "SELECT device, name, state FROM credential ORDER BY device, name";
            let rows = reading.sql.query(text, &[])?;
            rows.iter()
                .map(|row| Ok([row.text(0)?, row.text(1)?, row.text(2)?].join(" ")))
                .collect::<Result<Vec<_>, _>>()
        });
        let wanted = ["gw-0 registration active", "gw-1 factory active", "gw-1 registration revoked"];
        assert_eq!(rows.unwrap(), wanted);
        let used = world.registry.read(|reading| {
            let text = "SELECT (SELECT used FROM token), (SELECT used FROM allow), (SELECT used FROM grp)";
            let row = reading.sql.maybe_row(text, &[])?.unwrap();
            Ok((row.integer(0)?, row.integer(1)?, row.integer(2)?))
        });
        assert_eq!(used, Ok((3, 0, 1)), "gw-0 waits still");
        assert_eq!(world.refused(&first), Refusal::ApprovalDenied);
        let same_key = Asked { credential: Some(credential(1)), ..asked(&approved, "gw-1", "b") };
        assert_eq!(world.refused(&same_key), Refusal::CertificateRevoked);
    }
}

/// Whoever holds a token of many could otherwise take over each device that registered with it.
#[test]
fn a_token_that_others_hold_too_says_nothing_of_a_registered_device() {
    for engine in BOTH {
        for mode in [Reprovision::Same, Reprovision::Rotate, Reprovision::Move, Reprovision::Reset] {
            let mut policy = policy();
            policy.reprovision = mode;
            let world = World::new(engine, policy.clone());
            for token in ["one", "many", "other"] {
                world.run(
                    "INSERT INTO token (hash, tenant, id, max_uses, used, made_by, made)
                     VALUES ($1, 'acme', $2, $3, 0, 'ann', 0)",
                    vec![
                        Digest::of(token.as_bytes()).as_bytes().as_slice().into(),
                        token.into(),
                        (token == "one").then_some(1_i64).into(),
                    ],
                );
            }
            let proof = |token: &str| Proof::Token(Digest::of(token.as_bytes()));
            let first = Asked { proof: proof("many"), ..asked(&policy, "gw-1", "a") };
            assert!(matches!(world.register(&first), Decision::Assigned { .. }));
            // The very same request is answered again, and by the same token only.
            assert!(matches!(world.register(&first), Decision::Same { .. }));
            assert_eq!(world.refused(&Asked { proof: proof("other"), ..first.clone() }), Refusal::ProofShared);
            let next = Asked { proof: proof("many"), credential: Some(credential(7)), ..asked(&policy, "gw-1", "b") };
            assert_eq!(world.refused(&next), Refusal::ProofShared, "{mode:?}");
            let visit = |token: &str, registration: &str| Visit {
                registration: registration.to_owned(),
                proof: proof(token),
                nonce: None,
            };
            let rid = &first.registration;
            assert!(world.registry.visit(visit("many", rid)).unwrap().is_ok());
            assert_eq!(world.registry.visit(visit("other", rid)).unwrap().unwrap_err(), Refusal::ProofShared);
            let renewed = world.registry.renew(visit("many", rid), credential(8), json!({})).unwrap();
            assert_eq!(renewed.unwrap_err(), Refusal::ProofShared);
            assert_eq!(world.registry.end(visit("many", rid)).unwrap().unwrap_err(), Refusal::ProofShared);
            // A token that was good for one registration is that device's.
            let second = Asked { proof: proof("one"), ..asked(&policy, "gw-2", "c") };
            assert!(matches!(world.register(&second), Decision::Assigned { .. }));
            let renewed = world.registry.renew(visit("one", &second.registration), credential(9), json!({})).unwrap();
            assert!(renewed.is_ok());
            assert_eq!(world.registry.end(visit("one", rid)).unwrap().unwrap_err(), Refusal::ProofShared);
        }
    }
}

#[test]
fn a_policy_that_changed_is_judged_anew() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let stale = Asked { etag: 2, ..asked(&policy(), "gw-1", "a") };
        assert_eq!(world.register(&stale), Decision::Stale);
        assert_eq!((world.count("device"), world.chain()), (0, 0));
    }
}

#[test]
fn a_blocked_or_retired_device_stays_out() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        world.run(
            "INSERT INTO block (tenant, device, reason, since) VALUES ('acme', $1, 'stolen', 0)",
            vec!["gw-1".into()],
        );
        assert_eq!(world.refused(&asked(&policy(), "GW-1", "a")), Refusal::DeviceBlocked);
        world.register(&asked(&policy(), "gw-2", "a"));
        world.run("UPDATE device SET state = 'retired' WHERE folded = $1", vec!["gw-2".into()]);
        assert_eq!(world.refused(&asked(&policy(), "gw-2", "b")), Refusal::DeviceRetired);
    }
}

#[test]
fn identical_registrations_from_many_threads_and_handles_make_one_device() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let barrier = Arc::new(Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|n| {
                let (barrier, address) = (Arc::clone(&barrier), world.place.address.clone());
                std::thread::spawn(move || {
                    let registrar = Registrar::start(open(&address));
                    barrier.wait();
                    let mine = Asked { registration: format!("r{n}"), ..asked(&policy(), "gw-1", "a") };
                    registrar.register(mine).unwrap()
                })
            })
            .collect();
        let decisions: Vec<Decision> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let assigned = decisions.iter().filter(|decision| matches!(decision, Decision::Assigned { .. })).count();
        let registrations: BTreeSet<_> = decisions
            .iter()
            .map(|decision| match decision {
                Decision::Assigned { registration, .. } | Decision::Same { registration, .. } => registration.clone(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((assigned, registrations.len(), world.count("device"), world.chain()), (1, 1, 1, 1));
    }
}

#[test]
fn a_report_and_an_end_need_the_proof_and_a_fresh_nonce() {
    for engine in BOTH {
        let world = World::new(engine, policy());
        let first = asked(&policy(), "gw-1", "a");
        world.register(&first);
        let nonce = Nonce { value: "n1".into(), expires: Noon.now() + time::Duration::minutes(5) };
        let visit = Visit { registration: first.registration.clone(), proof: Proof::Claim, nonce: Some(nonce) };
        let report = Report { firmware: Some("2.0".into()), ..Report::default() };
        assert!(world.registry.report(visit.clone(), report.clone(), None).unwrap().is_ok());
        assert_eq!(world.registry.report(visit.clone(), report, None).unwrap(), Err(Refusal::NonceReplayed));
        let stranger = Visit {
            proof: Proof::Key { fingerprint: Digest::of(b"?"), must_be_known: true },
            nonce: None,
            ..visit.clone()
        };
        assert_eq!(world.registry.end(stranger).unwrap(), Err(Refusal::ProofInvalid));
        assert!(world.registry.end(Visit { nonce: None, ..visit }).unwrap().is_ok());
        let decision = world.register(&asked(&policy(), "gw-1", "b"));
        assert!(matches!(decision, Decision::Assigned { .. }), "{decision:?}");
    }
}
