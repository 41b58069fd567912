//! Devices that want to be bootstrapped, as many at once as wanted, against a server that is named.
//!
//! usage: bootstraps devices nosec|pack|psk ADDRESS DEVICES [first=N] [at-once=N] [loss=PERCENT] [keys=FILE] [patience=SECONDS]
//!        bootstraps stub ADDRESS
//!
//! Driven by `benches/bootstraps.py`. Each device has a socket, and asks, answers and repeats as a client of LwM2M 1.1 does; one
//! that hears nothing for its patience begins again. The devices are called `gw-FIRST` and on, in seven digits; FILE has a line of
//! name and file of objects (`bootstrap.cbor`) for each. It says `ready` when all sockets are open, and begins when a line comes in. `loss` is
//! made here, in both directions. `stub` is a server without security, registry and disk to compare with. Prints one JSON object.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs,
    unreachable_pub
)]

#[path = "bootstraps/device.rs"]
mod device;
#[path = "bootstraps/link.rs"]
mod link;
#[path = "bootstraps/stub.rs"]
mod stub;

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use device::Device;
use firstlight::coap::{Conversation, Request, Timing, Unanswered, Word};
use firstlight::fleet::lwm2m::{Path, data_type};
use firstlight::format::coap::Code;
use firstlight::format::payload::{PayloadFormat, decode};
use link::{Key, Link};
use serde_json::json;
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;

/// How long a device stays after the last step, to say again what was lost and to let itself be read.
const LINGERS: Duration = Duration::from_secs(4);
/// How often a device begins anew before it counts as lost.
const MOST_ATTEMPTS: u32 = 20;
/// Devices of one address of the loopback network.
const OF_ONE_ADDRESS: u32 = 10_000;
/// How often a handshake looks whether something is to be repeated.
const HANDSHAKE_LOOK: Duration = Duration::from_millis(500);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["devices", way, address, devices, ref more @ ..] => {
            let storm = Storm::of(way, address.parse().unwrap(), devices.parse().unwrap(), more);
            tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(storm.run());
        }
        ["stub", address] => {
            let socket = std::net::UdpSocket::bind(address).unwrap();
            println!("{}", socket.local_addr().unwrap());
            stub::serve(&socket).unwrap();
        }
        // `cargo bench` without words: there is nothing to measure without a server.
        _ => println!("usage: see the head of benches/bootstraps.rs"),
    }
}

/// What is wanted.
struct Storm {
    way: Way,
    server: SocketAddr,
    devices: u32,
    first: u32,
    at_once: usize,
    loss: f64,
    patience: Duration,
    keys: HashMap<String, Key>,
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Nosec,
    Pack,
    Psk,
}

/// What became of one device.
struct Seen {
    took: Duration,
    ended: Instant,
    attempts: u32,
    fault: Option<String>,
}

impl Storm {
    fn of(way: &str, server: SocketAddr, devices: u32, more: &[&str]) -> Self {
        let more: BTreeMap<&str, &str> = more.iter().map(|word| word.split_once('=').unwrap()).collect();
        let number = |key: &str, usual: u32| more.get(key).map_or(usual, |text| text.parse().unwrap());
        let way = match way {
            "nosec" => Way::Nosec,
            "pack" => Way::Pack,
            "psk" => Way::Psk,
            other => panic!("{other:?} is no way"),
        };
        Self {
            way,
            server,
            devices,
            first: number("first", 0),
            at_once: number("at-once", devices) as usize,
            loss: f64::from(number("loss", 0)) / 100.0,
            patience: Duration::from_secs(number("patience", 120).into()),
            keys: more.get("keys").map(|path| keys(path)).unwrap_or_default(),
        }
    }

