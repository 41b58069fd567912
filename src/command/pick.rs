//! Lets a person pick a drive from a list. There is no default choice.

use crate::fleet::Class;
use crate::host::Drive;
use crate::host::drives::Decision;
use crate::medium::DriveSelector;
use crate::station::TargetSpec;
use crate::ui::measure::size;
use crate::ui::{Complaint, Prompt};

use super::Context;

/// Asks which drive; only drives that may be written are offered.
pub fn drive(context: &Context) -> anyhow::Result<TargetSpec> {
    let drives = context.machine().drives()?;
    let writable: Vec<&Drive> = drives.iter().filter(|drive| drive.verdict().decision == Decision::Writable).collect();
    if writable.is_empty() {
        let words = "no stick or card is plugged in that may be written";
        return Err(Complaint::new(Class::Surroundings, words)
            .with_hint("firstlight media list says why of each drive")
            .into());
    }
    let items: Vec<String> = writable.iter().map(|drive| describe(drive)).collect();
    let chosen = Prompt::new(&context.printer).select("Which drive?", &items, "name a target with --to")?;
    Ok(TargetSpec::Drive(DriveSelector::Node(writable[chosen].node.clone())))
}

fn describe(drive: &Drive) -> String {
    let mut words = vec![drive.node.display().to_string(), size(drive.size)];
    words.push(drive.title());
    words.extend(drive.port.as_ref().map(|port| format!("port {port}")));
    words.extend(drive.serial.as_ref().map(|serial| format!("serial {serial}")));
    words.join("  ")
}
