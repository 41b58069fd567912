//! Golden sequences: what is asked of clients of each version, and of those with peculiarities that were seen.

use super::*;
use crate::format::coap::Code;

fn sequence(client: &mut PatternClient, servers: u16) -> Vec<String> {
    let (outcome, trace) = run(configuration(objects(servers)), client, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert_alive(client, &outcome, &trace);
    trace
}

#[test]
fn a_client_of_1_1_with_its_account_at_0_1_is_discovered_cleared_written_read_back_and_finished() {
    let trace = sequence(&mut client(Enabler::V1_1, 1), 1);
    let wanted = [
        "GET / -> 2.05",
        "DELETE /0 -> 2.02",
        "DELETE /1 -> 4.04",
        "PUT /0/0 112 -> 2.04",
        "PUT /1/0 112 -> 2.04",
        "GET / -> 2.05",
        "GET /1 -> 2.05",
        "POST /bs -> 2.04",
    ];
    assert_eq!(trace, wanted);
}

#[test]
fn a_client_with_its_account_at_0_0_gets_its_server_at_0_1() {
    let trace = sequence(&mut client(Enabler::V1_2, 0), 1);
    assert!(trace.contains(&"PUT /0/1 112 -> 2.04".to_owned()), "{trace:#?}");
    assert!(!trace.iter().any(|line| line.contains("/0/0")), "{trace:#?}");
}

#[test]
fn a_client_of_1_0_is_written_in_tlv_and_not_read() {
    let trace = sequence(&mut client(Enabler::V1_0, 1), 1);
    let wanted = [
        "GET / -> 2.05",
        "DELETE /0 -> 2.02",
        "DELETE /1 -> 4.04",
        "PUT /0/0 11542 -> 2.04",
        "PUT /1/0 11542 -> 2.04",
        "POST /bs -> 2.04",
    ];
    assert_eq!(trace, wanted);
}

#[test]
fn several_servers_bring_their_rights_after_their_accounts() {
    let trace = sequence(&mut client(Enabler::V1_1, 0), 2);
    let puts: Vec<&str> = trace.iter().filter(|line| line.starts_with("PUT")).map(|line| &line[4..8]).collect();
    assert_eq!(puts, ["/0/1", "/0/2", "/1/0", "/1/1", "/2/0"]);
}

#[test]
fn created_instead_of_changed_is_a_yes_that_is_noted() {
    let mut client = client(Enabler::V1_1, 0);
    client.behaviour.written = Code(2 << 5 | 1);
    let (outcome, trace) = run(configuration(objects(1)), &mut client, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert!(outcome.quirks.iter().any(|quirk| quirk.contains("2.01")), "{:?}", outcome.quirks);
    assert!(outcome.verified);
}

#[test]
fn a_client_that_lists_objects_only_one_by_one_is_asked_so() {
    let mut client = client(Enabler::V1_1, 1);
    client.behaviour.lists_root = false;
    let trace = sequence(&mut client, 1);
    assert_eq!(trace[..2], ["GET / -> 4.00", "GET /0 -> 2.05"]);
}

#[test]
fn a_client_that_cannot_say_where_its_account_lies_is_left_alone_unless_its_profile_says_it() {
    let blind = || {
        let mut client = client(Enabler::V1_0, 0);
        client.behaviour.lists = false;
        client
    };
    let mut unknown = blind();
    let (outcome, trace) = run(configuration(objects(1)), &mut unknown, &undisturbed);
    assert!(matches!(outcome.ending, Ending::Failed { .. }));
    assert_eq!(trace, ["GET / -> 4.05", "GET /0 -> 4.05"]);

    let mut stated = blind();
    let mut configuration = configuration(objects(1));
    configuration.limits.account = Some(0);
    let (outcome, trace) = run(configuration, &mut stated, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert!(trace.contains(&"PUT /0/1 11542 -> 2.04".to_owned()), "{trace:#?}");
    assert_alive(&stated, &outcome, &trace);
}

#[test]
fn a_client_without_deletes_of_objects_loses_its_instances_one_by_one_but_not_its_account() {
    let mut client = client(Enabler::V1_1, 1);
    run(configuration(objects(2)), &mut client, &undisturbed);
    client.behaviour.deletes_instances_only = true;
    let (outcome, trace) = run(configuration(objects(1)), &mut client, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert_alive(&client, &outcome, &trace);
    let deletes: Vec<&str> = trace.iter().filter_map(|line| line.strip_prefix("DELETE ")).collect();
    let wanted = [
        "/0 -> 4.05",
        "/0/0 -> 2.02",
        "/0/2 -> 2.02",
        "/1 -> 4.05",
        "/1/0 -> 2.02",
        "/1/1 -> 2.02",
        "/2 -> 4.05",
        "/2/0 -> 2.02",
    ];
    assert_eq!(deletes, wanted);
}

#[test]
fn another_format_is_tried_where_one_is_not_known() {
    for unknown in [Code(4 << 5 | 15), Code(4 << 5 | 6), Code(4 << 5)] {
        let mut client = client(Enabler::V1_1, 1);
        client.behaviour.formats = vec![11_542];
        client.behaviour.unknown_format = unknown;
        let trace = sequence(&mut client, 1);
        assert!(trace.contains(&format!("PUT /0/0 112 -> {unknown}")), "{trace:#?}");
        assert!(trace.contains(&"PUT /1/0 11542 -> 2.04".to_owned()), "{trace:#?}");
    }
}

#[test]
fn a_client_that_refuses_what_it_does_not_know_gets_what_1_0_wants() {
    let with_usage = || {
        let mut account = security(Some(1));
        account.certificate_usage = Some(crate::fleet::lwm2m::CertificateUsage::TrustAnchor);
        let servers = vec![ServerAccount { short_server_id: 1, lifetime: 300, binding: "U".into() }];
        Accounts { security: vec![account], servers, access: vec![] }.into_objects()
    };
    let mut strict = client(Enabler::V1_1, 1);
    strict.behaviour.is_strict = true;
    let (outcome, trace) = run(configuration(with_usage()), &mut strict, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished, "{trace:#?}");
    assert_eq!(trace[3..5], ["PUT /0/0 112 -> 4.00", "PUT /0/0 112 -> 2.04"]);
    assert!(outcome.quirks.iter().any(|quirk| quirk.contains("[15]")), "{:?}", outcome.quirks);

    let mut old = client(Enabler::V1_0, 1);
    old.behaviour.is_strict = true;
    let (outcome, trace) = run(configuration(with_usage()), &mut old, &undisturbed);
    assert_eq!(outcome.ending, Ending::Finished);
    assert!(!trace.iter().any(|line| line.contains("4.00")), "1.0 has no resource 15: {trace:#?}");
}

#[test]
fn the_same_request_again_is_the_same_sequence_and_the_same_result() {
    let mut client = client(Enabler::V1_1, 1);
    let first = sequence(&mut client, 2);
    let written = format!("{:?}", client.instances);
    client.is_finished = false;
    let second = sequence(&mut client, 2);
    assert_eq!(written, format!("{:?}", client.instances));
    let puts = |trace: &[String]| trace.iter().filter(|line| line.starts_with("PUT")).cloned().collect::<Vec<_>>();
    assert_eq!(puts(&first), puts(&second));
}
