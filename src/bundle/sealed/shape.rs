//! The shape of a manifest: what no bundle may say, whoever signed it. Judged before a file is read.

use std::collections::BTreeSet;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::delivery::artifact::{name_is_reserved, path_is_safe};
use crate::delivery::{Action, Connect, Manifest, ManifestFile, TrustedKeys};

use super::limits::Limits;
use super::refusal::{Reason, Refusal};
use super::signature::PublicKey;

/// Most keys that a fleet announces.
const MOST_KEYS: usize = 16;
/// Longest name of a host, user, group, unit or hook, in bytes.
const LONGEST_NAME: usize = 255;
/// The longest time a connection may take to be proved, in seconds.
const LONGEST_WITHIN: u32 = 600;

/// Judges everything in a manifest that does not depend on the device.
pub(super) fn check(manifest: &Manifest, limits: Limits) -> Result<(), Refusal> {
    check_sizes(&manifest.files, limits)?;
    check_paths(&manifest.files)?;
    manifest.files.iter().try_for_each(check_placing)?;
    check_times(manifest)?;
    manifest.actions.iter().try_for_each(|action| check_action(action, &manifest.files))?;
    manifest.connect.iter().try_for_each(|connect| check_connect(connect, &manifest.files))?;
    manifest.trusted_keys.iter().try_for_each(check_keys)
}

fn unknown(what: String) -> Refusal {
    Refusal::new(Reason::UnknownFormat, what)
}

fn require(is_right: bool, what: impl FnOnce() -> String) -> Result<(), Refusal> {
    if is_right { Ok(()) } else { Err(unknown(what())) }
}

fn check_sizes(files: &[ManifestFile], limits: Limits) -> Result<(), Refusal> {
    if files.len() > limits.files {
        let what = format!("the bundle has {} files, this device takes at most {}", files.len(), limits.files);
        return Err(Refusal::new(Reason::TooBig, what));
    }
    let bytes = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
    if bytes > limits.bytes {
        let what = format!("the bundle has {bytes} bytes, this device takes at most {}", limits.bytes);
        return Err(Refusal::new(Reason::TooBig, what));
    }
    Ok(())
}

fn check_paths(files: &[ManifestFile]) -> Result<(), Refusal> {
    let is_destination = |path: &str| path.strip_prefix('/').is_some_and(path_is_safe);
    for file in files {
        let fits = path_is_safe(&file.path)
            && path_is_safe(file.name())
            && !name_is_reserved(&file.path)
            && file.encryption.is_none_or(|encryption| file.path.ends_with(encryption.suffix()))
            && file.destination.as_deref().is_none_or(is_destination);
        if !fits {
            let what = format!("{:?} (to {:?}) may not be followed", file.path, file.destination);
            return Err(Refusal::new(Reason::UnsafePath, what));
        }
    }
    check_apart(files.iter().map(|file| file.path.to_ascii_lowercase()))?;
    check_apart(files.iter().map(|file| file.name().to_ascii_lowercase()))?;
    check_apart(files.iter().filter_map(|file| file.destination.clone()))
}

/// No path twice, and none in a folder that is a file.
fn check_apart(paths: impl Iterator<Item = String>) -> Result<(), Refusal> {
    let refused = |what| Err(Refusal::new(Reason::UnsafePath, what));
    let mut seen = BTreeSet::new();
    for path in paths {
        if seen.contains(&path) {
            return refused(format!("{path:?} is there twice"));
        }
        seen.insert(path);
    }
    for path in &seen {
        let mut folders = path.match_indices('/').map(|(at, _)| &path[..at]);
        if let Some(folder) = folders.find(|folder| seen.contains(*folder)) {
            return refused(format!("{folder:?} is a file and the folder of {path:?}"));
        }
    }
    Ok(())
}

/// Four octal digits. The first is 0: a bundle gives nobody another user's power.
fn check_placing(file: &ManifestFile) -> Result<(), Refusal> {
    let mode = &file.mode;
    require(mode.len() == 4 && mode.bytes().all(|digit| (b'0'..=b'7').contains(&digit)), || {
        format!("{:?} has mode {mode:?}, which is not four octal digits", file.path)
    })?;
    if !mode.starts_with('0') {
        let what = format!("{:?} has mode {mode:?}: setuid, setgid and sticky bits are not given", file.path);
        return Err(Refusal::new(Reason::NotAllowed, what));
    }
    let owner = file.owner.as_deref().unwrap_or("root");
    let (user, group) = owner.split_once(':').unwrap_or((owner, "root"));
    require(is_name(user, "_.-") && is_name(group, "_.-"), || {
        format!("{:?} has the owner {owner:?}, which is no user or user:group", file.path)
    })
}

fn check_times(manifest: &Manifest) -> Result<(), Refusal> {
    let times = [Some(&manifest.created), manifest.not_before.as_ref(), manifest.not_after.as_ref()];
    times
        .into_iter()
        .flatten()
        .try_for_each(|time| require(is_time(time), || format!("{time:?} is no time of the form 2026-01-31T23:59:59Z")))
}

