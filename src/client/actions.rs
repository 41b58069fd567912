//! What a bundle's actions do once its files are in place: programs of a closed list, each with a time limit.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use std::os::unix::process::CommandExt;

use rustix::process::{Pid, Signal, kill_process_group};

use super::device::Device;
use super::generation::Generation;
use crate::delivery::Action;
use crate::host::Machine;

/// How long a unit's restart or a hook may take.
const LIMIT: Duration = Duration::from_mins(1);
/// How often a program is asked whether it is done.
const PAUSE: Duration = Duration::from_millis(10);
/// Where programs of the system lie.
const PROGRAMS: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

/// Does what the actions of a generation say, in their order. The error says what failed.
pub fn act(machine: &Machine, device: &Device, generation: &Generation) -> Result<(), String> {
    for part in &generation.parts {
        for action in &part.manifest.actions {
            match action {
                Action::Hostname(name) => set_host_name(machine, name)?,
                Action::NetworkConnection(_) => reload_connections(machine)?,
                Action::Restart(units) => restart(machine, units)?,
                Action::Hook(name) => run_hook(machine, device, name, &generation.folder)?,
            }
        }
    }
    Ok(())
}

/// Restarts what a generation that was taken back had restarted, so that it runs with the files from before.
pub fn act_back(machine: &Machine, generation: &Generation) -> Result<(), String> {
    for part in &generation.parts {
        for action in &part.manifest.actions {
            match action {
                Action::NetworkConnection(_) => reload_connections(machine)?,
                Action::Restart(units) => restart(machine, units)?,
                Action::Hostname(_) => reset_host_name(machine)?,
                Action::Hook(_) => {}
            }
        }
    }
    Ok(())
}

/// Tells the running kernel; `/etc/hostname` was placed like a file (proc(5), `/proc/sys/kernel/hostname`).
fn set_host_name(machine: &Machine, name: &str) -> Result<(), String> {
    let path = machine.path("/proc/sys/kernel/hostname");
    if !path.exists() {
        return Ok(());
    }
    std::fs::write(&path, name).map_err(|error| format!("setting the host name failed: {error}"))
}

fn reset_host_name(machine: &Machine) -> Result<(), String> {
    let name = crate::host::files::read_bounded(&machine.path(super::policy::HOST_NAME), 256).unwrap_or_default();
    let name = String::from_utf8_lossy(&name).trim().to_owned();
    if name.is_empty() { Ok(()) } else { set_host_name(machine, &name) }
}

/// `NetworkManager` that does not run reads its folder when it starts.
fn reload_connections(machine: &Machine) -> Result<(), String> {
    let Some(nmcli) = program(machine, "nmcli") else { return Ok(()) };
    if !machine.path("/run/NetworkManager").exists() {
        return Ok(());
    }
    run(Command::new(nmcli).args(["connection", "reload"]), "nmcli connection reload", LIMIT)
}

fn restart(machine: &Machine, units: &[String]) -> Result<(), String> {
    let has_systemd = machine.path("/run/systemd/system").exists();
    for unit in units {
        let words = format!("the restart of {unit:?}");
        match (program(machine, "systemctl").filter(|_| has_systemd), program(machine, "rc-service")) {
            (Some(systemctl), _) => run(Command::new(systemctl).args(["restart", "--", unit]), &words, LIMIT)?,
            (None, Some(rc_service)) => {
                let service = unit.strip_suffix(".service").unwrap_or(unit);
                run(Command::new(rc_service).args([service, "restart"]), &words, LIMIT)?;
            }
            // In the root of an image nothing runs.
            (None, None) if machine.path("/") != Path::new("/") => {}
            (None, None) => return Err(format!("{words} failed: neither systemd nor OpenRC is here")),
        }
    }
    Ok(())
}

fn run_hook(machine: &Machine, device: &Device, name: &str, generation: &Path) -> Result<(), String> {
    let words = format!("the hook {name:?}");
    let hook = device.hooks.get(name).ok_or_else(|| format!("{words} is not allowed here"))?;
    let (program, arguments) = hook.split_first().ok_or_else(|| format!("{words} names no program"))?;
    let mut command = Command::new(machine.path(program));
    command.args(arguments).env("FIRSTLIGHT_GENERATION", generation);
    run(&mut command, &words, LIMIT)
}

fn program(machine: &Machine, name: &str) -> Option<PathBuf> {
    PROGRAMS.iter().map(|folder| machine.path(folder).join(name)).find(|path| path.is_file())
}

/// Runs a program in a clean environment and a group of its own, which is killed when its time is over.
fn run(command: &mut Command, words: &str, limit: Duration) -> Result<(), String> {
    let generation = command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
    let kept: Vec<_> = generation.collect();
    command.env_clear().envs(kept).env("PATH", PROGRAMS.join(":")).current_dir("/").process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("{words} failed to start: {error}"))?;
    let begun = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(()),
            Ok(Some(status)) => return Err(format!("{words} failed: {status}")),
            Ok(None) if begun.elapsed() < limit => thread::sleep(PAUSE),
            Ok(None) => {
                kill(&mut child);
                return Err(format!("{words} was stopped after {} s", limit.as_secs()));
            }
            Err(error) => return Err(format!("{words} failed: {error}")),
        }
    }
}

fn kill(child: &mut Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, Signal::KILL);
    }
    let _ = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_does_not_end_is_stopped_with_all_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("child");
        let script = format!("sleep 300 & echo $! > {}; wait", path.display());
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &script]);
        let ended = run(&mut command, "the hook", Duration::from_millis(500));
        assert_eq!(ended.unwrap_err(), "the hook was stopped after 0 s");
        let child: i32 = std::fs::read_to_string(&path).unwrap().trim().parse().unwrap();
        let gone = || rustix::process::test_kill_process(Pid::from_raw(child).unwrap()).is_err() || is_zombie(child);
        while !gone() {
            thread::sleep(PAUSE);
        }
    }

    fn is_zombie(child: i32) -> bool {
        std::fs::read_to_string(format!("/proc/{child}/stat")).is_ok_and(|stat| stat.contains(") Z "))
    }

    #[test]
    fn a_program_sees_a_clean_environment() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("environment");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &format!("env > {}", out.display())]).env("FIRSTLIGHT_GENERATION", "/g");
        run(&mut command, "the hook", LIMIT).unwrap();
        let text = std::fs::read_to_string(out).unwrap();
        let names: Vec<&str> = text.lines().filter_map(|line| line.split('=').next()).collect();
        assert!(
            names.iter().all(|name| ["PATH", "FIRSTLIGHT_GENERATION", "PWD", "_", "SHLVL"].contains(name)),
            "{text}"
        );
        assert_eq!(
            run(Command::new("/bin/sh").args(["-c", "exit 3"]), "x", LIMIT).unwrap_err(),
            "x failed: exit status: 3"
        );
    }
}
