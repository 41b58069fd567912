//! Procedures of the operator's own.

use serde_json::json;

use super::*;
use crate::fleet::bootstrap::{
    Act, Condition, ErrorPolicy, GivenContent, GivenResource, GivenValue, RawMethod, RawOperation, Service, Step,
};
use crate::fleet::enrolment::{HookFailure, HookTarget};
use crate::fleet::lwm2m::Path;

fn step(act: Act) -> Step {
    Step { name: format!("{act:?}").chars().take(20).collect(), act, when: vec![], on_error: ErrorPolicy::Abort }
}

fn with_steps(acts: Vec<Act>) -> Configuration {
    let mut wanted = configuration(objects(1));
    wanted.procedure = Arc::new(Procedure { steps: acts.into_iter().map(step).collect(), ..Procedure::standard() });
    wanted
}

fn path(text: &str) -> Path {
    text.parse().unwrap()
}

#[test]
fn the_account_is_out_of_reach_of_every_custom_step() {
    let raw = |method, at: &str, format, payload: &[u8]| {
        Act::Raw(RawOperation { method, path: path(at), format, accept: None, payload: payload.to_vec() })
    };
    for act in [
        Act::Delete(path("/0/1")),
        Act::Delete(path("/0/1/5")),
        Act::Delete(path("/21")),
        raw(RawMethod::Delete, "/0/1", None, b""),
        raw(RawMethod::Put, "/0/1/10", Some(0), b"7"),
        raw(RawMethod::Put, "/0/1/0", Some(0), b"coap://elsewhere.example"),
        raw(RawMethod::Post, "/0", Some(11_542), b""),
        Act::WriteValue(GivenResource {
            path: path("/0/1/0"),
            content: GivenContent::Single(GivenValue::Text("coap://elsewhere.example".into())),
        }),
    ] {
        for policy in [ErrorPolicy::Abort, ErrorPolicy::Skip] {
            let mut wanted = with_steps(vec![Act::Discover(Path::Root), act.clone(), Act::Finish]);
            let mut procedure = (*wanted.procedure).clone();
            procedure.steps[1].on_error = policy;
            wanted.procedure = Arc::new(procedure);
            let mut client = client(Enabler::V1_1, 1);
            let before = format!("{:?}", client.instances);
            let (_, trace) = run(wanted, &mut client, &undisturbed);
            assert_eq!(before, format!("{:?}", client.instances), "{act:?} {trace:#?}");
            assert!(!client.lost_account, "{act:?} {trace:#?}");
        }
    }
}

#[test]
fn a_step_is_done_where_its_conditions_hold() {
    let done = |condition: Condition| {
        let mut wanted = with_steps(vec![
            Act::Discover(Path::Root),
            Act::Clear,
            Act::Write(Path::Root),
            Act::Read(path("/1")),
            Act::Delete(path("/5/0")),
            Act::Finish,
        ]);
        let mut procedure = (*wanted.procedure).clone();
        procedure.steps[4].when = vec![condition];
        wanted.procedure = Arc::new(procedure);
        let mut client = client(Enabler::V1_1, 1);
        let (outcome, trace) = run(wanted, &mut client, &undisturbed);
        assert!(outcome.is_good(), "{trace:#?}");
        trace.iter().any(|line| line.starts_with("DELETE /5/0"))
    };
    assert!(done(Condition::Has(path("/3/0"))) && !done(Condition::Has(path("/4"))));
    assert!(!done(Condition::Lacks(path("/3/0"))) && done(Condition::Lacks(path("/3/1"))));
    assert!(done(Condition::Reads(path("/1/0/1"), GivenValue::Integer(300))));
    assert!(!done(Condition::Reads(path("/1/0/1"), GivenValue::Integer(301))));
    assert!(done(Condition::Since(Enabler::V1_1)) && !done(Condition::Since(Enabler::V1_2)));
    assert!(done(Condition::Before(Enabler::V1_2)) && !done(Condition::Before(Enabler::V1_1)));
    assert!(done(Condition::Model(vec!["gateway".into()])) && !done(Condition::Model(vec!["sensor".into()])));
    assert!(done(Condition::Firmware(">=1.2 <2".into())) && !done(Condition::Firmware(">=2".into())));
    assert!(!done(Condition::Consulted("plan".into(), json!("gold"))));
}

#[test]
fn a_procedure_without_finish_or_with_a_fallback_to_nothing_is_refused() {
    let mut client = client(Enabler::V1_1, 1);
    let (outcome, trace) = run(with_steps(vec![Act::Discover(Path::Root)]), &mut client, &undisturbed);
    assert!(trace.is_empty() && outcome.words().contains("never comes to finish"), "{}", outcome.words());
    let mut wanted = with_steps(vec![Act::Finish]);
    let mut procedure = (*wanted.procedure).clone();
    procedure.steps[0].on_error = ErrorPolicy::Fallback("nowhere".into());
    wanted.procedure = Arc::new(procedure);
    let (outcome, _) = run(wanted, &mut client, &undisturbed);
    assert!(outcome.words().contains("\"nowhere\""), "{}", outcome.words());
}

