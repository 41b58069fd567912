//! The stack by OpenSSL: one `SSL` object for each peer, over two queues in place of a socket.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use aws_lc_rs::hmac;
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::pkey::PKey;
use openssl::ssl::{
    Error, ErrorCode, ShutdownState, Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslRef,
    SslSessionCacheMode, SslStream, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::bounds::{DtlsError, Identity};
use super::stack::{Channel, Found, Heard, Named, Shaken, Stack};
use super::turns::Turns;
use super::words::{Candidate, PreSharedKeys, Proof};
use crate::delivery::Random;

/// What LwM2M 1.0 to 1.2 ask for, and what their clients offer beside it; the strongest first.
const BY_KEY: &str = "PSK-AES128-GCM-SHA256:PSK-AES128-CCM:PSK-AES128-CCM8:PSK-AES128-CBC-SHA256";
const BY_CERTIFICATE: &str = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-CCM:\
                              ECDHE-ECDSA-AES128-CCM8:ECDHE-ECDSA-AES128-SHA256";
const GROUPS: &str = "P-256:X25519:P-384";
/// Longest identity that is looked up.
const LONGEST_IDENTITY: usize = 128;
/// Most that one record holds (RFC 5246, section 6.2.1).
const RECORD: usize = 1 << 14;

/// OpenSSL, set up as our server.
pub(super) struct OpenSsl {
    context: SslContext,
    aside: Index<Ssl, Aside>,
    longest: u16,
}

/// What our callbacks know of a peer, kept in its `SSL` object.
struct Aside {
    cookie: Vec<u8>,
    host: IpAddr,
    named: Option<Named>,
}

impl OpenSsl {
    /// Sets OpenSSL up. `longest`: bytes of the longest datagram that is sent.
    pub(super) fn open(
        identity: Option<&Identity>,
        keys: Arc<dyn PreSharedKeys>,
        turns: Arc<Turns>,
        longest: u16,
        random: &dyn Random,
    ) -> Result<Self, DtlsError> {
        let aside = Ssl::new_ex_index().map_err(library)?;
        let mut context = SslContext::builder(SslMethod::dtls_server()).map_err(library)?;
        bind(&mut context).map_err(library)?;
        let suites = if identity.is_some() { format!("{BY_KEY}:{BY_CERTIFICATE}") } else { BY_KEY.to_owned() };
        context.set_cipher_list(&suites).map_err(library)?;
        if let Some(identity) = identity {
            present(&mut context, identity)?;
        }
        context.set_cookie_generate_cb(move |ssl, cookie| Ok(give_cookie(ssl, aside, cookie)));
        let keys = Keys { source: keys, turns, decoys: Decoys::new(random) };
        context.set_psk_server_callback(move |ssl, identity, key| {
            Ok(give_key(ssl, aside, identity.unwrap_or_default(), key, &keys))
        });
        Ok(Self { context: context.build(), aside, longest })
    }
}

/// What holds for every peer.
fn bind(context: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    // Tags of 8 bytes (CCM_8) are under OpenSSL's lowest level of security, and are what LwM2M devices speak.
    context.set_security_level(0);
    context.set_min_proto_version(Some(SslVersion::DTLS1_2))?;
    context.set_max_proto_version(Some(SslVersion::DTLS1_2))?;
    context.set_options(
        SslOptions::COOKIE_EXCHANGE
            | SslOptions::NO_QUERY_MTU
            | SslOptions::NO_RENEGOTIATION
            | SslOptions::NO_TICKET
            | SslOptions::NO_COMPRESSION
            | SslOptions::CIPHER_SERVER_PREFERENCE,
    );
    context.set_session_cache_mode(SslSessionCacheMode::OFF);
    context.set_groups_list(GROUPS)?;
    // Who issued a peer's certificate is for others to judge; OpenSSL still checks that the peer holds its key.
    context.set_verify_callback(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT, |_, _| true);
    Ok(())
}

fn present(context: &mut SslContextBuilder, identity: &Identity) -> Result<(), DtlsError> {
    let certificate = |why: ErrorStack| DtlsError::Certificate(in_words(&why));
    let mut chain = identity.chain.iter().map(|der| X509::from_der(der).map_err(certificate));
    let own = chain.next().ok_or_else(|| DtlsError::Certificate("there is none".to_owned()))??;
    context.set_certificate(&own).map_err(certificate)?;
    for above in chain {
        context.add_extra_chain_cert(above?).map_err(certificate)?;
    }
    let key = identity.key.expose(PKey::private_key_from_pkcs8).map_err(|why| DtlsError::Key(in_words(&why)))?;
    if key.ec_key().is_err() {
        return Err(DtlsError::Key("it is not an ECDSA key".to_owned()));
    }
    context.set_private_key(&key).map_err(|why| DtlsError::Key(in_words(&why)))?;
    context.check_private_key().map_err(|why| DtlsError::Key(in_words(&why)))
}

fn library(why: ErrorStack) -> DtlsError {
    DtlsError::Library(in_words(&why))
}

/// Where keys come from.
struct Keys {
    source: Arc<dyn PreSharedKeys>,
    turns: Arc<Turns>,
    decoys: Decoys,
}

/// Keys for identities that have none, so that an unknown identity looks like a wrong key from outside.
struct Decoys(hmac::Key);

impl Decoys {
    fn new(random: &dyn Random) -> Self {
        let mut secret = Zeroizing::new([0; 32]);
        random.fill("secret of the DTLS decoy keys", secret.as_mut_slice());
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret.as_slice()))
    }

    fn write(&self, identity: &[u8], key: &mut [u8]) -> usize {
        let decoy = hmac::sign(&self.0, identity);
        fill(decoy.as_ref(), key)
    }
}

