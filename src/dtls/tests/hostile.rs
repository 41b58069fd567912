//! Strangers who send what they like, and what it costs us.

use std::net::SocketAddr;

use super::world::{Client, Dice, IDENTITY, KEY, With, World};
use crate::dtls::{ClientHello, DtlsBounds, DtlsWord, HandshakeFailure};

/// One record with one fragment of a message, in the clear unless the epoch says otherwise.
fn record(kind: u8, epoch: u16, sequence: u64, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    [&[kind, 0xFE, 0xFD], &epoch.to_be_bytes()[..], &sequence.to_be_bytes()[2..], &length, content].concat()
}

fn fragment(message: u8, number: u16, length: u32, offset: u32, part: &[u8]) -> Vec<u8> {
    let three = |number: u32| number.to_be_bytes()[1..].to_vec();
    let part_length = u32::try_from(part.len()).unwrap();
    [vec![message], three(length), number.to_be_bytes().to_vec(), three(offset), three(part_length), part.to_vec()]
        .concat()
}

/// A client whose cookie has been taken: our flight is out.
fn half_open(world: &mut World, port: u16) -> Client {
    let mut client = Client::new(port, &With::known());
    let second = second_hello(world, &mut client);
    assert!(!world.give(client.from, &second).is_empty());
    client
}

fn second_hello(world: &mut World, client: &mut Client) -> Vec<u8> {
    let hello = client.go();
    let (_, verify) = world.give(client.from, &hello[0]).remove(0);
    client.hear(verify).remove(0)
}

#[test]
fn a_flood_of_hellos_keeps_no_state_and_is_not_amplified() {
    let mut world = World::new();
    let hello = Client::new(1, &With::known()).go().remove(0);
    for number in 0..20_000_u32 {
        let from = SocketAddr::from((number.to_be_bytes(), 5684));
        let answers = world.give(from, &hello);
        assert_eq!(answers.len(), 1);
        assert!(answers[0].1.len() < hello.len());
    }
    assert_eq!((world.server.live(), world.server.half_open(), world.server.deadline()), (0, 0, None));
    assert!(world.words.is_empty());
}

#[test]
fn answers_to_hellos_that_nobody_takes_are_bounded() {
    let mut world = World::new();
    let hello = Client::new(1, &With::known()).go().remove(0);
    for port in 1..=u16::MAX {
        world.server.received(world.now, SocketAddr::from(([192, 0, 2, 9], port)), &hello);
    }
    assert_eq!(world.taken().len(), 4096);
}

#[test]
fn a_cookie_holds_for_its_address_its_hello_and_some_minutes() {
    let mut world = World::new();
    let mut client = Client::new(1, &With::known());
    let second = second_hello(&mut world, &mut client);
    let elsewhere = SocketAddr::from(([192, 0, 2, 1], 2));
    assert!(world.give(elsewhere, &second).is_empty());
    let mut changed = second.clone();
    *changed.last_mut().unwrap() ^= 1;
    assert!(world.give(client.from, &changed).is_empty());
    let cookie = ClientHello::read(&second).unwrap().cookie().to_vec();
    let at = second.windows(cookie.len()).position(|window| window == cookie).unwrap();
    let mut forged = second.clone();
    forged[at..at + cookie.len()].fill(0);
    assert!(world.give(client.from, &forged).is_empty());
    assert_eq!(world.server.live(), 0);
    world.pass(119.0);
    assert!(!world.give(client.from, &second).is_empty(), "a slow client's cookie still holds");
    let mut late = World::new();
    let mut client = Client::new(1, &With::known());
    let second = second_hello(&mut late, &mut client);
    late.pass(241.0);
    assert!(late.give(client.from, &second).is_empty());
    assert_eq!(late.server.live(), 0);
}

#[test]
fn a_hello_in_fragments_is_not_answered() {
    let mut world = World::new();
    let mut client = Client::new(1, &With::known());
    let hello = client.go().remove(0);
    let body = &hello[25..];
    let (length, half) = (u32::try_from(body.len()).unwrap(), body.len() / 2);
    let offset = u32::try_from(half).unwrap();
    let first = record(22, 0, 0, &fragment(1, 0, length, 0, &body[..half]));
    let second = record(22, 0, 1, &fragment(1, 0, length, offset, &body[half..]));
    for datagram in [&first, &second, &[first.clone(), second.clone()].concat()] {
        assert!(world.give(client.from, datagram).is_empty());
    }
    assert_eq!(world.server.live(), 0);
}

