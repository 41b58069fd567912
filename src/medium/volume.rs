//! From a sealed artifact to the image of a medium.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::delivery::{Extent, MANIFEST_NAME, SealedArtifact, SinkError, TargetImage};
use crate::fleet::{MediumPlan, Secret};
use crate::format::fat::{self, FatError, VolumeFile, VolumeSpec};
use crate::format::partition::{self, PartitionError};

/// Encodes `artifact` in the `layout` (its size filled in): table, one FAT volume, the files and the manifest.
///
/// The same artifact gives the same bytes: volume id and GUIDs come from its digest, times from its manifest.
/// `drive` is the size of a real medium: then stale signatures of an older use, and a stale backup GPT at its real end, are
/// part of the image as zeros. [`SinkError::Layout`] if it does not fit or cannot be.
pub fn encode(artifact: &SealedArtifact, layout: &MediumPlan, drive: Option<u64>) -> Result<TargetImage, SinkError> {
    let size = layout.size.ok_or_else(|| misfit("the layout has no size"))?;
    let digest = artifact.digest();
    let (seed, rest) = digest.as_bytes().split_first_chunk::<16>().expect("a digest has 32 bytes");
    let disk = partition::encode(layout.table, layout.filesystem, size, *seed).map_err(misfit_partition)?;
    let hidden = u32::try_from(disk.volume_offset / 512).map_err(|_| misfit("the volume begins too far behind"))?;
    let spec = VolumeSpec {
        filesystem: layout.filesystem,
        size: disk.volume_size,
        label: &layout.label,
        volume_id: u32::from_be_bytes(*rest.first_chunk().expect("16 bytes are left")),
        modified: created(artifact)?,
        hidden_sectors: hidden,
    };
    let volume = volume(artifact, &spec)?;
    let mut extents = disk.extents;
    extents.extend(volume.into_iter().map(|extent| Extent { offset: extent.offset + disk.volume_offset, ..extent }));
    extents.sort_by_key(|extent| extent.offset);
    match drive {
        None => Ok(TargetImage::new(size, extents)),
        Some(whole) if whole < size => Err(misfit(format!("the layout has {size} bytes, the drive {whole} bytes"))),
        Some(whole) => {
            let extents = partition::clear_stale(extents, whole, disk.volume_offset, disk.volume_size);
            Ok(TargetImage::new(whole, extents))
        }
    }
}

fn volume(artifact: &SealedArtifact, spec: &VolumeSpec<'_>) -> Result<Vec<Extent>, SinkError> {
    let manifest = Secret::new(artifact.document().to_vec());
    let files = artifact.files().iter().map(|file| VolumeFile { path: &file.path, bytes: &file.bytes });
    let attached: Vec<(&str, Secret)> = artifact
        .attachments()
        .iter()
        .map(|attachment| (&*attachment.path, Secret::new(attachment.bytes.clone())))
        .collect();
    let attached = attached.iter().map(|(path, bytes)| VolumeFile { path, bytes });
    let files: Vec<VolumeFile<'_>> =
        files.chain(attached).chain([VolumeFile { path: MANIFEST_NAME, bytes: &manifest }]).collect();
    fat::build(spec, &files).map_err(misfit_volume)
}

fn created(artifact: &SealedArtifact) -> Result<OffsetDateTime, SinkError> {
    let text = &artifact.manifest().created;
    OffsetDateTime::parse(text, &Rfc3339).map_err(|error| misfit(format!("manifest time {text:?}: {error}")))
}

fn misfit(reason: impl Into<String>) -> SinkError {
    SinkError::Layout { reason: reason.into() }
}

fn misfit_volume(error: FatError) -> SinkError {
    misfit(error.to_string())
}

fn misfit_partition(error: PartitionError) -> SinkError {
    misfit(error.to_string())
}
