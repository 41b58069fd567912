//! What is mounted, and what is swapped on.

use std::path::{Path, PathBuf};

use crate::host::Machine;
use crate::host::machine::parse_device_number;

/// One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)).
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Mount {
    /// Device number; major 0 where the file system has no single device (btrfs, overlay, tmpfs).
    pub(super) device: (u32, u32),
    /// Where it is mounted.
    pub(super) point: PathBuf,
    /// Kind of file system.
    pub(super) filesystem: String,
    /// What was given as source.
    pub(super) source: String,
    /// Options of the file system.
    pub(super) options: String,
}

/// Reads all mounts; a line that cannot be read is left out.
pub(super) fn read(machine: &Machine) -> Vec<Mount> {
    machine.table("/proc/self/mountinfo").lines().filter_map(parse).collect()
}

/// Returns the paths of `/proc/swaps`: nodes and files.
pub(super) fn swaps(machine: &Machine) -> Vec<PathBuf> {
    let first = |line: &str| line.split_whitespace().next().map(|path| PathBuf::from(unescape(path)));
    machine.table("/proc/swaps").lines().skip(1).filter_map(first).collect()
}

/// Returns the index of the mount that holds `path`: of the longest points the last one, which covers the others.
pub(super) fn holding(mounts: &[Mount], path: &Path) -> Option<usize> {
    let inside = mounts.iter().enumerate().filter(|(_, mount)| path.starts_with(&mount.point));
    inside.max_by_key(|(index, mount)| (mount.point.components().count(), *index)).map(|(index, _)| index)
}

/// Returns true for mount points without which the running system falls over.
pub(super) fn is_system_point(point: &Path) -> bool {
    const WITH_ALL_BELOW: [&str; 6] = ["/boot", "/efi", "/usr", "/var", "/etc", "/nix"];
    const ALONE: [&str; 7] = ["/", "/home", "/opt", "/srv", "/root", "/tmp", "/sysroot"];
    ALONE.iter().any(|system| point == Path::new(system))
        || WITH_ALL_BELOW.iter().any(|system| point.starts_with(system))
}

impl Mount {
    /// Returns the folders that an overlay is made of.
    pub(super) fn layers(&self) -> Vec<&Path> {
        if self.filesystem != "overlay" {
            return Vec::new();
        }
        let values = self.options.split(',').filter_map(|option| option.split_once('='));
        let layers = values.filter(|(name, _)| ["lowerdir", "upperdir"].contains(name));
        layers.flat_map(|(_, paths)| paths.split(':').map(Path::new)).collect()
    }
}

fn parse(line: &str) -> Option<Mount> {
    let (front, back) = line.split_once(" - ")?;
    let front: Vec<&str> = front.split(' ').collect();
    let mut back = back.split(' ');
    Some(Mount {
        device: parse_device_number(front.get(2)?)?,
        point: PathBuf::from(unescape(front.get(4)?)),
        filesystem: back.next()?.to_owned(),
        source: unescape(back.next()?),
        options: unescape(back.next().unwrap_or_default()),
    })
}

/// The kernel writes blank, tab, line feed and backslash as three octal digits.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        let octal = (byte == b'\\').then(|| tail.get(..3)).flatten();
        let value = octal.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok());
        bytes.push(value.unwrap_or(byte));
        rest = if value.is_some() { &tail[3..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mountinfo_lines_are_read_with_blanks_and_optional_fields() {
        let mount =
            parse(r"36 35 8:17 / /media/my\040stick rw,nosuid shared:1 master:2 - vfat /dev/sdb1 rw,a=b").unwrap();
        assert_eq!(mount.device, (8, 17));
        assert_eq!(mount.point, Path::new("/media/my stick"));
        assert_eq!((mount.filesystem.as_str(), mount.source.as_str()), ("vfat", "/dev/sdb1"));
        assert_eq!(parse("nonsense"), None);
        assert_eq!(unescape(r"a\134b\9\04"), r"a\b\9\04");
    }

    #[test]
    fn a_path_belongs_to_the_innermost_and_latest_mount() {
        let at = |point: &str| Mount {
            device: (0, 0),
            point: point.into(),
            filesystem: String::new(),
            source: String::new(),
            options: String::new(),
        };
        let mounts = [at("/"), at("/home"), at("/home"), at("/homework")];
        assert_eq!(holding(&mounts, Path::new("/home/x")), Some(2));
        assert_eq!(holding(&mounts, Path::new("/var")), Some(0));
    }

    #[test]
    fn a_stick_mounted_in_a_home_folder_is_no_system_disk() {
        for point in ["/", "/boot/efi", "/var/lib/docker", "/home", "/etc/hosts"] {
            assert!(is_system_point(Path::new(point)), "{point}");
        }
        for point in ["/home/me/stick", "/media/x", "/mnt", "/run/media/me/CIDATA", "/bootleg"] {
            assert!(!is_system_point(Path::new(point)), "{point}");
        }
    }
}
