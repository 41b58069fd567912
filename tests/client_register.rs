//! `firstlight client register` against a small TLS server: what it sends, how it waits, what it does not believe.
#![allow(
    clippy::unwrap_used,
    clippy::unnecessary_wraps,
    reason = "a test panics; an answer of none is one that was lost"
)]

mod device;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use device::authority::Authority;
use device::{Device, Ran};
use firstlight::client::register::{RegisterWish, Registration, register};
use firstlight::client::registration::RegisterError;
use firstlight::client::{Client, Disk, Open};
use firstlight::fleet::{Class, Diagnose as _};
use firstlight::host::Machine;
use firstlight::host::http::HttpError;
use firstlight::host::surroundings::{OsRandom, SystemClock};
use rustls::{ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// A request as the server saw it.
#[derive(Clone, Debug)]
struct Seen {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    by_certificate: bool,
}

impl Seen {
    fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// What the server answers: the bytes, or nothing but a closed connection.
type Answer = Option<Vec<u8>>;

fn http(status: u16, headers: &str, body: &Value) -> Answer {
    let body = body.to_string();
    Some(format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()).into_bytes())
}

fn assigned(rid: &str) -> Answer {
    let made = json!({ "name": "identity", "kind": "x509", "certificate": "CERTIFICATE", "chain": "CHAIN" });
    http(
        201,
        "",
        &json!({ "registration": rid, "id": "gw-0007", "group": "line-a", "state": "assigned", "interval": 3600,
            "servers": [{ "name": "telemetry", "uri": "mqtts://host:8883" }], "credentials": [made],
            "resources": [{ "kind": "topic", "name": "devices/gw-0007", "detail": "s3cret" }], "bootstrap": false }),
    )
}

fn refusal(status: u16, code: &str, headers: &str) -> Answer {
    let hint = "firstlight token new";
    http(status, headers, &json!({ "status": status, "code": code, "detail": "Because.", "hint": hint }))
}

/// A server that answers from a list, the last again and again; and what it has seen.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Server {
    fn new(authority: &Authority, answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (settings, log) = (authority.server(false), seen.clone());
        thread::spawn(move || {
            let mut answers = answers.into_iter().peekable();
            let mut answer: Answer = None;
            for stream in listener.incoming().flatten() {
                let mut stream =
                    BufReader::new(StreamOwned::new(ServerConnection::new(settings.clone()).unwrap(), stream));
                let Some(request) = read(&mut stream) else { continue };
                log.lock().unwrap().push(request);
                if answers.peek().is_some() {
                    answer = answers.next().unwrap();
                }
                let stream = stream.get_mut();
                if let Some(bytes) = &answer {
                    let _ = stream.write_all(bytes).and_then(|()| stream.flush());
                    stream.conn.send_close_notify();
                    let _ = stream.conn.complete_io(&mut stream.sock);
                }
            }
        });
        Self { port, seen }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }
}

fn read(stream: &mut BufReader<StreamOwned<ServerConnection, std::net::TcpStream>>) -> Option<Seen> {
    let mut line = String::new();
    stream.read_line(&mut line).ok().filter(|count| *count > 0)?;
    let (method, target) = line.trim_end().strip_suffix(" HTTP/1.1")?.split_once(' ')?;
    let mut seen = Seen {
        method: method.into(),
        target: target.into(),
        headers: BTreeMap::new(),
        body: Vec::new(),
        by_certificate: stream.get_ref().conn.peer_certificates().is_some(),
    };
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        assert!(seen.headers.insert(name.to_lowercase(), value.to_owned()).is_none(), "twice: {name}");
    }
    seen.body = vec![0; seen.header("content-length").parse().unwrap_or(0)];
    stream.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

