//! Which target it is, what writing it would do, and the consent to do so.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::fleet::{Carrier, Digest, FactoryPlan, MediumPlan};

use super::Manifest;
use super::SinkError;

/// What a sink is asked for before anything is made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Footprint {
    /// What is to carry the bundle.
    pub carrier: Carrier,
    /// Upper bound of the bundle's bytes, where known.
    pub payload: Option<u64>,
}

impl Footprint {
    /// Returns what goes where in a chip's flash; refuses `target` where the bundle is for a medium.
    pub fn factory(&self, target: &str) -> Result<&Arc<FactoryPlan>, SinkError> {
        factory(&self.carrier, target)
    }

    /// Returns the volume wanted; refuses `target` where the bundle goes into a chip's flash.
    pub fn volume(&self, target: &str) -> Result<&MediumPlan, SinkError> {
        volume(&self.carrier, target)
    }
}

fn volume<'a>(carrier: &'a Carrier, target: &str) -> Result<&'a MediumPlan, SinkError> {
    carrier.medium().ok_or_else(|| SinkError::Refused {
        target: target.to_owned(),
        reason: "this delivery goes into a chip's flash by a programmer".to_owned(),
        hint: Some("use: firstlight flash".to_owned()),
    })
}

fn factory<'a>(carrier: &'a Carrier, target: &str) -> Result<&'a Arc<FactoryPlan>, SinkError> {
    carrier.factory().ok_or_else(|| SinkError::Refused {
        target: target.to_owned(),
        reason: "this delivery is for a medium, not for a chip".to_owned(),
        hint: Some("use: firstlight write".to_owned()),
    })
}

/// Kinds of target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TargetKind {
    /// An image file on the station.
    ImageFile,
    /// A folder on the station.
    Folder,
    /// A block device: USB stick, SD card.
    Drive,
    /// A chip behind a programmer.
    Chip,
    /// A simulated chip: files of the station.
    SimulatedChip,
}

/// Who a chip says it is.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ChipIdentity {
    /// What it is: `esp32c3`.
    pub name: String,
    /// Its unique number, lower-case hex.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uid: Option<String>,
    /// Its factory MAC address, `7c:df:a1:00:01:ff`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mac: Option<String>,
}

impl ChipIdentity {
    /// Returns the number that binds the chip to a record: its unique number, else its MAC address.
    pub fn number(&self) -> Option<&str> {
        self.uid.as_deref().or(self.mac.as_deref())
    }
}

/// Which target it is. Two identities are the same target if all of `fixed` agrees; the node name does not count, for a
/// replugged stick may get another one, and a card reader's serial alone identifies nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TargetIdentity {
    /// Kind.
    pub kind: TargetKind,
    /// For a person: `/dev/sdb`, `out/gw-0001.img`.
    pub name: String,
    /// Absolute path of file, folder or node.
    pub path: String,
    /// Size in bytes, where the target has one of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub size: Option<u64>,
    /// USB port path such as `1-4.2`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub port: Option<String>,
    /// Serial number of the USB device.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub serial: Option<String>,
    /// Card identification register of an SD card, hex.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cid: Option<String>,
    /// The kernel's number for this appearance of the disk (`/sys/block/X/diskseq`): another after every replug.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub diskseq: Option<u64>,
    /// The chip, where it is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub chip: Option<ChipIdentity>,
}

impl TargetIdentity {
    /// Returns true if this is hardware that leaves the station (and may take a secret with it).
    pub fn is_hardware(&self) -> bool {
        matches!(self.kind, TargetKind::Drive | TargetKind::Chip)
    }

    /// Returns true for a chip, simulated or not.
    pub fn is_chip(&self) -> bool {
        matches!(self.kind, TargetKind::Chip | TargetKind::SimulatedChip)
    }

    /// Returns the number that binds a chip to a record; none for anything else and for a chip that does not say.
    pub fn chip_number(&self) -> Option<&str> {
        self.chip.as_ref().and_then(ChipIdentity::number)
    }

    /// Returns true if `other` is the very same appearance of the target: what consent was given for.
    pub fn is_same_appearance(&self, other: &Self) -> bool {
        self.is_same_target(other)
            && self.diskseq == other.diskseq
            && self.port == other.port
            && self.path == other.path
    }

