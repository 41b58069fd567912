//! What the image lets bundles do: where files go, whose they are, which names and hooks actions may name.

use std::path::Path;

use super::device::Device;
use super::disk::{Disk, Owner};
use super::error::ClientError;
use crate::bundle::sealed::{Reason, Refusal};
use crate::delivery::{Action, Manifest, ManifestFile};
use crate::host::Machine;
use crate::host::files::read_bounded;

/// What bundles may not touch, unless the image names the very place or one inside it.
const PROTECTED: [&str; 14] = [
    "/etc/passwd",
    "/etc/passwd-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/group",
    "/etc/group-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/subuid",
    "/etc/subgid",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/ld.so.preload",
    "/etc/pam.d",
];
/// The image's own folder: never a bundle's.
const OWN: &str = "/etc/firstlight";
/// Where the host name lies for later boots (hostname(5)).
pub const HOST_NAME: &str = "/etc/hostname";
/// Where `NetworkManager` looks for keyfiles (NetworkManager.conf(5)).
const CONNECTIONS: &str = "/etc/NetworkManager/system-connections";
/// The longest user table that is read, in bytes.
const LONGEST_TABLE: u64 = 1 << 20;
/// The largest file that may lie where a bundle's goes: it is kept for restoring.
pub const LARGEST_ORIGINAL: u64 = 64 << 20;

/// Returns where a bundle's `NetworkManager` keyfile goes: its own name, with the ending that `NetworkManager` asks for.
pub fn connection_destination(name: &str) -> String {
    let name = name.rsplit('/').next().unwrap_or(name);
    let name = name.strip_suffix(".nmconnection").unwrap_or(name);
    format!("{CONNECTIONS}/{name}.nmconnection")
}

/// Judges whether this image lets a bundle do what it asks for; nothing is changed.
pub fn allow(disk: &Disk, device: &Device, manifest: &Manifest) -> Result<(), ClientError> {
    for file in &manifest.files {
        check_file(disk.machine(), device, file)?;
        if let Some(destination) = &file.destination {
            check_free(disk, destination)?;
        }
    }
    for action in &manifest.actions {
        check_action(device, action)?;
        match action {
            Action::Hostname(_) => check_free(disk, HOST_NAME)?,
            Action::NetworkConnection(name) => check_free(disk, &connection_destination(name))?,
            Action::Restart(_) | Action::Hook(_) => {}
        }
    }
    Ok(())
}

fn check_file(machine: &Machine, device: &Device, file: &ManifestFile) -> Result<(), Refusal> {
    mode_of(file)?;
    owner_of(machine, file)?;
    let Some(destination) = &file.destination else { return Ok(()) };
    let inside = |folder: &str| Path::new(destination).starts_with(folder);
    let allowed =
        device.destinations.iter().any(|folder| inside(folder) && Path::new(destination) != Path::new(folder));
    let named = |place: &str| device.destinations.iter().any(|folder| Path::new(folder).starts_with(place));
    let protected = PROTECTED.iter().any(|place| inside(place) && !named(place));
    if !allowed || protected || inside(OWN) || inside(&device.store) {
        return Err(forbidden(format!("{:?} may not be put at {destination:?}", file.name())));
    }
    Ok(())
}

/// Returns the permissions of a file; a bundle makes no program that runs as another user.
pub fn mode_of(file: &ManifestFile) -> Result<u32, Refusal> {
    let mode = u32::from_str_radix(&file.mode, 8).ok().filter(|mode| *mode <= 0o777);
    mode.ok_or_else(|| forbidden(format!("{:?} may not have the mode {:?}", file.name(), file.mode)))
}

/// Returns whose a file shall be; `None` leaves it the program's own.
pub fn owner_of(machine: &Machine, file: &ManifestFile) -> Result<Option<Owner>, Refusal> {
    let Some(owner) = &file.owner else { return Ok(None) };
    let (user, group) = owner.split_once(':').map_or((owner.as_str(), None), |(user, group)| (user, Some(group)));
    let unknown = |what: &str, name: &str| forbidden(format!("this device has no {what} {name:?}"));
    let (id, own_group) = look_up(machine, "/etc/passwd", user).ok_or_else(|| unknown("user", user))?;
    let group = match group {
        Some(group) => look_up(machine, "/etc/group", group).ok_or_else(|| unknown("group", group))?.0,
        None => own_group.ok_or_else(|| unknown("group of the user", user))?,
    };
    Ok(Some(Owner { user: id, group }))
}

/// Returns the third and, where it is a number, the fourth field of a name's line (passwd(5), group(5)). `root` is 0 also
/// where no table says so: a folder that becomes an image may not have them yet.
fn look_up(machine: &Machine, table: &str, name: &str) -> Option<(u32, Option<u32>)> {
    listed(machine, table, name).or_else(|| (name == "root").then_some((0, Some(0))))
}

fn listed(machine: &Machine, table: &str, name: &str) -> Option<(u32, Option<u32>)> {
    let text = read_bounded(&machine.path(table), LONGEST_TABLE).ok()?;
    let text = String::from_utf8_lossy(&text);
    let mut lines = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let line = lines.find(|fields| fields.first() == Some(&name) && !name.is_empty())?;
    Some((line.get(2)?.parse().ok()?, line.get(3).and_then(|field| field.parse().ok())))
}

/// A regular file or nothing may lie at a destination; no link may lie on the way.
fn check_free(disk: &Disk, destination: &str) -> Result<(), ClientError> {
    let found = disk.guarded(destination, false).and_then(|spot| match spot {
        Some(spot) => disk.read(&spot, LARGEST_ORIGINAL).map(|_| ()),
        None => Ok(()),
    });
    found.map_err(|error| match error {
        ClientError::InTheWay { found, .. } => {
            Refusal::new(Reason::UnsafePath, format!("{destination:?} may not be followed: {found} lies in the way"))
                .into()
        }
        ClientError::Host(error) => forbidden(format!("what lies at {destination:?} cannot be kept: {error}")).into(),
        other => other,
    })
}

/// What an action says is judged with the manifest's shape; here, whether this image has the hook it names.
fn check_action(device: &Device, action: &Action) -> Result<(), Refusal> {
    let Action::Hook(name) = action else { return Ok(()) };
    let hook = device.hooks.get(name).and_then(|hook| hook.first());
    if hook.is_some_and(|program| program.starts_with('/')) {
        return Ok(());
    }
    Err(forbidden(format!("this device allows no hook {name:?}")))
}

fn forbidden(what: String) -> Refusal {
    Refusal::new(Reason::NotAllowed, what)
}