fn give_cookie(ssl: &mut SslRef, aside: Index<Ssl, Aside>, cookie: &mut [u8]) -> usize {
    ssl.ex_data(aside).map_or(0, |aside| fill(&aside.cookie, cookie))
}

/// Finds the key of an identity and remembers what was found.
fn give_key(ssl: &mut SslRef, aside: Index<Ssl, Aside>, identity: &[u8], key: &mut [u8], keys: &Keys) -> usize {
    let candidates = if identity.len() <= LONGEST_IDENTITY { looked_up(&*keys.source, identity) } else { Vec::new() };
    let host = ssl.ex_data(aside).map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |aside| aside.host);
    let choice = keys.turns.choose(identity, host, &candidates);
    let secret = choice.as_ref().and_then(|choice| candidates.get(choice.place)).map(|candidate| &candidate.key);
    let found = match (choice, secret) {
        (Some(choice), Some(secret)) if !secret.is_empty() && secret.len() <= key.len() => Found::Key(choice),
        (_, Some(secret)) => Found::Unusable(secret.len()),
        _ => Found::Nothing,
    };
    let is_found = matches!(found, Found::Key(_));
    if let Some(aside) = ssl.ex_data_mut(aside) {
        aside.named = Some(Named { identity: identity.to_vec(), key: found });
    }
    match secret {
        Some(secret) if is_found => secret.expose(|bytes| fill(bytes, key)),
        _ => keys.decoys.write(identity, key),
    }
}

/// Looks keys up, from inside the library: nothing may unwind through it.
fn looked_up(keys: &dyn PreSharedKeys, identity: &[u8]) -> Vec<Candidate> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| keys.keys(identity))).unwrap_or_default()
}

/// Copies as much as there is room for.
fn fill(from: &[u8], to: &mut [u8]) -> usize {
    let length = from.len().min(to.len());
    to[..length].copy_from_slice(&from[..length]);
    length
}

impl Stack for OpenSsl {
    fn accept(&self, cookie: &[u8], host: IpAddr) -> Result<Box<dyn Channel>, String> {
        let open = || -> Result<_, ErrorStack> {
            let mut ssl = Ssl::new(&self.context)?;
            ssl.set_mtu(u32::from(self.longest))?;
            ssl.set_ex_data(self.aside, Aside { cookie: cookie.to_vec(), host, named: None });
            ssl.set_accept_state();
            SslStream::new(ssl, Wire::default())
        };
        let stream = open().map_err(|why| in_words(&why))?;
        Ok(Box::new(Association { stream, aside: self.aside }))
    }
}

