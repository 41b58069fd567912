//! Enrolment groups as they are judged by: policies of the registry, made ready once and kept until they change.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use regex_lite::Regex;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use time::OffsetDateTime;

use crate::fleet::enrolment::{GroupPolicy, Refusal};
use crate::fleet::model::VersionRange;
use crate::registry::registering::Policy;
use crate::registry::{Registry, RegistryError};

use super::points::point_of_pem;
use super::request::{Refused, Request};

/// Which firmware a group takes.
enum Firmware {
    Any,
    In(VersionRange),
    /// A range that could not be read takes none.
    None,
}

impl Firmware {
    fn of(range: Option<&str>) -> Self {
        match range.map(str::parse) {
            None => Self::Any,
            Some(Ok(range)) => Self::In(range),
            Some(Err(_)) => Self::None,
        }
    }

    /// A device that does not say its firmware has none that is taken.
    fn takes(&self, firmware: Option<&str>) -> bool {
        match self {
            Self::Any => true,
            Self::In(range) => firmware.is_some_and(|firmware| range.matches(firmware)),
            Self::None => false,
        }
    }
}

/// A group, ready to judge by.
pub(super) struct Group {
    pub(super) name: String,
    pub(super) etag: i64,
    pub(super) policy: Arc<GroupPolicy>,
    patterns: Vec<Regex>,
    firmware: Firmware,
    chain: Option<Arc<dyn ClientCertVerifier>>,
    issuers: BTreeMap<String, Vec<u8>>,
}

impl Group {
    fn new(policy: Policy, root: &[u8]) -> Self {
        let Policy { group, etag, policy } = policy;
        let anchored = |pattern: &String| Regex::new(&format!("^(?:{pattern})$")).ok();
        let issuers = policy.issuers.iter();
        Self {
            firmware: Firmware::of(policy.admit.firmware.as_deref()),
            patterns: policy.admit.patterns.iter().filter_map(anchored).collect(),
            chain: policy.x509.as_ref().and_then(|rule| chain_verifier(rule.issuers.as_deref(), root)),
            issuers: issuers.filter_map(|key| Some((key.kid.clone(), point_of_pem(&key.public_key)?))).collect(),
            name: group,
            etag,
            policy,
        }
    }

    /// Returns the point of an issuer's key by its `kid`.
    pub(super) fn issuer(&self, kid: &str) -> Option<&[u8]> {
        self.issuers.get(kid).map(Vec::as_slice)
    }

    /// Checks a chain, the device's certificate first (RFC 5280, section 6): issuers, dates, use.
    pub(super) fn check_chain(&self, chain: &[Vec<u8>], now: OffsetDateTime) -> Result<(), String> {
        let verifier = self.chain.as_ref().ok_or("the group has no issuers that can be used")?;
        let mut chain = chain.iter().map(|der| CertificateDer::from(der.as_slice()));
        let device = chain.next().ok_or("there is no certificate")?;
        let others: Vec<_> = chain.collect();
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        verifier.verify_client_cert(&device, &others, now).map(|_| ()).map_err(|error| error.to_string())
    }

    /// Checks what a device says of itself against the rules of the group that need no store.
    pub(super) fn admit(&self, request: &Request) -> Result<(), Refused> {
        if !self.policy.open {
            return Err((Refusal::GroupClosed, format!("group {:?} is closed", self.name)));
        }
        // A pattern that could not be made ready fits nothing.
        let wants_pattern = !self.policy.admit.patterns.is_empty();
        if wants_pattern && !self.patterns.iter().any(|pattern| pattern.is_match(request.device.as_str())) {
            return Err((Refusal::IdentifierNotAllowed, format!("it fits no pattern of group {:?}", self.name)));
        }
        if !self.firmware.takes(request.firmware.as_deref()) {
            let range = self.policy.admit.firmware.as_deref().unwrap_or_default();
            return Err((Refusal::FirmwareNotAllowed, format!("group {:?} takes {range:?}", self.name)));
        }
        Ok(())
    }
}

/// Makes what judges chains: to the certificates of `issuers` (PEM), or to `root` (DER) where there are none.
pub(super) fn chain_verifier(issuers: Option<&str>, root: &[u8]) -> Option<Arc<dyn ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    match issuers {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                roots.add(certificate.ok()?).ok()?;
            }
        }
        None => roots.add(CertificateDer::from(root)).ok()?,
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    Some(verifier)
}

/// Makes one group ready whose policy need not be in force, for a rehearsal.
pub(super) fn prepared(group: &str, policy: &GroupPolicy) -> Group {
    Group::new(Policy { group: group.to_owned(), etag: 0, policy: Arc::new(policy.clone()) }, &[])
}

/// All groups of the fleet.
pub(super) struct Groups {
    registry: Registry,
    root: Vec<u8>,
    ready: RwLock<BTreeMap<String, Arc<Group>>>,
}

impl Groups {
    /// Names where they are read; `root` is the fleet's own root certificate (DER).
    pub(super) fn new(registry: Registry, root: &[u8]) -> Self {
        Self { registry, root: root.to_vec(), ready: RwLock::default() }
    }

    /// Reads the policies anew; those that did not change stay as they are.
    pub(super) fn refresh(&self) -> Result<(), RegistryError> {
        let policies = self.registry.policies()?;
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = BTreeMap::new();
        for policy in policies {
            let kept = ready.remove(&policy.group).filter(|group| group.etag == policy.etag);
            let group = kept.unwrap_or_else(|| Arc::new(Group::new(policy, &self.root)));
            next.insert(group.name.clone(), group);
        }
        *ready = next;
        Ok(())
    }

    /// Returns the ids that a certificate has by the rules of the groups.
    pub(super) fn named_by(&self, name: impl Fn(&str) -> Option<String>) -> Vec<String> {
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        let rules = ready.values().filter_map(|group| group.policy.x509.as_ref());
        rules.filter_map(|rule| name(&rule.id)).collect()
    }

    /// Returns all groups.
    pub(super) fn all(&self) -> Vec<Arc<Group>> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Returns a group by its name; the only one there is where a device names none.
    pub(super) fn get(&self, name: Option<&str>) -> Option<Arc<Group>> {
        let ready = self.ready.read().unwrap_or_else(PoisonError::into_inner);
        match name {
            Some(name) => ready.get(name).cloned(),
            None if ready.len() == 1 => ready.values().next().cloned(),
            None => None,
        }
    }
}
