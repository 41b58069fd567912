//! Every n-th message answered with an error or not at all.

use super::*;
use crate::fleet::bootstrap::{Act, Condition, ErrorPolicy, ReadBack, Step};
use crate::fleet::lwm2m::Path;
use crate::format::coap::Code;

const CODES: [u8; 9] =
    [4 << 5, 4 << 5 | 1, 4 << 5 | 4, 4 << 5 | 5, 4 << 5 | 6, 4 << 5 | 8, 4 << 5 | 0xD, 4 << 5 | 15, 5 << 5];

fn policies() -> [ErrorPolicy; 5] {
    use ErrorPolicy::{Abort, Fallback, Retry, Skip};
    [Abort, Skip, Retry(1), Retry(3), Fallback("careful".into())]
}

fn procedure(policy: &ErrorPolicy, read_back: ReadBack) -> Procedure {
    let mut procedure = Procedure { read_back, ..Procedure::standard() };
    let careful = procedure.steps.clone();
    procedure.fallbacks.insert("careful".into(), careful);
    procedure.steps.iter_mut().for_each(|step| step.on_error = policy.clone());
    procedure
}

/// Runs with the n-th message disturbed, for each n until the disturbance comes too late.
fn each(version: Enabler, policy: &ErrorPolicy, disturb: impl Fn() -> Result<Response, Unanswered>, stays: bool) {
    for at in 0.. {
        assert!(at < 100);
        let mut client = client(version, u16::try_from(at % 3).unwrap());
        let mut wanted = configuration(objects(2));
        wanted.procedure = Arc::new(procedure(policy, [ReadBack::Before, ReadBack::Both][at % 2]));
        let fault = |number: usize| (number == at || (stays && number > at)).then(&disturb);
        let (outcome, trace) = run(wanted, &mut client, &fault);
        assert_alive(&client, &outcome, &trace);
        if trace.len() <= at {
            assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
            return;
        }
    }
}

#[test]
fn whatever_is_answered_at_any_step_the_account_stays_and_nothing_broken_is_finished() {
    for policy in policies() {
        for version in [Enabler::V1_0, Enabler::V1_1] {
            for code in CODES {
                each(version, &policy, || Ok(Response::new(Code(code))), false);
                each(version, &policy, || Ok(Response::new(Code(code))), true);
            }
            for why in [Unanswered::Silent, Unanswered::Reset, Unanswered::TooLong { limit: 1 }] {
                each(version, &policy, || Err(why.clone()), false);
                each(version, &policy, || Err(why.clone()), true);
            }
        }
    }
}

#[test]
fn an_answer_that_is_no_answer_harms_nothing() {
    for garbage in [&b""[..], b"\xff\xff", b"</0/0", b"</0>;ssid=70000", b"\x9f\x9f\x9f"] {
        for code in [2 << 5 | 5, 2 << 5 | 4, 2 << 5 | 1] {
            for policy in policies() {
                let disturb = || Ok(Response::new(Code(code)).with(112, garbage.to_vec()));
                each(Enabler::V1_1, &policy, disturb, false);
            }
        }
    }
}

#[test]
fn one_silence_is_survived_by_a_step_that_is_done_again() {
    for at in 0..6 {
        let mut client = client(Enabler::V1_1, 1);
        let mut wanted = configuration(objects(1));
        wanted.procedure = Arc::new(procedure(&ErrorPolicy::Retry(1), ReadBack::Never));
        let fault = |number: usize| (number == at).then_some(Err(Unanswered::Silent));
        let (outcome, trace) = run(wanted, &mut client, &fault);
        assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
        assert_eq!(trace.len(), 7);
    }
}