const ORDER: &str = "etc/firstlight.d/registration.json";
const KEY: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// A device that was told to register there, by a claim.
fn told(authority: &Authority, port: u16, change: impl FnOnce(&mut Value)) -> Device {
    let device = Device::new();
    let mut order = json!({ "format": 1, "server": format!("https://localhost:{port}"), "fleet": "acme", "id": "gw-0007",
        "group": "line-a", "security": "claim", "trust": "ca.pem", "key": "registration.key" });
    change(&mut order);
    device.put(ORDER, order.to_string().as_bytes());
    device.put("etc/firstlight.d/ca.pem", &authority.read("ca.pem"));
    device.put("etc/firstlight.d/registration.key", format!("{KEY}\n").as_bytes());
    device.put("etc/firstlight.d/token", b"tok-1\n");
    device.put("etc/firstlight.d/certificate.pem", &authority.read("device.pem"));
    device.put("etc/firstlight.d/private-key.pem", &authority.read("device.key"));
    // The clock is trusted.
    device.put("run/systemd/timesync/synchronized", b"");
    device
}

/// Registers within ten minutes of a time that passes at once; returns the waits, too.
fn run(device: &Device) -> (Result<Registration, RegisterError>, Vec<Duration>) {
    run_so(device, false)
}

fn run_so(device: &Device, again: bool) -> (Result<Registration, RegisterError>, Vec<Duration>) {
    let disk = Disk::new(Machine::at(device.root()), Box::new(Open));
    let client = Client { disk: &disk, clock: &SystemClock, random: &OsRandom };
    let wish = RegisterWish { order: None, again, within: Duration::from_mins(10), environment_proxy: false };
    let waits = Mutex::new(Vec::new());
    let wait = |pause| {
        waits.lock().unwrap().push(pause);
        None
    };
    let result = register(&client, &wish, &wait);
    (result, waits.into_inner().unwrap())
}

#[track_caller]
fn failed(device: &Device) -> RegisterError {
    run(device).0.expect_err("it registered")
}

