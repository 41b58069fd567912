//! A flash image as a file, for programmers that are driven by hand: Intel HEX, UF2, or raw bytes from the first address on.
//!
//! Beside the file lies a second one with the bundle's manifest and the file's digest, so that a later run can tell what is there.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::delivery::{
    Cargo, Consent, Effect, Event, Footprint, Manifest, Preflight, Receipt, Sink, SinkError, Step, TargetIdentity,
    TargetKind,
};
use crate::fleet::{Class, Diagnose, Digest, FactoryPlan, Secret};
use crate::format::intel_hex::{self, Addressing};
use crate::format::{Segment, uf2};
use crate::host::HostError;
use crate::host::files::{folder_of, read_bounded, write_atomically};

use super::image::{self, Files, Layout};

/// The longest file that is read back, in bytes: as hexadecimal text an image takes three times its room.
const LONGEST: u64 = 256 << 20;

/// Forms of the file, by the end of its name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Hex,
    Uf2,
    Raw,
}

/// A flash image in a file.
pub struct ImageFile {
    path: PathBuf,
    form: Form,
}

/// What lies beside the image.
#[derive(Serialize, Deserialize)]
struct Beside {
    manifest: Manifest,
    sha256: Digest,
}

impl ImageFile {
    /// Names the file; `.hex` is Intel HEX, `.uf2` UF2, `.bin` raw bytes. Nothing is touched.
    pub fn new(path: &Path) -> Result<Self, SinkError> {
        let form = match path.extension().and_then(|end| end.to_str()) {
            Some("hex" | "ihex") => Form::Hex,
            Some("uf2") => Form::Uf2,
            Some("bin") => Form::Raw,
            _ => {
                let reason = "the name must end in .hex, .uf2 or .bin".to_owned();
                let target = path.display().to_string();
                return Err(SinkError::Refused { target, reason, hint: Some("image:out/{id}.hex".to_owned()) });
            }
        };
        Ok(Self { path: path.to_owned(), form })
    }

    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn beside(&self) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".json");
        PathBuf::from(name)
    }

    fn identity(&self) -> Result<TargetIdentity, SinkError> {
        let whole = std::path::absolute(&self.path).map_err(|source| self.io("naming", source))?;
        Ok(TargetIdentity {
            kind: TargetKind::ImageFile,
            name: self.name(),
            path: whole.display().to_string(),
            size: None,
            port: None,
            serial: None,
            cid: None,
            diskseq: None,
            chip: None,
        })
    }

    fn io(&self, doing: &'static str, source: std::io::Error) -> SinkError {
        SinkError::Io { target: self.name(), doing, offset: 0, source }
    }

    fn host(error: HostError) -> SinkError {
        SinkError::Link { class: error.class(), hint: error.hint(), source: Box::new(error) }
    }

    /// Returns the manifest of the image that is there, if both files are whole.
    fn carried(&self) -> Option<Manifest> {
        let beside: Beside = serde_json::from_slice(&read_bounded(&self.beside(), 1 << 20).ok()?).ok()?;
        let there = Zeroizing::new(read_bounded(&self.path, LONGEST).ok()?);
        (Digest::of(&there) == beside.sha256).then_some(beside.manifest)
    }

    fn encode(&self, plan: &FactoryPlan, segments: &[Segment]) -> Result<Secret, SinkError> {
        let wrong = |reason: String| SinkError::Layout { reason };
        match self.form {
            Form::Hex => {
                intel_hex::encode(segments, Addressing::Linear, None).map_err(|error| wrong(error.to_string()))
            }
            Form::Uf2 => uf2::encode(segments, family(&plan.chip), 0xFF).map_err(|error| wrong(error.to_string())),
            Form::Raw => raw(segments).map_err(wrong),
        }
    }

    /// Reads the file as its own reader would, and compares every byte.
    fn read_back(&self, segments: &[Segment]) -> Result<u64, SinkError> {
        let bytes = Zeroizing::new(read_bounded(&self.path, LONGEST).map_err(Self::host)?);
        let differs = |finding: String| SinkError::Differs { target: self.name(), offset: 0, finding };
        let found = match self.form {
            Form::Hex => intel_hex::decode(&bytes).map_err(|error| differs(error.to_string()))?.segments,
            Form::Uf2 => {
                let images = uf2::decode(&bytes).map_err(|error| differs(error.to_string()))?;
                images.into_iter().flat_map(|image| image.segments).collect()
            }
            Form::Raw => vec![Segment::new(first_address(segments), bytes.to_vec())],
        };
        for segment in segments.iter().filter(|segment| !segment.bytes.is_empty()) {
            if !found.iter().any(|found| holds(found, segment)) {
                return Err(differs(format!("the bytes at {:#x} are not there", segment.address)));
            }
        }
        Ok(segments.iter().map(|segment| segment.bytes.len() as u64).sum())
    }
}