#[test]
fn an_optional_object_may_be_skipped_and_an_account_may_not() {
    let with_other = || {
        let mut objects = objects(1);
        let resource = crate::fleet::lwm2m::Resource {
            id: 1,
            content: crate::fleet::lwm2m::Content::Single(crate::fleet::lwm2m::Value::Integer(7)),
        };
        let instance = crate::fleet::lwm2m::Instance { id: 0, resources: vec![resource] };
        objects.push(Object { id: 3303, instances: vec![instance] });
        let mut wanted = configuration(objects);
        wanted.procedure = Arc::new(procedure(&ErrorPolicy::Skip, ReadBack::Before));
        wanted
    };
    let refuse = |at: usize| move |number: usize| (number == at).then(|| Ok(Response::new(Code(5 << 5))));
    let mut alive = client(Enabler::V1_1, 0);
    let (outcome, trace) = run(with_other(), &mut alive, &refuse(5));
    assert_eq!(trace[5], "PUT /3303/0 112 -> 5.00");
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    let mut unfinished = client(Enabler::V1_1, 0);
    let (outcome, trace) = run(with_other(), &mut unfinished, &refuse(4));
    assert_eq!(trace[4], "PUT /1/0 112 -> 5.00");
    assert!(!unfinished.is_finished, "{trace:#?}");
    let Ending::Failed { step, why, .. } = &outcome.ending else { panic!("{trace:#?}") };
    assert_eq!(step, "finish");
    assert!(why.to_string().contains("refusing to finish over a broken set"), "{why}");
}

#[test]
fn finish_that_is_refused_as_inconsistent_is_tried_once_more_after_writing_again_and_no_oftener() {
    let inconsistent = || Some(Ok(Response::new(Code(4 << 5 | 6))));
    let mut once = client(Enabler::V1_1, 1);
    let (outcome, trace) = run(configuration(objects(1)), &mut once, &|number| {
        if number == 7 { inconsistent() } else { None }
    });
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert_eq!(trace.iter().filter(|line| line.starts_with("POST /bs")).count(), 2);
    assert_eq!(trace.iter().filter(|line| line.starts_with("PUT /0/0")).count(), 2);

    let mut never = client(Enabler::V1_0, 1);
    let (outcome, trace) = run(configuration(objects(1)), &mut never, &|number| {
        if number >= 5 && (number - 5) % 3 == 0 { inconsistent() } else { None }
    });
    assert!(!outcome.is_good(), "{trace:#?}");
    assert_eq!(trace.iter().filter(|line| line.starts_with("POST /bs")).count(), 2, "{trace:#?}");
}

#[test]
fn what_is_read_back_wrong_is_written_again_and_never_finished_wrong() {
    let wrong = || {
        let text = "</>;lwm2m=1.1,</0/1>,</0/0>;ssid=9,</1/0>;ssid=1";
        Some(Ok(Response::new(Code::CONTENT).with(40, text.into())))
    };
    let mut once = client(Enabler::V1_1, 1);
    let (outcome, trace) =
        run(configuration(objects(1)), &mut once, &|number| if number == 5 { wrong() } else { None });
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert!(outcome.verified);
    let mut always = client(Enabler::V1_1, 1);
    let (outcome, trace) =
        run(configuration(objects(1)), &mut always, &|number| if number == 5 || number == 9 { wrong() } else { None });
    assert!(matches!(outcome.ending, Ending::Failed { .. }), "{trace:#?}");
    assert!(!always.is_finished, "{trace:#?}");
}

#[test]
fn other_steps_take_the_place_of_those_that_fail_once_and_in_no_circle() {
    let step = |name: &str, act, on_error| Step { name: name.into(), act, when: vec![], on_error };
    let mut procedure = Procedure::standard();
    let to = |name: &str| ErrorPolicy::Fallback(name.into());
    procedure.steps = vec![step("read", Act::Read(Path::Object(1)), to("a")), step("end", Act::Finish, to("a"))];
    let circle = vec![step("read", Act::Read(Path::Object(1)), to("b")), step("end", Act::Finish, to("b"))];
    procedure.fallbacks.insert("a".into(), circle.clone());
    procedure.fallbacks.insert("b".into(), circle);
    procedure.steps[0].when = vec![Condition::Model(vec!["gateway".into()])];
    let mut wanted = configuration(objects(1));
    wanted.procedure = Arc::new(procedure);
    let mut client = client(Enabler::V1_1, 1);
    let (outcome, trace) = run(wanted, &mut client, &|_| Some(Ok(Response::new(Code(4 << 5 | 5)))));
    assert_eq!(trace, ["GET /1 -> 4.05"; 3]);
    assert!(!outcome.is_good());
}
