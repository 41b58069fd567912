//! Links that lose, reorder, double and delay.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use super::world::{Client, Dice, With, World};
use crate::dtls::DtlsBounds;

/// OpenSSL's own clock stands behind its client's timer: here it runs out after 60 ms of real time, which we sleep
/// whenever a client's second of virtual time has passed.
#[allow(unsafe_code)]
mod timer {
    use std::ffi::{c_uint, c_void};

    use openssl::ssl::SslRef;

    unsafe extern "C" {
        fn DTLS_set_timer_cb(ssl: *mut c_void, callback: extern "C" fn(*mut c_void, c_uint) -> c_uint);
    }

    pub(super) const MICROSECONDS: c_uint = 60_000;

    extern "C" fn interval(_ssl: *mut c_void, _before: c_uint) -> c_uint {
        MICROSECONDS
    }

    pub(super) fn shorten(ssl: &SslRef) {
        // SAFETY: an `SslRef` is a reference to the library's `SSL` object itself; the callback touches nothing.
        unsafe { DTLS_set_timer_cb(std::ptr::from_ref(ssl).cast_mut().cast(), interval) };
    }
}

struct Link {
    loss: u64,
    late: u64,
    doubled: u64,
    delay: Duration,
    /// How often a client repeats itself.
    client: Duration,
}

impl Link {
    /// When a datagram arrives; not at all, once or twice.
    fn arrivals(&self, now: Duration, dice: &mut Dice) -> Vec<Duration> {
        let copies = u64::from(dice.below(100) >= self.loss) + u64::from(dice.below(100) < self.doubled);
        let arrival = |dice: &mut Dice| {
            let late = if dice.below(100) < self.late { 200 } else { 0 };
            now + self.delay + Duration::from_millis(dice.below(20) + late)
        };
        (0..copies).map(|_| arrival(dice)).collect()
    }
}

enum To {
    Server,
    Client,
}

fn begin(at: usize, with: &With) -> Client {
    let client = Client::new(u16::try_from(at).unwrap() + 1, with);
    timer::shorten(client.stream.ssl());
    client
}

/// Lets the clients shake hands over the link; returns how many did within `limit` and how long the slowest took.
fn shake(link: &Link, bounds: DtlsBounds, withs: &[With], limit: Duration) -> (usize, Duration, World) {
    let mut world = World::with(bounds);
    let mut dice = Dice(42);
    let mut clients: Vec<_> = withs.iter().enumerate().map(|(at, with)| begin(at, with)).collect();
    let began = world.now;
    let mut under_way: BTreeMap<(Duration, usize), (usize, To, Vec<u8>)> = BTreeMap::new();
    let mut sent = 0;
    let mut put = |now: Duration,
                   dice: &mut Dice,
                   under_way: &mut BTreeMap<_, _>,
                   at: usize,
                   to: fn() -> To,
                   datagram: Vec<u8>| {
        for arrival in link.arrivals(now, dice) {
            sent += 1;
            under_way.insert((arrival, sent), (at, to(), datagram.clone()));
        }
    };
    for (at, client) in clients.iter_mut().enumerate() {
        for datagram in client.go() {
            put(world.now, &mut dice, &mut under_way, at, || To::Server, datagram);
        }
    }
    let mut ticking = began + link.client;
    let mut slowest = Duration::ZERO;
    while world.now < began + limit && clients.iter().any(|client| !client.joined) {
        let arrival = under_way.keys().next().map_or(Duration::MAX, |(arrival, _)| *arrival);
        let next = arrival.min(ticking).min(world.server.deadline().unwrap_or(Duration::MAX));
        world.now = world.now.max(next);
        world.server.tick(world.now);
        if next == ticking {
            ticking += link.client;
            thread::sleep(Duration::from_micros(u64::from(timer::MICROSECONDS) + 5_000));
            for (at, client) in clients.iter_mut().enumerate().filter(|(_, client)| !client.joined) {
                // OpenSSL's client gives up after twelve tries, and its clock is the machine's, which may be busy: as a
                // device does, it then begins anew from the same port.
                if client.broken.is_some() {
                    *client = begin(at, &withs[at]);
                }
                for datagram in client.go() {
                    put(world.now, &mut dice, &mut under_way, at, || To::Server, datagram);
                }
            }
        } else if next == arrival {
            let (_, (at, to, datagram)) = under_way.pop_first().unwrap();
            match to {
                To::Server => world.server.received(world.now, clients[at].from, &datagram),
                To::Client => {
                    let before = clients[at].joined;
                    for datagram in clients[at].hear(datagram) {
                        put(world.now, &mut dice, &mut under_way, at, || To::Server, datagram);
                    }
                    slowest = if clients[at].joined && !before { world.now.saturating_sub(began) } else { slowest };
                }
            }
        }
        for (to, datagram) in world.taken() {
            put(world.now, &mut dice, &mut under_way, usize::from(to.port()) - 1, || To::Client, datagram);
        }
    }
    (clients.iter().filter(|client| client.joined).count(), slowest, world)
}

fn mixed(number: usize) -> Vec<With> {
    let by_certificate = With::certificate("ECDHE-ECDSA-AES128-CCM8");
    (0..number).map(|at| if at % 4 == 0 { by_certificate.clone() } else { With::known() }).collect()
}

#[test]
fn over_a_link_that_loses_reorders_and_doubles_everybody_joins() {
    let link =
        Link { loss: 10, late: 20, doubled: 10, delay: Duration::from_millis(20), client: Duration::from_secs(1) };
    let withs = mixed(120);
    let (joined, slowest, world) = shake(&link, DtlsBounds::default(), &withs, Duration::from_mins(1));
    assert_eq!(joined, withs.len(), "slowest {slowest:?}, {:?}", world.failures());
    assert_eq!(world.failures(), []);
    assert_eq!((world.server.live(), world.server.half_open()), (withs.len(), 0));
}

#[test]
fn over_a_link_that_loses_a_third_everybody_joins_in_the_end() {
    let link =
        Link { loss: 30, late: 10, doubled: 0, delay: Duration::from_millis(50), client: Duration::from_secs(1) };
    let withs = mixed(24);
    let (joined, slowest, world) = shake(&link, DtlsBounds::default(), &withs, Duration::from_mins(5));
    assert_eq!(joined, withs.len(), "slowest {slowest:?}, {:?}", world.failures());
}

#[test]
fn where_an_answer_takes_ten_seconds_the_slow_bounds_let_everybody_join() {
    let link = Link { loss: 5, late: 0, doubled: 0, delay: Duration::from_secs(5), client: Duration::from_secs(4) };
    let withs = mixed(12);
    let (joined, slowest, world) = shake(&link, DtlsBounds::slow(), &withs, Duration::from_mins(4));
    assert_eq!(joined, withs.len(), "{:?}", world.failures());
    assert!(slowest >= Duration::from_secs(30), "three times there and back");
}
