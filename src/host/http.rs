//! A talk with one server over HTTPS: the roots are given, everything has its time and its bound, nothing is followed.

use std::fmt;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use time::OffsetDateTime;
use ureq::http::{Request, Response, Uri};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectProxyConnector, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, TcpConnector,
    Transport, TransportAdapter,
};
use ureq::{Agent, AsSendBody, Body, Proxy};

use crate::fleet::{Class, Diagnose, Secret};

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 16 << 10;
/// The longest that one step may take, where nothing else limits it.
const LONGEST_STEP: Duration = Duration::from_hours(1);

/// How a server is talked with.
pub struct HttpSettings<'a> {
    /// The certificates that are trusted, PEM; none for a server on this machine (`http://` to a loopback address).
    pub roots: Option<&'a [u8]>,
    /// What is shown when the server asks for a certificate.
    pub identity: Option<HttpIdentity<'a>>,
    /// The time certificates are judged by, where the system's clock is worth less.
    pub now: Option<OffsetDateTime>,
    /// How long one request may take, from the look-up of the name to the last byte.
    pub within: Duration,
    /// The longest answer, in bytes.
    pub most: u64,
    /// Whether `HTTPS_PROXY` and its kin count.
    pub environment_proxy: bool,
}

/// A client certificate.
pub struct HttpIdentity<'a> {
    /// The certificate and its issuers, PEM.
    pub chain: &'a [u8],
    /// Its private key, PEM.
    pub key: &'a Secret,
}

/// A request.
#[derive(Clone, Copy)]
pub struct HttpRequest<'a> {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'a str,
    /// The whole address.
    pub uri: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, none for `GET`.
    pub body: Option<&'a [u8]>,
}

/// An answer, of whatever status.
pub struct HttpAnswer {
    /// Status (RFC 9110, section 15).
    pub status: u16,
    headers: ureq::http::HeaderMap,
    /// Body; it may hold secrets.
    pub body: Secret,
}

impl HttpAnswer {
    /// Returns a header's value, where it is there and readable.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// How a talk with a server fails.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is none, or goes where no secret may go.
    #[error("refusing to talk with {uri:?}: {reason}")]
    Address {
        /// As it was given.
        uri: String,
        /// Why.
        reason: &'static str,
    },
    /// Roots, certificate or key cannot be used.
    #[error("{what} cannot be used: {reason}")]
    Credential {
        /// "the trusted certificates", "the client certificate" ...
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// The server's certificate is not one we believe.
    #[error("refusing to believe {place}: {reason}")]
    NotTrusted {
        /// Host and port.
        place: String,
        /// Words of TLS.
        reason: String,
    },
    /// The server ended the handshake because of us.
    #[error("{place} ended the handshake: {reason}")]
    NotTaken {
        /// Host and port.
        place: String,
        /// Words of TLS.
        reason: String,
    },
    /// The server did not answer in time.
    #[error("{place} did not answer within {seconds} s")]
    Late {
        /// Host and port.
        place: String,
        /// The limit.
        seconds: u64,
    },
    /// The answer is longer than it may be.
    #[error("the answer of {place} is longer than {most} bytes")]
    TooLong {
        /// Host and port.
        place: String,
        /// The limit.
        most: u64,
    },
    /// The server cannot be reached, or speaks no HTTP.
    #[error("{place} cannot be talked with: {reason}")]
    Unreachable {
        /// Host and port.
        place: String,
        /// Words of the system.
        reason: String,
    },
}

impl HttpError {
    /// Returns true if the same request may succeed later.
    pub fn is_passing(&self) -> bool {
        matches!(self, HttpError::Late { .. } | HttpError::Unreachable { .. })
    }
}

impl Diagnose for HttpError {
    fn class(&self) -> Class {
        match self {
            HttpError::Address { .. } | HttpError::Credential { .. } => Class::Input,
            HttpError::NotTrusted { .. } | HttpError::NotTaken { .. } => Class::Refused,
            HttpError::Late { .. } | HttpError::TooLong { .. } | HttpError::Unreachable { .. } => Class::Surroundings,
        }
    }
}

/// A server and how it is talked with. Each request has a connection of its own.
pub struct Http {
    agent: Agent,
    is_secure: bool,
    within: Duration,
    most: u64,
}

impl Http {
    /// Prepares the talk.
    pub fn new(settings: &HttpSettings<'_>) -> Result<Self, HttpError> {
        let tls = settings.roots.map(|roots| tls(roots, settings)).transpose()?.map(Arc::new);
        let is_secure = tls.is_some();
        let proxy = if settings.environment_proxy { Proxy::try_from_env() } else { None };
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .timeout_global(Some(settings.within))
            .max_response_header_size(LONGEST_HEAD)
            .max_idle_connections(0)
            .user_agent(concat!("firstlight/", env!("CARGO_PKG_VERSION")))
            .build();
        let chain = ().chain(ConnectProxyConnector::default()).chain(TcpConnector::default()).chain(TlsConnector(tls));
        let agent = Agent::with_parts(config, chain, DefaultResolver::default());
        Ok(Self { agent, is_secure, within: settings.within, most: settings.most })
    }