/// RFC 3339 in UTC with whole seconds and no leap second: 20 characters, ordered as texts as they are in time.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 20
        && bytes[10] == b'T'
        && bytes[19] == b'Z'
        && &bytes[17..19] != b"60"
        && OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

/// First a letter, digit or `_`, then those and `others`.
fn is_name(text: &str, others: &str) -> bool {
    text.len() <= LONGEST_NAME
        && text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

fn check_named(name: &str, files: &[ManifestFile]) -> Result<(), Refusal> {
    require(files.iter().any(|file| file.name() == name), || format!("{name:?} is named and is no file of the bundle"))
}

fn check_action(action: &Action, files: &[ManifestFile]) -> Result<(), Refusal> {
    match action {
        Action::Hostname(name) => require(is_host_name(name), || format!("{name:?} is no host name")),
        Action::NetworkConnection(file) => check_named(file, files),
        Action::Restart(units) => units.iter().try_for_each(|unit| {
            require(is_name(unit, "_.-:@\\") && !unit.starts_with('_'), || format!("{unit:?} is no name of a unit"))
        }),
        Action::Hook(name) => require(is_name(name, "_.-"), || format!("{name:?} is no name of a hook")),
    }
}

/// RFC 1123, section 2.1; Linux holds 64 bytes.
fn is_host_name(name: &str) -> bool {
    let is_label =
        |label: &str| label.len() <= 63 && is_name(label, "-") && !label.contains('_') && !label.ends_with('-');
    name.len() <= 64 && name.split('.').all(is_label)
}

fn check_connect(connect: &Connect, files: &[ManifestFile]) -> Result<(), Refusal> {
    let Connect { host, within, .. } = connect;
    let is_host = !host.is_empty() && host.len() <= LONGEST_NAME && host.chars().all(|c| matches!(c, '!'..='~'));
    require(is_host, || format!("{host:?} is no host"))?;
    require(connect.port != 0, || "port 0 cannot be connected to".into())?;
    require((1..=LONGEST_WITHIN).contains(within), || {
        format!("a connection within {within} seconds is asked for, 1 to {LONGEST_WITHIN} are possible")
    })?;
    let named = [&connect.trust, &connect.certificate, &connect.private_key];
    named.into_iter().flatten().try_for_each(|name| check_named(name, files))
}

/// An empty list would lock the fleet out of its devices for good.
fn check_keys(announced: &TrustedKeys) -> Result<(), Refusal> {
    let keys = &announced.keys;
    require((1..=MOST_KEYS).contains(&keys.len()), || {
        format!("{} keys are announced, 1 to {MOST_KEYS} are possible", keys.len())
    })?;
    let is_key = |line: &String| PublicKey::parse(line).is_some_and(|key| key.line() == *line);
    keys.iter().try_for_each(|line| require(is_key(line), || format!("{line:?} is no bundle key")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::ConnectProtocol;
    use crate::fleet::{Digest, EndpointName};

    fn file(path: &str) -> ManifestFile {
        ManifestFile {
            path: path.into(),
            size: 1,
            sha256: Digest::of(b"x"),
            mode: "0600".into(),
            encryption: None,
            destination: None,
            owner: None,
            keep: false,
        }
    }

    fn judged(change: impl FnOnce(&mut Manifest)) -> Result<(), Reason> {
        let mut manifest = Manifest::new("acme", EndpointName::new("gw-1").unwrap(), "site", 1);
        manifest.files = vec![file("a.pem"), file("b.pem")];
        change(&mut manifest);
        check(&manifest, Limits::default()).map_err(|refusal| refusal.reason)
    }

    fn placed(change: impl FnOnce(&mut ManifestFile)) -> Result<(), Reason> {
        judged(|manifest| change(&mut manifest.files[0]))
    }

    const UNKNOWN: Result<(), Reason> = Err(Reason::UnknownFormat);

    #[test]
    fn a_mode_is_four_octal_digits_and_gives_no_power() {
        for mode in ["0600", "0000", "0777"] {
            assert_eq!(placed(|file| file.mode = mode.into()), Ok(()), "{mode}");
        }
        for mode in ["", "600", "00600", "0680", "-600", "rw--", "0x60"] {
            assert_eq!(placed(|file| file.mode = mode.into()), UNKNOWN, "{mode}");
        }
        for mode in ["4755", "2755", "1777", "7000"] {
            assert_eq!(placed(|file| file.mode = mode.into()), Err(Reason::NotAllowed), "{mode}");
        }
    }

    #[test]
    fn an_owner_is_a_user_with_or_without_a_group() {
        for owner in ["root", "app:app", "0:0", "_apt", "a.b-c:d_e"] {
            assert_eq!(placed(|file| file.owner = Some(owner.into())), Ok(()), "{owner}");
        }
        for owner in ["", ":", "a:", ":a", "-R", "a b", "a:b:c", "a\n", "ä", "a/b", "--reference=x"] {
            assert_eq!(placed(|file| file.owner = Some(owner.into())), UNKNOWN, "{owner:?}");
        }
    }

    #[test]
    fn a_time_has_one_form_and_exists() {
        for time in ["2026-01-31T23:59:59Z", "2028-02-29T00:00:00Z", "9999-12-31T00:00:00Z"] {
            assert_eq!(judged(|manifest| manifest.not_after = Some(time.into())), Ok(()), "{time}");
        }
        let none = ["", "2026-01-31", "2026-02-30T00:00:00Z", "2026-01-31t23:59:59z", "2026-01-31 23:59:59Z"];
        let none = none.iter().chain(&["2026-06-30T23:59:60Z", "2026-01-31T24:00:00Z", "2026-1-31T023:59:59Z"]);
        for time in none.chain(&["2026-01-31T23:59:59.5Z", "2026-01-01T00:00+00:00"]) {
            assert_eq!(judged(|manifest| manifest.not_before = Some((*time).into())), UNKNOWN, "{time}");
            assert_eq!(judged(|manifest| manifest.created = (*time).into()), UNKNOWN, "{time}");
        }
    }

    #[test]
    fn files_lie_apart_on_the_medium_in_the_store_and_where_they_are_placed() {
        let refused = Err(Reason::UnsafePath);
        for paths in [["x", "X"], ["x", "x/y"], ["x/y", "X"], ["a/b/c", "a/B"]] {
            assert_eq!(judged(|manifest| manifest.files = paths.map(file).to_vec()), refused, "{paths:?}");
        }
        assert_eq!(judged(|manifest| manifest.files = ["x/y", "xy", "x-/y"].map(file).to_vec()), Ok(()));
        for places in [["/etc/x", "/etc/x"], ["/etc/x", "/etc/x/y"], ["/etc/x/y/z", "/etc/x"]] {
            let place = |manifest: &mut Manifest| {
                for (file, place) in manifest.files.iter_mut().zip(places) {
                    file.destination = Some(place.into());
                }
            };
            assert_eq!(judged(place), refused, "{places:?}");
        }
    }

    #[test]
    fn orders_name_what_is_there_and_can_be() {
        let act = |action: Action| judged(|manifest| manifest.actions = vec![action]);
        for name in ["gw-1", "a.example.com", "0"] {
            assert_eq!(act(Action::Hostname(name.into())), Ok(()), "{name}");
        }
        for name in ["", "-a", "a-", "a..b", "a b", "a;b", "ä", "a_b", "a\n", &"a".repeat(64), &"a.".repeat(33)] {
            assert_eq!(act(Action::Hostname(name.into())), UNKNOWN, "{name:?}");
        }
        assert_eq!(act(Action::NetworkConnection("a.pem".into())), Ok(()));
        assert_eq!(act(Action::NetworkConnection("c.pem".into())), UNKNOWN);
        assert_eq!(act(Action::Restart(vec!["app@x.service".into(), "dev-\\x2d.mount".into()])), Ok(()));
        assert_eq!(act(Action::Restart(vec!["_a".into()])), UNKNOWN);
        for name in ["", "--force", "a b", "*", "a/b", "a;b", "../a", "$(x)"] {
            assert_eq!(act(Action::Restart(vec![name.into()])), UNKNOWN, "{name:?}");
            assert_eq!(act(Action::Hook(name.into())), UNKNOWN, "{name:?}");
        }
        assert_eq!(act(Action::Hook("led-test".into())), Ok(()));
    }

    #[test]
    fn a_connection_to_prove_can_be_tried() {
        let connect = |change: &dyn Fn(&mut Connect)| {
            let mut connect = Connect {
                protocol: ConnectProtocol::Mqtts,
                host: "mqtt.example.com".into(),
                port: 8883,
                within: 30,
                trust: Some("a.pem".into()),
                certificate: None,
                private_key: Some("b.pem".into()),
                client_id: None,
            };
            change(&mut connect);
            judged(|manifest| manifest.connect = Some(connect))
        };
        assert_eq!(connect(&|_| ()), Ok(()));
        assert_eq!(connect(&|connect| connect.host = "::1".into()), Ok(()));
        assert_eq!(connect(&|connect| connect.host = "a b".into()), UNKNOWN);
        assert_eq!(connect(&|connect| connect.host = String::new()), UNKNOWN);
        assert_eq!(connect(&|connect| connect.port = 0), UNKNOWN);
        assert_eq!(connect(&|connect| connect.within = 0), UNKNOWN);
        assert_eq!(connect(&|connect| connect.within = 601), UNKNOWN);
        assert_eq!(connect(&|connect| connect.certificate = Some("c.pem".into())), UNKNOWN);
    }

    #[test]
    fn announced_keys_are_keys_and_there_is_one() {
        let line = PublicKey { id: [1; 8], key: [2; 32] }.line();
        let announce =
            |keys: Vec<String>| judged(|manifest| manifest.trusted_keys = Some(TrustedKeys { sequence: 1, keys }));
        assert_eq!(announce(vec![line.clone()]), Ok(()));
        assert_eq!(announce(vec![]), UNKNOWN);
        assert_eq!(announce(vec![line.clone(), "RWQ=".into()]), UNKNOWN);
        assert_eq!(announce(vec![format!("{line}\n{line}")]), UNKNOWN);
        assert_eq!(announce(vec![line; 17]), UNKNOWN);
    }
}