    async fn run(self) {
        let storm = Arc::new(self);
        let mut sockets = Vec::new();
        for number in 0..storm.devices {
            let [high, low] = ((storm.first + number) / OF_ONE_ADDRESS).to_be_bytes()[2..] else { unreachable!() };
            let socket = UdpSocket::bind((Ipv4Addr::new(127, 77, high, low), 0)).await.unwrap();
            socket.connect(storm.server).await.unwrap();
            sockets.push(socket);
        }
        println!("ready");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let (began, cpu, slots) = (Instant::now(), own_cpu(), Arc::new(Semaphore::new(storm.at_once)));
        let mut tasks = Vec::new();
        for (number, socket) in sockets.into_iter().enumerate() {
            let (storm, slots) = (Arc::clone(&storm), Arc::clone(&slots));
            tasks.push(tokio::spawn(async move {
                let slot = slots.acquire_owned().await.unwrap();
                One::new(&storm, storm.first + number as u32, socket).run(slot).await
            }));
        }
        let mut all = Vec::new();
        for task in tasks {
            all.push(task.await.unwrap());
        }
        println!("{}", figures(&all, began, own_cpu() - cpu));
    }
}

fn figures(all: &[Seen], began: Instant, cpu: f64) -> serde_json::Value {
    let good: Vec<&Seen> = all.iter().filter(|seen| seen.fault.is_none()).collect();
    let mut millis: Vec<f64> = good.iter().map(|seen| seen.took.as_secs_f64() * 1e3).collect();
    millis.sort_unstable_by(f64::total_cmp);
    let at = |part: f64| millis.get((millis.len() as f64 * part) as usize).copied().unwrap_or_default();
    let seconds = good.iter().map(|seen| seen.ended - began).max().unwrap_or_default().as_secs_f64();
    let mut faults = BTreeMap::new();
    for fault in all.iter().filter_map(|seen| seen.fault.as_ref()) {
        *faults.entry(fault).or_insert(0) += 1;
    }
    let again: u32 = all.iter().map(|seen| seen.attempts - 1).sum();
    json!({ "configured": good.len(), "seconds": seconds, "p50": at(0.5), "p99": at(0.99), "worst": at(0.999_999),
        "begun_again": again, "faults": faults, "cpu": cpu })
}

/// Reads what was written for each device: a line of name and file of objects for each.
fn keys(path: &str) -> HashMap<String, Key> {
    let text = std::fs::read_to_string(path).unwrap();
    let keys = text.lines().map(|line| {
        let (name, file) = line.split_once(' ').unwrap();
        let bytes = std::fs::read(file).unwrap();
        let objects = decode(PayloadFormat::SenmlCbor, Path::Root, &bytes, &data_type).unwrap();
        (name.to_owned(), Key::of(&objects).unwrap_or_else(|| panic!("{file} has no key of a bootstrap server")))
    });
    keys.collect()
}

/// One device with its socket.
struct One<'a> {
    storm: &'a Storm,
    number: u32,
    name: String,
    socket: UdpSocket,
    device: Device,
    said: Conversation,
    link: Link,
    began: Instant,
    heard: Instant,
    attempts: u32,
    dice: u64,
}

impl<'a> One<'a> {
    fn new(storm: &'a Storm, number: u32, socket: UdpSocket) -> Self {
        let (name, now) = (format!("gw-{number:07}"), Instant::now());
        let (said, link) = (Conversation::new(Timing::default(), [0; 16]), Link::Plain);
        let dice = u64::from(number).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        Self {
            storm,
            number,
            name,
            socket,
            device: Device::new(number),
            said,
            link,
            began: now,
            heard: now,
            attempts: 0,
            dice,
        }
    }

    /// Is bootstrapped, gives its slot to the next device, and stays a little.
    async fn run(mut self, slot: tokio::sync::OwnedSemaphorePermit) -> Seen {
        let fault = self.configure().await;
        let (took, ended) = (self.began.elapsed(), Instant::now());
        drop(slot);
        self.heard = Instant::now();
        while fault.is_none() && self.heard.elapsed() < LINGERS {
            self.turn(self.heard + LINGERS).await;
        }
        let last = self.link.close();
        self.send(last).await;
        Seen { took, ended, attempts: self.attempts, fault }
    }

    async fn configure(&mut self) -> Option<String> {
        loop {
            if self.attempts == MOST_ATTEMPTS {
                return Some("it gave up".to_owned());
            }
            self.begin().await;
            match self.attempt().await {
                Ok(()) => return self.device.judge().err(),
                Err(Some(fault)) => return Some(fault),
                Err(None) => {}
            }
        }
    }

