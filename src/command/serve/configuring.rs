//! What devices are told that ask to be bootstrapped: from the fleet file as it stands now, the registry and the ledger.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;

use crate::bootstrap::{
    BootstrapRequest, Configuration, Configurations, Consultation, Ending, Failure, Outcome, Refused,
};
use crate::delivery::{Clock, Random};
use crate::dtls::{Candidate, PreSharedKeys, Proof};
use crate::fleet::{DevicePlan, Diagnose as _, EndpointName, EndpointPattern, Named, Security, Server};
use crate::registration::{CertificateOwner, wait_for_person};
use crate::registry::{DeviceRow, DeviceState, Registry, RegistryError};
use crate::station::mark;
use crate::station::remote::{self, RemoteError};
use crate::station::sharing::sync;
use crate::station::{Station, StationError};
use crate::ui::Printer;

use super::bundles::StationBundles;
use super::finished::Finished;
use super::seldom::Seldom;
use super::staff::Staff;
use crate::command::sharing;

/// Answers what devices are to be told.
pub(super) struct Configuring {
    pub(super) stations: Arc<StationBundles>,
    pub(super) registry: Registry,
    pub(super) staff: Arc<Staff>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) random: Arc<dyn Random>,
    pub(super) printer: Printer,
    /// Who has finished and not shown its new key yet.
    pub(super) finished: Finished,
    /// When it was said last that a key could not be looked up.
    pub(super) lookups: Seldom,
}

/// Who asks, as far as its proof says.
pub(super) struct Owner {
    pub(super) device: EndpointName,
    /// The name of the credential that proves it, where it is one of the registry's.
    credential: Option<String>,
    /// The group whose rule says whose the certificate is.
    group: Option<String>,
}

impl Configuring {
    /// Returns who asks: the proof decides; only where nothing was proved, what the device says.
    pub(super) fn owner(&self, station: &Station, proof: &Proof, asked: &BootstrapRequest) -> Result<Owner, Refused> {
        match proof {
            Proof::None => {
                let device = named(station, asked.endpoint.as_deref().ok_or(Refused::Nameless)?)?;
                Ok(Owner { device, credential: None, group: None })
            }
            Proof::Psk(identity) => {
                let owner = remote::owner_of(station, &self.registry, identity).map_err(refused)?;
                let (device, name) = owner.ok_or_else(|| Refused::Unknown(format!("nobody has {proof:?} any more")))?;
                Ok(Owner { device, credential: Some(name.to_string()), group: None })
            }
            Proof::Certificates(chain) => {
                let owner = self.staff.certificate_owner(chain).map_err(away)?.map_err(Refused::Unknown)?;
                let CertificateOwner { device, credential, group } = owner;
                Ok(Owner { device, credential, group })
            }
            Proof::RawPublicKey(_) => Err(Refused::Unknown("raw public keys are not taken".to_owned())),
        }
    }

    fn plan(&self, station: &Station, owner: &Owner, from: SocketAddr) -> Result<DevicePlan, Refused> {
        let plan = remote::plan(station, &owner.device);
        match (plan, &owner.group) {
            (Ok(plan), _) => Ok(plan),
            (Err(StationError::Plan(_)), Some(group)) => {
                let now = self.clock.now();
                let words = wait_for_person(&self.registry, group, &owner.device, from, &*self.random, now);
                Err(Refused::Waiting(words.map_err(away)?))
            }
            (Err(error @ StationError::Plan(_)), None) => Err(Refused::Unknown(error.to_string())),
            (Err(error), _) => Err(faulty(&error)),
        }
    }

    /// A device that was taken out of service or blocked gets nothing, whatever it proves.
    pub(super) fn row(&self, device: &EndpointName) -> Result<Option<DeviceRow>, Refused> {
        let (row, blocked) = self.registry.standing(device).map_err(away)?;
        if row.as_ref().is_some_and(|row| row.state == DeviceState::Retired) {
            return Err(Refused::Unknown(format!("{:?} is out of service", device.as_str())));
        }
        match blocked {
            Some(blocked) => Err(Refused::Unknown(format!("{:?} is blocked: {}", device.as_str(), blocked.reason))),
            None => Ok(row),
        }
    }

    /// A device has finished: what it shows nobody here is in force from now on, the rest as soon as it shows it. What was
    /// given in one answer is confirmed by nothing: the old ones hold on.
    fn confirm(&self, device: &EndpointName) {
        let station = self.stations.station();
        let Ok(plan) = remote::plan(&station, device) else { return };
        let (group, model) = (plan.group.as_deref(), plan.model.as_deref());
        let wanted = station.folder().fleet.bootstrap().of(&plan.profile, group, model, device.as_str());
        if !wanted.rotate {
            return;
        }
        let moved = wanted.account.as_ref().map(|account| station.folder().fleet.with_account(&plan, account));
        let confirmed = remote::confirm(&station, moved.as_ref().unwrap_or(&plan), moved.is_some());
        self.heed(
            &station,
            confirmed.map(|confirmed| {
                self.finished.note(device, confirmed.awaits);
                confirmed.any
            }),
        );
    }

