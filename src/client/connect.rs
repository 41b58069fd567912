//! The proof that a bundle is good: a connection of TCP, TLS or MQTT within its time.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned};
use time::OffsetDateTime;

use super::generation::StoredBundle;
use super::mqtt;
use crate::delivery::{Connect, ConnectProtocol};
use crate::fleet::Secret;

/// The time between two tries, at first; it doubles up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a server's refusal of our certificate is waited for.
const REFUSAL: Duration = Duration::from_secs(5);
/// The longest that a connection may be asked to take, in seconds.
const LONGEST: u32 = 600;

/// What a connection is made with.
pub struct Proof {
    order: Connect,
    tls: Option<Arc<ClientConfig>>,
    name: String,
}

/// The device's best guess of the time: its own clock may never have been set.
#[derive(Debug)]
struct Guess(UnixTime);

impl TimeProvider for Guess {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

impl Proof {
    /// Reads what a bundle's `connect` names; `None` where it asks for no proof. The error says what cannot be used.
    pub fn of(bundle: &StoredBundle, now: OffsetDateTime) -> Result<Option<Self>, String> {
        let Some(order) = bundle.manifest.connect.clone() else { return Ok(None) };
        let is_secure = matches!(order.protocol, ConnectProtocol::Tls | ConnectProtocol::Mqtts);
        let tls = if is_secure { Some(Arc::new(settings(bundle, &order, now)?)) } else { None };
        let name = order.client_id.clone().unwrap_or_else(|| bundle.manifest.device.as_str().to_owned());
        Ok(Some(Self { order, tls, name }))
    }

    /// Connects, again and again until the time is over. The error is that of the last try that came to its own end.
    pub fn connect(&self) -> Result<(), String> {
        let until = Instant::now() + Duration::from_secs(u64::from(self.order.within.clamp(1, LONGEST)));
        let mut pause = PAUSE;
        let mut earlier = None;
        loop {
            let failure = match self.try_once(until) {
                Ok(()) => return Ok(()),
                // A try that the end of the time cut off tells less than the one before.
                Err(failure) if Instant::now() >= until => earlier.unwrap_or(failure),
                Err(failure) => failure,
            };
            let place = format!("{}:{}", self.order.host, self.order.port);
            let left = until.saturating_duration_since(Instant::now());
            if left <= pause {
                return Err(format!("{place} was not reached within {} s: {failure}", self.order.within));
            }
            earlier = Some(failure);
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn try_once(&self, until: Instant) -> Result<(), String> {
        let stream = open(&self.order.host, self.order.port, until)?;
        let mut stream = Timed { stream, until };
        let Some(tls) = &self.tls else { return self.speak(&mut stream) };
        let name = ServerName::try_from(self.order.host.clone()).map_err(|error| error.to_string())?;
        let connection = ClientConnection::new(tls.clone(), name).map_err(|error| error.to_string())?;
        let mut secure = StreamOwned::new(connection, stream);
        while secure.conn.is_handshaking() {
            secure.conn.complete_io(&mut secure.sock).map_err(|error| words(&error))?;
        }
        if self.order.protocol == ConnectProtocol::Tls {
            let patience = REFUSAL.min(Duration::from_secs(u64::from(self.order.within)) / 2);
            return Self::hear_refusal(&mut secure, patience);
        }
        self.speak(&mut secure)
    }

    /// With TLS 1.3 a server judges our certificate only after the handshake is over for us: its alert is waited for. The
    /// tickets that it sends when it has taken us (RFC 8446, section 4.6.1) end the wait; so does silence for the whole of
    /// `patience`, for some send none. Where the time is over before that, nothing is proved.
    fn hear_refusal(secure: &mut StreamOwned<ClientConnection, Timed>, patience: Duration) -> Result<(), String> {
        let StreamOwned { conn, sock } = secure;
        // Our own last flight may not have left yet.
        while conn.wants_write() {
            conn.write_tls(sock).map_err(|error| words(&error))?;
        }
        let heard_out = Instant::now() + patience;
        let is_enough = heard_out <= sock.until;
        sock.until = sock.until.min(heard_out);
        while conn.protocol_version() == Some(ProtocolVersion::TLSv1_3) && conn.tls13_tickets_received() == 0 {
            match conn.read_tls(sock) {
                Ok(0) => return Err(words(&ErrorKind::UnexpectedEof.into())),
                Ok(_) => {
                    let state = conn.process_new_packets().map_err(|error| error.to_string())?;
                    if state.peer_has_closed() {
                        return Ok(());
                    }
                }
                Err(error) if is_enough && is_late(&error) => return Ok(()),
                Err(error) => return Err(words(&error)),
            }
        }
        Ok(())
    }

    fn speak(&self, stream: &mut (impl Read + Write)) -> Result<(), String> {
        if self.order.protocol == ConnectProtocol::Tcp {
            return Ok(());
        }
        let packet = mqtt::connect(&self.name).ok_or("the client identifier is too long")?;
        stream.write_all(&packet).and_then(|()| stream.flush()).map_err(|error| words(&error))?;
        let mut answer = [0; mqtt::CONNACK_LENGTH];
        stream.read_exact(&mut answer).map_err(|error| words(&error))?;
        mqtt::accepted(answer)?;
        let _ = stream.write_all(&mqtt::DISCONNECT).and_then(|()| stream.flush());
        Ok(())
    }
}

fn is_late(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn words(error: &std::io::Error) -> String {
    match error.kind() {
        _ if is_late(error) => "it did not answer".into(),
        ErrorKind::UnexpectedEof => "it closed the connection".into(),
        _ => error.to_string(),
    }
}

/// A stream whose every read and write ends when the time is over.
struct Timed {
    stream: TcpStream,
    until: Instant,
}

impl Timed {
    fn left(&self) -> std::io::Result<Option<Duration>> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(ErrorKind::TimedOut.into()) } else { Ok(Some(left)) }
    }
}

impl Read for Timed {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        self.stream.set_read_timeout(self.left()?)?;
        self.stream.read(bytes)
    }
}

impl Write for Timed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.stream.set_write_timeout(self.left()?)?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.stream.flush()
    }
}