fn first_address(segments: &[Segment]) -> u64 {
    segments.iter().map(|segment| segment.address).min().unwrap_or_default()
}

fn holds(found: &Segment, wanted: &Segment) -> bool {
    let Some(start) = wanted.address.checked_sub(found.address).and_then(|start| usize::try_from(start).ok()) else {
        return false;
    };
    found
        .bytes
        .expose(|found| wanted.bytes.expose(|wanted| found.get(start..).is_some_and(|found| found.starts_with(wanted))))
}

/// The bytes from the first address to the last; gaps are 0xFF.
fn raw(segments: &[Segment]) -> Result<Secret, String> {
    /// Parts far apart are for a form with addresses.
    const WIDEST: u64 = 64 << 20;
    let first = first_address(segments);
    let end = segments.iter().filter_map(Segment::end).max().unwrap_or(first);
    if end - first > WIDEST {
        return Err(format!("the parts lie {} bytes apart, raw bytes cannot say so; use .hex", end - first));
    }
    let mut all = Zeroizing::new(vec![0xFF; usize::try_from(end - first).unwrap_or_default()]);
    for segment in segments {
        let start = usize::try_from(segment.address - first).unwrap_or_default();
        segment.bytes.expose(|bytes| all[start..start + bytes.len()].copy_from_slice(bytes));
    }
    Ok(Secret::new(std::mem::take(&mut *all)))
}

/// The UF2 family of a chip: the one whose name begins the chip's, the longest where several do.
fn family(chip: &str) -> Option<uf2::Family> {
    let chip = chip.to_ascii_uppercase();
    let fits = uf2::Family::NAMES.iter().filter(|(name, _)| chip.starts_with(&name.to_ascii_uppercase()));
    fits.max_by_key(|(name, _)| name.len()).map(|(_, family)| *family)
}

fn unmade(error: &image::ImageError) -> SinkError {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        reason.push_str(": ");
        reason.push_str(&inner.to_string());
        cause = inner.source();
    }
    if error.class() == Class::Differs {
        return SinkError::Differs { target: "the image".to_owned(), offset: 0, finding: reason };
    }
    SinkError::Layout { reason }
}

impl Sink for ImageFile {
    fn preflight(&mut self, need: &Footprint) -> Result<Preflight, SinkError> {
        let plan = Arc::clone(need.factory(&self.name())?);
        Layout::of(&plan).map_err(|error| unmade(&error))?;
        let target = self.identity()?;
        if !self.path.exists() {
            return Ok(Preflight::new(target, Effect::Creates, need.carrier.clone(), None));
        }
        let carried = self.carried();
        let lost = vec!["a file that is none of our images, or was changed".to_owned()];
        let effect = if carried.is_some() { Effect::Creates } else { Effect::Overwrites(lost) };
        Ok(Preflight::new(target, effect, need.carrier.clone(), None).carrying(carried))
    }

    fn commit(&mut self, cargo: &Cargo<'_>, consent: Consent, watch: &dyn Fn(Event<'_>)) -> Result<Receipt, SinkError> {
        let plan = Arc::clone(consent.factory()?);
        let layout = Layout::of(&plan).map_err(|error| unmade(&error))?;
        let artifact = cargo.parts()[0].artifact();
        let files = Files::of(artifact);
        let segments = image::encode(&layout, &files).map_err(|error| unmade(&error))?;
        let made = self.encode(&plan, &segments)?;
        fs::create_dir_all(folder_of(&self.path)).map_err(|source| self.io("creating the folder of", source))?;
        let _ = fs::remove_file(self.beside());
        made.expose(|bytes| write_atomically(&self.path, bytes, 0o600)).map_err(Self::host)?;
        watch(Event::Step { device: cargo.device(), step: Step::Written });
        let compared = self.read_back(&segments)?;
        let sha256 = made.expose(Digest::of);
        let beside = Beside { manifest: artifact.manifest().clone(), sha256 };
        let text = serde_json::to_vec_pretty(&beside).expect("a manifest is plain data");
        write_atomically(&self.beside(), &text, 0o644).map_err(Self::host)?;
        watch(Event::Step { device: cargo.device(), step: Step::ReadBack });
        Ok(Receipt {
            target: self.identity()?,
            artifact: cargo.digest(),
            image: sha256,
            read_back: sha256,
            written: made.len() as u64,
            compared,
            accept_plaintext: cargo.accept_plaintext(),
        })
    }

    fn check_fit(&mut self, cargo: &Cargo<'_>, need: &Footprint) -> Result<(), SinkError> {
        let plan = Arc::clone(need.factory(&self.name())?);
        let layout = Layout::of(&plan).map_err(|error| unmade(&error))?;
        image::encode(&layout, &Files::of(cargo.parts()[0].artifact())).map(drop).map_err(|error| unmade(&error))
    }
}