fn by_hand(device: &Device, arguments: &[&str]) -> Ran {
    let command = Command::new(device::BINARY)
        .args(["client", "--root"])
        .arg(device.root())
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran {
        status: command.status.code().unwrap(),
        stdout: String::from_utf8(command.stdout).unwrap(),
        stderr: String::from_utf8(command.stderr).unwrap(),
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// The proof of a claim, calculated by Python alone.
const PYTHON: &str = r#"
import base64, hashlib, hmac, re, sys
key, method, target, header, body = bytes.fromhex(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5]
word = dict((n, q or p) for n, q, p in re.findall(r'(\w+)=(?:"([^"]*)"|([^,]*))', header.split(" ", 1)[1]))
secret = hmac.new(bytes(32), key, hashlib.sha256).digest()
info = b"firstlight claim 1\0acme\0gw-0007"
derived = hmac.new(secret, info + b"\x01", hashlib.sha256).digest()
lines = ["firstlight claim 1", method, target, word["id"], word["group"], word["key"], word["nonce"], word.get("time", ""),
         hashlib.sha256(bytes.fromhex(body)).hexdigest(), ""]
mac = hmac.new(derived, "\n".join(lines).encode(), hashlib.sha256).digest()
assert base64.urlsafe_b64encode(mac).rstrip(b"=").decode() == word["mac"], header
print(word["key"], word["nonce"], word.get("time", "-"))
"#;

/// Returns key name, nonce and time of a request whose proof holds.
#[track_caller]
fn judged(seen: &Seen) -> (String, String, String) {
    let body = hex::encode(&seen.body);
    let arguments = [KEY, &seen.method, &seen.target, seen.header("authorization"), &body];
    let output = Command::new("python3").arg("-c").arg(PYTHON).args(arguments).output().expect("python3 is missing");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut words = text.split_whitespace().map(str::to_owned);
    (words.next().unwrap(), words.next().unwrap(), words.next().unwrap())
}

#[test]
fn a_device_registers_with_no_further_input_and_keeps_the_answer() {
    let authority = Authority::new("DNS:localhost");
    let server = Server::new(&authority, vec![assigned("r-1")]);
    let device = told(&authority, server.port, |order| {
        order["firmware_file"] = "/etc/version".into();
        order["model"] = "sensor@1".into();
        order["attributes"] = json!({ "site": "north" });
    });
    device.put("etc/version", b"1.2.3\n");
    let told = by_hand(&device, &["register", "--json"]).exits(0);
    assert!(!told.stdout.contains("s3cret"), "{}", told.stdout);
    let told = told.json();
    assert_eq!((&told["registration"], &told["asked"]), (&"r-1".into(), &true.into()), "{told:#}");
    let [seen] = &server.seen()[..] else { panic!("{:?}", server.lines()) };
    assert_eq!(seen.line(), "POST /v1/register");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("host"), format!("localhost:{}", server.port));
    let body: Value = serde_json::from_slice(&seen.body).unwrap();
    let expected = json!({ "id": "gw-0007", "group": "line-a", "serial": "SN-7", "model": { "ref": "sensor@1" },
        "firmware": "1.2.3", "attributes": { "site": "north" } });
    assert_eq!(body, expected);
    let (key, _, time) = judged(seen);
    let now = time::OffsetDateTime::now_utc().unix_timestamp();
    assert!(key == "group" && (now - time.parse::<i64>().unwrap()).abs() < 300);
    let kept = device.file("var/lib/firstlight/registration");
    assert_eq!(std::fs::read_to_string(kept.join("identity.pem")).unwrap(), "CERTIFICATE\nCHAIN\n");
    for name in ["identity.pem", "answer.json", "request.json"] {
        assert_eq!(mode(&kept.join(name)), 0o600, "{name}");
    }
    // Once more: nobody is asked. With a new firmware: a new request.
    let told = by_hand(&device, &["register", "--json"]).exits(0).json();
    assert_eq!((&told["asked"], server.seen().len()), (&false.into(), 1));
    device.put("etc/version", b"1.2.4\n");
    by_hand(&device, &["register"]).exits(0);
    let [first, second] = &server.seen()[..] else { panic!("{:?}", server.lines()) };
    assert_ne!(first.header("idempotency-key"), second.header("idempotency-key"));
}

#[test]
fn each_kind_of_proof_is_shown_as_it_is() {
    let authority = Authority::new("DNS:localhost");
    let server = Server::new(&authority, vec![assigned("r-1")]);
    let token = told(&authority, server.port, |order| {
        order["security"] = "token".into();
        order["token"] = "token".into();
    });
    run(&token).0.unwrap();
    let x509 = told(&authority, server.port, |order| {
        order["security"] = "x509".into();
        order["certificate"] = "/etc/firstlight.d/certificate.pem".into();
        order["private_key"] = "private-key.pem".into();
    });
    run(&x509).0.unwrap();
    let psk = told(&authority, server.port, |order| {
        order["security"] = "psk".into();
        order["key_name"] = "telemetry".into();
    });
    run(&psk).0.unwrap();
    let [token, x509, psk] = &server.seen()[..] else { panic!("{:?}", server.lines()) };
    assert_eq!((token.header("authorization"), token.by_certificate), ("Bearer tok-1", false));
    assert_eq!((x509.header("authorization"), x509.by_certificate), ("", true));
    assert_eq!(judged(psk).0, "telemetry");
}

#[test]
fn a_lost_reply_costs_nothing_in_this_run_and_in_the_next() {
    let authority = Authority::new("DNS:localhost");
    let server = Server::new(&authority, vec![None, None, assigned("r-1")]);
    let device = told(&authority, server.port, |_| {});
    let (result, waits) = run(&device);
    assert_eq!(result.unwrap().registration, "r-1");
    assert_eq!(waits.len(), 2);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|one| one.header("idempotency-key") == seen[0].header("idempotency-key")));
    let nonces: std::collections::BTreeSet<_> = seen.iter().map(|seen| judged(seen).1).collect();
    assert_eq!(nonces.len(), 3, "each request has a nonce of its own");
    // The whole run was lost: the next has the same key, whatever became of the answer.
    std::fs::remove_file(device.file("var/lib/firstlight/registration/answer.json")).unwrap();
    run(&device).0.unwrap();
    assert_eq!(server.seen()[3].header("idempotency-key"), seen[0].header("idempotency-key"));
    // Asked again on purpose, it is another request.
    run_so(&device, true).0.unwrap();
    assert_ne!(server.seen()[4].header("idempotency-key"), seen[0].header("idempotency-key"));
}

