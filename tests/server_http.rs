//! The server on a real socket, spoken to by somebody else's clients (curl, openssl) and by hostile ones of our own.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use firstlight::delivery::Clock;
use firstlight::fleet::enrolment::{Rates, Refusal};
use firstlight::registration::exchange::{
    Administration, Asked, Credentials, Incoming, Registration, Reply, Role, Tell, Told,
};
use firstlight::server::{Bounds, Log, Running, Server, ServerConfig, TlsFiles};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::OffsetDateTime;

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::UNIX_EPOCH
    }
}

/// Answers with what it was asked; `hold` makes `status` wait until the test lets it go.
#[derive(Default)]
struct Echo {
    hold: Mutex<Option<(Sender<()>, Receiver<()>)>>,
    /// Where registrations go that are to wait for the registry, with whom to tell.
    registry: Mutex<Option<Sender<(Incoming, Tell)>>>,
    ended: AtomicUsize,
}

impl Echo {
    fn said(incoming: &Incoming) -> Value {
        json!({
            "method": incoming.method, "target": incoming.target, "fields": incoming.fields,
            "body": incoming.body.len(), "authorization": incoming.authorization.is_some(),
            "key": incoming.idempotency_key, "certificates": incoming.certificates.len(),
        })
    }
}

impl Registration for Echo {
    fn register(&self, incoming: Incoming) -> Reply {
        match incoming.authorization.as_deref().map(String::as_str) {
            Some("Bearer wrong") => Reply::refused(Refusal::TokenUnknown, "no such token"),
            _ => Reply::fields(201, Self::said(&incoming)),
        }
    }
    fn register_then(&self, incoming: Incoming, tell: Tell) {
        match &*self.registry.lock().unwrap() {
            Some(registry) => registry.send((incoming, tell)).unwrap(),
            None => tell(Told::Reply(self.register(incoming))),
        }
    }
    fn is_quick(&self, incoming: &Incoming) -> bool {
        incoming.fields["id"] == "quick"
    }
    fn challenge(&self, incoming: Incoming) -> Reply {
        Reply::fields(200, Self::said(&incoming))
    }
    fn status(&self, registration: &str, _: Incoming) -> Reply {
        if let Some((begun, go)) = self.hold.lock().unwrap().take() {
            begun.send(()).unwrap();
            go.recv().unwrap();
            self.ended.fetch_add(1, Ordering::SeqCst);
        }
        Reply::fields(202, json!({"registration": registration})).after(7)
    }
    fn renew(&self, _: &str, _: Incoming) -> Reply {
        panic!("a mistake of ours")
    }
    fn report(&self, _: &str, incoming: Incoming) -> Reply {
        Reply::fields(200, Self::said(&incoming))
    }
    fn end(&self, _: &str, _: Incoming) -> Reply {
        Reply::empty(204)
    }
    fn bootstrap(&self, incoming: Incoming) -> Reply {
        match incoming.if_none_match.as_deref() {
            Some("\"3\"") => Reply::empty(304),
            _ => Reply { etag: Some("3".into()), ..Reply::bytes("application/x-tar", vec![7; 300_000]) },
        }
    }
    fn bootstrap_result(&self, incoming: Incoming) -> Reply {
        Reply::fields(200, Self::said(&incoming))
    }
    fn rates(&self, group: Option<&str>) -> Option<Rates> {
        (group == Some("slow")).then_some(Rates { source: 50, group: 2, token: 50 })
    }
    fn is_ready(&self) -> bool {
        true
    }
}