    /// Sends a request and reads its answer whole.
    pub fn send(&self, request: HttpRequest<'_>) -> Result<HttpAnswer, HttpError> {
        let place = place(request.uri, self.is_secure)?;
        let built =
            |reason: ureq::http::Error| HttpError::Unreachable { place: place.clone(), reason: reason.to_string() };
        let mut builder = Request::builder().method(request.method).uri(request.uri);
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        match request.body {
            Some(body) => self.run(builder.body(body).map_err(built)?, &place),
            None => self.run(builder.body(()).map_err(built)?, &place),
        }
    }

    fn run(&self, request: Request<impl AsSendBody>, place: &str) -> Result<HttpAnswer, HttpError> {
        let answer = self.agent.run(request).map_err(|error| self.failure(error, place))?;
        self.read(answer, place)
    }

    fn read(&self, answer: Response<Body>, place: &str) -> Result<HttpAnswer, HttpError> {
        let (head, body) = answer.into_parts();
        let too_long = || HttpError::TooLong { place: place.to_owned(), most: self.most };
        let announced = body.content_length().unwrap_or(0);
        if announced > self.most {
            return Err(too_long());
        }
        // Room for all that is announced at once: growing would leave copies of a secret behind.
        let mut bytes = zeroize::Zeroizing::new(Vec::with_capacity(usize::try_from(announced).unwrap_or(0) + 1));
        let mut reader = body.into_with_config().limit(u64::MAX).reader().take(self.most + 1);
        reader.read_to_end(&mut bytes).map_err(|error| self.failure(ureq::Error::from(error), place))?;
        if bytes.len() as u64 > self.most {
            return Err(too_long());
        }
        let body = Secret::new(std::mem::take(&mut *bytes));
        Ok(HttpAnswer { status: head.status.as_u16(), headers: head.headers, body })
    }

    fn failure(&self, error: ureq::Error, place: &str) -> HttpError {
        let place = place.to_owned();
        let late = HttpError::Late { place: place.clone(), seconds: self.within.as_secs() };
        match error {
            ureq::Error::Timeout(_) => late,
            ureq::Error::Io(error) => match tls_words(&error) {
                Some(words) => tls_failure(words, place),
                None if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock) => late,
                None => HttpError::Unreachable { place, reason: error.to_string() },
            },
            ureq::Error::Rustls(error) => tls_failure(&error, place),
            error => HttpError::Unreachable { place, reason: error.to_string() },
        }
    }
}

fn tls_words(error: &std::io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}

fn tls_failure(error: &rustls::Error, place: String) -> HttpError {
    let reason = error.to_string();
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            HttpError::NotTrusted { place, reason }
        }
        rustls::Error::AlertReceived(_) => HttpError::NotTaken { place, reason },
        _ => HttpError::Unreachable { place, reason },
    }
}

