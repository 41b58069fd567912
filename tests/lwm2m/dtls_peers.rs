//! Clients that nobody here wrote shake hands with us over real sockets.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use firstlight::delivery::Random;
use firstlight::dtls::{
    Associations, Candidate, DtlsBounds, DtlsWord, HandshakeFailure, Identity, PreSharedKeys, Proof,
};
use firstlight::fleet::Secret;

const IDENTITY: &str = "urn:dev:gw-1";
const KEY: &str = "0123456789abcdef";
const BY_KEY: &str = "TLS_PSK_WITH_AES_128_CCM_8";

struct Drawn;

impl Random for Drawn {
    fn fill(&self, purpose: &str, bytes: &mut [u8]) {
        bytes.iter_mut().zip(purpose.bytes().cycle()).for_each(|(byte, drawn)| *byte = drawn);
    }
}

struct OneKey;

impl PreSharedKeys for OneKey {
    fn keys(&self, identity: &[u8]) -> Vec<Candidate> {
        let key = || Candidate { key: Secret::new(KEY.as_bytes().to_vec()), number: 1, is_new: false };
        (identity == IDENTITY.as_bytes()).then(key).into_iter().collect()
    }
}

/// Our end on a socket, in a thread. To a request of CoAP it answers `2.05` with the words below, to other words those words.
struct Server {
    address: SocketAddr,
    words: Arc<Mutex<Vec<DtlsWord>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    fn with(identity: Option<Identity>) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        let bounds = DtlsBounds { flight_interval: Duration::from_secs(1), ..DtlsBounds::default() };
        let mut associations = Associations::open(identity, Arc::new(OneKey), bounds, Arc::new(Drawn)).unwrap();
        let (words, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (heard, stopped) = (Arc::clone(&words), Arc::clone(&stop));
        let serve = move || {
            let began = Instant::now();
            let mut buffer = [0; 2048];
            while !stopped.load(Ordering::Relaxed) {
                socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
                if let Ok((length, from)) = socket.recv_from(&mut buffer) {
                    associations.received(began.elapsed(), from, &buffer[..length]);
                }
                associations.tick(began.elapsed());
                while let Some(word) = associations.word() {
                    if let DtlsWord::Said { peer, bytes } = &word {
                        associations.send(began.elapsed(), *peer, &answer(bytes));
                    }
                    heard.lock().unwrap().push(word);
                }
                while let Some((to, datagram)) = associations.datagram() {
                    socket.send_to(&datagram, to).unwrap();
                }
            }
        };
        Self { address, words, stop, thread: Some(thread::spawn(serve)) }
    }