#[test]
fn a_hello_of_record_version_fe00_joins() {
    let mut world = World::new();
    let mut client = Client::new(1, &With::known());
    let mut waiting = client.go();
    while let Some(mut datagram) = waiting.pop() {
        if ClientHello::read(&datagram).is_some() {
            datagram[1..3].copy_from_slice(&[0xFE, 0x00]);
        }
        for (_, answer) in world.give(client.from, &datagram) {
            waiting.extend(client.hear(answer));
        }
    }
    assert!(client.joined, "{:?}", world.words);
}

#[test]
fn a_second_hello_that_counts_from_nought_again_joins() {
    let mut world = World::new();
    let mut client = Client::new(1, &With::known());
    let mut second = second_hello(&mut world, &mut client);
    second[5..11].fill(0);
    world.carry(&mut client, vec![second]);
    assert!(client.joined, "{:?}", world.words);
}

#[test]
fn fragments_without_end_use_up_the_budget_of_their_handshake_and_nothing_else() {
    let bounds = DtlsBounds::default();
    let one_byte = |number: u32| fragment(16, 2, 60_000, 59_999 - number % 60_000, b"x");
    let empty = |_| fragment(16, 2, 60_000, 0, b"");
    let apart = |number: u32| fragment(16, u16::try_from(number % 60_000).unwrap(), 3, 0, b"x");
    let forms: [&dyn Fn(u32) -> Vec<u8>; 3] = [&one_byte, &empty, &apart];
    for form in forms {
        let mut world = World::new();
        let client = half_open(&mut world, 1);
        let mut given = 0;
        for number in 0..1_000_u32 {
            let records: Vec<_> = (0..20)
                .flat_map(|at| record(22, 0, u64::from(number * 20 + at) + 5, &form(number * 20 + at)))
                .collect();
            world.give(client.from, &records);
            given += usize::from(world.server.live() == 1);
        }
        assert!(given <= bounds.handshake_datagrams, "{given}");
        assert_eq!((world.server.live(), world.server.half_open()), (0, 0));
        assert_eq!(world.failures().len(), 1);
    }
}

#[test]
fn records_of_the_next_epoch_use_up_the_budget_too() {
    for size in [16, 1200, 16_000] {
        let mut world = World::new();
        let client = half_open(&mut world, 1);
        for number in 0..10_000 {
            world.give(client.from, &record(23, 1, number, &vec![0x17; size]));
        }
        let failures = world.failures();
        let [(None, HandshakeFailure::OverBudget { datagrams, bytes })] = failures[..] else { panic!("{failures:?}") };
        assert!(datagrams <= 129 && bytes <= 64 * 1024 + 16_100, "{datagrams} {bytes}");
        assert_eq!(world.server.live(), 0);
    }
}

#[test]
fn forged_records_do_not_disturb_who_has_joined() {
    for with in [With::known(), With::certificate("ECDHE-ECDSA-AES128-GCM-SHA256")] {
        let mut world = World::new();
        let (mut client, peer) = world.join(1, &with);
        let before = world.words.len();
        for sequence in 0..500 {
            for kind in 20..=23 {
                assert!(world.give(client.from, &record(kind, 1, sequence, &[0x5A; 40])).is_empty());
                assert!(world.give(client.from, &record(kind, 0, sequence, &[2, 40])).is_empty());
            }
        }
        assert_eq!(world.words.len(), before);
        let said = client.say(b"unmoved");
        world.carry(&mut client, said);
        assert_eq!(world.said()[&peer], [b"unmoved"]);
    }
}

#[test]
fn what_is_recorded_and_sent_again_is_not_heard_again() {
    let mut world = World::new();
    let (mut client, peer) = world.join(1, &With::known());
    let said = client.say(b"once");
    for _ in 0..3 {
        assert!(world.give(client.from, &said[0]).is_empty());
    }
    assert_eq!(world.said()[&peer], [b"once"]);
}

