//! Who may administer by a client certificate.

use std::sync::Arc;

use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use time::OffsetDateTime;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use crate::fleet::Digest;
use crate::fleet::enrolment::{Refusal, Role};

use super::super::groups::chain_verifier;

/// A client certificate that may administer.
#[derive(Clone, Debug)]
pub struct AdminRule {
    /// Which certificate.
    pub certificate: AdminCertificate,
    /// What its holder may do.
    pub role: Role,
}

/// Which client certificates may administer.
#[derive(Clone, Debug)]
pub enum AdminCertificate {
    /// This one.
    Pinned(Digest),
    /// All of an issuer's for a name.
    Named {
        /// The issuer's certificates (PEM).
        issuers: String,
        /// The name: the subject's common name, or a DNS name or mail address among the subject's other names.
        name: String,
    },
}

/// The rules, ready to judge by.
#[derive(Default)]
pub(super) struct Admins {
    pinned: Vec<(Digest, Role)>,
    named: Vec<(Arc<dyn ClientCertVerifier>, String, Role)>,
}

impl Admins {
    /// Reads the rules; the error names the one whose issuers cannot be used.
    pub(super) fn new(rules: &[AdminRule]) -> Result<Self, String> {
        let mut admins = Self::default();
        for rule in rules {
            match &rule.certificate {
                AdminCertificate::Pinned(fingerprint) => admins.pinned.push((*fingerprint, rule.role)),
                AdminCertificate::Named { issuers, name } => {
                    let verifier = chain_verifier(Some(issuers), &[]);
                    let verifier = verifier.ok_or_else(|| format!("the issuers of {name:?} cannot be used"))?;
                    admins.named.push((verifier, name.clone(), rule.role));
                }
            }
        }
        Ok(admins)
    }

    /// Returns who holds a certificate, and the highest role that a rule gives him. The handshake proved that he holds
    /// its key.
    pub(super) fn judge(
        &self,
        certificate: &[u8],
        chain: &[Vec<u8>],
        now: OffsetDateTime,
    ) -> Result<(String, Role), Refusal> {
        let (_, read) = X509Certificate::from_der(certificate).map_err(|_| Refusal::CertificateNotTrusted)?;
        let seconds = now.unix_timestamp();
        let (begins, ends) = (read.validity().not_before.timestamp(), read.validity().not_after.timestamp());
        if !(begins..=ends).contains(&seconds) {
            return Err(Refusal::CertificateNotTrusted);
        }
        let fingerprint = Digest::of(certificate);
        let pinned = self.pinned.iter().filter(|(known, _)| *known == fingerprint);
        let pinned = pinned.map(|(_, role)| (format!("certificate {}", &fingerprint.to_string()[..12]), *role));
        let named = self
            .named
            .iter()
            .filter(|(verifier, name, _)| has_name(&read, name) && is_issued(&**verifier, certificate, chain, seconds));
        let named = named.map(|(_, name, role)| (format!("certificate {name}"), *role));
        pinned.chain(named).max_by_key(|(_, role)| *role).ok_or(Refusal::CertificateNotTrusted)
    }
}

fn is_issued(verifier: &dyn ClientCertVerifier, certificate: &[u8], chain: &[Vec<u8>], seconds: i64) -> bool {
    let Ok(seconds) = u64::try_from(seconds) else { return false };
    let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let chain: Vec<_> = chain.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    verifier.verify_client_cert(&CertificateDer::from(certificate), &chain, now).is_ok()
}

fn has_name(certificate: &X509Certificate<'_>, name: &str) -> bool {
    let mut common = certificate.subject().iter_common_name().filter_map(|cn| cn.as_str().ok());
    let others = certificate.subject_alternative_name().ok().flatten();
    let is_other = |other: &GeneralName<'_>| match other {
        GeneralName::DNSName(other) | GeneralName::RFC822Name(other) => *other == name,
        _ => false,
    };
    common.any(|cn| cn == name) || others.is_some_and(|others| others.value.general_names.iter().any(is_other))
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, SanType};

    use super::*;

    struct Issued {
        der: Vec<u8>,
    }

    fn authority() -> (String, Issuer<'static, KeyPair>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "people");
        let pem = params.self_signed(&key).unwrap().pem();
        (pem, Issuer::new(params, key))
    }

    fn issue(issuer: &Issuer<'static, KeyPair>, cn: &str, mail: &str) -> Issued {
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.distinguished_name.push(DnType::CommonName, cn);
        params.subject_alt_names.push(SanType::Rfc822Name(mail.try_into().unwrap()));
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        Issued { der: params.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().to_vec() }
    }

    fn named(issuers: &str, name: &str, role: Role) -> AdminRule {
        AdminRule { certificate: AdminCertificate::Named { issuers: issuers.to_owned(), name: name.to_owned() }, role }
    }

    #[test]
    fn a_certificate_gives_the_highest_role_of_its_rules_and_only_while_it_is_valid() {
        let (pem, issuer) = authority();
        let (other_pem, other) = authority();
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let anna = issue(&issuer, "anna", "anna@example.org");
        let pinned = AdminRule { certificate: AdminCertificate::Pinned(Digest::of(&anna.der)), role: Role::Technician };
        let rules =
            [pinned.clone(), named(&pem, "anna@example.org", Role::Viewer), named(&other_pem, "root", Role::Admin)];
        let admins = Admins::new(&rules).unwrap();
        let (actor, role) = admins.judge(&anna.der, &[], now).unwrap();
        assert_eq!((actor.starts_with("certificate "), role), (true, Role::Technician));
        // Another certificate of the same name from the same issuer: by its name only.
        let again = issue(&issuer, "anna", "anna@example.org");
        let expected = Ok(("certificate anna@example.org".to_owned(), Role::Viewer));
        assert_eq!(admins.judge(&again.der, &[], now), expected);
        // The right name from another's issuer, another's name from the right issuer, the issuer of another rule.
        for wrong in
            [issue(&other, "anna", "anna@example.org"), issue(&issuer, "otto", "o@x"), issue(&issuer, "root", "r@x")]
        {
            assert_eq!(admins.judge(&wrong.der, &[], now), Err(Refusal::CertificateNotTrusted));
        }
        for years in [1970, 5000] {
            let then = time::Date::from_calendar_date(years, time::Month::January, 1).unwrap().midnight().assume_utc();
            assert_eq!(admins.judge(&anna.der, &[], then), Err(Refusal::CertificateNotTrusted));
        }
        assert_eq!(Admins::default().judge(&anna.der, &[], now), Err(Refusal::CertificateNotTrusted));
        assert!(Admins::new(&[named("no PEM", "x", Role::Viewer)]).is_err());
    }
}
