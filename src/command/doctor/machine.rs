//! Checks of the machine: terminal, clock, space, drives, USB.

use std::path::Path;

use rustix::fs::Access;
use time::OffsetDateTime;

use crate::command::{Context, place};
use crate::host::{Machine, drives::Drive, usb};
use crate::ui::{Terminal, measure};

use super::check::{Check, State};

/// Before this year a clock was never set: firstlight did not exist.
const FIRST_SANE_YEAR: i32 = 2024;
/// Below this (64 MiB) not even the ledger has room to grow.
const TOO_LITTLE_SPACE: u64 = 64 << 20;
/// Below this (1 GiB) a batch of images may not fit.
const LITTLE_SPACE: u64 = 1 << 30;
/// Lets the group `plugdev` write USB drives and nothing else.
const UDEV_RULE: &str = "echo 'SUBSYSTEM==\"block\", ENV{ID_BUS}==\"usb\", GROUP=\"plugdev\", MODE=\"0660\"' | \
                         sudo tee /etc/udev/rules.d/70-firstlight.rules && sudo udevadm control --reload && \
                         sudo usermod -aG plugdev \"$USER\"";

/// Lets the person at the machine and a group open programmers; the rule itself is among the facts.
const INSTALL_RULE: &str = "firstlight programmers rule | sudo tee /etc/udev/rules.d/60-firstlight.rules && \
                            sudo udevadm control --reload && sudo udevadm trigger";

/// Makes the checks of the machine.
pub fn checks(context: &Context) -> Vec<Check> {
    let machine = Machine::at(&context.machine_root);
    let folder = place::fleet_folder(&context.globals).unwrap_or_else(|_| ".".into());
    vec![
        terminal(context.printer.terminal()),
        clock(context.clock.now()),
        free_space(&folder),
        udev(&machine),
        drives(&machine),
        usb_bus(&machine),
        programmers(&machine),
    ]
}

fn terminal(terminal: &Terminal) -> Check {
    let fact = match (terminal.can_ask(), terminal.columns) {
        (true, Some(columns)) => format!("a person can be asked; {columns} columns"),
        (true, None) => "a person can be asked".to_owned(),
        (false, _) => "no terminal: nothing is asked, flags must say it all".to_owned(),
    };
    Check::new("terminal", State::Ok, [fact])
}

fn clock(now: OffsetDateTime) -> Check {
    let fact = format!("{} UTC", measure::moment(now));
    if now.year() >= FIRST_SANE_YEAR {
        return Check::new("clock", State::Ok, [fact]);
    }
    let why = format!("before {FIRST_SANE_YEAR}: certificates would begin in the past");
    Check::new("clock", State::Fail, [fact, why]).fix("sudo timedatectl set-ntp true")
}

fn free_space(folder: &Path) -> Check {
    let Ok(system) = rustix::fs::statvfs(folder) else {
        return Check::unknown("free-space", format!("the file system of {folder:?} does not tell"));
    };
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    let state = match free {
        0..TOO_LITTLE_SPACE => State::Fail,
        TOO_LITTLE_SPACE..LITTLE_SPACE => State::Warn,
        _ => State::Ok,
    };
    let check = Check::new("free-space", state, [format!("{} free for {folder:?}", measure::size(free))]);
    if state == State::Ok { check } else { check.fix(format!("make room: du -xh --max-depth=2 {folder:?} | sort -h")) }
}

fn udev(machine: &Machine) -> Check {
    if machine.path("/run/udev/control").exists() {
        return Check::new("udev", State::Ok, ["udevd is running: nodes appear with their owners and groups".into()]);
    }
    let fact = "udevd is not running: nodes of new drives appear late, or with root as their only owner";
    Check::new("udev", State::Warn, [fact.into()])
}

fn drives(machine: &Machine) -> Check {
    let drives = match machine.drives() {
        Ok(drives) => drives,
        Err(error) => return Check::unknown("drives", format!("{error}")),
    };
    let (mut facts, mut closed) = (Vec::new(), false);
    for drive in drives.iter().filter(|drive| drive.hotplug && drive.size > 0) {
        let open = rustix::fs::access(machine.path(&drive.node), Access::READ_OK | Access::WRITE_OK).is_ok();
        closed |= !open;
        facts.push(fact(drive, open));
    }
    if facts.is_empty() {
        facts.push("no removable drive is plugged in".to_owned());
    }
    let state = if closed { State::Warn } else { State::Ok };
    let check = Check { name: "drives", state, facts, fix: None };
    if closed { check.fix(UDEV_RULE) } else { check }
}

fn fact(drive: &Drive, open: bool) -> String {
    let may = if open { "may be opened" } else { "no permission to open it" };
    format!("{}: {}, {}, {may}", drive.node.display(), drive.title(), measure::size(drive.size))
}

fn usb_bus(machine: &Machine) -> Check {
    if !machine.path("/dev/bus/usb").exists() {
        return Check::new("usb", State::Ok, ["this machine shows no USB bus (a container?)".into()]);
    }
    match usb::usb_ports(machine) {
        Ok(ports) => {
            Check::new("usb", State::Ok, [format!("{} plugged in", measure::count(ports.len(), "USB device"))])
        }
        Err(error) => Check::new("usb", State::Warn, [error.to_string(), "drives are found without it".into()])
            .fix("ls -lR /dev/bus/usb"),
    }
}

/// Programmers that are plugged in, and the lines of the udev rule that let those be opened which may not.
fn programmers(machine: &Machine) -> Check {
    let seen = match usb::programmers(machine) {
        Ok(seen) => seen,
        Err(error) => return Check::unknown("programmers", error.to_string()),
    };
    if seen.is_empty() {
        return Check::new("programmers", State::Ok, ["no programmer is plugged in".into()]);
    }
    let (mut facts, mut rules) = (Vec::new(), Vec::new());
    for one in &seen {
        let may = match one.permission {
            usb::Permission::Granted => "may be opened",
            usb::Permission::Denied => "no permission to open it",
            usb::Permission::Absent => "there is no node to open it by",
        };
        facts.push(format!("{}: {}, {}, {may}", one.port, one.kind.words(), one.id));
        if one.permission == usb::Permission::Denied {
            rules.push(usb::udev::line_for(one));
        }
    }
    if rules.is_empty() {
        return Check { name: "programmers", state: State::Ok, facts, fix: None };
    }
    rules.sort();
    rules.dedup();
    facts.extend(rules.into_iter().map(|rule| format!("udev rule: {rule}")));
    Check { name: "programmers", state: State::Warn, facts, fix: None }.fix(INSTALL_RULE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_never_set_is_a_fault() {
        let state = |seconds| clock(OffsetDateTime::from_unix_timestamp(seconds).unwrap()).state;
        assert_eq!([state(0), state(1_704_067_199), state(1_704_067_200)], [State::Fail, State::Fail, State::Ok]);
    }

    #[test]
    fn a_machine_without_udev_or_drives_gets_facts_and_no_fault() {
        let folder = tempfile::tempdir().unwrap();
        let machine = Machine::at(folder.path());
        assert_eq!(udev(&machine).state, State::Warn);
        assert_ne!(drives(&machine).state, State::Fail);
    }
}