    fn heed(&self, station: &Station, is_any_in_force: Result<bool, StationError>) {
        match is_any_in_force {
            Ok(true) => self.tell(station),
            Ok(false) => {}
            Err(error) => self.printer.warn(format_args!("new credentials could not be put in force: {error}")),
        }
    }

    /// A key could not be looked up: with the registry away that is so for every hello.
    fn complain(&self, error: &RemoteError) {
        let Some(before) = self.lookups.due(self.clock.now()) else { return };
        let times = if before > 0 { format!(" ({before} times more since it was said last)") } else { String::new() };
        self.printer.warn(format_args!("the key of a device could not be looked up: {error}{times}"));
    }

    fn tell(&self, station: &Station) {
        if let Err(error) = sync(station, &self.registry, sharing::is_shared(station.folder())) {
            self.printer.warn(format_args!("the registry has not heard all that was made here: {error}"));
        }
    }
}

impl Configurations for Configuring {
    fn configuration(
        &self,
        proof: &Proof,
        asked: &BootstrapRequest,
        from: SocketAddr,
    ) -> Result<Arc<Configuration>, Refused> {
        let station = self.stations.station();
        let owner = self.owner(&station, proof, asked)?;
        let plan = self.plan(&station, &owner, from)?;
        check_name(&station, &plan, proof, asked)?;
        let server = remote::bootstrap_server(&plan).ok_or_else(|| {
            let words = format!("{:?} has no server with `protocol: lwm2m, role: bootstrap`", plan.device.as_str());
            Refused::Faulty(words)
        })?;
        check_proof(&plan, &owner, proof, server)?;
        let row = self.row(&plan.device)?;
        let fleet = &station.folder().fleet;
        let (group, model) = (plan.group.as_deref(), plan.model.as_deref());
        let wanted = fleet.bootstrap().of(&plan.profile, group, model, plan.device.as_str());
        let told = if wanted.rotate { remote::rotated_objects } else { remote::objects };
        let moved = wanted.account.as_ref().map(|account| fleet.with_account(&plan, account));
        let told = told(&station, moved.as_ref().unwrap_or(&plan), moved.is_some()).map_err(refused)?;
        if told.is_new {
            self.tell(&station);
        }
        self.registry.bootstrap_began(plan.device.as_str()).map_err(away)?;
        Ok(Arc::new(Configuration {
            model: plan.model.as_ref().map(ToString::to_string),
            firmware: row.and_then(|row| row.firmware),
            ..Configuration::of(plan.device.clone(), wanted, told.objects)
        }))
    }

    fn ended(&self, device: &EndpointName, outcome: &Outcome, finish: Option<OffsetDateTime>) {
        let mut detail = json!({ "result": outcome.words(), "verified": outcome.verified, "asked": outcome.asked,
            "enabler": outcome.enabler.map(|enabler| enabler.to_string()), "quirks": outcome.quirks });
        if let Ending::Failed { step, path, why } = &outcome.ending {
            detail["step"] = json!(step);
            detail["path"] = json!(path);
            detail["reason"] = json!(why.word());
        }
        if outcome.ending == Ending::Finished {
            self.confirm(device);
        }
        if matches!(&outcome.ending, Ending::Failed { why: Failure::Service(_), .. }) {
            self.staff.forget_answers(device);
        }
        let took = if outcome.is_good() {
            Ok(mark::configuration(&self.stations.station().folder().fleet, device).unwrap_or_default())
        } else {
            Err(outcome.words())
        };
        let printer = self.printer.clone();
        self.registry.bootstrap_ended(device.as_str(), took, finish, detail, move |noted| {
            if let Err(error) = noted {
                printer.warn(format_args!("how a bootstrap ended could not be noted: {error}"));
            }
        });
    }

    fn consult(&self, device: &EndpointName, consultation: &Consultation) -> Result<Value, String> {
        self.staff.consult(&consultation.service, device, consultation.document.clone())
    }
}

