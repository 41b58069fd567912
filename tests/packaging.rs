//! What device images take from `packaging/`, judged by the programs that will read it.
#![allow(clippy::unwrap_used, missing_docs)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn packaging(path: &str) -> PathBuf {
    root().join("packaging").join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(packaging(path)).unwrap_or_else(|error| panic!("packaging/{path}: {error}"))
}

/// Runs an oracle; a missing one is a failure.
fn run(program: &str, words: &[&str]) -> Output {
    let path = format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap());
    let output = Command::new(program).args(words).env("PATH", path).output();
    output.unwrap_or_else(|error| panic!("{program}: {error}; tests/run installs it"))
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

const UNIT: &str = "firstlight-ingest.service";

/// The unit, with programs that are there in place of ours, and what `change` makes of it.
fn unit(change: impl Fn(String) -> String) -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let text = read(&format!("systemd/{UNIT}")).replace("/usr/bin/firstlight client ingest", "/bin/true");
    fs::write(folder.path().join(UNIT), change(text)).unwrap();
    let path = folder.path().join(UNIT).to_str().unwrap().to_owned();
    (folder, path)
}

/// systemd-analyze ends well for unknown keys, too: it must have nothing to say of our file.
fn complaints(path: &str) -> String {
    let output = run("systemd-analyze", &["verify", "--man=no", "--recursive-errors=no", path]);
    let said = said(&output);
    let about = said.lines().filter(|line| line.contains("firstlight") || !output.status.success());
    about.collect::<Vec<_>>().join("\n")
}

#[test]
fn systemd_has_nothing_to_say_against_the_service() {
    let (_folder, path) = unit(|text| text);
    assert_eq!(complaints(&path), "");
    let (_folder, path) = unit(|text| text.replace("UMask=", "UMusk="));
    assert!(complaints(&path).contains("UMusk"), "what is wrong is found");
}

#[test]
fn systemd_has_nothing_to_say_against_the_shell_readers_drop_in() {
    let (folder, path) = unit(|text| text);
    let drop_in = folder.path().join(format!("{UNIT}.d"));
    fs::create_dir(&drop_in).unwrap();
    let text = read("systemd/firstlight-read.conf");
    let text = text.replace("/usr/sbin/firstlight-read.sh place", "/bin/true");
    fs::write(drop_in.join("reader.conf"), text.replace("/usr/sbin/firstlight-read.sh ingest", "/bin/true")).unwrap();
    assert_eq!(complaints(&path), "");
}

