//! What is explained is what is said; what was recorded is told again.

use serde_json::json;

use super::*;
use crate::bootstrap::{Transcript, explain, replay};

fn record(objects_then: u16, version: Enabler) -> String {
    let request = asked(version);
    let mut session = Session::begin(Arc::new(configuration(objects(objects_then))), &request);
    let mut client = client(version, 1);
    while let Next::Ask(request) = session.next() {
        session.heard(Ok(client.answer(&request)));
    }
    let head = json!({ "device": "gw-1", "endpoint": "gw-1", "preferred": request.preferred });
    let mut lines = format!("{head}\n");
    while let Some(step) = session.told() {
        lines += &format!("{}\n", serde_json::to_string(&step).unwrap());
    }
    lines + &json!({ "ended": "finished", "good": true }).to_string()
}

#[test]
fn a_record_of_the_same_configuration_is_the_same_now() {
    for version in [Enabler::V1_0, Enabler::V1_1, Enabler::V1_2] {
        let transcript = Transcript::read(&record(2, version)).unwrap();
        assert_eq!(transcript.ended.as_deref(), Some("finished"));
        let replayed = replay(&transcript, Arc::new(configuration(objects(2))));
        assert!(replayed.len() > 6);
        for step in &replayed {
            assert_eq!(step.differs, Vec::<String>::new(), "{step:?}");
            assert_eq!(step.now, step.then.asked);
        }
    }
}

#[test]
fn what_would_be_said_differently_now_is_named_until_the_two_part() {
    let transcript = Transcript::read(&record(1, Enabler::V1_1)).unwrap();
    let mut now = objects(1);
    let resource = now[1].instances[0].resources.iter_mut().find(|it| it.id == 1).unwrap();
    resource.content = crate::fleet::lwm2m::Content::Single(crate::fleet::lwm2m::Value::Integer(60));
    let replayed = replay(&transcript, Arc::new(configuration(now)));
    let differs: Vec<&String> = replayed.iter().flat_map(|step| &step.differs).collect();
    assert!(differs.iter().any(|words| words.contains("/1/0/1 is 60, then 300")), "{differs:?}");
    let two = replay(&transcript, Arc::new(configuration(objects(2))));
    let parted = two.iter().flat_map(|step| &step.differs).find(|words| words.contains("another conversation"));
    assert!(parted.is_some_and(|words| words.contains("PUT /0/2")), "{parted:?}");
}

#[test]
fn an_explanation_has_every_message_with_its_datagrams_and_no_key() {
    for (version, messages) in [(Enabler::V1_0, 7), (Enabler::V1_1, 9), (Enabler::V1_2, 9)] {
        let told = explain(&Arc::new(configuration(objects(1))), version);
        assert!(told.good, "{told:#?}");
        assert_eq!(told.messages.len(), messages, "{told:#?}");
        assert_eq!(told.datagrams, 2 * messages, "one each way: {told:#?}");
        assert_eq!(told.bytes, told.messages.iter().map(|message| message.bytes).sum::<usize>());
        let text = serde_json::to_string(&told).unwrap();
        assert!(text.contains("<16 bytes>") && !text.contains("a key of") && !text.contains(&hex::encode(KEY)));
    }
}

#[test]
fn a_long_certificate_is_explained_in_its_blocks() {
    let mut wanted = configuration(objects(1));
    let key = wanted.objects[0].instances[0].resources.iter_mut().find(|it| it.id == 4).unwrap();
    let long = Opaque::new(vec![0x30; 1_500]);
    key.content = crate::fleet::lwm2m::Content::Single(crate::fleet::lwm2m::Value::Opaque(long));
    wanted.timing.block = 256;
    let told = explain(&Arc::new(wanted), Enabler::V1_1);
    let write =
        told.messages.iter().find(|message| message.asked.as_ref().is_some_and(|it| it.path == "/0/1")).unwrap();
    assert!(told.good && write.datagrams >= 14 && write.bytes > 1_500, "{write:?}");
}

#[test]
fn what_would_not_be_finished_is_explained_as_that() {
    let mut wanted = configuration(objects(1));
    wanted.limits.key_bytes = Some(8);
    let told = explain(&Arc::new(wanted), Enabler::V1_1);
    assert!(!told.good && told.result.contains("keys of 8"), "{told:#?}");
}
