//! Who holds a drive.

use std::fs;
use std::path::{Path, PathBuf};

use super::drives::{Drive, Severity};
use super::machine::{attribute, names};
use super::{HostError, Machine};

/// Returns who holds `drive`, in words: mounts, swap, devices on top of it, and processes that have it or a partition open
/// (without privilege only those of the same user are seen).
pub fn holders(machine: &Machine, drive: &Drive) -> Result<Vec<String>, HostError> {
    let now = machine.drives()?.into_iter().find(|other| other.number == drive.number);
    let drive = now.as_ref().unwrap_or(drive);
    let mut uses = drive.clone();
    uses.read_only = false;
    let mut words = uses.verdict().words(Severity::Blocks);
    words.extend(processes(machine, drive));
    Ok(words)
}

fn processes(machine: &Machine, drive: &Drive) -> Vec<String> {
    let nodes: Vec<&Path> = drive.partitions.iter().map(|part| part.node.as_path()).chain([&*drive.node]).collect();
    let folder = machine.path("/proc");
    let is_other = |name: &String| name.parse::<u32>().is_ok_and(|number| number != std::process::id());
    let holding = names(&folder).into_iter().filter(is_other).filter(|name| has_open(&folder.join(name), &nodes));
    holding.map(|name| words(&folder, &name)).collect()
}

fn has_open(process: &Path, nodes: &[&Path]) -> bool {
    let files = process.join("fd");
    let target = |name: String| fs::read_link(files.join(name)).ok();
    names(&files).into_iter().filter_map(target).any(|open: PathBuf| nodes.contains(&open.as_path()))
}

fn words(folder: &Path, number: &str) -> String {
    match attribute(&folder.join(number), "comm") {
        Some(name) => format!("process {number} ({name}) has it open"),
        None => format!("process {number} has it open"),
    }
}
