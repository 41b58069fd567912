//! Random contents of a client at the beginning: the account always survives.

use proptest::prelude::*;

use super::*;
use crate::fleet::lwm2m::{Content, Resource, Value};

fn value(id: u16, value: Value) -> Resource {
    Resource { id, content: Content::Single(value) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_a_client_has_before_it_has_the_wanted_accounts_and_its_own_after(
        account in 0_u16..6,
        security in proptest::collection::btree_map(0_u16..8, 1_u16..5, 0..5),
        servers in proptest::collection::btree_map(0_u16..8, 1_u16..5, 0..5),
        access in proptest::collection::btree_set(0_u16..5, 0..3),
        wanted in 1_u16..4,
        version in prop_oneof![Just(Enabler::V1_0), Just(Enabler::V1_1), Just(Enabler::V1_2)],
        one_by_one: bool,
        lists_root: bool,
    ) {
        let mut client = client(version, account);
        client.behaviour.deletes_instances_only = one_by_one;
        client.behaviour.lists_root = lists_root;
        for (id, server) in security.into_iter().filter(|(id, _)| *id != account) {
            let resources = vec![value(1, Value::Boolean(false)), value(10, Value::Integer(server.into()))];
            client.instances.insert((0, id), resources);
        }
        for (id, server) in servers {
            client.instances.insert((1, id), vec![value(0, Value::Integer(server.into()))]);
        }
        for id in access {
            client.instances.insert((2, id), vec![value(0, Value::Integer(3))]);
        }
        let before = format!("{:?}", client.instances[&(0, account)]);
        let (outcome, trace) = run(configuration(objects(wanted)), &mut client, &undisturbed);
        assert_alive(&client, &outcome, &trace);
        prop_assert_eq!(before, format!("{:?}", client.instances[&(0, account)]));
        // A client that neither deletes objects nor lists all it has cannot be cleared.
        if !one_by_one || lists_root {
            prop_assert_eq!(&outcome.ending, &Ending::Finished, "{:#?}", trace);
            let count = client.instances.keys().filter(|key| key.0 == 0).count();
            prop_assert_eq!(count, usize::from(wanted) + 1);
        }
    }
}