impl Administration for Echo {
    fn who(&self, credentials: &Credentials<'_>) -> Result<(String, Role), Refusal> {
        match credentials.authorization {
            Some("Bearer viewer") => Ok(("anna".into(), Role::Viewer)),
            Some("Bearer admin") => Ok(("otto".into(), Role::Admin)),
            _ => Err(Refusal::TokenUnknown),
        }
    }
    fn act(&self, actor: &str, _: Role, asked: &Asked) -> Reply {
        let act = format!("{:?}", asked.act);
        Reply::fields(200, json!({"actor": actor, "act": act, "names": asked.names, "query": asked.query}))
    }
    fn import(&self, actor: &str, _: Role, _: &Asked, stream: &mut dyn std::io::Read) -> Reply {
        let mut read = Vec::new();
        match stream.read_to_end(&mut read) {
            Ok(_) => Reply::fields(200, json!({"actor": actor, "read": read.len()})),
            Err(error) => Reply::refused(Refusal::RequestTooLarge, error.to_string()),
        }
    }
    fn figures(&self) -> String {
        "firstlight_devices{state=\"active\"} 3\n".into()
    }
}

#[derive(Default)]
struct Lines(Mutex<Vec<String>>);

impl Log for Lines {
    fn line(&self, line: &Value) {
        self.0.lock().unwrap().push(line.to_string());
    }
}

struct Lab {
    folder: TempDir,
    echo: Arc<Echo>,
    lines: Arc<Lines>,
    running: Option<Running>,
}

/// Writes a self-signed certificate and its key; returns the certificate's PEM.
fn certify(folder: &TempDir, name: &str, subject: &str) -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![subject.to_owned()]).unwrap().self_signed(&key).unwrap();
    fs::write(folder.path().join(format!("{name}.key")), key.serialize_pem()).unwrap();
    fs::write(folder.path().join(format!("{name}.pem")), certificate.pem()).unwrap();
    certificate.pem()
}

fn lab(change: impl FnOnce(&mut ServerConfig)) -> Lab {
    let folder = tempfile::tempdir().unwrap();
    certify(&folder, "server", "localhost");
    let file = |name: &str| folder.path().join(name);
    let mut config = ServerConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        tls: TlsFiles { certificate: file("server.pem"), key: file("server.key") },
        rates: Rates { source: 100_000, group: 100_000, token: 100_000 },
        bounds: Bounds::default(),
        look_every: Duration::from_hours(1),
        open_metrics: false,
        takes_hangup: false,
    };
    change(&mut config);
    let (echo, lines) = (Arc::new(Echo::default()), Arc::new(Lines::default()));
    let running = Server::start(config, echo.clone(), echo.clone(), Arc::new(Fixed), lines.clone()).unwrap();
    Lab { folder, echo, lines, running: Some(running) }
}

impl Lab {
    fn port(&self) -> u16 {
        self.running.as_ref().unwrap().address().port()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn curl(&self, path: &str, words: &[&str]) -> Command {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--include", "--max-time", "60", "--cacert"])
            .arg(self.file("server.pem"));
        curl.args(words).arg(format!("https://localhost:{}{path}", self.port()));
        curl.stdout(Stdio::piped()).stderr(Stdio::piped());
        curl
    }

    fn ask(&self, path: &str, words: &[&str]) -> Answer {
        let output = self.curl(path, words).output().expect("curl is there; tests/run installs it");
        Answer::of(output)
    }

    fn post(&self, media_type: &str, body: &[u8], words: &[&str]) -> Answer {
        let file = tempfile::NamedTempFile::new_in(self.folder.path()).unwrap();
        fs::write(file.path(), body).unwrap();
        let body = format!("@{}", file.path().display());
        let header = format!("Content-Type: {media_type}");
        self.ask("/v1/register", &[&["--data-binary", &body, "-H", &header, "-H", "Expect:"], words].concat())
    }
}

struct Answer {
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn of(output: Output) -> Self {
        assert!(output.status.success(), "curl: {}", String::from_utf8_lossy(&output.stderr));
        let at = output.stdout.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(output.stdout[..at].to_vec()).unwrap().to_ascii_lowercase();
        Self { head, body: output.stdout[at + 4..].to_vec() }
    }

    fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&self.body)))
    }

    #[track_caller]
    fn is_problem(&self, status: u16, code: &str) {
        let problem = self.json();
        assert_eq!(
            (self.status(), problem["code"].as_str(), problem["status"].as_u64()),
            (status, Some(code), Some(status.into()))
        );
        assert!(self.head.contains("application/problem+json") && problem["type"] == "about:blank", "{}", self.head);
    }
}

