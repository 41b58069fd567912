//! What certificates of this authority say (RFC 5280; IEEE 802.1AR for devices), and what a certificate read back says.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose,
};
use time::OffsetDateTime;
use time::macros::datetime;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::delivery::Random;
use crate::fleet::{Digest, EndpointName, SerialNumber};

use super::AuthorityError;

/// "No well-defined expiry": 99991231235959Z (RFC 5280, section 4.1.2.5).
pub(super) const NO_EXPIRY: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);
/// The longest common name and organization, in characters (RFC 5280, appendix A.1, ub-common-name).
pub(super) const LONGEST_NAME: usize = 64;
/// Octets of our serial numbers; RFC 5280, section 4.1.2.2 allows 20.
const SERIAL_OCTETS: usize = 17;

/// From when until when a certificate is valid, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) not_before: OffsetDateTime,
    pub(super) not_after: OffsetDateTime,
}

/// Who an authority's certificate is for.
pub(super) struct CaSubject<'a> {
    pub(super) common_name: &'a str,
    pub(super) organization: Option<&'a str>,
    /// How many more authorities may follow below it (RFC 5280, section 4.2.1.9).
    pub(super) path_length: u8,
}

/// Checks a text that goes into a certificate's subject.
pub(super) fn check_name(what: &'static str, name: &str) -> Result<(), AuthorityError> {
    let length = name.chars().count();
    let reason = if name.trim().is_empty() {
        "it is empty".to_owned()
    } else if length > LONGEST_NAME {
        format!("it has {length} characters, at most {LONGEST_NAME} are possible")
    } else if name.chars().any(char::is_control) {
        "it holds a control character".to_owned()
    } else {
        return Ok(());
    };
    Err(AuthorityError::Name { what, found: name.to_owned(), reason })
}

/// Draws a serial number: 134 random bits, positive, never shorter than the others.
pub(super) fn draw_serial(random: &dyn Random, purpose: &str) -> [u8; SERIAL_OCTETS] {
    let mut serial = [0; SERIAL_OCTETS];
    random.fill(&format!("serial/{purpose}"), &mut serial);
    serial[0] = (serial[0] & 0x3F) | 0x40;
    serial
}

/// Returns what an authority's certificate says: CA:TRUE, signs certificates and revocation lists, nothing else.
pub(super) fn ca_params(subject: &CaSubject<'_>, span: Span, serial: &[u8]) -> CertificateParams {
    let mut params = base_params(span, serial);
    if let Some(organization) = subject.organization {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    params.distinguished_name.push(DnType::CommonName, subject.common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(subject.path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// Returns what a device's certificate says: CA:FALSE, digitalSignature, client authentication.
///
/// Subject: organization, common name (the endpoint name), serial number where there is one (IEEE 802.1AR-2018, section
/// 8.6). No subject alternative name: a hardwareModuleName (RFC 4108) needs an object identifier of the maker's own.
pub(super) fn device_params(
    device: &EndpointName,
    serial_number: Option<&SerialNumber>,
    organization: Option<&str>,
    span: Span,
    serial: &[u8],
) -> Result<CertificateParams, AuthorityError> {
    let mut params = base_params(span, serial);
    if let Some(organization) = organization {
        params.distinguished_name.push(DnType::OrganizationName, organization);
    }
    params.distinguished_name.push(DnType::CommonName, device.as_str());
    if let Some(number) = serial_number {
        let text = number.as_str().try_into().map_err(|_| AuthorityError::Name {
            what: "serial number",
            found: number.to_string(),
            reason: "it is no PrintableString".to_owned(),
        })?;
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), DnValue::PrintableString(text));
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

/// Serial number and authority key identifier are always set: rcgen derives the one from the key and leaves out the other.
pub(super) fn base_params(span: Span, serial: &[u8]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = span.not_before;
    params.not_after = span.not_after;
    params.serial_number = Some(serial.to_vec().into());
    params.use_authority_key_identifier_extension = true;
    params
}

/// What we need to know of a certificate read back.
#[derive(Clone)]
pub(super) struct Facts {
    pub(super) der: Vec<u8>,
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) serial: String,
    pub(super) span: Span,
    pub(super) organization: Option<String>,
    pub(super) spki: Vec<u8>,
}

impl Facts {
    /// Reads one PEM certificate that is to be an authority's, and checks that it may sign certificates.
    pub(super) fn of_ca_pem(pem: &[u8], what: &str) -> Result<Self, AuthorityError> {
        let fault = |reason: &str| AuthorityError::damaged(what, reason);
        let (rest, pem) = x509_parser::pem::parse_x509_pem(pem).map_err(|_| fault("it is no PEM text"))?;
        if pem.label != "CERTIFICATE" || !rest.trim_ascii().is_empty() {
            return Err(fault("it is not one certificate"));
        }
        let (rest, certificate) =
            X509Certificate::from_der(&pem.contents).map_err(|_| fault("it is no certificate"))?;
        if !rest.is_empty() {
            return Err(fault("it goes on behind the certificate"));
        }
        if !may_sign(&certificate) {
            return Err(fault("it is no authority's certificate"));
        }
        if !names_are_plain(&certificate) {
            return Err(fault("an attribute of its subject is there twice"));
        }
        Ok(Self::of(&certificate, &pem.contents))
    }

    fn of(certificate: &X509Certificate<'_>, der: &[u8]) -> Self {
        let organization = certificate.subject().iter_organization().next().and_then(|name| name.as_str().ok());
        Self {
            der: der.to_vec(),
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial: hex::encode(certificate.raw_serial()),
            span: Span {
                not_before: certificate.validity().not_before.to_datetime(),
                not_after: certificate.validity().not_after.to_datetime(),
            },
            organization: organization.map(str::to_owned),
            spki: certificate.public_key().raw.to_vec(),
        }
    }

    /// Returns SHA-256 of the certificate.
    pub(super) fn fingerprint(&self) -> Digest {
        Digest::of(&self.der)
    }

    /// Returns true if `issuer` signed this certificate (ECDSA P-256 with SHA-256) and bears the name it gives.
    pub(super) fn is_signed_by(&self, issuer: &Self) -> bool {
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
        let (Ok((_, own)), Ok((_, above))) =
            (X509Certificate::from_der(&self.der), X509Certificate::from_der(&issuer.der))
        else {
            return false;
        };
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &above.public_key().subject_public_key.data);
        own.issuer().as_raw() == above.subject().as_raw()
            && key.verify(own.tbs_certificate.as_ref(), &own.signature_value.data).is_ok()
    }
}

fn may_sign(certificate: &X509Certificate<'_>) -> bool {
    let is_ca = matches!(certificate.basic_constraints(), Ok(Some(constraints)) if constraints.value.ca);
    let signs = matches!(certificate.key_usage(), Ok(Some(usage)) if usage.value.key_cert_sign());
    is_ca && signs
}

/// rcgen keeps a name as a map: of two equal attributes it would drop one, and our certificates would name no issuer.
fn names_are_plain(certificate: &X509Certificate<'_>) -> bool {
    let mut seen = std::collections::BTreeSet::new();
    certificate.subject().iter().all(|part| {
        let mut attributes = part.iter();
        let first = attributes.next().is_some_and(|one| seen.insert(one.attr_type().to_id_string()));
        first && attributes.next().is_none()
    })
}
