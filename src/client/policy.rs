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
/// The longest host name, in bytes (Linux, `HOST_NAME_MAX`).
const LONGEST_HOST_NAME: usize = 64;

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
    for (number, file) in manifest.files.iter().enumerate() {
        let again = manifest.files[..number]
            .iter()
            .any(|before| before.destination.is_some() && before.destination == file.destination);
        if again {
            let what = format!("two files go to {:?}", file.destination.as_deref().unwrap_or_default());
            return Err(Refusal::new(Reason::UnsafePath, what).into());
        }
    }
    for action in &manifest.actions {
        check_action(device, manifest, action)?;
        match action {
            Action::Hostname(_) => check_free(disk, HOST_NAME)?,
            Action::NetworkConnection(name) => check_free(disk, &connection_destination(name))?,
            Action::Restart(_) | Action::Hook(_) => {}
        }
    }
    let connect = manifest.connect.iter();
    let named = connect.flat_map(|connect| [&connect.trust, &connect.certificate, &connect.private_key]).flatten();
    for name in named {
        known(manifest, name)?;
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

/// Returns the third and, where it is a number, the fourth field of a name's line (passwd(5), group(5)).
fn look_up(machine: &Machine, table: &str, name: &str) -> Option<(u32, Option<u32>)> {
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

fn check_action(device: &Device, manifest: &Manifest, action: &Action) -> Result<(), Refusal> {
    match action {
        Action::Hostname(name) if !is_host_name(name) => Err(unknown(format!("{name:?} is no host name"))),
        Action::NetworkConnection(name) => known(manifest, name),
        Action::Restart(units) => match units.iter().find(|unit| !is_unit(unit)) {
            Some(unit) => Err(unknown(format!("{unit:?} is no name of a unit"))),
            None => Ok(()),
        },
        Action::Hook(name)
            if device.hooks.get(name).is_none_or(|hook| !hook.first().is_some_and(|p| p.starts_with('/'))) =>
        {
            Err(forbidden(format!("this device allows no hook {name:?}")))
        }
        Action::Hostname(_) | Action::Hook(_) => Ok(()),
    }
}

fn known(manifest: &Manifest, name: &str) -> Result<(), Refusal> {
    if manifest.files.iter().any(|file| file.name() == name) {
        return Ok(());
    }
    Err(unknown(format!("{name:?} is named and is no file of the bundle")))
}

/// RFC 1123, section 2.1, within what Linux holds.
fn is_host_name(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= LONGEST_HOST_NAME && name.split('.').all(is_label)
}

/// systemd.unit(5), without patterns and options.
fn is_unit(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    first && name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b":-_.@\\".contains(&byte))
}

fn unknown(what: String) -> Refusal {
    Refusal::new(Reason::UnknownFormat, what)
}

fn forbidden(what: String) -> Refusal {
    Refusal::new(Reason::NotAllowed, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_and_units_are_names_and_nothing_else() {
        for name in ["gw-7", "gw-7.plant.example", "7"] {
            assert!(is_host_name(name), "{name}");
        }
        for name in ["", "-a", "a-", "a..b", "a b", "a;b", "a\n", &"x".repeat(65)] {
            assert!(!is_host_name(name), "{name:?}");
        }
        for name in ["mosquitto.service", "wg-quick@wg0", "a"] {
            assert!(is_unit(name), "{name}");
        }
        for name in ["", "--all", "a b", "*", "a/b", "a;b"] {
            assert!(!is_unit(name), "{name:?}");
        }
    }
}
