//! A peer's life: handshake, talk, end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use openssl::pkey::PKey;
use openssl::rsa::Rsa;

use super::world::{
    CCM_8, Client, IDENTITY, KEY, Keys, SECOND, Seeded, TRAP, TWO, With, World, identity, key_and_certificate,
};
use crate::dtls::{Associations, Departure, DtlsBounds, DtlsError, DtlsWord, HandshakeFailure, Identity, Proof};
use crate::fleet::Secret;

#[test]
fn a_pre_shared_key_joins_and_both_sides_talk() {
    let mut world = World::new();
    let (mut client, peer) = world.join(1, &With::known());
    let proof = Proof::Psk(IDENTITY.as_bytes().to_vec());
    let suite = "TLS_PSK_WITH_AES_128_CCM_8".to_owned();
    assert_eq!(world.words, [DtlsWord::Joined { peer, from: client.from, proof, suite }]);
    let asked = client.say(b"coap request");
    world.carry(&mut client, asked);
    assert_eq!(world.said()[&peer], [b"coap request"]);
    world.server.send(world.now, peer, b"coap answer");
    for (_, datagram) in world.taken() {
        client.hear(datagram);
    }
    assert_eq!(client.heard, [b"coap answer"]);
}

#[test]
fn every_suite_of_lwm2m_joins_on_one_port() {
    let mut world = World::new();
    let by_key =
        |suites: &str| With::Psk { suites: suites.to_owned(), identity: IDENTITY.to_owned(), key: KEY.to_vec() };
    for (port, (with, suite)) in [
        (by_key("PSK-AES128-CCM8"), "TLS_PSK_WITH_AES_128_CCM_8"),
        (by_key("PSK-AES128-CBC-SHA256"), "TLS_PSK_WITH_AES_128_CBC_SHA256"),
        (by_key("PSK-AES128-GCM-SHA256:PSK-AES128-CCM8"), "TLS_PSK_WITH_AES_128_GCM_SHA256"),
        (With::certificate("ECDHE-ECDSA-AES128-CCM8"), "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
        (With::certificate("ECDHE-ECDSA-AES128-GCM-SHA256"), "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        (With::certificate("ECDHE-ECDSA-AES128-SHA256"), "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"),
    ]
    .into_iter()
    .enumerate()
    {
        world.join(u16::try_from(port).unwrap() + 1, &with);
        let Some(DtlsWord::Joined { suite: used, .. }) = world.words.last() else { panic!("{:?}", world.words) };
        assert_eq!(used, suite);
    }
    assert_eq!(world.server.live(), 6);
}

#[test]
fn a_certificate_is_handed_over_whoever_issued_it() {
    let mut world = World::new();
    let pair = key_and_certificate("anyone");
    let with = With::Certificate { suites: "ECDHE-ECDSA-AES128-CCM8".to_owned(), pair: Some(pair.clone()) };
    world.join(1, &with);
    let Some(DtlsWord::Joined { proof, .. }) = world.words.last() else { panic!("{:?}", world.words) };
    assert_eq!(*proof, Proof::Certificates(vec![pair.1.to_der().unwrap()]));
}

#[test]
fn without_a_certificate_nobody_joins_by_certificate() {
    let mut world = World::new();
    let mut client = Client::new(1, &With::Certificate { suites: "ECDHE-ECDSA-AES128-CCM8".to_owned(), pair: None });
    let hello = client.go();
    world.carry(&mut client, hello);
    assert!(!client.joined);
    assert!(matches!(&world.failures()[..], [(None, HandshakeFailure::Refused(_))]), "{:?}", world.words);
    assert_eq!(world.server.live(), 0);
}

#[test]
fn without_a_common_suite_the_failure_names_what_was_offered() {
    let mut world = World::new();
    let suites = "PSK-AES256-CCM8".to_owned();
    let mut client = Client::new(1, &With::Psk { suites, identity: IDENTITY.to_owned(), key: KEY.to_vec() });
    let hello = client.go();
    world.carry(&mut client, hello);
    let failures = world.failures();
    let [(None, HandshakeFailure::NoSharedSuite { offered })] = &failures[..] else { panic!("{failures:?}") };
    assert!(offered.contains(&0xC0A9), "{offered:x?}");
    assert!(client.broken.is_some(), "the client is told by an alert");
}

#[test]
fn an_old_version_is_refused_in_words() {
    let mut world = World::new();
    let mut client = Client::new(1, &With::OldVersion);
    let hello = client.go();
    world.carry(&mut client, hello);
    let failures = world.failures();
    let [(None, HandshakeFailure::Refused(why))] = &failures[..] else { panic!("{failures:?}") };
    assert!(why.contains("unsupported protocol") || why.contains("version"), "{why}");
    assert!(client.broken.is_some(), "the client is told by an alert");
}

/// What a client that cannot join sees, without what is drawn by chance: length and type of each datagram.
fn seen_by(with: &With) -> (Vec<(usize, u8)>, Option<String>, World) {
    let mut world = World::new();
    let mut client = Client::new(1, with);
    let mut waiting = client.go();
    let mut seen = Vec::new();
    while let Some(datagram) = waiting.pop() {
        for (_, answer) in world.give(client.from, &datagram) {
            seen.push((answer.len(), answer[0]));
            waiting.extend(client.hear(answer));
        }
    }
    for (_, answer) in world.pass(100.0) {
        seen.push((answer.len(), answer[0]));
        client.hear(answer);
    }
    assert!(!client.joined);
    (seen, client.broken, world)
}

#[test]
fn an_unknown_identity_looks_like_a_wrong_key_from_outside_but_not_to_us() {
    let (wrong, alert, told) = seen_by(&With::psk(IDENTITY, b"another key 1234"));
    assert_eq!(told.failures(), [(Some(IDENTITY.as_bytes().to_vec()), HandshakeFailure::WrongKey)]);
    assert!(alert.unwrap().contains("decrypt error"));
    let (unknown, alert, told) = seen_by(&With::psk("gw-2", b"another key 1234"));
    assert_eq!(told.failures(), [(Some(b"gw-2".to_vec()), HandshakeFailure::UnknownIdentity)]);
    assert!(alert.unwrap().contains("decrypt error"));
    assert_eq!(unknown, wrong);
    assert_eq!(told.server.live(), 0);
}

#[test]
fn a_key_that_the_library_cannot_take_is_told_as_such() {
    let (_, _, told) = seen_by(&With::psk("long", b"whatever"));
    assert_eq!(told.failures(), [(Some(b"long".to_vec()), HandshakeFailure::UnusableKey { length: 4000 })]);
}

#[test]
fn goodbye_of_either_side_ends_the_association() {
    let mut world = World::new();
    let (mut client, peer) = world.join(1, &With::known());
    let goodbye = client.close();
    world.carry(&mut client, goodbye);
    assert_eq!(world.words.last(), Some(&DtlsWord::Left { peer, why: Departure::Closed }));
    let (mut client, peer) = world.join(1, &With::known());
    world.server.close(world.now, peer);
    for (_, datagram) in world.taken() {
        client.hear(datagram);
    }
    assert_eq!(world.words.last(), Some(&DtlsWord::Left { peer, why: Departure::Dismissed }));
    assert!(client.broken.is_some(), "the client hears the goodbye");
    assert_eq!((world.server.live(), world.server.half_open()), (0, 0));
}

#[test]
fn who_is_silent_for_too_long_is_forgotten_and_who_talks_is_not() {
    let mut world = World::new();
    let (mut talks, kept) = world.join(1, &With::known());
    let (_silent, gone) = world.join(2, &With::known());
    for _ in 0..4 {
        world.pass(DtlsBounds::default().idle.as_secs_f64() / 3.0);
        let said = talks.say(b"here");
        world.carry(&mut talks, said);
    }
    let left: Vec<_> = world.words.iter().filter(|word| matches!(word, DtlsWord::Left { .. })).collect();
    assert_eq!(left, [&DtlsWord::Left { peer: gone, why: Departure::Idle }]);
    assert_eq!(world.said()[&kept].len(), 4);
    assert_eq!(world.server.live(), 1);
}

#[test]
fn who_is_kept_may_be_silent_for_longer_until_it_is_kept_no_more() {
    let mut world = World::new();
    let (_registered, kept) = world.join(1, &With::known());
    let (_other, gone) = world.join(2, &With::known());
    world.server.keep(kept, Some(Duration::from_hours(24)));
    world.pass(3600.0);
    assert_eq!(world.words.last(), Some(&DtlsWord::Left { peer: gone, why: Departure::Idle }));
    assert_eq!(world.server.live(), 1);
    world.server.keep(kept, None);
    world.pass(0.0);
    assert_eq!(world.words.last(), Some(&DtlsWord::Left { peer: kept, why: Departure::Idle }));
    assert_eq!(world.server.live(), 0);
}

#[test]
fn a_flight_without_answer_goes_out_again_under_new_numbers_until_the_handshake_ends() {
    let mut world = World::new();
    let mut client = Client::new(1, &With::known());
    let hello = client.go();
    let (_, verify) = world.give(client.from, &hello[0]).remove(0);
    let second = client.hear(verify);
    let first = world.give(client.from, &second[0]);
    let began = world.now;
    let number = |datagram: &[u8]| datagram[5..11].to_vec();
    let mut numbers = vec![number(&first[0].1)];
    let mut after = Vec::new();
    while world.server.live() > 0 {
        let deadline = world.server.deadline().unwrap();
        world.now = deadline;
        world.server.tick(deadline);
        let sent = world.taken();
        if !sent.is_empty() {
            after.push(deadline.saturating_sub(began).as_secs());
            numbers.push(number(&sent[0].1));
        }
    }
    assert_eq!(after, [2, 6, 14, 30]);
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 5);
    assert_eq!(world.failures(), [(None, HandshakeFailure::TimedOut)]);
    assert_eq!(world.now.saturating_sub(began), Duration::from_mins(1));
    assert_eq!(world.server.deadline(), None);
}

#[test]
fn what_cannot_prove_the_server_is_refused_at_once() {
    let open = |identity: Identity| {
        let opened =
            Associations::open(Some(identity), Arc::new(Keys::default()), DtlsBounds::default(), Arc::new(Seeded));
        opened.map(|_| ()).unwrap_err()
    };
    let (good, other) = (identity(), identity());
    let swapped = open(Identity { chain: good.chain.clone(), key: other.key });
    assert!(matches!(swapped, DtlsError::Key(_)), "{swapped}");
    let rsa = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap().private_key_to_pkcs8().unwrap();
    let not_ecdsa = open(Identity { chain: good.chain.clone(), key: Secret::new(rsa) });
    assert!(matches!(not_ecdsa, DtlsError::Key(_)), "{not_ecdsa}");
    for chain in [vec![], vec![b"no certificate".to_vec()], vec![good.chain[0].clone(), vec![0x30]]] {
        let none = open(Identity { chain, key: good.key.duplicate() });
        assert!(matches!(none, DtlsError::Certificate(_)), "{none}");
    }
}

#[test]
fn without_a_certificate_of_our_own_only_keys_join() {
    let keys = Keys(BTreeMap::from([(IDENTITY.as_bytes().to_vec(), KEY.to_vec())]));
    let server = Associations::open(None, Arc::new(keys), DtlsBounds::default(), Arc::new(Seeded)).unwrap();
    let mut world = World { server, now: Duration::ZERO, words: Vec::new() };
    world.join(1, &With::known());
    let mut client = Client::new(2, &With::certificate("ECDHE-ECDSA-AES128-CCM8"));
    let hello = client.go();
    world.carry(&mut client, hello);
    assert!(matches!(&world.failures()[..], [(None, HandshakeFailure::NoSharedSuite { .. })]));
}

#[test]
fn what_was_said_and_proved_is_not_shown_where_words_are_logged() {
    let mut world = World::new();
    let (mut client, _) = world.join(1, &With::known());
    let said = client.say(b"a key in a payload");
    world.carry(&mut client, said);
    let shown = format!("{:?}", world.words);
    assert!(shown.contains("said 18 bytes") && !shown.contains("payload") && !shown.contains("97, 32"), "{shown}");
}

#[test]
fn a_rebooted_device_replaces_itself_from_the_same_port() {
    for with in [With::known(), With::certificate("ECDHE-ECDSA-AES128-CCM8")] {
        let mut world = World::new();
        let (_lost_power, old) = world.join(1, &with);
        for _ in 0..10 {
            let (mut client, new) = world.join(1, &with);
            assert_ne!(old, new);
            let said = client.say(b"again");
            world.carry(&mut client, said);
            assert_eq!(world.said()[&new], [b"again"]);
        }
        assert_eq!(
            world.words.iter().filter(|word| matches!(word, DtlsWord::Left { why: Departure::Replaced, .. })).count(),
            10
        );
        assert_eq!((world.server.live(), world.server.half_open()), (1, 0));
    }
}

#[test]
fn a_hello_without_cookie_does_not_disturb_who_is_there() {
    let mut world = World::new();
    let (mut client, peer) = world.join(1, &With::known());
    let forged = Client::new(1, &With::known()).go();
    assert_eq!(world.give(client.from, &forged[0]).len(), 1);
    let said = client.say(b"still here");
    world.carry(&mut client, said);
    assert_eq!(world.said()[&peer], [b"still here"]);
}

#[test]
fn no_datagram_is_longer_than_the_link_carries() {
    let mut world = World::with(DtlsBounds { datagram: 300, ..DtlsBounds::default() });
    let mut client = Client::new(1, &With::certificate("ECDHE-ECDSA-AES128-CCM8"));
    let mut waiting = client.go();
    let mut lengths = Vec::new();
    while let Some(datagram) = waiting.pop() {
        for (_, answer) in world.give(client.from, &datagram) {
            lengths.push(answer.len());
            waiting.extend(client.hear(answer));
        }
        // The last of several comes first: whatever overtook the others is put in order by the server.
        waiting.reverse();
    }
    assert!(client.joined, "{:?}", world.words);
    assert!(lengths.len() > 4 && lengths.iter().all(|length| *length <= 300), "{lengths:?}");
}

#[test]
fn a_client_that_repeats_its_hello_after_our_flight_gets_it_again() {
    let mut world = World::new();
    let mut client =
        Client::new(1, &With::Psk { suites: CCM_8.to_owned(), identity: IDENTITY.to_owned(), key: KEY.to_vec() });
    let hello = client.go();
    let (_, verify) = world.give(client.from, &hello[0]).remove(0);
    let second = client.hear(verify).remove(0);
    let lost = world.give(client.from, &second);
    assert!(world.give(client.from, &second).is_empty(), "the flight was sent a moment ago");
    world.pass(1.0);
    let again = world.give(client.from, &second);
    assert_eq!(again.len(), lost.len());
    let mut answers = Vec::new();
    for (_, datagram) in again {
        answers.extend(client.hear(datagram));
    }
    world.carry(&mut client, answers);
    assert!(client.joined);
    assert_eq!(world.joined(), 1);
}

#[test]
fn a_new_certificate_is_shown_to_who_comes_and_who_is_there_stays() {
    let mut world = World::new();
    let with = With::certificate("ECDHE-ECDSA-AES128-CCM8");
    let shown = |client: &Client| client.stream.ssl().peer_certificate().unwrap().to_der().unwrap();
    let (mut before, stays) = world.join(1, &with);
    let renewed = identity();
    let certificate = renewed.chain[0].clone();
    assert_ne!(shown(&before), certificate);
    world.server.renew(renewed).unwrap();
    assert_eq!(shown(&world.join(2, &with).0), certificate);
    world.join(3, &With::known());
    let said = before.say(b"still here");
    world.carry(&mut before, said);
    assert_eq!(world.said()[&stays], [b"still here"]);
    // What cannot be used changes nothing.
    let swapped = Identity { chain: identity().chain, key: identity().key };
    assert!(matches!(world.server.renew(swapped), Err(DtlsError::Key(_))));
    assert_eq!(shown(&world.join(4, &with).0), certificate);
}

/// The client's handshake as far as it goes, and what the server does when it has waited long enough.
fn try_to_join(world: &mut World, port: u16, with: &With) -> bool {
    let mut client = Client::new(port, with);
    let hello = client.go();
    world.carry(&mut client, hello);
    if !client.joined {
        world.pass(DtlsBounds::default().flight_interval.as_secs_f64());
    }
    client.joined
}

#[test]
fn a_device_that_may_have_either_of_two_keys_joins_with_each_at_the_next_try_at_the_latest() {
    for (key, number) in [(KEY, None), (SECOND, Some(2))] {
        let mut world = World::new();
        let with = With::psk(TWO, key);
        let tries = (1..10).take_while(|port| !try_to_join(&mut world, *port, &with)).count();
        assert_eq!(tries, usize::from(number.is_some()));
        let proved = world.words.iter().filter_map(|word| match word {
            DtlsWord::Proved { identity, number } => Some((identity.as_slice(), *number)),
            _ => None,
        });
        assert_eq!(proved.collect::<Vec<_>>(), Vec::from_iter(number.map(|number| (TWO.as_bytes(), number))));
        // What it has is tried first from now on, and the other one once more when that fails.
        assert!(try_to_join(&mut world, 100, &with));
        let other = With::psk(TWO, if number.is_some() { KEY } else { SECOND });
        assert!(!try_to_join(&mut world, 101, &other) && try_to_join(&mut world, 102, &other));
        assert!(!try_to_join(&mut world, 103, &With::psk(TWO, b"neither of both!")));
        assert_eq!(world.failures().last().unwrap().1, HandshakeFailure::WrongKey);
    }
}

#[test]
fn a_device_that_begins_anew_before_its_try_is_given_up_gets_the_other_key_too() {
    let mut world = World::new();
    let with = With::psk(TWO, SECOND);
    for is_joined in [false, true] {
        let mut client = Client::new(1, &with);
        let hello = client.go();
        world.carry(&mut client, hello);
        assert_eq!(client.joined, is_joined);
    }
}

#[test]
fn a_look_up_that_panics_is_an_identity_that_nobody_knows() {
    let mut world = World::new();
    assert!(!try_to_join(&mut world, 1, &With::psk(TRAP, KEY)));
    assert_eq!(world.failures(), [(Some(TRAP.as_bytes().to_vec()), HandshakeFailure::UnknownIdentity)]);
    world.join(2, &With::known());
}