const VIEWER: [&str; 2] = ["-H", "Authorization: Bearer viewer"];

#[test]
fn curl_registers_over_both_versions_of_http_and_of_tls() {
    let lab = lab(|_| {});
    for (words, version) in [
        (["--http1.1", "--tlsv1.3"].as_slice(), "http/1.1 201"),
        (&["--http2", "--tlsv1.3"], "http/2 201"),
        (&["--http2", "--tls-max", "1.2"], "http/2 201"),
    ] {
        let answer = lab.post("application/json", br#"{"id":"gw-1"}"#, words);
        assert!(answer.head.starts_with(version), "{}", answer.head);
        assert_eq!(answer.json()["fields"], json!({"id": "gw-1"}));
        assert!(answer.head.contains("cache-control: no-store"));
    }
}

#[test]
fn a_registration_that_no_thread_waits_for_is_answered_all_the_same() {
    let lab = lab(|_| {});
    let (registry, waiting) = channel();
    *lab.echo.registry.lock().unwrap() = Some(registry);
    std::thread::scope(|scope| {
        for id in ["quick", "slow"] {
            let lab = &lab;
            let post = move || lab.post("application/json", format!("{{\"id\":\"{id}\"}}").as_bytes(), &[]);
            // Who was asked has returned long ago when it is told.
            let all: Vec<_> = (0..3).map(|_| scope.spawn(post)).collect();
            let told: Vec<_> = all.iter().map(|_| waiting.recv().unwrap()).collect();
            told.into_iter().for_each(|(_, tell)| tell(Told::Reply(Reply::fields(201, json!({"told": id})))));
            all.into_iter().for_each(|asking| assert_eq!(asking.join().unwrap().json(), json!({"told": id})));
            // Judged by a policy that is no more: once more, and now a thread waits.
            let asking = scope.spawn(post);
            let (incoming, tell) = waiting.recv().unwrap();
            tell(Told::Again(incoming));
            assert_eq!(asking.join().unwrap().json()["fields"]["id"], id);
            // Nobody is left who could answer.
            let asking = scope.spawn(post);
            drop(waiting.recv().unwrap());
            asking.join().unwrap().is_problem(500, "internal");
        }
    });
}

#[test]
fn cbor_is_answered_in_cbor_unless_json_is_wanted() {
    let lab = lab(|_| {});
    let answer = lab.post("application/cbor", b"\xa1\x62id\x64gw-1", &["-H", "Accept:"]);
    assert!(answer.head.contains("content-type: application/cbor"), "{}", answer.head);
    let value: Value = ciborium::from_reader(answer.body.as_slice()).unwrap();
    assert_eq!(value["fields"], json!({"id": "gw-1"}));
    let answer = lab.post("application/cbor", b"\xa1\x62id\x64gw-1", &["-H", "Accept: application/json"]);
    assert_eq!(answer.json()["fields"], json!({"id": "gw-1"}));
}

#[test]
fn bad_bodies_have_the_documented_refusals() {
    let lab = lab(|_| {});
    let deep = [b"{\"a\":".to_vec(), vec![b'['; 30], vec![b']'; 30], b"}".to_vec()].concat();
    let large = vec![b' '; 70_000];
    for (media_type, body, status, code) in [
        ("application/json", b"{".as_slice(), 400, "malformed-request"),
        ("application/json", b"{\"a\":1,\"a\":2}", 400, "malformed-request"),
        ("application/cbor", b"\xa2\x61a\x01\x61a\x01", 400, "malformed-request"),
        ("application/json", &deep, 413, "request-too-large"),
        ("application/json", &large, 413, "request-too-large"),
        ("text/plain", b"{}", 415, "unsupported-media-type"),
    ] {
        lab.post(media_type, body, &["-H", "Accept: application/json"]).is_problem(status, code);
    }
    let chunked = lab.post("application/json", &large, &["-H", "Transfer-Encoding: chunked", "--http1.1"]);
    chunked.is_problem(413, "request-too-large");
    lab.post("application/json", b"{}", &["-H", "Content-Encoding: gzip"]).is_problem(415, "unsupported-media-type");
    let twice = ["-H", "Authorization: Bearer a", "-H", "Authorization: Bearer b"];
    lab.post("application/json", b"{}", &twice).is_problem(400, "malformed-request");
    lab.ask("/v1/challenge", &["-X", "GET", "--data", "x=1"]).is_problem(415, "unsupported-media-type");
    lab.ask("/v1/nowhere", &[]).is_problem(404, "no-such-path");
    lab.ask("/v1/register", &[]).is_problem(405, "method-not-allowed");
    let renew = ["-X", "POST", "-H", "Content-Length: 0", "--http1.1"];
    lab.ask("/v1/registrations/r1/renew", &renew).is_problem(500, "internal");
}

#[test]
fn a_bundle_is_sent_whole_and_not_again() {
    let lab = lab(|_| {});
    let answer = lab.ask("/v1/bootstrap", &[]);
    assert_eq!((answer.status(), answer.body.len()), (200, 300_000));
    assert!(answer.head.contains("etag: \"3\"") && answer.head.contains("content-type: application/x-tar"));
    assert_eq!(lab.ask("/v1/bootstrap", &["-H", "If-None-Match: \"3\""]).status(), 304);
}

#[test]
fn a_client_certificate_is_seen_and_its_key_must_sign() {
    let lab = lab(|_| {});
    certify(&lab.folder, "device", "gw-1");
    certify(&lab.folder, "other", "gw-2");
    let path = |name: &str| lab.file(name).to_str().unwrap().to_owned();
    let (certificate, key, other) = (path("device.pem"), path("device.key"), path("other.key"));
    for version in ["1.2", "1.3"] {
        let words = ["--cert", &certificate, "--key", &key, "--tls-max", version];
        assert_eq!(lab.post("application/json", b"{}", &words).json()["certificates"], 1);
    }
    assert_eq!(lab.post("application/json", b"{}", &[]).json()["certificates"], 0);
    // curl itself refuses a pair that does not match; a client of ours does not look.
    assert!(tls(&lab, Some((&certificate, &key))).is_ok());
    assert!(tls(&lab, Some((&certificate, &other))).is_err());
}

/// Speaks TLS like a client that looks at nothing.
fn tls(lab: &Lab, pair: Option<(&str, &str)>) -> std::io::Result<String> {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(lab.file("server.pem")).unwrap()).unwrap();
    let builder = rustls::ClientConfig::builder_with_provider(provider.clone());
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let config = match pair {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
            let key = provider.key_provider.load_private_key(PrivateKeyDer::from_pem_file(key).unwrap()).unwrap();
            let pair = rustls::sign::CertifiedKey::new(chain, key);
            builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(pair)))
        }
    };
    let client = rustls::ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let socket = TcpStream::connect(("127.0.0.1", lab.port()))?;
    let mut stream = rustls::StreamOwned::new(client, socket);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text)
}

