//! What a fleet gives its devices at registration: certificates of its authority, its servers.

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::authority::{Authority, CredentialRequest, key_of_request};
use crate::delivery::{Clock, PublicKind, Random};
use crate::fleet::{
    CertificateProfile, CredentialKind, CredentialShape, EndpointName, KeyAlgorithm, KeyOrigin, Retain, Server,
    Validity,
};
use crate::registry::registering::{NewCredential, NewInstance};

use super::certificates::pem;
use super::desk::{Certified, Issuer};
use super::models::choice::{ModelQuestion, Pointed};
use super::models::shelf::Models;

/// How long a certificate of a registration is valid, in seconds: a year.
const VALID: u64 = 365 * 24 * 3600;
/// The name of a certificate given at registration.
const NAME: &str = "registration";

/// The fleet's own issuer.
pub struct FleetIssuer {
    authority: Arc<Authority>,
    servers: Vec<(String, Server)>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    models: Option<Arc<Models>>,
}

impl FleetIssuer {
    /// Takes the authority and the servers of the fleet file.
    pub fn new(
        authority: Arc<Authority>,
        servers: Vec<(String, Server)>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Self {
        Self { authority, servers, clock, random, models: None }
    }

    /// With models: without them devices get none.
    #[must_use]
    pub fn with_models(self, models: Arc<Models>) -> Self {
        Self { models: Some(models), ..self }
    }
}

impl Issuer for FleetIssuer {
    fn certify(&self, device: &EndpointName, csr: &[u8]) -> Result<Certified, String> {
        let (spki, _) = key_of_request(csr)?;
        let kind = CredentialKind::X509 {
            key: KeyAlgorithm::P256,
            profile: CertificateProfile::Idevid,
            valid: Validity::Seconds(VALID),
            made: KeyOrigin::Device(Some(spki)),
        };
        let shape = CredentialShape { kind, retain: Retain::Keep };
        let request = CredentialRequest {
            device,
            serial: None,
            model: None,
            name: &Arc::from(NAME),
            generation: 1,
            shape: &shape,
            group_keys: None,
        };
        let issued = self.authority.issue(&request, &*self.clock, &*self.random).map_err(|error| error.to_string())?;
        let PublicKind::X509 { certificate, issuers, key_fingerprint, .. } = issued.public.kind else {
            return Err("the authority gave no certificate".to_owned());
        };
        let now = self.clock.now();
        let credential = NewCredential {
            name: NAME.to_owned(),
            kind: "x509".to_owned(),
            fingerprint: key_fingerprint,
            public: pem(&certificate),
            not_before: Some(now),
            not_after: not_after(&certificate),
        };
        Ok(Certified { credential, chain: issuers.iter().map(|issuer| pem(issuer)).collect() })
    }

    fn servers(&self, _: &EndpointName, wanted: Option<&[String]>) -> Value {
        let told = self.servers.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted.contains(name)));
        told.map(|(name, server)| {
            json!({ "name": name, "protocol": server.protocol, "uri": server.uri, "role": server.role,
                    "security": server.security, "trust": server.trust })
        })
        .collect()
    }

    fn model(&self, question: &ModelQuestion<'_>) -> Result<Option<NewInstance>, Pointed> {
        self.models.as_ref().map(|models| models.choose(question)).transpose()
    }

    fn models(&self) -> Option<&Arc<Models>> {
        self.models.as_ref()
    }
}

fn not_after(der: &[u8]) -> Option<OffsetDateTime> {
    use x509_parser::prelude::{FromDer, X509Certificate};
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    OffsetDateTime::from_unix_timestamp(certificate.validity().not_after.timestamp()).ok()
}
