//! Devices that a bootstrap server meets: whose certificate it is.

use time::OffsetDateTime;

use crate::fleet::EndpointName;
use crate::fleet::enrolment::ProofKind;
use crate::registry::{CredentialRow, CredentialState, Registry, RegistryError};

use super::certificates::Brought;
use super::groups::Groups;
use super::proof::{fingerprint_of, named_by};

/// Whose a certificate is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CertificateOwner {
    /// The device.
    pub device: EndpointName,
    /// Under which name the registry has the certificate's key; none if only a group's rule says whose it is.
    pub credential: Option<String>,
    /// The group whose rule says so; none if the registry has the key.
    pub group: Option<String>,
}

/// Returns whose a certificate is: the registry knows its key, or a group's rule takes its chain. The error is in words; the
/// handshake has proved that who shows it holds its key.
pub(super) fn owner(
    groups: &Groups,
    registry: &Registry,
    chain: &[Vec<u8>],
    now: OffsetDateTime,
) -> Result<Result<CertificateOwner, String>, RegistryError> {
    let Some(fingerprint) = chain.first().and_then(|der| fingerprint_of(der)) else {
        return Ok(Err("its certificate cannot be read".to_owned()));
    };
    let Some(row) = registry.credential(fingerprint)? else { return Ok(by_rule(groups, chain, now)) };
    if let Err(words) = is_good(&row, now) {
        return Ok(Err(words));
    }
    let known = registry.device(&row.device)?.and_then(|device| EndpointName::new(&device.id).ok());
    Ok(known.map_or_else(
        || Err("the device of its certificate is not there any more".to_owned()),
        |device| Ok(CertificateOwner { device, credential: Some(row.name), group: None }),
    ))
}

/// The certificate that was stored counts: who holds its key could show another with other dates.
fn is_good(row: &CredentialRow, now: OffsetDateTime) -> Result<(), String> {
    if row.state != CredentialState::Active {
        return Err("its certificate was taken out of use".to_owned());
    }
    let stored = row.public.as_str().and_then(|text| Brought::read("the stored certificate", text.as_bytes()).ok());
    let Some(stored) = stored.map(|stored| stored.credential()) else { return Ok(()) };
    let is_early = stored.not_before.is_some_and(|begins| now < begins);
    let is_late = stored.not_after.is_some_and(|ends| now > ends);
    if is_early || is_late { Err("its certificate is not valid now".to_owned()) } else { Ok(()) }
}

fn by_rule(groups: &Groups, chain: &[Vec<u8>], now: OffsetDateTime) -> Result<CertificateOwner, String> {
    let mut why = "nobody knows its key, and no group has a rule for certificates".to_owned();
    for group in groups.all() {
        let Some(rule) = group.policy.x509.as_ref().filter(|_| group.policy.proofs.contains(&ProofKind::X509)) else {
            continue;
        };
        if let Err(words) = group.check_chain(chain, now) {
            why = format!("group {:?} does not trust its certificate: {words}", group.name);
            continue;
        }
        match named_by(&chain[0], &rule.id).and_then(|id| EndpointName::new(&id).ok()) {
            Some(device) => {
                return Ok(CertificateOwner { device, credential: None, group: Some(group.name.clone()) });
            }
            None => why = format!("its certificate gives no id by the rule of group {:?}", group.name),
        }
    }
    Err(why)
}
