//! What a device is to be told, and who knows it.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::Value;
use time::OffsetDateTime;

use crate::coap::Timing;
use crate::dtls::Proof;
use crate::fleet::EndpointName;
use crate::fleet::bootstrap::{BootstrapPlan, ClientLimits, Procedure, TimingProfile};
use crate::fleet::lwm2m::Object;
use crate::format::coap::Code;

use super::outcome::{Consultation, Outcome};
use super::request::BootstrapRequest;
use super::set::ObjectSet;

/// What one device is to be told, decided before the first message.
#[derive(Debug)]
pub struct Configuration {
    /// The device.
    pub device: EndpointName,
    /// Its model, for conditions.
    pub model: Option<String>,
    /// Its firmware as it reported it last, for conditions.
    pub firmware: Option<String>,
    /// All that is to be written: /0, /1, /2, /21 and others; instance ids of /0 and /21 are found anew for each client. A
    /// bootstrap account only with `new_account`.
    pub objects: Vec<Object>,
    /// True if a bootstrap account among the objects takes the place of the one that the device has.
    pub new_account: bool,
    /// What is done.
    pub procedure: Arc<Procedure>,
    /// What the client can take.
    pub limits: ClientLimits,
    /// How patient we are.
    pub timing: Timing,
    /// True if the whole may be given in one answer (Bootstrap-Pack, LwM2M 1.2).
    pub pack: bool,
}

impl Configuration {
    /// Brings together what the fleet file says of a device's bootstrap and what it is told of its servers.
    pub fn of(device: EndpointName, plan: BootstrapPlan, objects: Vec<Object>) -> Self {
        let mut set = ObjectSet::of(&objects);
        plan.objects.iter().for_each(|given| set.put(given));
        Self {
            device,
            model: None,
            firmware: None,
            objects: set.objects(),
            new_account: plan.account.is_some(),
            procedure: plan.procedure,
            limits: plan.client.limits,
            timing: timing(&plan.client.timing),
            pack: plan.pack,
        }
    }
}

/// Returns the timing of a conversation with a client of this profile.
pub fn timing(profile: &TimingProfile) -> Timing {
    Timing {
        ack_timeout: profile.ack_timeout,
        most_repetitions: profile.most_repetitions,
        answer_timeout: profile.answer_timeout,
        block: profile.block,
        same_token: profile.same_token,
        ..Timing::default()
    }
}

/// Who knows what devices are to be told. All may block: a registry, an authority, an outside service.
pub trait Configurations: Send + Sync {
    /// Returns what the device is to be told that proved `proof`; the same again for a repeated request, unless
    /// credentials are rotated.
    fn configuration(
        &self,
        proof: &Proof,
        asked: &BootstrapRequest,
        from: SocketAddr,
    ) -> Result<Arc<Configuration>, Refused>;

    /// Is told what came of it, and when the device was asked to finish: rotated credentials become valid here.
    fn ended(&self, device: &EndpointName, outcome: &Outcome, finish: Option<OffsetDateTime>);

    /// Asks an outside service; an error is its failure, in words.
    fn consult(&self, device: &EndpointName, consultation: &Consultation) -> Result<Value, String>;
}

/// Why a device gets no configuration. The device is told the code only, the log the words.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// It says no name, and its proof has none.
    #[error("it says no endpoint name, and nothing it proved tells one")]
    Nameless,
    /// Nobody knows it.
    #[error("{0}")]
    Unknown(String),
    /// What it proved does not entitle it to this name.
    #[error("it proved {proof}, which does not own the endpoint name {name:?}")]
    NotItsName {
        /// What it proved.
        proof: String,
        /// The name it says.
        name: String,
    },
    /// It is the device, by the key of another of its servers.
    #[error("this server wants its credential {wanted:?}, it proved {proved:?}")]
    OtherKey {
        /// The name of the credential that this server's entry names.
        wanted: String,
        /// The name of the credential that it proved.
        proved: String,
    },
    /// A person or a service has still to agree.
    #[error("{0}")]
    Waiting(String),
    /// Who knows cannot be asked at the moment.
    #[error("{0}")]
    Unavailable(String),
    /// There is a fault in what it would be told.
    #[error("{0}")]
    Faulty(String),
}

impl Refused {
    /// Returns the code that the device is answered (LwM2M TS Core, section 6.1.7: 4.00 for what is not known).
    pub fn code(&self) -> Code {
        match self {
            Self::Nameless | Self::Unknown(_) | Self::OtherKey { .. } => Code(4 << 5),
            Self::NotItsName { .. } | Self::Waiting(_) => Code(4 << 5 | 3),
            Self::Unavailable(_) => Code(5 << 5 | 3),
            Self::Faulty(_) => Code(5 << 5),
        }
    }
}
