//! What the hooks of registration stand on: the fleet's secrets, its trust, its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::authority::secrets;
use crate::fleet::enrolment::HookTarget;
use crate::fleet::{Fleet, Secret};
use crate::registration::HookGround;
use crate::station::Station;
use crate::station::trust::{Trust, enrolment_hook};
use crate::ui::Printer;

use super::flash::HOOKS_HOME;
use super::{Context, opened};

/// Where Debian and its kin keep the certificates that the system trusts.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";
/// The longest file of certificates, in bytes.
const LONGEST_ROOTS: u64 = 4 << 20;

/// A station's ground.
pub(super) struct Ground {
    secrets: BTreeMap<Arc<str>, Secret>,
    trust: Trust,
    root: PathBuf,
    home: PathBuf,
    roots: Vec<u8>,
    printer: Printer,
}

impl Ground {
    /// Reads the secrets that webhooks sign with, and the certificates they are believed by: those that the system trusts
    /// and the fleet's own.
    pub(super) fn open(station: &Station, context: &Context) -> anyhow::Result<Self> {
        let folder = station.folder();
        let ask = opened::surroundings(context).ask;
        let mut found = BTreeMap::new();
        for name in signing(&folder.fleet) {
            if let Some(source) = folder.fleet.secrets().get(&name) {
                found.insert(Arc::clone(&name), secrets::resolve(&name, source, &folder.root, station.keys(), &*ask)?);
            }
        }
        let system = context.machine().path(SYSTEM_ROOTS);
        let mut roots = crate::host::files::read_bounded(&system, LONGEST_ROOTS).unwrap_or_default();
        roots.extend_from_slice(station.authority().root_pem().as_bytes());
        let home = folder.root.join(HOOKS_HOME);
        std::fs::create_dir_all(&home)?;
        Ok(Self {
            secrets: found,
            trust: Trust::new(&folder.root, &context.machine())?,
            root: folder.root.clone(),
            home,
            roots,
            printer: context.printer.clone(),
        })
    }
}

/// The names of the secrets that webhooks sign with.
fn signing(fleet: &Fleet) -> BTreeSet<Arc<str>> {
    let hooks = fleet.groups().values().map(|policy| &policy.hooks);
    let targets = hooks.flat_map(|hooks| [&hooks.validate, &hooks.allocate, &hooks.notify].into_iter().flatten());
    let subscribers = fleet.enrolment().subscribers.values().map(|subscription| &subscription.target);
    let targets =
        targets.chain(subscribers).filter_map(|target| Some(Arc::from(target.webhook.as_ref()?.secret.as_str())));
    targets.chain(fleet.bootstrap().secrets.iter().map(|named| Arc::clone(&named.value))).collect()
}

impl HookGround for Ground {
    fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.get(name)
    }

    fn may_run(&self, owner: &str, step: &str, target: &HookTarget) -> Result<(), String> {
        let program = enrolment_hook(owner, step, target).ok_or("it names no program")?;
        if rustix::process::geteuid().is_root() && !program.spec.as_root {
            return Err("refusing to run it as root".to_owned());
        }
        self.trust.check(&program).map(drop).map_err(|error| error.to_string())
    }

    fn folder(&self) -> &Path {
        &self.root
    }

    fn home(&self) -> &Path {
        &self.home
    }

    fn failed(&self, owner: &str, step: &str, words: &str) {
        self.printer.warn(format_args!("hook {step:?} of {owner:?} failed: {words}"));
    }

    fn roots(&self) -> &[u8] {
        &self.roots
    }
}
