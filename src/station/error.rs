//! How a procedure of the station fails.

use std::io::ErrorKind;
use std::path::PathBuf;

use crate::authority::AuthorityError;
use crate::bundle::RenderError;
use crate::bundle::server_keys::ServerKeysError;
use crate::delivery::{ArtifactError, SinkError};
use crate::fleet::check::PlanError;
use crate::fleet::{Class, Diagnose};
use crate::host::HostError;
use crate::host::files::folder_of;
use crate::ledger::LedgerError;
use crate::programmer::ProgrammerError;
use crate::programmer::image::ImageError;

use super::batch_error::BatchError;
use super::flash_error::FlashError;
use super::hook::HookError;
use super::load::LoadError;
use super::trust::TrustError;

/// Most devices that a message names.
const MOST_NAMES: usize = 8;

/// How a procedure of the station fails: the rooms' own errors, and what only the procedure can know.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// The fleet folder cannot be loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// No such device or delivery.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// Keys, certificates or secrets.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The template.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The spool.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The target.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The machine.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A chip.
    #[error(transparent)]
    Flash(Box<FlashError>),
    /// A batch.
    #[error(transparent)]
    Frozen(Box<BatchError>),
    /// A programmer.
    #[error(transparent)]
    Programmer(Box<ProgrammerError>),
    /// What this station trusts.
    #[error(transparent)]
    Trust(Box<TrustError>),
    /// A hook.
    #[error(transparent)]
    Hook(Box<HookError>),
    /// A flash image.
    #[error(transparent)]
    Image(Box<ImageError>),
    /// The file of a server's keys.
    #[error(transparent)]
    ServerKeyFile(#[from] ServerKeysError),
    /// A file or folder of the station.
    #[error("{doing} {path:?} failed")]
    File {
        /// "creating", "reading" ...
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// A target that cannot be understood.
    #[error("{text:?} is no target: {reason}")]
    Target {
        /// As typed.
        text: String,
        /// Why.
        reason: String,
    },
    /// Devices and targets do not go together.
    #[error("{devices} devices and {targets} targets do not go together")]
    Pairing {
        /// Devices chosen.
        devices: usize,
        /// Targets named.
        targets: usize,
    },
    /// More bundles than a device's reader looks through.
    #[error("{devices} devices on one medium, at most {most} are possible")]
    TooMany {
        /// Devices chosen.
        devices: usize,
        /// Most of one medium.
        most: usize,
    },
    /// One device twice on one medium.
    #[error("device {device:?} is there twice")]
    Twice {
        /// The device.
        device: String,
    },
    /// Two devices whose volumes are not the same do not go on one medium.
    #[error("{one:?} and {other:?} do not go on one medium: {difference}")]
    Media {
        /// One device.
        one: String,
        /// The other.
        other: String,
        /// What differs, both values.
        difference: String,
    },
    /// One medium carries all chosen devices or none; some are delivered already.
    #[error("{} of {devices} devices are delivered already: {}", done.len(), shortened(done))]
    PartlyDone {
        /// Devices chosen.
        devices: usize,
        /// Those that are done.
        done: Vec<String>,
    },
    /// A target that is a file or folder for each device, where one medium for all is wanted.
    #[error("{target:?} is a place for each device, not one for all")]
    NotOne {
        /// As typed.
        target: String,
    },
    /// No device was chosen.
    #[error("no device is chosen")]
    NoDevice,
    /// `--next` finds no device left.
    #[error("every device of the fleet is delivered")]
    NothingNext,
    /// What was delivered to a file of this station is not there any more.
    #[error("{target} was written on {when} and is not there any more")]
    Vanished {
        /// The target.
        target: String,
        /// When it was finished.
        when: String,
    },
    /// A file of this station holds something else by now.
    #[error("{target} was written on {when} and does not hold that bundle any more")]
    Replaced {
        /// The target.
        target: String,
        /// When it was finished.
        when: String,
    },
    /// Demo or seeded credentials on the way to hardware.
    #[error("refusing to put demo credentials on {target}")]
    Demo {
        /// The target.
        target: String,
    },
    /// The fleet has no authority yet.
    #[error("the fleet {fleet:?} has no authority yet")]
    NoAuthority {
        /// The fleet.
        fleet: String,
    },
    /// Neither keys nor a ledger, and no authority pinned: a fleet nobody has worked on.
    #[error("nothing was made for fleet {fleet:?} here yet")]
    NotBegun {
        /// The fleet.
        fleet: String,
    },
    /// An authority is there, its ledger is not.
    #[error("the ledger {path:?} is missing, and with it the record of what was delivered")]
    NoLedger {
        /// Where it should be.
        path: PathBuf,
    },
    /// A person or the system asked us to stop.
    #[error("interrupted; what is done is recorded, the same command goes on from here")]
    Interrupted(Class),
}

/// Names the first few.
fn shortened(names: &[String]) -> String {
    let more = if names.len() > MOST_NAMES { " ..." } else { "" };
    format!("{}{more}", names.iter().take(MOST_NAMES).cloned().collect::<Vec<_>>().join(", "))
}

impl From<HookError> for StationError {
    fn from(error: HookError) -> Self {
        Self::Hook(Box::new(error))
    }
}

impl From<ProgrammerError> for StationError {
    fn from(error: ProgrammerError) -> Self {
        Self::Programmer(Box::new(error))
    }
}

impl From<ImageError> for StationError {
    fn from(error: ImageError) -> Self {
        Self::Image(Box::new(error))
    }
}

impl From<BatchError> for StationError {
    fn from(error: BatchError) -> Self {
        Self::Frozen(Box::new(error))
    }
}

impl From<FlashError> for StationError {
    fn from(error: FlashError) -> Self {
        Self::Flash(Box::new(error))
    }
}

impl From<TrustError> for StationError {
    fn from(error: TrustError) -> Self {
        Self::Trust(Box::new(error))
    }
}

impl Diagnose for StationError {
    fn class(&self) -> Class {
        match self {
            StationError::Load(error) => error.class(),
            StationError::Plan(error) => error.class(),
            StationError::Authority(error) => error.class(),
            StationError::Ledger(error) => error.class(),
            StationError::Render(error) => error.class(),
            StationError::Artifact(_) => Class::Fault,
            StationError::Sink(error) => error.class(),
            StationError::Host(error) => error.class(),
            StationError::Flash(error) => error.class(),
            StationError::Frozen(error) => error.class(),
            StationError::Programmer(error) => error.class(),
            StationError::Image(error) => error.class(),
            StationError::Hook(error) => error.class(),
            StationError::ServerKeyFile(error) => error.class(),
            StationError::Trust(error) => error.class(),
            StationError::File { source, .. } if source.kind() == ErrorKind::PermissionDenied => Class::Refused,
            StationError::File { .. } => Class::Surroundings,
            StationError::Target { .. }
            | StationError::Pairing { .. }
            | StationError::NotOne { .. }
            | StationError::NoDevice
            | StationError::Twice { .. } => Class::Usage,
            StationError::NothingNext => Class::NothingNext,
            StationError::Vanished { .. }
            | StationError::Replaced { .. }
            | StationError::Demo { .. }
            | StationError::PartlyDone { .. } => Class::Refused,
            StationError::TooMany { .. } | StationError::Media { .. } => Class::Input,
            StationError::NoAuthority { .. } | StationError::NotBegun { .. } | StationError::NoLedger { .. } => {
                Class::Input
            }
            StationError::Interrupted(class) => *class,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            StationError::Load(error) => error.hint(),
            StationError::Plan(error) => error.hint(),
            StationError::Authority(error) => error.hint(),
            StationError::Ledger(error) => error.hint(),
            StationError::Render(error) => error.hint(),
            StationError::Sink(error) => error.hint(),
            StationError::Host(error) => error.hint(),
            StationError::Flash(error) => error.hint(),
            StationError::Frozen(error) => error.hint(),
            StationError::Programmer(error) => error.hint(),
            StationError::Image(error) => error.hint(),
            StationError::Hook(error) => error.hint(),
            StationError::ServerKeyFile(error) => error.hint(),
            StationError::Trust(error) => error.hint(),
            StationError::Target { .. } => {
                Some("targets are image:FOLDER/, image:FILE, folder:DIR, drive:/dev/NODE, drive:port=PORT, slot:N".into())
            }
            StationError::Pairing { .. } => {
                Some("name one drive for each device, or image:FOLDER/ for any number of devices".into())
            }
            StationError::NoDevice => Some("name devices, or use --all or --next".into()),
            StationError::NotOne { .. } => {
                Some("name one medium: drive:/dev/NODE, image:FILE.img, folder:FOLDER".into())
            }
            StationError::TooMany { .. } => Some("name fewer devices, or use several media".into()),
            StationError::Media { .. } => {
                Some("give their deliveries the same `medium:` in the fleet file, or write them to two media".into())
            }
            StationError::PartlyDone { .. } => Some(
                "name only those that are left, for a medium of their own; or write all of them once more: --again copy (lost \
                 or damaged, if their medium is that)"
                    .into(),
            ),
            StationError::Vanished { .. } | StationError::Replaced { .. } => {
                Some("--again copy writes it once more; --again lost also revokes what was on it".into())
            }
            StationError::Demo { .. } => Some(
                "a demo authority and --seed are for rehearsal; for real devices leave --seed out, remove `demo: true`, move \
                 .firstlight aside and run: firstlight ca init"
                    .into(),
            ),
            StationError::File { path, .. } => Some(format!(
                "check that {} can be written and has room, then run the same command again",
                folder_of(path).display()
            )),
            StationError::NoAuthority { .. } => Some("make one with: firstlight ca init".into()),
            StationError::NotBegun { .. } => Some("begin with: firstlight write --all --to image:out/".into()),
            StationError::NoLedger { .. } => Some("move .firstlight aside, then bring both back: firstlight restore FILE".into()),
            _ => None,
        }
    }
}
