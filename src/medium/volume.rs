//! From sealed artifacts to the image of a medium.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::delivery::{Cargo, Extent, Part, SinkError, TargetImage};
use crate::fleet::{MediumPlan, Secret};
use crate::format::fat::{self, FatError, VolumeFile, VolumeSpec};
use crate::format::partition::{self, PartitionError};

/// Encodes `cargo` in the `layout` (its size filled in): table, one FAT volume, the files and manifest of each bundle.
///
/// The same cargo gives the same bytes: volume id and GUIDs come from its digest, times from its newest manifest.
/// `drive` is the size of a real medium: then stale signatures of an older use, and a stale backup GPT at its real end, are
/// part of the image as zeros. [`SinkError::Layout`] if it does not fit or cannot be.
pub fn encode(cargo: &Cargo<'_>, layout: &MediumPlan, drive: Option<u64>) -> Result<TargetImage, SinkError> {
    let size = layout.size.ok_or_else(|| misfit("the layout has no size"))?;
    let digest = cargo.digest();
    let (seed, rest) = digest.as_bytes().split_first_chunk::<16>().expect("a digest has 32 bytes");
    let disk = partition::encode(layout.table, layout.filesystem, size, *seed).map_err(misfit_partition)?;
    let hidden = u32::try_from(disk.volume_offset / 512).map_err(|_| misfit("the volume begins too far behind"))?;
    let spec = VolumeSpec {
        filesystem: layout.filesystem,
        size: disk.volume_size,
        label: &layout.label,
        volume_id: u32::from_be_bytes(*rest.first_chunk().expect("16 bytes are left")),
        modified: created(cargo)?,
        hidden_sectors: hidden,
    };
    let volume = volume(cargo, &spec)?;
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

/// A file that is not secret, with its place on the volume.
type Clear = (String, Secret);

fn volume(cargo: &Cargo<'_>, spec: &VolumeSpec<'_>) -> Result<Vec<Extent>, SinkError> {
    let clear: Vec<Clear> = cargo.parts().iter().flat_map(clear_files).collect();
    let files = cargo.parts().iter().flat_map(|part| part.artifact().files().iter().map(move |file| (part, file)));
    let sealed: Vec<_> = files.map(|(part, file)| (part.place(&file.path), &file.bytes)).collect();
    let sealed = sealed.iter().map(|(path, bytes)| VolumeFile { path, bytes });
    let clear = clear.iter().map(|(path, bytes)| VolumeFile { path, bytes });
    let files: Vec<VolumeFile<'_>> = sealed.chain(clear).collect();
    fat::build(spec, &files).map_err(misfit_volume)
}

/// A bundle's attachments and its manifest.
fn clear_files(part: &Part<'_>) -> Vec<Clear> {
    let attachments = part.artifact().attachments().iter();
    let attached = attachments.map(|attachment| (part.place(&attachment.path), Secret::new(attachment.bytes.clone())));
    let manifest = (part.manifest_place(), Secret::new(part.artifact().document().to_vec()));
    attached.chain([manifest]).collect()
}

fn created(cargo: &Cargo<'_>) -> Result<OffsetDateTime, SinkError> {
    let read = |part: &Part<'_>| {
        let text = &part.artifact().manifest().created;
        OffsetDateTime::parse(text, &Rfc3339).map_err(|error| misfit(format!("manifest time {text:?}: {error}")))
    };
    let times = cargo.parts().iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(times.into_iter().max().expect("a cargo has at least one bundle"))
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
