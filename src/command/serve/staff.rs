//! Desk and office behind the server's door: exchanged for newer ones where the fleet is read again.

use std::io::Read;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use crate::fleet::bootstrap::Service;
use crate::fleet::enrolment::{Rates, Refusal};
use crate::fleet::{Class, EndpointName};
use crate::registration::exchange::{Administration, Asked, Credentials, Incoming, Registration, Reply, Role, Tell};
use crate::registration::{CertificateOwner, Desk, Office};
use crate::registry::{Registry, RegistryError};
use crate::station::Station;
use crate::ui::Complaint;

use super::bundles::StationBundles;
use super::equipment;
use crate::command::model::at_hand;
use crate::command::{Context, registry};

/// One reading of the fleet: who serves by it.
struct Team {
    desk: Desk,
    office: Office,
}

/// Who serves. A request that is at work ends with those it began with.
pub(super) struct Staff {
    team: RwLock<Arc<Team>>,
    registry: Registry,
    bundles: Arc<StationBundles>,
}

impl Staff {
    /// Publishes the station's models and equips desk and office.
    pub(super) fn new(
        station: &Arc<Station>,
        registry: &Registry,
        bundles: Arc<StationBundles>,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let team = RwLock::new(Arc::new(team(station, registry, &bundles, context)?));
        Ok(Self { team, registry: registry.clone(), bundles })
    }

    /// Serves by another reading of the fleet from now on: servers, models, hooks, subscribers, administrators, keys.
    pub(super) fn exchange(&self, station: &Arc<Station>, context: &Context) -> anyhow::Result<()> {
        let next = Arc::new(team(station, &self.registry, &self.bundles, context)?);
        let before = std::mem::replace(&mut *self.team.write().unwrap_or_else(PoisonError::into_inner), next);
        // The threads of its hooks end without the lock being held.
        drop(before);
        Ok(())
    }

    /// Reads the policies of the groups anew.
    pub(super) fn refresh(&self) -> Result<(), RegistryError> {
        self.team().desk.refresh()
    }

    /// Returns whose the first of these certificates (DER) is; the inner error is in words.
    pub(super) fn certificate_owner(
        &self,
        chain: &[Vec<u8>],
    ) -> Result<Result<CertificateOwner, String>, RegistryError> {
        self.team().desk.certificate_owner(chain)
    }

    /// Asks an outside service about a bootstrap; the error is in words.
    pub(super) fn consult(&self, service: &Service, device: &EndpointName, document: Value) -> Result<Value, String> {
        self.team().desk.consult(service, device, document)
    }

    /// Forgets what outside services said about a device: what they said was of no use.
    pub(super) fn forget_answers(&self, device: &EndpointName) {
        self.team().desk.forget_answers(device);
    }

    fn team(&self) -> Arc<Team> {
        Arc::clone(&self.team.read().unwrap_or_else(PoisonError::into_inner))
    }
}

fn team(
    station: &Arc<Station>,
    registry: &Registry,
    bundles: &Arc<StationBundles>,
    context: &Context,
) -> anyhow::Result<Team> {
    let own = at_hand::own(&station.folder().root, station.folder().fleet.models())?;
    let models = at_hand::publish_own(own, registry, &registry::actor(context), &context.printer)?;
    let desk = equipment::desk(station, registry, &models, Arc::clone(bundles), context)?;
    let office = Office::new(registry.clone(), Arc::clone(&context.random)).with_models(models);
    let office = office.with_admins(&equipment::admins(station)?);
    Ok(Team { desk, office: office.map_err(|words| Complaint::new(Class::Input, words))? })
}

impl Registration for Staff {
    fn register(&self, incoming: Incoming) -> Reply {
        self.team().desk.register(incoming)
    }

    fn register_then(&self, incoming: Incoming, tell: Tell) {
        self.team().desk.register_then(incoming, tell);
    }

    fn is_quick(&self, incoming: &Incoming) -> bool {
        self.team().desk.is_quick(incoming)
    }

    fn models(&self, incoming: Incoming) -> Reply {
        self.team().desk.models(incoming)
    }

    fn challenge(&self, incoming: Incoming) -> Reply {
        self.team().desk.challenge(incoming)
    }

    fn status(&self, registration: &str, incoming: Incoming) -> Reply {
        self.team().desk.status(registration, incoming)
    }

    fn renew(&self, registration: &str, incoming: Incoming) -> Reply {
        self.team().desk.renew(registration, incoming)
    }

    fn report(&self, registration: &str, incoming: Incoming) -> Reply {
        self.team().desk.report(registration, incoming)
    }

    fn end(&self, registration: &str, incoming: Incoming) -> Reply {
        self.team().desk.end(registration, incoming)
    }

    fn bootstrap(&self, incoming: Incoming) -> Reply {
        self.team().desk.bootstrap(incoming)
    }

    fn bootstrap_result(&self, incoming: Incoming) -> Reply {
        self.team().desk.bootstrap_result(incoming)
    }

    fn rates(&self, group: Option<&str>) -> Option<Rates> {
        self.team().desk.rates(group)
    }

    fn is_ready(&self) -> bool {
        self.team().desk.is_ready()
    }
}

impl Administration for Staff {
    fn who(&self, credentials: &Credentials<'_>) -> Result<(String, Role), Refusal> {
        self.team().office.who(credentials)
    }

    fn act(&self, actor: &str, role: Role, asked: &Asked) -> Reply {
        self.team().office.act(actor, role, asked)
    }

    fn import(&self, actor: &str, role: Role, asked: &Asked, stream: &mut dyn Read) -> Reply {
        self.team().office.import(actor, role, asked, stream)
    }

    fn figures(&self) -> String {
        self.team().office.figures()
    }
}