#[test]
fn the_service_runs_in_a_sandbox() {
    let (_folder, path) = unit(|text| text);
    let exposure = |path: &str| {
        let output = run("systemd-analyze", &["security", "--offline=yes", "--no-pager", path]);
        let said = said(&output);
        let line =
            said.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{said}"));
        line.split(": ").nth(1).unwrap().split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert!(exposure(&path) < 4.0, "{}", exposure(&path));
    let text = read(&format!("systemd/{UNIT}"));
    assert!(!text.contains("ProtectClock=") && !text.contains("~@clock"), "the client asks the kernel about its clock");
    let (_folder, bare) = unit(|_| "[Service]\nType=oneshot\nExecStart=/bin/true\n".into());
    assert!(exposure(&bare) > 9.0, "the measure measures");
}

#[test]
fn the_server_has_a_unit_of_its_own_without_privileges() {
    const SERVE: &str = "firstlight-serve.service";
    let folder = tempfile::tempdir().unwrap();
    let text = read(&format!("systemd/{SERVE}")).replace("/usr/bin/firstlight serve", "/bin/true");
    let path = folder.path().join(SERVE).to_str().unwrap().to_owned();
    fs::write(&path, text.replace("UMask=", "UMusk=")).unwrap();
    assert!(complaints(&path).contains("UMusk"), "what is wrong is found");
    fs::write(&path, &text).unwrap();
    assert_eq!(complaints(&path), "");
    let said = said(&run("systemd-analyze", &["security", "--offline=yes", "--no-pager", &path]));
    let line = said.lines().find(|line| line.contains("Overall exposure level")).unwrap_or_else(|| panic!("{said}"));
    let exposure: f64 = line.split(": ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(exposure < 2.0, "{exposure}");
}

#[test]
fn a_timer_has_the_device_register_and_fetch_its_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let [service, timer] = ["service", "timer"].map(|kind| format!("firstlight-bootstrap.{kind}"));
    let text = read(&format!("systemd/{service}"));
    let steps: Vec<&str> = text.lines().filter_map(|line| line.split("/usr/bin/firstlight client ").nth(1)).collect();
    let steps: Vec<&str> = steps.iter().map(|step| step.split(' ').next().unwrap()).collect();
    assert_eq!(steps, ["register", "bootstrap", "renew", "report"]);
    fs::write(folder.path().join(&service), text.replace("/usr/bin/firstlight", "/bin/true")).unwrap();
    let path = folder.path().join(&timer).to_str().unwrap().to_owned();
    fs::write(&path, read(&format!("systemd/{timer}")).replace("OnBootSec=", "OnBoatSec=")).unwrap();
    assert!(complaints(&path).contains("OnBoatSec"), "what is wrong is found");
    fs::write(&path, read(&format!("systemd/{timer}"))).unwrap();
    assert_eq!(complaints(&path), "");
    assert_eq!(complaints(folder.path().join(&service).to_str().unwrap()), "");
}

#[test]
fn the_service_comes_before_what_waits_for_the_network() {
    let text = read(&format!("systemd/{UNIT}"));
    let words =
        |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).unwrap().split(' ').collect::<Vec<_>>();
    assert_eq!(words("Before="), ["network-online.target"]);
    assert!(words("After=").contains(&"network.target") && !words("After=").contains(&"network-online.target"));
    assert_eq!(words("ConditionPathExists="), ["/etc/firstlight/device"], "a laptop is no device");
}

/// `udevadm verify` is of systemd 254 and later; before, a rule's form is all that can be judged.
#[test]
fn the_udev_rule_starts_the_service_for_our_label_only() {
    let path = packaging("udev/90-firstlight.rules");
    let output = run("udevadm", &["verify", path.to_str().unwrap()]);
    let is_known = !said(&output).contains("Unknown command verb");
    assert!(!is_known || output.status.success(), "{}", said(&output));
    let text = read("udev/90-firstlight.rules");
    let rules: Vec<&str> = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).collect();
    let [rule] = rules[..] else { panic!("{rules:?}") };
    let mut wanted = vec![
        "ACTION==\"add|change\"",
        "SUBSYSTEM==\"block\"",
        "ENV{ID_FS_USAGE}==\"filesystem\"",
        "ENV{ID_FS_LABEL}==\"FIRSTLIGHT\"",
        "TAG+=\"systemd\"",
    ];
    let service = format!("ENV{{SYSTEMD_WANTS}}+=\"{UNIT}\"");
    wanted.push(&service);
    assert_eq!(rule.split(", ").collect::<Vec<_>>(), wanted);
}

#[test]
fn the_openrc_script_is_plain_shell_and_takes_no_medium_for_a_success() {
    let script = packaging("openrc/firstlight-ingest");
    let output = run("shellcheck", &["-s", "sh", script.to_str().unwrap()]);
    assert!(output.status.success(), "{}", said(&output));
    assert!(fs::metadata(&script).unwrap().permissions().mode() & 0o111 != 0);
    for (status, wanted) in [(0, 0), (4, 0), (5, 5), (6, 6)] {
        let commands = format!(
            "reader='sh -c exit\\ {status}'; ebegin() {{ :; }}; eend() {{ return $1; }}; . {}; IFS=' '; start",
            script.display()
        );
        // OpenRC's own words are made up here; what it would call is called.
        let commands = commands.replace(&format!("sh -c exit\\ {status}"), "ended");
        let commands = format!("ended() {{ return {status}; }}; {commands}");
        for shell in [&["dash", "-c"][..], &["busybox", "sh", "-c"]] {
            let words: Vec<&str> = shell[1..].iter().copied().chain([commands.as_str()]).collect();
            let output = run(shell[0], &words);
            assert_eq!(output.status.code(), Some(wanted), "{shell:?} {status}: {}", said(&output));
        }
    }
}