impl PreSharedKeys for Configuring {
    fn keys(&self, identity: &[u8]) -> Vec<Candidate> {
        let station = self.stations.station();
        let candidate = |known: remote::Known| {
            let remote::Known { key, generation, is_new, .. } = known;
            Candidate { key, number: generation, is_new }
        };
        match remote::keys_of(&station, &self.registry, identity) {
            Ok(mut known) => {
                // Who said that it took the new one has it, in all likelihood.
                let has_new = |known: &remote::Known| {
                    known.is_new && self.finished.awaits(&known.device, &known.name, known.generation)
                };
                if let Some(place) = known.iter().position(has_new) {
                    known[..=place].rotate_right(1);
                }
                known.into_iter().map(candidate).collect()
            }
            Err(error) => {
                self.complain(&error);
                Vec::new()
            }
        }
    }

    fn proved(&self, identity: &[u8], number: u32) {
        let station = self.stations.station();
        match remote::confirm_shown(&station, &self.registry, identity, number) {
            Ok(Some(device)) => {
                self.tell(&station);
                // It has what it was told: all of it, for it said so too.
                let rest = self.finished.forget(&device);
                self.heed(&station, remote::confirm_rest(&station, &device, &rest));
            }
            Ok(None) => {}
            Err(error) => {
                self.printer.warn(format_args!("a new key that a device has could not be put in force: {error}"));
            }
        }
    }
}

/// Returns the device that calls itself so.
fn named(station: &Station, endpoint: &str) -> Result<EndpointName, Refused> {
    let unknown = || Refused::Unknown(format!("no device of the fleet calls itself {endpoint:?}"));
    let fleet = &station.folder().fleet;
    let device = match pattern(station).read(endpoint).ok_or_else(unknown)? {
        (Named::Id, part) => EndpointName::new(part).ok(),
        (Named::Serial, part) => fleet.device_of_serial(part),
    };
    let device = device.ok_or_else(unknown)?;
    // As it is written in the fleet, whatever the device makes of capitals.
    Ok(fleet.device_as_written(&device).unwrap_or(device))
}

pub(super) fn pattern(station: &Station) -> EndpointPattern {
    station.folder().fleet.serve().lwm2m.as_ref().map(|lwm2m| lwm2m.endpoint.clone()).unwrap_or_default()
}

/// An identity owns its endpoint name: no other.
pub(super) fn check_name(
    station: &Station,
    plan: &DevicePlan,
    proof: &Proof,
    asked: &BootstrapRequest,
) -> Result<(), Refused> {
    let Some(name) = &asked.endpoint else { return Ok(()) };
    let serial = plan.serial.as_ref().map(crate::fleet::SerialNumber::as_str);
    if pattern(station).is_of(name, plan.device.as_str(), serial) {
        return Ok(());
    }
    Err(Refused::NotItsName { proof: format!("{proof:?}"), name: name.clone() })
}

/// What proves a device to its bootstrap server is what the fleet file says, and nothing weaker: other servers hold other
/// keys of the device.
pub(super) fn check_proof(plan: &DevicePlan, owner: &Owner, proof: &Proof, server: &Server) -> Result<(), Refused> {
    let device = plan.device.as_str();
    let is_it = match (server.security, proof) {
        (Security::None, Proof::None) => true,
        (Security::Psk, Proof::Psk(_)) => owner.credential.as_deref() == server.credential.as_deref(),
        // A key that the station made is known by name; another was adopted, registered or is taken by a group's rule.
        (Security::X509, Proof::Certificates(_)) => owner
            .credential
            .as_deref()
            .is_none_or(|name| Some(name) == server.credential.as_deref() || !plan.credentials.contains_key(name)),
        _ => false,
    };
    if is_it {
        return Ok(());
    }
    if let (Security::Psk, Proof::Psk(_)) | (Security::X509, Proof::Certificates(_)) = (server.security, proof) {
        let named = |name: Option<&str>| name.unwrap_or_default().to_owned();
        let (wanted, proved) = (named(server.credential.as_deref()), named(owner.credential.as_deref()));
        return Err(Refused::OtherKey { wanted, proved });
    }
    let wanted = match server.security {
        Security::None => "nothing",
        Security::Psk => "a pre-shared key",
        Security::Rpk => "a raw public key",
        Security::X509 => "a certificate",
    };
    let words = format!("the server of {device:?} wants {wanted}, it proved {proof:?}");
    Err(if *proof == Proof::None { Refused::Waiting(words) } else { Refused::Unknown(words) })
}

fn away(error: RegistryError) -> Refused {
    Refused::Unavailable(error.to_string())
}

fn faulty(error: &StationError) -> Refused {
    let hint = error.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
    Refused::Faulty(format!("{error}{hint}"))
}

fn refused(error: RemoteError) -> Refused {
    match error {
        RemoteError::Registry(error) => away(error),
        RemoteError::Station(error) => faulty(&error),
        RemoteError::Destroyed { .. } => Refused::Faulty(format!("{error} (say `retain: keep` for it)")),
    }
}