#[test]
fn accounts_that_were_deleted_and_not_written_again_are_not_finished() {
    let acts = vec![Act::Discover(Path::Root), Act::Clear, Act::Write(path("/0")), Act::Finish];
    let mut client = client(Enabler::V1_1, 1);
    client.behaviour.judges = false;
    let (outcome, trace) = run(with_steps(acts), &mut client, &undisturbed);
    assert!(!client.is_finished, "{trace:#?}");
    assert!(outcome.words().contains("/1/0 was deleted and not written again"), "{}", outcome.words());
}

fn service(fail: HookFailure) -> Service {
    let target = HookTarget { webhook: None, command: vec!["decide".into()], as_root: false, timeout: 3, fail };
    Service { target, cache: 0 }
}

/// Runs with a service that answers this; returns what the client was told.
fn consulting(fail: HookFailure, answer: Result<serde_json::Value, String>) -> (Outcome, PatternClient) {
    let mut wanted = with_steps(vec![
        Act::Discover(Path::Root),
        Act::Consult(service(fail)),
        Act::Clear,
        Act::Write(Path::Root),
        Act::Finish,
    ]);
    let mut procedure = (*wanted.procedure).clone();
    procedure.steps.insert(3, step(Act::Delete(path("/5"))));
    procedure.steps[3].when = vec![Condition::Consulted("plan".into(), json!("gold"))];
    wanted.procedure = Arc::new(procedure);
    let mut client = client(Enabler::V1_1, 1);
    let mut session = Session::begin(Arc::new(wanted), &asked(Enabler::V1_1));
    loop {
        match session.next() {
            Next::Ask(request) => session.heard(Ok(client.answer(&request))),
            Next::Consult(consultation) => {
                assert_eq!(consultation.document["id"], json!("gw-1"));
                assert_eq!(consultation.document["lwm2m"], json!("1.1"));
                assert!(consultation.document["discovered"]["/3/0"].is_object());
                session.consulted(answer.clone());
            }
            Next::Done(outcome) => return (outcome, client),
        }
    }
}

#[test]
fn a_service_adds_resources_that_are_checked_like_all_others() {
    let said = json!({ "ok": true, "write": [
        { "path": "/3303/0/5601", "value": 5 },
        { "path": "/1/0/1", "value": 60 },
    ]});
    let (outcome, client) = consulting(HookFailure::Closed, Ok(said));
    assert_eq!(outcome.ending, Ending::Finished);
    assert!(client.instances.contains_key(&(3303, 0)));
    let lifetime = client.instances[&(1, 0)].iter().find(|it| it.id == 1).unwrap();
    assert_eq!(lifetime.content, crate::fleet::lwm2m::Content::Single(crate::fleet::lwm2m::Value::Integer(60)));

    let broken = json!({ "ok": true, "write": [{ "path": "/1/0/0", "value": 9 }] });
    let (outcome, client) = consulting(HookFailure::Closed, Ok(broken));
    assert!(!client.is_finished && outcome.words().contains("differ"), "{}", outcome.words());
    assert_eq!(client.instances.len(), 2, "nothing was touched");
}

#[test]
fn a_service_that_denies_or_fails_ends_it_and_one_that_may_fail_does_not() {
    let denied = || Ok(json!({ "ok": false, "message": "not paid" }));
    for fail in [HookFailure::Closed, HookFailure::Open] {
        let (outcome, client) = consulting(fail, denied());
        assert!(!client.is_finished && outcome.words().contains("not paid"), "{}", outcome.words());
    }
    let (outcome, client) = consulting(HookFailure::Closed, Err("connection refused".into()));
    assert!(!client.is_finished && outcome.words().contains("connection refused"));
    let (outcome, _) = consulting(HookFailure::Open, Err("connection refused".into()));
    assert_eq!(outcome.ending, Ending::Finished);
    for wrong in [json!({}), json!({ "ok": true, "write": 1 }), json!({ "ok": true, "write": [{ "path": "/3" }] })] {
        let (outcome, _) = consulting(HookFailure::Closed, Ok(wrong));
        assert!(!outcome.is_good());
    }
}

#[test]
fn a_raw_message_goes_out_as_it_is_worded() {
    let raw = RawOperation {
        method: RawMethod::Put,
        path: path("/3303/0/5601"),
        format: Some(0),
        accept: None,
        payload: b"17".to_vec(),
    };
    let acts = vec![Act::Discover(Path::Root), Act::Raw(raw), Act::Clear, Act::Write(Path::Root), Act::Finish];
    let mut client = client(Enabler::V1_1, 1);
    let (outcome, trace) = run(with_steps(acts), &mut client, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert_eq!(trace[1], "PUT /3303/0/5601 0 -> 2.04");
}
