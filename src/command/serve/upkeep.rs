//! What is looked at while the server runs: the fleet's files, groups, the server's own certificate, the access list.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::command::{Context, registry};
use crate::fleet::ServeCertificate;
use crate::registry::Registry;
use crate::server::{Running, TlsFiles};
use crate::station::Station;
use crate::station::post::PRIVATE_FOLDER;
use crate::ui::Hangup;

use super::acl::AclKeeper;
use super::bundles::{Opening, Stand, StationBundles, tell};
use super::certificate::OwnCertificate;
use super::staff::Staff;

/// How often files and policies are looked at for a change.
pub(super) const LOOK: Duration = Duration::from_secs(10);

/// What is kept up to date.
pub(super) struct Upkeep {
    hangup: Hangup,
    opening: Opening,
    stand: Stand,
    station: Arc<Station>,
    registry: Registry,
    bundles: Arc<StationBundles>,
    acl: AclKeeper,
    certificate: Option<OwnCertificate>,
    staff: Option<Arc<Staff>>,
    looked: Instant,
}

impl Upkeep {
    /// Opens the fleet and its registry.
    pub(super) fn begin(hangup: Hangup, context: &Context) -> anyhow::Result<Self> {
        let opening = Opening::new(context);
        let station = opening.station(context)?;
        let stand = Stand::of(&station);
        let registry = registry::of_folder(context, station.folder())?;
        tell(&station, &registry, context);
        let bundles = Arc::new(StationBundles::new(Arc::clone(&station), context.printer.clone()));
        let (acl, looked) = (AclKeeper::of(&station), Instant::now());
        Ok(Self { hangup, opening, stand, station, registry, bundles, acl, certificate: None, staff: None, looked })
    }

    /// Returns the station as it was opened at the start.
    pub(super) fn station(&self) -> Arc<Station> {
        Arc::clone(&self.station)
    }

    /// Returns the registry.
    pub(super) fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Returns the bundles, which follow the fleet's files.
    pub(super) fn bundles(&self) -> Arc<StationBundles> {
        Arc::clone(&self.bundles)
    }

    /// Returns certificate and key: the operator's files, or one that the fleet's own authority makes, now and in time again.
    pub(super) fn certificate(&mut self, context: &Context) -> anyhow::Result<TlsFiles> {
        let (files, own) = certificate(&self.station, context)?;
        self.certificate = own;
        Ok(files)
    }

    /// Names who serves, and is to serve by the fleet as it stands.
    pub(super) fn renews(&mut self, staff: Arc<Staff>) {
        self.staff = Some(staff);
    }

    /// Looks whether anything is due.
    pub(super) fn look(&mut self, running: &Running, context: &Context) {
        self.acl.keep(&self.registry, context);
        let is_hung_up = self.hangup.asked();
        if !is_hung_up && self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        self.follow_files(is_hung_up, context);
        if let Some(Err(error)) = self.staff.as_ref().map(|staff| staff.refresh()) {
            context.printer.warn(format_args!("the groups could not be read again: {error}"));
        }
        if let Some(own) = &mut self.certificate {
            renew(own, running, context);
        }
    }

    fn follow_files(&mut self, is_asked: bool, context: &Context) {
        let now = Stand::of(&self.station);
        if is_asked || now != self.stand {
            self.stand = now;
            self.reread(context);
        }
    }

    /// Reads the fleet anew. A file that is wrong now is no reason to stop serving: what was read before stays.
    fn reread(&self, context: &Context) {
        let again = self.opening.station(context).and_then(|station| {
            let registry = registry::of_folder(context, station.folder())?;
            tell(&station, &registry, context);
            self.staff.as_ref().map_or(Ok(()), |staff| staff.exchange(&station, context))?;
            Ok(station)
        });
        match again {
            Ok(station) => {
                self.bundles.exchange(station);
                context.printer.event(&json!({ "event": "reread" }));
                context.printer.talk("the fleet file was read again");
            }
            Err(error) => context.printer.warn(format_args!("the fleet cannot be read again: {error:#}")),
        }
    }
}

/// Certificate and key: the operator's files, or one that the fleet's own authority makes.
fn certificate(station: &Arc<Station>, context: &Context) -> anyhow::Result<(TlsFiles, Option<OwnCertificate>)> {
    let root = &station.folder().root;
    match &station.folder().fleet.serve().certificate {
        ServeCertificate::Own { names } => {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            let (station, clock, random) =
                (Arc::clone(station), Arc::clone(&context.clock), Arc::clone(&context.random));
            let issue = move || station.authority().issue_for_server(&names, &*clock, &*random);
            let own = OwnCertificate::make(&root.join(PRIVATE_FOLDER), &context.clock, issue)?;
            Ok((own.files().clone(), Some(own)))
        }
        ServeCertificate::Files { certificate, key } => {
            let [certificate, key] = [certificate, key].map(|path| root.join(path.value.as_ref()));
            Ok((TlsFiles { certificate, key }, None))
        }
    }
}

/// A certificate that cannot be made anew is no reason to stop serving: the one in force goes on.
fn renew(own: &mut OwnCertificate, running: &Running, context: &Context) {
    let renewed = own.renew_if_due().and_then(|is_new| if is_new { Ok(running.reload()?) } else { Ok(()) });
    if let Err(error) = renewed {
        context.printer.warn(format_args!("the server's certificate could not be made anew: {error}"));
    }
}