#[test]
fn a_decision_that_takes_its_time_is_waited_for() {
    let authority = Authority::new("DNS:localhost");
    let pending = |state: &str, headers: &str| {
        http(202, headers, &json!({ "registration": "r-9", "state": state, "status": "/x" }))
    };
    let server = Server::new(
        &authority,
        vec![pending("pending", "Retry-After: 30\r\n"), pending("assigning", ""), assigned("r-9")],
    );
    let device = told(&authority, server.port, |_| {});
    let (result, waits) = run(&device);
    assert_eq!(result.unwrap().registration, "r-9");
    assert_eq!(server.lines(), ["POST /v1/register", "GET /v1/registrations/r-9", "GET /v1/registrations/r-9"]);
    server.seen().iter().for_each(|seen| drop(judged(seen)));
    assert!(waits[0] >= Duration::from_secs(30) && waits[0] <= Duration::from_secs(33), "{waits:?}");
    assert!(waits[1] >= Duration::from_millis(2500), "{waits:?}");
    // For ever: the time ends, and the next run goes on with the same key.
    let server = Server::new(&authority, vec![pending("pending", "")]);
    let device = told(&authority, server.port, |_| {});
    let error = failed(&device);
    assert!(matches!(&error, RegisterError::Pending { registration, .. } if registration == "r-9"), "{error}");
    assert_eq!(error.class(), Class::Surroundings);
    assert!(server.seen().len() < 60, "the back-off grows");
}

#[test]
fn retry_after_is_honoured_and_what_is_longer_than_the_time_ends_the_run() {
    let authority = Authority::new("DNS:localhost");
    let answers = vec![
        refusal(429, "rate-limited", "Retry-After: 7\r\n"),
        refusal(503, "try-later", "Retry-After: 120\r\n"),
        refusal(503, "hook-failed", ""),
        assigned("r-1"),
    ];
    let server = Server::new(&authority, answers);
    let (result, waits) = run(&told(&authority, server.port, |_| {}));
    result.unwrap();
    let within = |wait: Duration, least: u64, most: u64| {
        (Duration::from_secs(least)..=Duration::from_secs(most)).contains(&wait)
    };
    assert!(within(waits[0], 7, 8) && within(waits[1], 120, 132) && waits[2] <= Duration::from_secs(1), "{waits:?}");
    let server = Server::new(&authority, vec![refusal(429, "rate-limited", "Retry-After: 4000000000\r\n")]);
    let device = told(&authority, server.port, |_| {});
    let (result, waits) = run(&device);
    let error = result.err().unwrap();
    assert!(error.to_string().contains("rate-limited") && waits.is_empty(), "{error}");
    assert_eq!((error.class(), server.seen().len()), (Class::Surroundings, 1));
}