#[test]
fn administration_wants_credentials_and_a_role() {
    let lab = lab(|_| {});
    for path in ["/v1/devices", "/v1/tokens", "/metrics"] {
        lab.ask(path, &[]).is_problem(401, "proof-missing");
        lab.ask(path, &["-H", "Authorization: Bearer nobody"]).is_problem(401, "token-unknown");
    }
    lab.ask("/v1/tokens", &VIEWER).is_problem(403, "role-too-low");
    let answer = lab.ask("/v1/devices/gw%2D1/why?state=a%20b", &VIEWER).json();
    assert_eq!(answer, json!({"actor": "anna", "act": "WhyDevice", "names": ["gw-1"], "query": [["state", "a b"]]}));
    let text = String::from_utf8(lab.ask("/metrics", &VIEWER).body).unwrap();
    assert!(text.contains("firstlight_devices{state=\"active\"} 3"), "{text}");
    assert!(
        text.contains("firstlight_requests_total{route=\"GET /v1/tokens\",status=\"403\",code=\"role-too-low\"} 1")
    );
}

#[test]
fn every_operation_of_the_document_is_served() {
    let lab = lab(|_| {});
    let document = lab.ask("/openapi.json", &[]).json();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            let path = path.replace(['{', '}'], "");
            let words = ["-X", &method.to_ascii_uppercase(), "-H", "Authorization: Bearer admin"];
            let answer = lab.ask(&path, &words);
            assert!(![404, 405].contains(&answer.status()), "{method} {path}: {}", answer.head);
        }
    }
    assert_eq!(lab.ask("/healthz", &[]).json(), json!({"status": "ok"}));
}