    async fn begin(&mut self) {
        self.attempts += 1;
        let mut seed = [0; 16];
        seed[..8].copy_from_slice(&self.draw().to_be_bytes());
        seed[8..].copy_from_slice(&self.draw().to_be_bytes());
        self.said = Conversation::new(Timing::default(), seed);
        self.link = Link::new(self.storm.keys.get(&self.name));
        assert!(self.storm.way != Way::Psk || !self.link.is_open(), "{} has no key", self.name);
        self.device = Device::new(self.number);
        self.heard = Instant::now();
        let hello = self.link.go_on();
        self.send(hello).await;
    }

    /// One attempt; none in place of a fault where it is worth another.
    async fn attempt(&mut self) -> Result<(), Option<String>> {
        let mut has_asked = false;
        while self.heard.elapsed() < self.storm.patience {
            if self.link.is_open() && !has_asked {
                has_asked = true;
                let request = self.request();
                self.said.ask(self.began.elapsed(), request);
            }
            self.turn(self.heard + self.storm.patience).await;
            while let Some(word) = self.said.word() {
                match word {
                    Word::Answered { response, .. } if self.storm.way == Way::Pack => {
                        return match response.code {
                            Code::CONTENT => self.device.unpack(&response).map_err(Some),
                            code => Err(Some(format!("the pack was answered {code}"))),
                        };
                    }
                    Word::Answered { response, .. } if response.code.class() != 2 => {
                        return Err(Some(format!("the request was answered {}", response.code)));
                    }
                    Word::Answered { .. } => {}
                    Word::Unanswered { why: Unanswered::Silent | Unanswered::NoAnswer, .. } => return Err(None),
                    Word::Unanswered { why, .. } => return Err(Some(why.to_string())),
                    Word::Asked { asked, request, .. } => {
                        let answer = self.device.answer(&request);
                        self.said.answer(self.began.elapsed(), asked, answer);
                    }
                }
            }
            if self.device.finished {
                self.flush().await;
                return Ok(());
            }
        }
        Err(None)
    }

    fn request(&self) -> Request {
        let name = format!("ep={}", self.name);
        if self.storm.way == Way::Pack {
            return Request { query: vec![name], ..Request::new(Code::GET, "/bspack").accepting(112) };
        }
        Request { query: vec![name, "pct=112".to_owned()], ..Request::new(Code::POST, "/bs") }
    }

    /// Sends what is to be sent, and waits for what comes, at most `until`.
    async fn turn(&mut self, until: Instant) {
        self.flush().await;
        let due = self.said.deadline().map_or(until, |due| (self.began + due).min(until));
        let due = if self.link.is_open() { due } else { due.min(Instant::now() + HANDSHAKE_LOOK) };
        let mut buffer = [0; 2_048];
        match tokio::time::timeout_at(due.into(), self.socket.recv(&mut buffer)).await {
            Ok(Ok(length)) if !self.is_lost() => {
                self.heard = Instant::now();
                let sent = self.link.received(self.began.elapsed(), &buffer[..length], &mut self.said);
                self.send(sent).await;
            }
            Ok(_) => {}
            Err(_) => {
                let sent = if self.link.is_open() { Vec::new() } else { self.link.go_on() };
                self.send(sent).await;
            }
        }
        self.said.tick(self.began.elapsed());
        self.answer_when_finished();
    }

    /// Lets itself be read after the last step.
    fn answer_when_finished(&mut self) {
        while self.device.finished
            && let Some(word) = self.said.word()
        {
            if let Word::Asked { asked, request, .. } = word {
                let answer = self.device.answer(&request);
                self.said.answer(self.began.elapsed(), asked, answer);
            }
        }
    }

    async fn flush(&mut self) {
        while let Some(message) = self.said.datagram() {
            let sealed = self.link.sealed(message);
            self.send(sealed).await;
        }
    }

    async fn send(&mut self, datagrams: Vec<Vec<u8>>) {
        for datagram in datagrams {
            if !self.is_lost() {
                let _ = self.socket.send(&datagram).await;
            }
        }
    }

    fn is_lost(&mut self) -> bool {
        let loss = self.storm.loss;
        loss > 0.0 && (self.draw() >> 11) as f64 / (1_u64 << 53) as f64 <= loss
    }

    /// Numbers that look like chance and are the same in every run.
    fn draw(&mut self) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        self.dice
    }
}

/// CPU seconds of this process, which has one thread.
fn own_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