#[test]
fn a_device_without_a_clock_asks_for_a_challenge() {
    let authority = Authority::new("DNS:localhost");
    let challenge = |nonce: &str| http(200, "", &json!({ "nonce": nonce, "expires": "2026-01-01T00:00:00Z" }));
    let nonce = "ch4llenge.of-the_server:1";
    let server = Server::new(&authority, vec![challenge(nonce), assigned("r-1")]);
    let device = told(&authority, server.port, |_| {});
    std::fs::remove_file(device.file("run/systemd/timesync/synchronized")).unwrap();
    run(&device).0.unwrap();
    assert_eq!(server.lines(), ["GET /v1/challenge", "POST /v1/register"]);
    assert_eq!(judged(&server.seen()[1]), ("group".into(), nonce.into(), "-".into()));
    assert_eq!(server.seen()[0].header("authorization"), "");
    // A clock that the device trusts and the server does not.
    let answers = vec![refusal(401, "claim-expired", ""), challenge(nonce), assigned("r-1")];
    let server = Server::new(&authority, answers);
    run(&told(&authority, server.port, |_| {})).0.unwrap();
    assert_eq!(server.lines(), ["POST /v1/register", "GET /v1/challenge", "POST /v1/register"]);
    // What is no word is not put into a header.
    for bad in ["short", "0123456789abcdef\", id=\"gw-0008", "0123456789abcdef\r\nX: y"] {
        let server = Server::new(&authority, vec![refusal(401, "claim-expired", ""), challenge(bad)]);
        let error = failed(&told(&authority, server.port, |_| {}));
        assert!(error.to_string().contains("its challenge is no word"), "{error}");
    }
}

#[test]
fn a_refusal_ends_it_with_the_servers_words_and_its_class() {
    let authority = Authority::new("DNS:localhost");
    for (status, code, exit) in
        [(403, "token-used-up", 6), (401, "proof-invalid", 6), (409, "serial-taken", 6), (422, "model-unknown", 1)]
    {
        let server = Server::new(&authority, vec![refusal(status, code, "")]);
        let device = told(&authority, server.port, |_| {});
        let ran = by_hand(&device, &["register"]).exits(exit);
        assert!(
            ran.stderr.contains(code) && ran.stderr.contains("Because.") && ran.stderr.contains("token new"),
            "{}",
            ran.stderr
        );
        assert_eq!(server.seen().len(), 1, "it does not knock again");
        assert!(!device.file("var/lib/firstlight/registration/answer.json").exists());
    }
    let server = Server::new(&authority, vec![refusal(422, "idempotency-key-reused", ""), assigned("r-1")]);
    run(&told(&authority, server.port, |_| {})).0.unwrap();
    let [first, second] = &server.seen()[..] else { panic!("{:?}", server.lines()) };
    assert_ne!(first.header("idempotency-key"), second.header("idempotency-key"));
}

#[test]
fn hostile_answers_are_bounded_and_not_believed() {
    let authority = Authority::new("DNS:localhost");
    let raw = |text: &str| Some(text.as_bytes().to_vec());
    let huge = raw("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{");
    let mut endless = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".to_vec();
    endless.resize(3 << 20, b' ');
    let other = |name: &str, value: Value| {
        let text = String::from_utf8(assigned("r-1").unwrap()).unwrap();
        let mut body: Value = serde_json::from_str(text.split_once("\r\n\r\n").unwrap().1).unwrap();
        body[name] = value;
        http(201, "", &body)
    };
    let cases: Vec<(Answer, &str)> = vec![
        (huge, "is longer than 1048576 bytes"),
        (Some(endless), "is longer than 1048576 bytes"),
        (raw("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"), "cannot be used"),
        (raw("HTTP/1.1 302 X\r\nLocation: https://localhost/\r\nContent-Length: 0\r\n\r\n"), "status 302"),
        (other("id", "gw-0008".into()), "this device is \"gw-0007\""),
        (other("registration", "../../etc".into()), "no name of a registration"),
        (other("credentials", json!([{ "name": "../key", "kind": "x509" }])), "no name of a credential"),
    ];
    for (answer, words) in cases {
        let server = Server::new(&authority, vec![answer]);
        let device = told(&authority, server.port, |_| {});
        let error = failed(&device);
        assert!(error.to_string().contains(words), "{error}");
        assert_eq!((error.class(), server.seen().len()), (Class::Surroundings, 1), "{error}");
        assert!(!device.file("var/lib/firstlight/registration/answer.json").exists());
    }
}