#[test]
fn the_log_has_one_line_for_each_request_and_no_secret() {
    let lab = lab(|_| {});
    lab.post(
        "application/json",
        br#"{"id":"gw-1","group":"line-a","x":"SECRET"}"#,
        &["-H", "Authorization: Bearer SECRET"],
    );
    lab.ask("/v1/tokens/SECRET?token=SECRET", &["-X", "DELETE", "-H", "Authorization: Bearer admin"]);
    lab.post("application/json", br#"{"id":"gw 1 SECRET"}"#, &[]);
    lab.ask("/SECRET", &["-X", "SECRET"]);
    let lines = lab.lines.0.lock().unwrap();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines.iter().all(|line| !line.contains("SECRET")), "{lines:?}");
    let first: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&first["device"], &first["group"], &first["status"]), (&json!("gw-1"), &json!("line-a"), &json!(201)));
    assert_eq!(first["route"], "POST /v1/register");
}

#[test]
fn a_source_a_group_and_a_token_are_limited_and_told_when_to_come_back() {
    let lab = lab(|config| config.rates = Rates { source: 1000, group: 3, token: 2 });
    let post = |group: &str, token: &str| {
        let header = format!("Authorization: Bearer {token}");
        lab.post("application/json", format!("{{\"group\":\"{group}\"}}").as_bytes(), &["-H", &header])
    };
    assert_eq!([post("a", "t").status(), post("b", "t").status()], [201, 201]);
    let answer = post("c", "t");
    answer.is_problem(429, "rate-limited");
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    assert_eq!([post("a", "u").status(), post("a", "v").status(), post("a", "w").status()], [201, 201, 429]);
}

#[test]
fn a_group_with_rates_of_its_own_is_limited_by_them() {
    let lab = lab(|config| config.rates = Rates { source: 1000, group: 1000, token: 1000 });
    let post = |group: &str| lab.post("application/json", format!("{{\"group\":\"{group}\"}}").as_bytes(), &[]);
    assert_eq!([post("slow").status(), post("slow").status()], [201, 201]);
    let answer = post("slow");
    answer.is_problem(429, "rate-limited");
    assert!(answer.head.contains("retry-after: "), "{}", answer.head);
    assert_eq!([post("fast").status(), post("fast").status(), post("fast").status()], [201; 3]);
}

#[test]
fn bad_proofs_use_up_a_source_ten_times_as_fast_and_no_group() {
    let lab = lab(|config| config.rates = Rates { source: 45, group: 3, token: 1000 });
    let wrong = || lab.post("application/json", br#"{"group":"a"}"#, &["-H", "Authorization: Bearer wrong"]).status();
    assert_eq!([wrong(), wrong(), wrong(), wrong()], [401; 4], "the group's three are not used up");
    let statuses: Vec<_> = (0..12).map(|_| wrong()).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
    assert_eq!(lab.ask("/healthz", &[]).status(), 200, "health is not limited");
}

#[test]
fn a_new_certificate_is_served_and_a_bad_one_is_not_taken() {
    let lab = lab(|config| config.look_every = Duration::from_millis(20));
    fs::write(lab.file("server.key"), "no key").unwrap();
    assert!(lab.running.as_ref().unwrap().reload().is_err());
    assert_eq!(lab.ask("/healthz", &[]).status(), 200, "the old pair is in force");
    certify(&lab.folder, "server", "localhost");
    let served = || tls(&lab, None).is_ok();
    assert!((0..500).any(|_| served() || {
        std::thread::sleep(Duration::from_millis(20));
        false
    }));
}

/// Sends `bytes` over TCP (no TLS: the handshake never comes) and reads until the server hangs up.
fn until_cut(lab: &Lab, bytes: &[u8]) {
    let mut socket = TcpStream::connect(("127.0.0.1", lab.port())).unwrap();
    socket.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    socket.write_all(bytes).unwrap();
    let mut rest = Vec::new();
    // A reset is as good as an end; a time-out of ours is not.
    if let Err(error) = socket.read_to_end(&mut rest) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    }
}