    /// Waits for a word; what else was heard is shown if it does not come.
    fn wait_for(&self, wanted: impl Fn(&DtlsWord) -> bool) -> DtlsWord {
        let until = Instant::now() + Duration::from_mins(1);
        loop {
            if let Some(word) = self.words.lock().unwrap().iter().find(|word| wanted(word)) {
                return word.clone();
            }
            assert!(Instant::now() < until, "heard only {:?}", self.words.lock().unwrap());
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn joined(&self) -> (Proof, String) {
        match self.wait_for(|word| matches!(word, DtlsWord::Joined { .. })) {
            DtlsWord::Joined { proof, suite, .. } => (proof, suite),
            _ => unreachable!(),
        }
    }

    fn failure(&self) -> HandshakeFailure {
        match self.wait_for(|word| matches!(word, DtlsWord::Failed { .. })) {
            DtlsWord::Failed { why, .. } => why,
            _ => unreachable!(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().map(JoinHandle::join);
    }
}

/// The piggybacked answer to a confirmable request (RFC 7252, section 5.2.1), or what was said.
fn answer(said: &[u8]) -> Vec<u8> {
    let token = said.first().map_or(0, |first| usize::from(first & 0x0F));
    match said {
        [first, code, rest @ ..] if first >> 4 == 4 && (1..32).contains(code) && rest.len() >= 2 + token => {
            [&[first | 0x20, 0x45], &rest[..2 + token], b"\xFFfirst light"].concat()
        }
        _ => said.to_vec(),
    }
}

fn run(program: &str, arguments: &[&str]) -> Output {
    let out = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    out.unwrap_or_else(|why| panic!("{program} is needed (tests/run installs it): {why}"))
}

fn done(program: &str, arguments: &[&str]) {
    let out = run(program, arguments);
    assert!(out.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&out.stderr));
}

/// Makes a key and a certificate by the program `openssl`: NAME.pem, NAME.key, NAME.der, NAME.p8.
fn certified(folder: &Path, name: &str) -> BTreeMap<&'static str, String> {
    let files: BTreeMap<_, _> = ["pem", "key", "der", "p8"]
        .into_iter()
        .map(|kind| (kind, folder.join(format!("{name}.{kind}")).to_str().unwrap().to_owned()))
        .collect();
    let subject = format!("/CN={name}");
    let made = ["-nodes", "-keyout", &files["key"], "-out", &files["pem"], "-subj", &subject, "-days", "2"];
    done("openssl", &[&["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"], &made[..]].concat());
    done("openssl", &["x509", "-in", &files["pem"], "-outform", "DER", "-out", &files["der"]]);
    done("openssl", &["pkcs8", "-topk8", "-nocrypt", "-in", &files["key"], "-outform", "DER", "-out", &files["p8"]]);
    files
}

fn server_with_certificate(folder: &Path) -> Server {
    let files = certified(folder, "server");
    let (chain, key) = (std::fs::read(&files["der"]).unwrap(), std::fs::read(&files["p8"]).unwrap());
    Server::with(Some(Identity { chain: vec![chain], key: Secret::new(key) }))
}

/// Lets `openssl s_client` say a line and hear it again.
fn s_client(server: &Server, arguments: &[&str]) {
    let address = server.address.to_string();
    let mut child = Command::new("openssl")
        .args(["s_client", "-dtls1_2", "-quiet", "-connect", &address])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    server.joined();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"there and back\n").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(line, "there and back\n");
}

#[test]
fn openssl_s_client_joins_by_key_and_hears_what_it_says() {
    let server = Server::with(None);
    let key = hex::encode(KEY);
    s_client(&server, &["-psk", &key, "-psk_identity", IDENTITY, "-cipher", "PSK-AES128-CCM8:@SECLEVEL=0"]);
    assert_eq!(server.joined(), (Proof::Psk(IDENTITY.as_bytes().to_vec()), BY_KEY.to_owned()));
}

#[test]
fn openssl_s_client_joins_by_certificate_and_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = server_with_certificate(folder.path());
    let device = certified(folder.path(), "device");
    let cipher = "ECDHE-ECDSA-AES128-CCM8:@SECLEVEL=0";
    s_client(&server, &["-cert", &device["pem"], "-key", &device["key"], "-cipher", cipher]);
    let proof = Proof::Certificates(vec![std::fs::read(&device["der"]).unwrap()]);
    assert_eq!(server.joined(), (proof, "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8".to_owned()));
}

/// Asks by one of libcoap's clients; returns what it printed.
fn coap(server: &Server, program: &str, arguments: &[&str]) -> String {
    let address = format!("coaps://{}/x", server.address);
    let out = run(program, &[&["-m", "get", "-B", "30"], arguments, &[&address]].concat());
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

#[test]
fn libcoap_over_openssl_and_over_gnutls_asks_by_key() {
    for program in ["coap-client-openssl", "coap-client-gnutls"] {
        let server = Server::with(None);
        assert_eq!(
            coap(&server, program, &["-u", IDENTITY, "-k", KEY]),
            "first light",
            "{program}: {:?}",
            server.joined()
        );
        assert_eq!(server.joined().0, Proof::Psk(IDENTITY.as_bytes().to_vec()));
    }
}

#[test]
fn libcoap_over_openssl_and_over_gnutls_asks_by_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let device = certified(folder.path(), "device");
    for program in ["coap-client-openssl", "coap-client-gnutls"] {
        let server = server_with_certificate(folder.path());
        let trusted = folder.path().join("server.pem");
        let arguments = ["-c", &device["pem"], "-j", &device["key"], "-C", trusted.to_str().unwrap(), "-n"];
        assert_eq!(coap(&server, program, &arguments), "first light", "{program}: {:?}", server.joined());
        assert_eq!(server.joined().0, Proof::Certificates(vec![std::fs::read(&device["der"]).unwrap()]));
    }
}

#[test]
fn a_wrong_key_and_an_unknown_identity_are_told_to_us_alone() {
    for (identity, why) in [(IDENTITY, HandshakeFailure::WrongKey), ("nobody", HandshakeFailure::UnknownIdentity)] {
        for program in ["coap-client-openssl", "coap-client-gnutls"] {
            let server = Server::with(None);
            let printed = coap(&server, program, &["-u", identity, "-k", "another key 1234", "-B", "3"]);
            assert_eq!(server.failure(), why, "{program}: {printed}");
            assert!(!printed.contains("first light") && !printed.contains("dentity"), "{program}: {printed}");
        }
    }
}