#[test]
fn a_server_that_is_slow_costs_no_more_than_the_time() {
    let authority = Authority::new("DNS:localhost");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Takes connections and drips a byte of a handshake now and then.
    thread::spawn(move || {
        let mut streams: Vec<_> = Vec::new();
        listener.set_nonblocking(true).unwrap();
        loop {
            streams.extend(listener.accept().ok().map(|(stream, _)| (stream, [0x16, 3, 3, 0x40, 0].into_iter())));
            for (stream, bytes) in &mut streams {
                let _ = stream.write_all(&[bytes.next().unwrap_or(2)]);
            }
            thread::sleep(Duration::from_millis(300));
        }
    });
    let device = told(&authority, port, |_| {});
    let ran = by_hand(&device, &["register", "--within", "2s"]).exits(4);
    assert!(ran.stderr.contains("did not answer within 2 s"), "{}", ran.stderr);
}

#[test]
fn only_the_server_of_our_authority_is_believed() {
    let (ours, other) = (Authority::new("DNS:localhost"), Authority::new("DNS:localhost"));
    let server = Server::new(&other, vec![assigned("r-1")]);
    let device = told(&ours, server.port, |_| {});
    let (result, waits) = run(&device);
    let error = result.err().unwrap();
    assert!(matches!(error, RegisterError::Http(HttpError::NotTrusted { .. })), "{error}");
    assert_eq!((error.class(), waits.len(), server.seen().len()), (Class::Refused, 0, 0));
    let by_address = |order: &mut Value| order["server"] = format!("https://127.0.0.1:{}", server.port).into();
    let server = Server::new(&ours, vec![assigned("r-1")]);
    let error = failed(&told(&ours, server.port, by_address));
    assert_eq!(error.class(), Class::Refused, "{error}");
    let plain = |order: &mut Value| order["server"] = "http://example.org".into();
    assert!(failed(&told(&ours, 1, plain)).to_string().contains("goes by https"));
    // A device of another authority.
    let server = Server::new(&other, vec![assigned("r-1")]);
    let device = told(&ours, server.port, |order| {
        order["security"] = "x509".into();
        order["certificate"] = "certificate.pem".into();
        order["private_key"] = "private-key.pem".into();
    });
    device.put("etc/firstlight.d/ca.pem", &other.read("ca.pem"));
    let error = failed(&device).to_string();
    assert!(
        ["ended the handshake", "cannot be talked with", "reset"].iter().any(|word| error.contains(word)),
        "{error}"
    );
    assert!(server.seen().is_empty());
}

#[test]
fn an_order_that_cannot_be_used_is_said_by_its_name() {
    let authority = Authority::new("DNS:localhost");
    let untold = Device::new();
    let ran = by_hand(&untold, &["register"]).exits(1);
    assert!(ran.stderr.contains("registration.json") && ran.stderr.contains("role: registration"), "{}", ran.stderr);
    let cases: [(&str, Value, &str); 8] = [
        ("server", "https://host/path".into(), "is not of the form"),
        ("id", "gw 7".into(), "characters that are not possible"),
        ("group", "".into(), "characters that are not possible"),
        ("format", 2.into(), "has format 2"),
        ("security", "psk".into(), "key_name"),
        ("security", "token".into(), "wants \"token\""),
        ("key", "missing.key".into(), "missing.key"),
        ("unknown", 1.into(), "unknown field"),
    ];
    for (name, value, words) in cases {
        let device = told(&authority, 1, |order| order[name] = value);
        let ran = by_hand(&device, &["register"]).exits(1);
        assert!(ran.stderr.contains(words), "{name}: {}", ran.stderr);
    }
    let device = told(&authority, 1, |_| {});
    device.put("etc/firstlight.d/registration.key", b"0011");
    let error = failed(&device);
    assert!(error.to_string().contains("registration.key") && !error.to_string().contains("0011"), "{error}");
    std::fs::remove_file(device.file("etc/firstlight/device")).unwrap();
    assert_eq!(failed(&device).class(), Class::Refused, "a laptop is no device");
}
