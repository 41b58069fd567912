//! A server and clients of OpenSSL's own, joined by wires in memory; the time is ours.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use openssl::asn1::Asn1Time;
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{ErrorCode, Ssl, SslContext, SslMethod, SslOptions, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::{X509, X509Name};

use crate::delivery::Random;
use crate::dtls::{Associations, Candidate, DtlsBounds, DtlsWord, HandshakeFailure, Identity, PeerId, PreSharedKeys};
use crate::fleet::Secret;

pub(super) const CCM_8: &str = "PSK-AES128-CCM8";
pub(super) const IDENTITY: &str = "gw-1";
pub(super) const KEY: &[u8] = b"0123456789abcdef";

/// Draws what SHA-256 makes of the purpose.
pub(super) struct Seeded;

impl Random for Seeded {
    fn fill(&self, purpose: &str, bytes: &mut [u8]) {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, purpose.as_bytes());
        bytes.iter_mut().zip(digest.as_ref()).for_each(|(byte, drawn)| *byte = *drawn);
    }
}

/// Keys by identity.
#[derive(Default)]
pub(super) struct Keys(pub(super) BTreeMap<Vec<u8>, Vec<u8>>);

/// The identity that nobody can be asked for.
pub(super) const TRAP: &str = "trap";
/// The identity that may have two keys, the second of them new.
pub(super) const TWO: &str = "two";
pub(super) const SECOND: &[u8] = b"fedcba9876543210";

impl PreSharedKeys for Keys {
    fn keys(&self, identity: &[u8]) -> Vec<Candidate> {
        assert_ne!(identity, TRAP.as_bytes(), "this look-up panics");
        let candidate = |key: &[u8], number| Candidate { key: Secret::new(key.to_vec()), number, is_new: number > 1 };
        let first = self.0.get(identity).map(|key| candidate(key, 1));
        let second = (identity == TWO.as_bytes()).then(|| candidate(SECOND, 2));
        first.into_iter().chain(second).collect()
    }
}

/// Numbers that look like chance and are the same in every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

pub(super) fn key_and_certificate(name: &str) -> (PKey<Private>, X509) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut certificate = X509::builder().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&subject).unwrap();
    certificate.set_issuer_name(&subject).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    (key, certificate.build())
}

pub(super) fn identity() -> Identity {
    let (key, certificate) = key_and_certificate("server");
    Identity { chain: vec![certificate.to_der().unwrap()], key: Secret::new(key.private_key_to_pkcs8().unwrap()) }
}

/// What a client proves itself with.
#[derive(Clone)]
pub(super) enum With {
    Psk {
        suites: String,
        identity: String,
        key: Vec<u8>,
    },
    Certificate {
        suites: String,
        pair: Option<(PKey<Private>, X509)>,
    },
    /// DTLS 1.0, of 2006.
    OldVersion,
}

impl With {
    pub(super) fn psk(identity: &str, key: &[u8]) -> Self {
        Self::Psk { suites: CCM_8.to_owned(), identity: identity.to_owned(), key: key.to_vec() }
    }

    pub(super) fn known() -> Self {
        Self::psk(IDENTITY, KEY)
    }

    pub(super) fn certificate(suites: &str) -> Self {
        Self::Certificate { suites: suites.to_owned(), pair: Some(key_and_certificate("device")) }
    }
}

/// A client of OpenSSL over two queues.
pub(super) struct Client {
    pub(super) from: SocketAddr,
    pub(super) stream: SslStream<Wire>,
    pub(super) joined: bool,
    pub(super) heard: Vec<Vec<u8>>,
    pub(super) broken: Option<String>,
}

#[derive(Default)]
pub(super) struct Wire {
    pub(super) received: VecDeque<Vec<u8>>,
    pub(super) sent: Vec<Vec<u8>>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let datagram = self.received.pop_front().ok_or(io::ErrorKind::WouldBlock)?;
        buffer[..datagram.len()].copy_from_slice(&datagram);
        Ok(datagram.len())
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

impl Client {
    pub(super) fn new(port: u16, with: &With) -> Self {
        let mut context = SslContext::builder(SslMethod::dtls_client()).unwrap();
        context.set_security_level(0);
        context.set_min_proto_version(Some(SslVersion::DTLS1_2)).unwrap();
        context.set_options(SslOptions::NO_QUERY_MTU);
        context.set_verify(SslVerifyMode::NONE);
        match with.clone() {
            With::Psk { suites, identity, key } => {
                context.set_cipher_list(&suites).unwrap();
                context.set_psk_client_callback(move |_, _, named, secret| {
                    named[..identity.len()].copy_from_slice(identity.as_bytes());
                    named[identity.len()] = 0;
                    secret[..key.len()].copy_from_slice(&key);
                    Ok(key.len())
                });
            }
            With::OldVersion => {
                context.set_min_proto_version(Some(SslVersion::DTLS1)).unwrap();
                context.set_max_proto_version(Some(SslVersion::DTLS1)).unwrap();
            }
            With::Certificate { suites, pair } => {
                context.set_cipher_list(&suites).unwrap();
                if let Some((key, certificate)) = pair {
                    context.set_certificate(&certificate).unwrap();
                    context.set_private_key(&key).unwrap();
                }
            }
        }
        let mut ssl = Ssl::new(&context.build()).unwrap();
        ssl.set_mtu(1200).unwrap();
        ssl.set_connect_state();
        let stream = SslStream::new(ssl, Wire::default()).unwrap();
        let from = SocketAddr::from(([192, 0, 2, 1], port));
        Self { from, stream, joined: false, heard: Vec::new(), broken: None }
    }