    /// Returns true if `other` is the same piece of hardware or the same file, perhaps plugged elsewhere since: what an
    /// interrupted delivery may be resumed on. A drive without card id and serial is the same only on the same port; so is
    /// a chip that does not say who it is.
    pub fn is_same_target(&self, other: &Self) -> bool {
        if self.kind != other.kind {
            return false;
        }
        match self.kind {
            TargetKind::ImageFile | TargetKind::Folder => self.path == other.path,
            TargetKind::Drive => {
                let same = self.size == other.size && self.serial == other.serial && self.cid == other.cid;
                let told_apart = self.cid.is_some() || self.serial.is_some();
                same && (told_apart || self.port == other.port)
            }
            TargetKind::Chip | TargetKind::SimulatedChip => match (self.chip_number(), other.chip_number()) {
                (Some(one), Some(two)) => one == two,
                (None, None) => self.port == other.port && self.serial == other.serial && self.path == other.path,
                _ => false,
            },
        }
    }
}

/// What writing would do to a target.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// A new file or folder comes to be.
    Creates,
    /// What is there is lost; each line names a part of it.
    Overwrites(Vec<String>),
}

/// What a sink found when it looked, having changed no stored bit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Preflight {
    target: TargetIdentity,
    effect: Effect,
    layout: Carrier,
    accept_id: Option<String>,
    carries: Vec<Manifest>,
}

impl Preflight {
    /// Made by sinks. `layout` is what was asked for, a medium's with its size filled in; `accept_id` names this target in this state.
    pub fn new(target: TargetIdentity, effect: Effect, layout: impl Into<Carrier>, accept_id: Option<String>) -> Self {
        Self { target, effect, layout: layout.into(), accept_id, carries: Vec::new() }
    }

    /// Adds that the target holds exactly these bundles, all of them whole; a drive holds nothing beside them.
    #[must_use]
    pub fn carrying(mut self, manifests: impl IntoIterator<Item = Manifest>) -> Self {
        self.carries = manifests.into_iter().collect();
        self
    }

    /// Adds lines on what else is lost, where the target is not blank: what only a ledger knows.
    #[must_use]
    pub fn losing(mut self, lines: impl IntoIterator<Item = String>) -> Self {
        match &mut self.effect {
            Effect::Overwrites(lost) if !lost.is_empty() => lost.extend(lines),
            Effect::Overwrites(_) | Effect::Creates => {}
        }
        self
    }

    /// Returns the manifests of the bundles the target holds, if all of them are whole and, on a drive, nothing is beside
    /// them.
    pub fn carries(&self) -> &[Manifest] {
        &self.carries
    }

    /// Returns the target.
    pub fn target(&self) -> &TargetIdentity {
        &self.target
    }

    /// Returns what writing would do.
    pub fn effect(&self) -> &Effect {
        &self.effect
    }

    /// Returns the layout, fixed now.
    pub fn layout(&self) -> &Carrier {
        &self.layout
    }

    /// Returns the word that accepts exactly this target in exactly this state (`--accept-target`).
    pub fn accept_id(&self) -> Option<&str> {
        self.accept_id.as_deref()
    }

    /// Asks, and turns a yes into the consent for exactly this target, once.
    pub fn confirm(self, ask: &dyn Confirm) -> Result<Consent, SinkError> {
        ask.confirm(&self)?;
        Ok(Consent { target: self.target, layout: self.layout })
    }
}

/// Asks for the leave to write a target.
pub trait Confirm: Send + Sync {
    /// Returns `Ok` for yes; [`SinkError::Refused`] (or another error) says why not.
    fn confirm(&self, preflight: &Preflight) -> Result<(), SinkError>;
}

/// The leave to write one target once. Only [`Preflight::confirm`] makes one.
#[derive(Debug)]
pub struct Consent {
    target: TargetIdentity,
    layout: Carrier,
}

impl Consent {
    /// Returns the target it was given for.
    pub fn target(&self) -> &TargetIdentity {
        &self.target
    }

    /// Returns the layout it was given for.
    pub fn layout(&self) -> &Carrier {
        &self.layout
    }

    /// Returns the flash plan it was given for; refuses where it was given for a medium.
    pub fn factory(&self) -> Result<&Arc<FactoryPlan>, SinkError> {
        factory(&self.layout, &self.target.name)
    }

    /// Returns the volume it was given for; refuses where it was given for a chip.
    pub fn volume(&self) -> Result<&MediumPlan, SinkError> {
        volume(&self.layout, &self.target.name)
    }
}

/// Makes an accept id: 12 hex digits over everything that names a target and its present content.
pub fn accept_id(target: &TargetIdentity, content: Digest) -> String {
    let identity = serde_json::to_vec(target).expect("an identity is plain data");
    Digest::of_parts([identity.as_slice(), content.as_bytes()]).to_string()[..12].to_owned()
}