fn s_client(lab: &Lab, alpn: &str) -> Child {
    let address = format!("localhost:{}", lab.port());
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", "-quiet", "-no_ign_eof", "-alpn", alpn, "-connect", &address]);
    openssl.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn who_is_slow_is_cut_at_every_step() {
    let short = Duration::from_millis(150);
    let lab = lab(|config| {
        let long = config.bounds;
        config.bounds = Bounds { handshake: short, header: short, body: short, idle: short * 3, ..long };
    });
    until_cut(&lab, b"");
    until_cut(&lab, b"\x16\x03\x01");
    // Half a header, half a body, and nothing at all after an HTTP/2 handshake.
    for (alpn, sent, words) in [
        ("http/1.1", "GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", ""),
        (
            "http/1.1",
            "POST /v1/register HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{",
            "body-too-slow",
        ),
        ("h2", "", ""),
    ] {
        let mut client = s_client(&lab, alpn);
        let mut stdin = client.stdin.take().unwrap();
        stdin.write_all(sent.as_bytes()).unwrap();
        let mut said = Vec::new();
        client.stdout.take().unwrap().read_to_end(&mut said).unwrap();
        client.wait().unwrap();
        assert!(String::from_utf8_lossy(&said).contains(words), "{alpn} {sent}");
        drop(stdin);
    }
    assert_eq!(lab.ask("/healthz", &[]).status(), 200);
}

#[test]
fn a_request_at_work_is_answered_before_the_server_ends() {
    let mut lab = lab(|_| {});
    let ((begun, has_begun), (go, may_go)) = (channel(), channel());
    *lab.echo.hold.lock().unwrap() = Some((begun, may_go));
    let client = lab.curl("/v1/registrations/r1", &[]).spawn().unwrap();
    has_begun.recv().unwrap();
    let (running, address) = (lab.running.take().unwrap(), ("127.0.0.1", 0));
    let address = (address.0, running.address().port());
    let ending = std::thread::spawn(move || running.shutdown(Duration::from_mins(1)));
    while TcpStream::connect(address).is_ok() {
        std::thread::sleep(Duration::from_millis(5));
    }
    go.send(()).unwrap();
    let answer = Answer::of(client.wait_with_output().unwrap());
    assert_eq!((answer.status(), answer.json()["registration"].as_str()), (202, Some("r1")));
    assert!(answer.head.contains("retry-after: 7"));
    assert_eq!(ending.join().unwrap(), 0, "no connection was cut");
    assert_eq!(lab.echo.ended.load(Ordering::SeqCst), 1);
}

#[test]
fn work_whose_client_went_away_is_finished_all_the_same() {
    let mut lab = lab(|_| {});
    let ((begun, has_begun), (go, may_go)) = (channel(), channel());
    *lab.echo.hold.lock().unwrap() = Some((begun, may_go));
    let mut client = lab.curl("/v1/registrations/r1", &[]).spawn().unwrap();
    has_begun.recv().unwrap();
    client.kill().unwrap();
    client.wait().unwrap();
    go.send(()).unwrap();
    assert_eq!(lab.running.take().unwrap().shutdown(Duration::from_mins(1)), 0);
    assert_eq!(lab.echo.ended.load(Ordering::SeqCst), 1);
}
