//! Certificates for the fleet's own servers.

use std::net::IpAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{DnType, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType};
use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::delivery::{Clock, Random};
use crate::fleet::Secret;

use super::ca::whole_seconds;
use super::certificate::{Span, base_params, draw_serial};
use super::key_pair::KeyPair;
use super::{Authority, AuthorityError, certificate};

/// How long a server's certificate is valid.
const VALID: Duration = Duration::days(90);

/// A server's certificate and its key.
pub struct ServerCertificate {
    /// The certificate and the intermediate (PEM).
    pub chain: String,
    /// The private key (PEM, PKCS#8).
    pub key: Secret,
    /// When it ends.
    pub ends: OffsetDateTime,
}

impl Authority {
    /// Issues a certificate for a server that answers to these host names and addresses (RFC 6125: subject alternative
    /// names only), valid for 90 days, and never longer than its issuer.
    pub fn issue_for_server(
        &self,
        names: &[String],
        clock: &dyn Clock,
        random: &dyn Random,
    ) -> Result<ServerCertificate, AuthorityError> {
        let first = names.first().map_or("", String::as_str);
        certificate::check_name("server name", first)?;
        let issuer = self.intermediate.span;
        let not_before = whole_seconds(clock.now()).max(issuer.not_before);
        let span = Span { not_before, not_after: (not_before + VALID).min(issuer.not_after) };
        let purpose = format!("server/{first}");
        let pair = KeyPair::draw(random, &purpose)?;
        let mut params = base_params(span, &draw_serial(random, &purpose));
        params.distinguished_name.push(DnType::CommonName, first);
        params.subject_alt_names = names.iter().map(|name| alternative(name)).collect::<Result<_, _>>()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let signed = params.signed_by(&pair, &self.issuer);
        let signed = signed.map_err(|_| AuthorityError::Crypto { doing: "signing a certificate" })?;
        let chain = format!("{}{}", to_pem("CERTIFICATE", signed.der()), self.intermediate_pem());
        let key = pair.to_pkcs8()?.expose(|der| to_pem("PRIVATE KEY", der).into_bytes());
        Ok(ServerCertificate { chain, key: Secret::new(key), ends: span.not_after })
    }
}

fn alternative(name: &str) -> Result<SanType, AuthorityError> {
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(SanType::IpAddress(address));
    }
    let text = name.try_into().map_err(|_| AuthorityError::Name {
        what: "server name",
        found: name.to_owned(),
        reason: "it is no host name".to_owned(),
    })?;
    Ok(SanType::DnsName(text))
}

/// Writes PEM (RFC 7468): base64 in lines of 64 characters.
fn to_pem(label: &str, der: &[u8]) -> String {
    let text = Zeroizing::new(STANDARD.encode(der));
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(std::str::from_utf8(line).expect("base64 is ASCII"));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}