/// Looks the name up and connects to one of its addresses. The system's resolver knows no time limit: it is asked by a
/// thread that is left behind when the time is over.
fn open(host: &str, port: u16, until: Instant) -> Result<TcpStream, String> {
    let (send, receive) = mpsc::channel();
    let name = host.to_owned();
    let ask = move || {
        let found = (name.as_str(), port).to_socket_addrs().map(|addresses| addresses.take(8).collect::<Vec<_>>());
        let _ = send.send(found);
    };
    thread::Builder::new().stack_size(256 << 10).spawn(ask).map_err(|error| error.to_string())?;
    let left = until.saturating_duration_since(Instant::now());
    let addresses = receive.recv_timeout(left).map_err(|_| "its name was not found in time".to_owned())?;
    let addresses = addresses.map_err(|error| format!("its name was not found: {error}"))?;
    let mut failure = "its name has no address".to_owned();
    for address in addresses {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = words(&error),
        }
    }
    Err(failure)
}

fn settings(bundle: &StoredBundle, order: &Connect, now: OffsetDateTime) -> Result<ClientConfig, String> {
    let file = |name: &str| {
        let found = bundle.file(name).map_err(|error| error.to_string())?;
        found.ok_or_else(|| format!("the bundle has no file {name:?}"))
    };
    let trust = order.trust.as_deref().ok_or("it names no trusted roots, so no server can be believed")?;
    let mut roots = RootCertStore::empty();
    for root in certificates(&file(trust)?).map_err(|words| format!("{trust:?}: {words}"))? {
        roots.add(root).map_err(|error| format!("{trust:?}: {error}"))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let verifier = verifier.build().map_err(|error| format!("{trust:?}: {error}"))?;
    let seconds = Duration::from_secs(u64::try_from(now.unix_timestamp()).unwrap_or(0));
    let clock = Arc::new(Guess(UnixTime::since_unix_epoch(seconds)));
    let builder = ClientConfig::builder_with_details(provider, clock).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?.with_webpki_verifier(verifier);
    match (&order.certificate, &order.private_key) {
        (Some(chain), Some(key)) => {
            let chain = certificates(&file(chain)?).map_err(|words| format!("{chain:?}: {words}"))?;
            let name = key;
            let key = file(name)?.expose(PrivateKeyDer::from_pem_slice);
            let key = key.map_err(|error| format!("{name:?}: {error}"))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| error.to_string())
        }
        (None, None) => Ok(builder.with_no_client_auth()),
        _ => Err("certificate and private key are wanted together".into()),
    }
}

fn certificates(pem: &Secret) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = pem.expose(|pem| CertificateDer::pem_slice_iter(pem).collect());
    match found {
        Ok(found) if found.is_empty() => Err("it holds no certificate".into()),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}
