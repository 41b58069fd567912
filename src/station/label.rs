//! The label of a unit that passed: written beside what was flashed, counted in the ledger.

use std::path::{Path, PathBuf};

use crate::delivery::TargetIdentity;
use crate::fleet::label::{LabelPlan, LabelPlanError, LabelValues};
use crate::fleet::{Class, DevicePlan, Diagnose};
use crate::format::label::{Label, LabelError, qr_svg, zpl};
use crate::host::HostError;
use crate::host::files::write_atomically;
use crate::ledger::{Ledger, LedgerError};

/// Why there is no label.
#[derive(Debug, thiserror::Error)]
pub enum PrintError {
    /// The fleet has none.
    #[error("delivery {delivery:?} has no label")]
    None {
        /// The delivery.
        delivery: String,
    },
    /// The device is not finished.
    #[error("device {device:?} is not finished, so that it gets no label")]
    Unfinished {
        /// The device.
        device: String,
    },
    /// A value is missing.
    #[error(transparent)]
    Plan(#[from] LabelPlanError),
    /// It cannot be drawn.
    #[error(transparent)]
    Draw(#[from] LabelError),
    /// The files.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The count.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

impl Diagnose for PrintError {
    fn class(&self) -> Class {
        match self {
            PrintError::None { .. } | PrintError::Plan(_) | PrintError::Draw(_) => Class::Input,
            PrintError::Unfinished { .. } => Class::Refused,
            PrintError::Host(error) => error.class(),
            PrintError::Ledger(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            PrintError::None { .. } => Some("give it one: factory: {label: {code: \"{id}\"}}".to_owned()),
            PrintError::Unfinished { device } => Some(format!("see what is left: firstlight devices why {device}")),
            PrintError::Plan(error) => error.hint(),
            PrintError::Draw(_) => None,
            PrintError::Host(error) => error.hint(),
            PrintError::Ledger(error) => error.hint(),
        }
    }
}

/// A label as it was written.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Printed {
    /// The files: a drawing and the printer's own language.
    pub files: [PathBuf; 2],
    /// How often it was written by now, this time included.
    pub prints: u32,
}

/// Writes `ID.svg` and `ID.zpl` into `folder` and counts them.
pub fn print(
    ledger: &Ledger,
    plan: &DevicePlan,
    target: &TargetIdentity,
    folder: &Path,
) -> Result<Printed, PrintError> {
    let label = plan.delivery.carrier.factory().and_then(|factory| factory.label.as_ref());
    let label = label.ok_or_else(|| PrintError::None { delivery: plan.delivery.name.to_string() })?;
    let (svg, zpl) = drawn(label, plan, target)?;
    let files = ["svg", "zpl"].map(|form| folder.join(format!("{}.{form}", plan.device.as_str().replace(':', "_"))));
    std::fs::create_dir_all(folder).map_err(|source| HostError::Io {
        doing: "creating",
        path: folder.to_owned(),
        source,
    })?;
    write_atomically(&files[0], svg.as_bytes(), 0o644)?;
    write_atomically(&files[1], zpl.as_bytes(), 0o644)?;
    let prints = ledger.printed(&plan.device)?;
    Ok(Printed { files, prints })
}

fn drawn(plan: &LabelPlan, device: &DevicePlan, target: &TargetIdentity) -> Result<(String, String), PrintError> {
    let chip = target.chip.as_ref();
    let values = LabelValues {
        id: Some(device.device.as_str()),
        serial: device.serial.as_ref().map(super::super::fleet::identity::SerialNumber::as_str),
        uid: chip.and_then(|chip| chip.uid.as_deref()),
        mac: chip.and_then(|chip| chip.mac.as_deref()),
        model: device.model.as_deref(),
    };
    let (code, lines) = plan.fill(&values)?;
    let label = Label { code, lines };
    Ok((qr_svg(&label)?, zpl(&label, &plan.stock)?))
}
