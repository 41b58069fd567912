//! PostgreSQL behind a line that is cut at its n-th message, for every n: 503, and asked again the device is there once.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use firstlight::registry::Engine;
use serde_json::json;

use crate::cluster::{place, stranger};
use crate::engines::engine;
use crate::world::world_at;

/// Where the line is to be cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Cut {
    /// The message does not arrive.
    Before,
    /// It arrives, its answer does not.
    After,
}

#[derive(Default)]
struct State {
    /// Messages until the cut; none where there is to be none.
    left: Option<(u32, Cut)>,
    /// It is cut, and nobody is let in.
    is_cut: bool,
    /// Of the connections that are open.
    open: Vec<(TcpStream, UnixStream)>,
}

impl State {
    fn cut(&mut self) {
        self.is_cut = true;
        for (near, far) in self.open.drain(..) {
            let _ = near.shutdown(Shutdown::Both);
            let _ = far.shutdown(Shutdown::Both);
        }
    }
}

/// A line between server and PostgreSQL.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<State>>);

impl Wire {
    /// Leads to the socket in `folder`; returns the port it listens at.
    fn to(&self, folder: PathBuf) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = self.clone();
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let mut state = wire.0.lock().unwrap();
                if state.is_cut {
                    continue;
                }
                let far = UnixStream::connect(folder.join(".s.PGSQL.5432")).unwrap();
                let (mut down, mut back) = (far.try_clone().unwrap(), near.try_clone().unwrap());
                thread::spawn(move || io::copy(&mut down, &mut back));
                let (from, to) = (near.try_clone().unwrap(), far.try_clone().unwrap());
                state.open.push((near, far));
                let wire = wire.clone();
                thread::spawn(move || wire.carry(from, to));
            }
        });
        port
    }

    /// Carries messages: a word of their kind, but for the first one, and their length, which counts itself.
    fn carry(&self, mut from: TcpStream, mut to: UnixStream) -> io::Result<()> {
        let mut head = 4;
        loop {
            let mut message = vec![0; head];
            from.read_exact(&mut message)?;
            let length = u32::from_be_bytes(message[head - 4..].try_into().unwrap()) as usize;
            message.resize(head - 4 + length, 0);
            from.read_exact(&mut message[head..])?;
            let mut state = self.0.lock().unwrap();
            match &mut state.left {
                Some((0, cut)) => {
                    if *cut == Cut::After {
                        to.write_all(&message)?;
                    }
                    state.left = None;
                    state.cut();
                }
                left => {
                    if let Some((left, _)) = left {
                        *left -= 1;
                    }
                    to.write_all(&message)?;
                }
            }
            head = 5;
        }
    }

    fn arm(&self, number: u32, cut: Cut) {
        self.0.lock().unwrap().left = Some((number, cut));
    }

    /// Mends the line; returns true if it had been cut.
    fn mend(&self) -> bool {
        let mut state = self.0.lock().unwrap();
        state.left = None;
        std::mem::take(&mut state.is_cut)
    }
}

#[test]
fn a_registry_that_goes_away_at_any_message_costs_a_second_try_and_nothing_else() {
    if engine() == Engine::Sqlite {
        return; // It has no line; `every_promise_of_this_suite_holds_on_postgres_too` runs this one.
    }
    let mut place = place(Engine::Postgres);
    let direct = place.address.clone();
    let (host, rest) = direct.strip_prefix("postgres://firstlight@").unwrap().split_once('/').unwrap();
    let wire = Wire::default();
    let port = wire.to(host.replace("%2F", "/").into());
    place.address = format!("postgres://firstlight@127.0.0.1:{port}/{rest}");
    let world = world_at(place, |_| {});
    let mut witness = stranger(&direct);
    let mut cuts = [0, 0];
    for (kind, cut) in [Cut::Before, Cut::After].into_iter().enumerate() {
        for number in 0.. {
            let id = format!("gw-{kind}-{number}");
            wire.arm(number, cut);
            let first = world.register("tokens", &id).status();
            let was_cut = wire.mend();
            let again = world.register("tokens", &id).status();
            let text = "SELECT (SELECT count(*) FROM device WHERE folded = $1), (SELECT count(*) FROM registration
                WHERE device = $1), (SELECT count(*) FROM event WHERE device = $1 AND what = 'registered')";
            let row = witness.query_one(text, &[&id]).unwrap();
            assert_eq!([0, 1, 2].map(|at| row.get::<_, i64>(at)), [1, 1, 1], "{cut:?} {number}: {first}, then {again}");
            if !was_cut {
                assert_eq!((first, again), (201, 200), "{cut:?} {number}");
                break;
            }
            assert!(matches!((first, again), (503, 200 | 201) | (201, 200)), "{cut:?} {number}: {first}, then {again}");
            cuts[kind] += 1;
        }
    }
    assert!(cuts.iter().all(|cuts| *cuts > 10), "{cuts:?}");
    assert_eq!(
        world.ask("viewer", "GET", "/v1/devices?total=true", &json!(null)).json()["total"],
        cuts[0] + cuts[1] + 2
    );
    assert!(world.registry.verify_events().unwrap().is_ok());
}