/// Returns host and port of an address that may be talked with.
fn place(uri: &str, is_secure: bool) -> Result<String, HttpError> {
    let refuse = |reason| HttpError::Address { uri: uri.to_owned(), reason };
    let parsed: Uri = uri.parse().map_err(|_| refuse("it is no address of the form https://host:port"))?;
    let authority = parsed.authority().ok_or_else(|| refuse("it names no host"))?;
    if authority.as_str().contains('@') {
        return Err(refuse("it holds a name or a password"));
    }
    match parsed.scheme_str() {
        Some("https") if is_secure => Ok(authority.to_string()),
        Some("https") => Err(refuse("no trusted certificates are known, so no server can be believed")),
        Some("http") if is_loopback(authority.host()) => Ok(authority.to_string()),
        Some("http") => Err(refuse("what goes to another machine goes by https")),
        _ => Err(refuse("it is no address of the form https://host:port")),
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// A time that was guessed: the system's clock may never have been set.
#[derive(Debug)]
struct Guess(UnixTime);

impl TimeProvider for Guess {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

fn tls(roots: &[u8], settings: &HttpSettings<'_>) -> Result<ClientConfig, HttpError> {
    let trust = |reason: String| HttpError::Credential { what: "the trusted certificates", reason };
    let own = |reason: String| HttpError::Credential { what: "the client certificate", reason };
    let mut store = RootCertStore::empty();
    for root in certificates(roots).map_err(trust)? {
        store.add(root).map_err(|error| trust(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
    let verifier = verifier.build().map_err(|error| trust(error.to_string()))?;
    let builder = match settings.now {
        Some(now) => {
            let seconds = Duration::from_secs(u64::try_from(now.unix_timestamp()).unwrap_or(0));
            let clock = Arc::new(Guess(UnixTime::since_unix_epoch(seconds)));
            ClientConfig::builder_with_details(provider, clock)
        }
        None => ClientConfig::builder_with_provider(provider),
    };
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| trust(error.to_string()))?;
    let builder = builder.with_webpki_verifier(verifier);
    let Some(identity) = &settings.identity else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(identity.chain).map_err(own)?;
    let key = identity.key.expose(PrivateKeyDer::from_pem_slice).map_err(|error| own(error.to_string()))?;
    builder.with_client_auth_cert(chain, key).map_err(|error| own(error.to_string()))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err("it holds no certificate".into()),
        Ok(found) => Ok(found),
        Err(error) => Err(error.to_string()),
    }
}

/// TLS with our own settings: the library's own would take the system's time, pass over roots it cannot read, and look for
/// a provider of the process.
struct TlsConnector(Option<Arc<ClientConfig>>);

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsConnector")
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, Tls>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        if !details.needs_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let settings = self.0.clone().ok_or(ureq::Error::Tls("no trusted certificates"))?;
        let host = details.uri.host().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(|_| ureq::Error::Tls("the host is no name"))?;
        let connection = ClientConnection::new(settings, name).map_err(ureq::Error::Rustls)?;
        let adapter = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        let mut tls = Tls { buffers, connection, adapter };
        let limit = Limit::new(details.timeout);
        while tls.connection.is_handshaking() {
            tls.flush(&limit)?;
            if tls.connection.is_handshaking() {
                tls.fetch(&limit)?;
            }
        }
        tls.flush(&limit)?;
        Ok(Some(Either::B(tls)))
    }
}

/// The end of a step's time: a server that sends a byte now and then does not move it.
struct Limit {
    until: Instant,
    timeout: NextTimeout,
}

impl Limit {
    fn new(timeout: NextTimeout) -> Self {
        Self { until: Instant::now() + (*timeout.after).min(LONGEST_STEP), timeout }
    }

    fn left(&self) -> Result<NextTimeout, ureq::Error> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ureq::Error::Timeout(self.timeout.reason));
        }
        Ok(NextTimeout { after: left.into(), ..self.timeout })
    }
}

/// A connection within TLS.
struct Tls {
    buffers: LazyBuffers,
    connection: ClientConnection,
    adapter: TransportAdapter,
}

impl Tls {
    fn flush(&mut self, limit: &Limit) -> Result<(), ureq::Error> {
        while self.connection.wants_write() {
            self.adapter.set_timeout(limit.left()?);
            self.connection.write_tls(&mut self.adapter)?;
        }
        Ok(())
    }

    /// Takes in what has come; an end without a word is an error.
    fn fetch(&mut self, limit: &Limit) -> Result<(), ureq::Error> {
        self.adapter.set_timeout(limit.left()?);
        if self.connection.read_tls(&mut self.adapter)? == 0 && self.connection.is_handshaking() {
            return Err(std::io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        if let Err(error) = self.connection.process_new_packets() {
            // Our alert, so that the server's log says why.
            let _ = self.flush(limit);
            return Err(ureq::Error::Rustls(error));
        }
        Ok(())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl Transport for Tls {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        let limit = Limit::new(timeout);
        let mut sent = 0;
        while sent < amount {
            sent += self.connection.writer().write(&self.buffers.output()[sent..amount])?;
            self.flush(&limit)?;
        }
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        let limit = Limit::new(timeout);
        loop {
            let input = self.buffers.input_append_buf();
            match self.connection.reader().read(input) {
                Ok(amount) => {
                    self.buffers.input_appended(amount);
                    return Ok(amount > 0);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
            self.flush(&limit)?;
            self.fetch(&limit)?;
        }
    }

    fn is_open(&mut self) -> bool {
        self.adapter.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_the_machine_by_https_only() {
        for good in ["http://localhost:8080/v1", "http://127.0.0.1/x", "http://[::1]:80/x"] {
            assert!(place(good, false).is_ok(), "{good}");
        }
        assert_eq!(place("https://host:8443/v1/register", true).unwrap(), "host:8443");
        for bad in [
            "http://host/x",
            "http://10.0.0.1",
            "http://127.0.0.1.example.org/",
            "ftp://host/",
            "host",
            "/v1",
            "https://u:p@host/",
            "",
        ] {
            assert!(matches!(place(bad, true), Err(HttpError::Address { .. })), "{bad}");
        }
        assert!(place("https://host/", false).is_err(), "nobody is believed without roots");
    }

    #[test]
    fn roots_and_keys_that_cannot_be_used_are_errors_and_not_passed_over() {
        let settings = |roots| HttpSettings {
            roots: Some(roots),
            identity: None,
            now: None,
            within: Duration::from_secs(1),
            most: 1,
            environment_proxy: false,
        };
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".as_slice();
        for roots in [b"".as_slice(), b"hello", broken] {
            assert!(matches!(Http::new(&settings(roots)), Err(HttpError::Credential { .. })));
        }
    }
}