/// A peer's `SSL` object and its queues.
struct Association {
    stream: SslStream<Wire>,
    aside: Index<Ssl, Aside>,
}

/// In place of a socket: what came in, what is to go out, a datagram each.
#[derive(Default)]
struct Wire {
    received: VecDeque<Vec<u8>>,
    sent: Vec<Vec<u8>>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let datagram = self.received.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
        Ok(fill(&datagram, buffer))
    }
}

impl Write for Wire {
    fn write(&mut self, datagram: &[u8]) -> io::Result<usize> {
        self.sent.push(datagram.to_vec());
        Ok(datagram.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Channel for Association {
    fn feed(&mut self, datagram: Vec<u8>) {
        self.stream.get_mut().received.push_back(datagram);
    }

    fn shake(&mut self) -> Shaken {
        loop {
            forget_old_errors();
            let before = self.stream.get_ref().received.len();
            match self.stream.do_handshake() {
                Ok(()) => return Shaken::Done,
                Err(error) if is_waiting(&error) && before > self.stream.get_ref().received.len() => {}
                Err(error) if is_waiting(&error) => return Shaken::Waiting,
                Err(error) if told(&error).contains("no shared cipher") => return Shaken::Apart,
                Err(error) => return Shaken::Broken(told(&error)),
            }
        }
    }

    fn read(&mut self) -> Heard {
        // Not on the heap: what is kept of a peer must not keep a record's room for a few bytes.
        let mut buffer = [0; RECORD];
        loop {
            forget_old_errors();
            let before = self.stream.get_ref().received.len();
            match self.stream.ssl_read(&mut buffer) {
                Ok(length) => return Heard::Said(buffer[..length].to_vec()),
                Err(error) if error.code() == ErrorCode::ZERO_RETURN => return Heard::Closed,
                Err(error) if is_waiting(&error) && before > self.stream.get_ref().received.len() => {}
                Err(error) if is_waiting(&error) => return Heard::Nothing,
                Err(error) => return Heard::Broken(told(&error)),
            }
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.is_empty() {
            return Ok(());
        }
        forget_old_errors();
        self.stream.ssl_write(bytes).map(|_| ()).map_err(|error| told(&error))
    }

    fn close(&mut self) {
        forget_old_errors();
        // Whether the peer answers does not matter: the association is given up either way.
        if !self.stream.get_shutdown().contains(ShutdownState::SENT) {
            let _ = self.stream.shutdown();
        }
    }

    fn sent(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.stream.get_mut().sent)
    }

    fn named(&self) -> Option<Named> {
        self.stream.ssl().ex_data(self.aside).and_then(|aside| aside.named.clone())
    }

    fn proof(&self) -> Proof {
        if let Some(named) = self.named() {
            return Proof::Psk(named.identity);
        }
        let ssl = self.stream.ssl();
        let above = ssl.peer_cert_chain().into_iter().flatten().filter_map(|certificate| certificate.to_der().ok());
        let own = ssl.peer_certificate().and_then(|certificate| certificate.to_der().ok());
        // Which of the two a server's chain begins with has changed between versions of the library.
        let mut chain: Vec<_> = above.filter(|der| Some(der) != own.as_ref()).collect();
        chain.splice(0..0, own);
        if chain.is_empty() { Proof::None } else { Proof::Certificates(chain) }
    }

    fn suite(&self) -> String {
        let cipher = self.stream.ssl().current_cipher();
        cipher.map(|cipher| cipher.standard_name().unwrap_or(cipher.name()).to_owned()).unwrap_or_default()
    }
}

fn is_waiting(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE)
}

/// OpenSSL takes an error that another call left behind for one of the next call.
fn forget_old_errors() {
    drop(ErrorStack::get());
}

fn told(error: &Error) -> String {
    error.ssl_error().map_or_else(|| "the library gave up without a reason".to_owned(), in_words)
}

fn in_words(why: &ErrorStack) -> String {
    let reasons: Vec<&str> = why.errors().iter().filter_map(openssl::error::Error::reason).collect();
    if reasons.is_empty() { "no reason given".to_owned() } else { reasons.join(", ") }
}