/// Every path below the source that a recipe names.
fn named_in(text: &str, prefix: &str) -> Vec<String> {
    let ends = |c: char| c.is_whitespace() || c == '"' || c == ';';
    text.split(prefix).skip(1).map(|rest| rest.split(ends).next().unwrap().to_owned()).collect()
}

#[test]
fn recipes_name_files_that_are_there() {
    let mut found = 0;
    for (path, prefix) in [
        ("yocto/firstlight.bb", "${S}/"),
        ("yocto/firstlight-reader.bb", "${S}/"),
        ("buildroot/firstlight/firstlight.mk", "$(@D)/"),
        ("buildroot/firstlight-reader/firstlight-reader.mk", "$(@D)/"),
    ] {
        for named in named_in(&read(path), prefix) {
            assert!(root().join(&named).is_file(), "{path} names {named:?}");
            found += 1;
        }
    }
    assert!(found >= 10, "{found}");
    let readme = read("README.md");
    for path in [
        "systemd/firstlight-ingest.service",
        "systemd/firstlight-bootstrap.timer",
        "udev/90-firstlight.rules",
        "openrc/firstlight-ingest",
        "reader/firstlight-read.sh",
    ] {
        assert!(readme.contains(&format!("`{path}`")), "{path} is not explained");
    }
}

#[test]
fn recipes_name_the_licences_as_they_are() {
    for recipe in ["yocto/firstlight.bb", "yocto/firstlight-reader.bb"] {
        let text = read(recipe);
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let output = run("md5sum", &[root().join(licence).to_str().unwrap()]);
            let digest = said(&output).split(' ').next().unwrap().to_owned();
            assert!(text.contains(&format!("file://{licence};md5={digest}")), "{recipe}: {licence} is {digest}");
        }
    }
}

/// make reads Buildroot's packages; its macros are made up, and told what they would be.
#[test]
fn make_reads_buildroots_packages() {
    for (package, macro_name, wanted) in [
        ("firstlight", "cargo-package", "git local MIT or Apache-2.0 --no-default-features --features client"),
        ("firstlight-reader", "generic-package", "local local MIT or Apache-2.0 "),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let name = package.to_uppercase().replace('-', "_");
        let mk = packaging(&format!("buildroot/{package}/{package}.mk"));
        let text = format!(
            "qstrip = $(strip $(subst \",,$(1)))\n\
             BR2_PACKAGE_{name}_SITE = \"$(SITE)\"\n\
             define {macro_name}\nmade = yes\nendef\n\
             include {}\n\
             all:\n\t@echo '$(made) $({name}_SITE_METHOD) $({name}_LICENSE) $({name}_CARGO_BUILD_OPTS)'\n",
            mk.display()
        );
        let makefile = folder.path().join("Makefile");
        fs::write(&makefile, text).unwrap();
        let methods: Vec<&str> = wanted.splitn(3, ' ').collect();
        for (site, method) in [("https://example.com/firstlight.git", methods[0]), ("/src/firstlight", methods[1])] {
            let site = format!("SITE={site}");
            let output = run("make", &["-s", "-f", makefile.to_str().unwrap(), &site]);
            assert_eq!(said(&output).trim_end(), format!("yes {method} {}", methods[2]).trim_end(), "{package} {site}");
        }
        let config = read(&format!("buildroot/{package}/Config.in"));
        assert!(config.contains(&format!("config BR2_PACKAGE_{name}\n")), "{package}");
        assert!(config.contains(&format!("config BR2_PACKAGE_{name}_SITE\n")), "{package}");
    }
}