#[test]
fn garbage_at_any_stage_ends_at_most_its_own_handshake() {
    let mut dice = Dice(7);
    let mut world = World::new();
    let (mut bystander, peer) = world.join(9, &With::known());
    for round in 0..500_u64 {
        let port = 10 + u16::try_from(dice.below(4)).unwrap();
        let with = if round % 8 == 0 { With::certificate("ECDHE-ECDSA-AES128-CCM8") } else { With::known() };
        let mut client = Client::new(port, &with);
        let mut waiting = client.go();
        let spoiled_one = dice.below(6);
        for step in 0.. {
            let Some(mut datagram) = waiting.pop() else { break };
            if step == spoiled_one {
                let at = usize::try_from(dice.below(datagram.len() as u64)).unwrap();
                match dice.below(3) {
                    0 => datagram[at] ^= 1 << dice.below(8),
                    1 => datagram.truncate(at),
                    _ => datagram.iter_mut().skip(at).for_each(|byte| *byte = u8::try_from(dice.below(256)).unwrap()),
                }
            }
            for (to, answer) in world.give(client.from, &datagram) {
                if to == client.from {
                    waiting.extend(client.hear(answer));
                }
            }
        }
    }
    assert!(world.server.live() <= 5);
    world.pass(70.0);
    let said = bystander.say(b"unmoved");
    world.carry(&mut bystander, said);
    assert_eq!(world.said()[&peer], [b"unmoved"]);
    assert_eq!(world.server.half_open(), 0);
}

#[test]
fn over_the_cap_a_hello_waits_until_there_is_room() {
    let mut world = World::with(DtlsBounds { live: 2, ..DtlsBounds::default() });
    let (_first, peer) = world.join(1, &With::known());
    world.join(2, &With::known());
    let mut third = Client::new(3, &With::known());
    let second = second_hello(&mut world, &mut third);
    assert!(world.give(third.from, &second).is_empty());
    assert_eq!((world.server.live(), world.server.turned_away()), (2, 1));
    let (_rebooted, _) = world.join(2, &With::known());
    world.server.close(world.now, peer);
    world.taken();
    world.carry(&mut third, vec![second]);
    assert!(third.joined);
    assert_eq!(world.server.live(), 2);
}

#[test]
fn half_open_handshakes_are_capped_in_all_and_for_each_host() {
    let mut world = World::with(DtlsBounds { half_open: 3, half_open_per_host: 2, ..DtlsBounds::default() });
    let admitted = |world: &mut World, port: u16, host: u8| {
        let mut client = Client::new(port, &With::known());
        client.from.set_ip([198, 51, 100, host].into());
        let second = second_hello(world, &mut client);
        !world.give(client.from, &second).is_empty()
    };
    let tries = [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3)].map(|(port, host)| admitted(&mut world, port, host));
    assert_eq!(tries, [true, true, false, true, false]);
    assert_eq!((world.server.half_open(), world.server.turned_away()), (3, 2));
    world.pass(61.0);
    assert_eq!((world.server.half_open(), world.server.live()), (0, 0));
    assert!(admitted(&mut world, 6, 1));
}

#[test]
fn of_ipv6_a_whole_network_counts_as_one_host() {
    let mut world = World::with(DtlsBounds { half_open_per_host: 1, ..DtlsBounds::default() });
    let admitted = |world: &mut World, address: &str| {
        let mut client = Client::new(1, &With::known());
        client.from.set_ip(address.parse().unwrap());
        let second = second_hello(world, &mut client);
        !world.give(client.from, &second).is_empty()
    };
    assert!(admitted(&mut world, "2001:db8:0:1::1"));
    assert!(!admitted(&mut world, "2001:db8:0:1:ffff::2"));
    assert!(admitted(&mut world, "2001:db8:0:2::1"));
    assert!(admitted(&mut world, "::ffff:192.0.2.7"));
    assert!(!admitted(&mut world, "192.0.2.7"));
}

#[test]
fn nobody_can_resume_what_was_agreed_earlier() {
    let mut world = World::new();
    let (client, _) =
        world.join(1, &With::Psk { suites: "ALL".to_owned(), identity: IDENTITY.to_owned(), key: KEY.to_vec() });
    let session = client.stream.ssl().session().unwrap();
    assert!(session.id().is_empty());
    assert!(!world.words.iter().any(|word| matches!(word, DtlsWord::Failed { .. })));
}
