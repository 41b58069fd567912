//! What is refused before the first message.

use super::*;
use crate::fleet::lwm2m::{Content, Value};

fn refused(configuration: Configuration) -> String {
    let mut client = client(Enabler::V1_1, 1);
    let (outcome, trace) = run(configuration, &mut client, &undisturbed);
    assert_eq!(trace, Vec::<String>::new(), "not a byte is sent");
    let Ending::Failed { why, .. } = outcome.ending else { panic!("not refused") };
    why.to_string()
}

fn set(objects: &mut [Object], object: usize, resource: u16, value: Value) {
    let resources = &mut objects[object].instances[0].resources;
    resources.iter_mut().find(|it| it.id == resource).unwrap().content = Content::Single(value);
}

#[test]
fn a_set_that_would_strand_the_device_is_refused() {
    let mut disagree = objects(1);
    set(&mut disagree, 1, 0, Value::Integer(9));
    assert!(refused(configuration(disagree)).contains("differ"));
    let mut incomplete = objects(1);
    incomplete[1].instances[0].resources.retain(|it| it.id != 7);
    assert!(refused(configuration(incomplete)).contains("/1/0 lacks resource 7"));
    let mut stolen = objects(1);
    set(&mut stolen, 0, 1, Value::Boolean(true));
    assert!(refused(configuration(stolen)).contains("nobody asked for"));
    assert!(refused(configuration(vec![])).contains("no LwM2M server"));
    let mut none = configuration(objects(1));
    none.new_account = true;
    assert!(refused(none).contains("none is there"));
    let mut unlinked = objects(1);
    let link = Content::Single(Value::Link { object: 21, instance: 0 });
    unlinked[0].instances[0].resources.push(crate::fleet::lwm2m::Resource { id: 17, content: link });
    assert!(refused(configuration(unlinked)).contains("/0/0 links to /21/0"));
    let mut rightless = objects(2);
    rightless.retain(|object| object.id != 2);
    assert!(refused(configuration(rightless)).contains("no access rights"));
}

#[test]
fn what_the_client_cannot_take_is_refused() {
    let limited = |limits: ClientLimits| {
        let mut wanted = configuration(objects(2));
        wanted.limits = limits;
        refused(wanted)
    };
    let keys = ClientLimits { key_bytes: Some(15), ..ClientLimits::default() };
    assert_eq!(limited(keys), "/0/0/5 has 16 bytes, the client takes keys of 15");
    let instances = ClientLimits { instances: [(0, 2)].into(), ..ClientLimits::default() };
    assert_eq!(limited(instances), "/0 would have 3 instances, the client takes 2");
    let resources = ClientLimits { resources: [(1, vec![0, 1])].into(), ..ClientLimits::default() };
    assert_eq!(limited(resources), "the client does not know resource 6 of /1, which must be");
}

#[test]
fn a_new_bootstrap_account_takes_the_place_of_the_old_one_and_comes_last() {
    let accounts = Accounts {
        security: vec![security(None), security(Some(1))],
        servers: vec![ServerAccount { short_server_id: 1, lifetime: 300, binding: "U".into() }],
        access: vec![],
    };
    let mut wanted = configuration(accounts.into_objects());
    wanted.new_account = true;
    let mut moved = client(Enabler::V1_1, 1);
    let (outcome, trace) = run(wanted, &mut moved, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert!(moved.has_new_account && !moved.lost_account, "{trace:#?}");
    let puts: Vec<&str> = trace.iter().filter(|line| line.starts_with("PUT")).map(|line| &line[4..8]).collect();
    assert_eq!(puts, ["/0/0", "/1/0", "/0/1"]);
}

#[test]
fn oscore_goes_before_the_account_that_links_it_and_past_what_is_there() {
    let mut wanted = objects(1);
    let resource = |id, value| crate::fleet::lwm2m::Resource { id, content: Content::Single(value) };
    let bytes = |bytes: &[u8]| Value::Opaque(Opaque::new(bytes.to_vec()));
    wanted[0].instances[0].resources.push(resource(17, Value::Link { object: 21, instance: 0 }));
    let resources = vec![resource(0, bytes(KEY)), resource(1, bytes(b"s")), resource(2, bytes(b"r"))];
    wanted.push(Object { id: 21, instances: vec![crate::fleet::lwm2m::Instance { id: 0, resources }] });
    let mut client = client(Enabler::V1_1, 0);
    client.instances.insert((21, 0), vec![resource(1, bytes(b"of the account"))]);
    let (outcome, trace) = run(configuration(wanted), &mut client, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    let puts: Vec<&str> = trace.iter().filter(|line| line.starts_with("PUT")).map(|line| &line[4..9]).collect();
    assert_eq!(puts, ["/21/1", "/0/1 ", "/1/0 "]);
    let link = client.instances[&(0, 1)].iter().find(|it| it.id == 17).unwrap();
    assert_eq!(link.content, Content::Single(Value::Link { object: 21, instance: 1 }));
}

#[test]
fn nothing_that_is_told_holds_a_key() {
    let mut session = Session::begin(Arc::new(configuration(objects(1))), &asked(Enabler::V1_1));
    let mut client = client(Enabler::V1_1, 1);
    while let Next::Ask(request) = session.next() {
        session.heard(Ok(client.answer(&request)));
    }
    let mut told = String::new();
    while let Some(step) = session.told() {
        told += &serde_json::to_string(&step).unwrap();
        told += &format!("{step:?}");
    }
    assert!(told.contains("<16 bytes>") && told.contains("PUT"), "{told}");
    let key = hex::encode(KEY);
    assert!(!told.contains("a key of") && !told.contains(&key), "{told}");
    let debug = format!("{session:?}");
    assert!(!debug.contains("a key of") && !debug.contains(&key), "{debug}");
}