    /// Goes on as far as what was received allows; calling it without anything received lets the client's timer run.
    pub(super) fn go(&mut self) -> Vec<Vec<u8>> {
        loop {
            let before = self.stream.get_ref().received.len();
            let mut buffer = [0; 2048];
            let done = if self.joined {
                self.stream.ssl_read(&mut buffer).map(|length| self.heard.push(buffer[..length].to_vec()))
            } else {
                self.stream.do_handshake().map(|()| self.joined = true)
            };
            match done {
                Ok(()) => {}
                Err(error) if error.code() == ErrorCode::WANT_READ => {
                    if before == self.stream.get_ref().received.len() {
                        break;
                    }
                }
                Err(error) => {
                    self.broken = Some(error.to_string());
                    break;
                }
            }
        }
        std::mem::take(&mut self.stream.get_mut().sent)
    }

    pub(super) fn hear(&mut self, datagram: Vec<u8>) -> Vec<Vec<u8>> {
        if self.broken.is_some() {
            return Vec::new();
        }
        self.stream.get_mut().received.push_back(datagram);
        self.go()
    }

    pub(super) fn say(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.stream.ssl_write(bytes).unwrap();
        std::mem::take(&mut self.stream.get_mut().sent)
    }

    pub(super) fn close(&mut self) -> Vec<Vec<u8>> {
        let _ = self.stream.shutdown();
        std::mem::take(&mut self.stream.get_mut().sent)
    }
}

/// The server, what it said, and the time.
pub(super) struct World {
    pub(super) server: Associations,
    pub(super) now: Duration,
    pub(super) words: Vec<DtlsWord>,
}

impl World {
    pub(super) fn with(bounds: DtlsBounds) -> Self {
        let keys = [IDENTITY, TWO].map(|identity| (identity.as_bytes().to_vec(), KEY.to_vec()));
        let keys = keys.into_iter().chain([(b"long".to_vec(), vec![7; 4000])]);
        let keys = Arc::new(Keys(keys.collect()));
        let server = Associations::open(Some(identity()), keys, bounds, Arc::new(Seeded)).unwrap();
        Self { server, now: Duration::from_secs(1000), words: Vec::new() }
    }

    pub(super) fn new() -> Self {
        Self::with(DtlsBounds::default())
    }

    /// Gives the server a datagram; returns what it sends.
    pub(super) fn give(&mut self, from: SocketAddr, datagram: &[u8]) -> Vec<(SocketAddr, Vec<u8>)> {
        self.server.received(self.now, from, datagram);
        self.taken()
    }

    /// Lets time pass, and the server do what it asks for.
    pub(super) fn pass(&mut self, seconds: f64) -> Vec<(SocketAddr, Vec<u8>)> {
        let end = self.now + Duration::from_secs_f64(seconds);
        let mut sent = Vec::new();
        while let Some(deadline) = self.server.deadline().filter(|deadline| *deadline <= end) {
            self.now = self.now.max(deadline);
            self.server.tick(self.now);
            sent.extend(self.taken());
        }
        self.now = end;
        sent
    }

    pub(super) fn taken(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        self.words.extend(std::iter::from_fn(|| self.server.word()));
        std::iter::from_fn(|| self.server.datagram()).collect()
    }

    /// Carries datagrams to and fro until both are silent.
    pub(super) fn carry(&mut self, client: &mut Client, from_client: Vec<Vec<u8>>) {
        let mut waiting = VecDeque::from(from_client);
        while let Some(datagram) = waiting.pop_front() {
            for (to, answer) in self.give(client.from, &datagram) {
                assert_eq!(to, client.from);
                waiting.extend(client.hear(answer));
            }
        }
    }

    /// Shakes hands without any loss.
    pub(super) fn join(&mut self, port: u16, with: &With) -> (Client, PeerId) {
        let mut client = Client::new(port, with);
        let hello = client.go();
        self.carry(&mut client, hello);
        assert!(client.joined, "{:?} {:?}", client.broken, self.words);
        let joined = self.words.iter().rev().find_map(|word| match word {
            DtlsWord::Joined { peer, from, .. } if *from == client.from => Some(*peer),
            _ => None,
        });
        (client, joined.unwrap())
    }

    pub(super) fn joined(&self) -> usize {
        self.words.iter().filter(|word| matches!(word, DtlsWord::Joined { .. })).count()
    }

    pub(super) fn failures(&self) -> Vec<(Option<Vec<u8>>, HandshakeFailure)> {
        let failed = self.words.iter().filter_map(|word| match word {
            DtlsWord::Failed { identity, why, .. } => Some((identity.clone(), why.clone())),
            _ => None,
        });
        failed.collect()
    }

    pub(super) fn said(&self) -> HashMap<PeerId, Vec<Vec<u8>>> {
        let mut said: HashMap<_, Vec<_>> = HashMap::new();
        for word in &self.words {
            if let DtlsWord::Said { peer, bytes } = word {
                said.entry(*peer).or_default().push(bytes.clone());
            }
        }
        said
    }
}
