//! Clients of a registration server, as many as wanted, each on a connection of its own that stays open.
//!
//! usage: register register FLEET ADDRESS GROUP CLIENTS DEVICES PREFIX [drawn]
//!        register handshake FLEET ADDRESS CLIENTS SECONDS
//!
//! Driven by `benches/registrations.py`. `register` sends `POST /v1/register` with an HMAC claim for each of DEVICES devices,
//! in the order of their names or, `drawn`, in any. `handshake` opens connections and closes them. All requests are made ready before the clock starts, so that the server
//! and not this program is measured. Prints one JSON object.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::exit,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    missing_docs
)]

#[path = "../tests/common/claims.rs"]
mod claims;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use claims::Devices;
use firstlight::fleet::Digest;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The name of the fleets that `benches/registrations.py` makes.
const FLEET: &str = "bench";

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match words[..] {
        ["register", fleet, address, group, clients, devices, prefix, ref order @ ..] => {
            let mut requests = requests(Path::new(fleet), group, devices.parse().unwrap(), prefix);
            if order == ["drawn"] {
                // Their nonces are drawn: so are their digests.
                requests.sort_by_cached_key(|request| *Digest::of(request).as_bytes());
            }
            runtime.block_on(register(Path::new(fleet), address, clients.parse().unwrap(), requests));
        }
        ["handshake", fleet, address, clients, seconds] => {
            let length = Duration::from_secs(seconds.parse().unwrap());
            runtime.block_on(handshake(Path::new(fleet), address, clients.parse().unwrap(), length));
        }
        // `cargo bench` without words: there is nothing to measure without a server.
        _ => println!("usage: see the head of benches/register.rs"),
    }
}

/// One request for each device, ready to be sent.
fn requests(fleet: &Path, group: &str, devices: u32, prefix: &str) -> Vec<Vec<u8>> {
    let fleet = Devices::of(fleet, FLEET, group);
    (0..devices).map(|number| fleet.request(&format!("{prefix}-{number:07}"))).collect()
}

/// Trusts what `serve` shows: its certificate and the fleet's root behind it.
fn connector(fleet: &Path, resumes: bool) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for file in ["serve.pem", "authority/root.pem"] {
        let Ok(chain) = CertificateDer::pem_file_iter(fleet.join(".firstlight").join(file)) else { continue };
        for certificate in chain.flatten() {
            let _ = roots.add(certificate);
        }
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if !resumes {
        config.resumption = rustls::client::Resumption::disabled();
    }
    TlsConnector::from(Arc::new(config))
}

async fn connect(connector: &TlsConnector, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    connector.connect(ServerName::try_from("localhost").unwrap(), stream).await
}

/// What a client saw: status and microseconds of each request, and which of them were answered well.
#[derive(Default)]
struct Seen {
    statuses: BTreeMap<u16, u64>,
    micros: Vec<u64>,
    lost: u64,
}

async fn register(fleet: &Path, address: &str, clients: usize, requests: Vec<Vec<u8>>) {
    let (connector, address) = (connector(fleet, false), address.parse().unwrap());
    let mut streams = Vec::new();
    for _ in 0..clients {
        streams.push(connect(&connector, address).await.expect("the server takes a connection"));
    }
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicU64::new(0)));
    let (began, before) = (Instant::now(), own_cpu());
    let mut tasks = Vec::new();
    for stream in streams {
        tasks.push(tokio::spawn(one(stream, Arc::clone(&requests), Arc::clone(&next))));
    }
    let mut all = Seen::default();
    for task in tasks {
        let seen = task.await.unwrap();
        seen.statuses.into_iter().for_each(|(status, count)| *all.statuses.entry(status).or_default() += count);
        all.micros.extend(seen.micros);
        all.lost += seen.lost;
    }
    let seconds = began.elapsed().as_secs_f64();
    all.micros.sort_unstable();
    let at = |part: f64| {
        all.micros.get((all.micros.len() as f64 * part) as usize).map_or(0.0, |micros| *micros as f64 / 1e3)
    };
    let statuses: BTreeMap<String, u64> =
        all.statuses.iter().map(|(status, count)| (status.to_string(), *count)).collect();
    println!(
        "{}",
        json!({ "seconds": seconds, "answered": all.micros.len(), "lost": all.lost, "statuses": statuses,
            "p50": at(0.5), "p99": at(0.99), "worst": at(0.999_999), "cpu": own_cpu() - before })
    );
}

async fn one(mut stream: TlsStream<TcpStream>, requests: Arc<Vec<Vec<u8>>>, next: Arc<AtomicU64>) -> Seen {
    let (mut seen, mut buffer) = (Seen::default(), vec![0; 16 * 1024]);
    loop {
        let number = usize::try_from(next.fetch_add(1, Ordering::Relaxed)).unwrap();
        let Some(request) = requests.get(number) else { return seen };
        let began = Instant::now();
        let Some(status) = exchange(&mut stream, request, &mut buffer).await else {
            seen.lost += 1;
            return seen;
        };
        *seen.statuses.entry(status).or_default() += 1;
        seen.micros.push(u64::try_from(began.elapsed().as_micros()).unwrap());
    }
}

/// Sends a request and reads its whole answer; returns the status.
async fn exchange(stream: &mut TlsStream<TcpStream>, request: &[u8], buffer: &mut [u8]) -> Option<u16> {
    stream.write_all(request).await.ok()?;
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await.ok().filter(|read| *read > 0)?;
        filled += read;
        if let Some((length, status)) = claims::answer(&buffer[..filled])
            && filled >= length
        {
            return Some(status);
        }
    }
}

async fn handshake(fleet: &Path, address: &str, clients: usize, length: Duration) {
    let (connector, address): (_, SocketAddr) = (connector(fleet, false), address.parse().unwrap());
    let (began, before) = (Instant::now(), own_cpu());
    let mut tasks = Vec::new();
    for _ in 0..clients {
        let connector = connector.clone();
        tasks.push(tokio::spawn(async move {
            let (mut done, mut lost) = (0_u64, 0_u64);
            while began.elapsed() < length {
                match connect(&connector, address).await {
                    Ok(_) => done += 1,
                    Err(_) => lost += 1,
                }
            }
            (done, lost)
        }));
    }
    let (mut done, mut lost) = (0, 0);
    for task in tasks {
        let (well, badly) = task.await.unwrap();
        done += well;
        lost += badly;
    }
    let seconds = began.elapsed().as_secs_f64();
    println!("{}", json!({ "seconds": seconds, "handshakes": done, "lost": lost, "cpu": own_cpu() - before }));
}

/// CPU seconds of this process, which has one thread.
fn own_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}
