//! TLS of the server: certificate and key from PEM files, read again when they change; client certificates are optional.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::SystemTime;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, ServerConfig};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use zeroize::Zeroizing;

use super::error::ServerError;

/// Largest PEM file, in bytes.
const LARGEST_FILE: u64 = 256 * 1024;
/// Longest chain a client may show, beside its own certificate.
const LONGEST_CHAIN: usize = 8;

/// Where certificate and key are.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The server's certificate and its chain (PEM).
    pub certificate: PathBuf,
    /// Its private key (PEM: PKCS#8, SEC1 or PKCS#1).
    pub key: PathBuf,
}

/// What a file looked like when it was read.
pub(super) type Looks = [Option<(SystemTime, u64)>; 2];

/// The TLS configuration in force. It is replaced as a whole; connections keep the one they began with.
pub(super) struct Tls {
    files: TlsFiles,
    inner: RwLock<(Arc<ServerConfig>, Looks)>,
}

/// A chain (DER, the server's certificate first) and its private key (PKCS#8, DER).
#[cfg(feature = "dtls")]
pub(super) type ChainAndKey = (Vec<Vec<u8>>, crate::fleet::Secret);

#[cfg(feature = "dtls")]
impl TlsFiles {
    /// Reads both for who wants them in DER; the key must be PKCS#8.
    pub(super) fn chain_and_key(&self) -> Result<ChainAndKey, ServerError> {
        let wrong = |path: &Path, why: String| ServerError::Certificate { path: path.to_owned(), why };
        let pem = bounded(&self.certificate)?;
        let chain = CertificateDer::pem_slice_iter(&pem).map(|read| read.map(|der| der.as_ref().to_vec()));
        let chain =
            chain.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&self.certificate, error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(&bounded(&self.key)?);
        match key.map_err(|error| wrong(&self.key, error.to_string()))? {
            PrivateKeyDer::Pkcs8(key) => Ok((chain, crate::fleet::Secret::new(key.secret_pkcs8_der().to_vec()))),
            _ => Err(wrong(&self.key, "its key is not PKCS#8, which DTLS wants".to_owned())),
        }
    }
}

impl Tls {
    pub(super) fn read(files: TlsFiles) -> Result<Self, ServerError> {
        let looks = looks(&files);
        let config = config(&files)?;
        Ok(Self { files, inner: RwLock::new((config, looks)) })
    }

    pub(super) fn current(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.inner.read().unwrap_or_else(std::sync::PoisonError::into_inner).0)
    }

    /// Reads the files again. On an error the configuration in force stays.
    pub(super) fn reload(&self) -> Result<(), ServerError> {
        let looks = looks(&self.files);
        let read = config(&self.files);
        let mut inner = self.inner.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // A bad pair is not read again and again until it changes.
        inner.1 = looks;
        inner.0 = read?;
        Ok(())
    }

    /// Reads the files again if they changed. Returns true if they did.
    pub(super) fn reload_if_changed(&self) -> Result<bool, ServerError> {
        let before = self.inner.read().unwrap_or_else(std::sync::PoisonError::into_inner).1;
        if looks(&self.files) == before {
            return Ok(false);
        }
        self.reload().map(|()| true)
    }
}

/// Returns what the files look like now.
pub(super) fn looks(files: &TlsFiles) -> Looks {
    [&files.certificate, &files.key].map(|path| {
        let data = fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    })
}

fn bounded(path: &Path) -> Result<Zeroizing<Vec<u8>>, ServerError> {
    let unreadable = |source| ServerError::File { path: path.to_owned(), source };
    let mut bytes = Zeroizing::new(Vec::with_capacity(16 * 1024));
    let file = fs::File::open(path).map_err(unreadable)?;
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Err(bad(path, format!("it is larger than {LARGEST_FILE} bytes")));
    }
    Ok(bytes)
}

fn bad(path: &Path, why: impl ToString) -> ServerError {
    ServerError::Certificate { path: path.to_owned(), why: why.to_string() }
}

fn config(files: &TlsFiles) -> Result<Arc<ServerConfig>, ServerError> {
    let chain = bounded(&files.certificate)?;
    let chain = CertificateDer::pem_slice_iter(&chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| bad(&files.certificate, error))?;
    if chain.is_empty() {
        return Err(bad(&files.certificate, "it holds no certificate"));
    }
    let key = PrivateKeyDer::from_pem_slice(&bounded(&files.key)?).map_err(|error| bad(&files.key, error))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let pair = CertifiedKey::from_der(chain, key, &provider).map_err(|error| bad(&files.key, error))?;
    let verifier = Arc::new(AnyChain { algorithms: provider.signature_verification_algorithms });
    let config = with_pair(provider, verifier, pair).map_err(|error| bad(&files.certificate, error))?;
    Ok(Arc::new(config))
}

fn with_pair(
    provider: Arc<CryptoProvider>,
    verifier: Arc<AnyChain>,
    pair: CertifiedKey,
) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(provider);
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?;
    let resolver = Arc::new(SingleCertAndKey::from(pair));
    let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Takes any well-formed client certificate whose key signs the handshake. Which issuers a group trusts is known only when
/// the group is: registration judges the chain.
#[derive(Debug)]
struct AnyChain {
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyChain {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        chain: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if chain.len() > LONGEST_CHAIN {
            return Err(Error::InvalidCertificate(CertificateError::BadEncoding));
        }
        ParsedCertificate::try_from(end_entity)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
