//! Finding the medium: what was named, or the removable drive with the right label; read raw, never through a kernel's
//! file system driver.

use std::path::{Path, PathBuf};

use super::error::ClientError;
use crate::bundle::sealed::{Limits, Reason, Refusal, find};
use crate::delivery::Shelf;
use crate::host::Machine;
use crate::medium::{Source, VolumeSeen};

/// A medium with bundles.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Folder, image file or block device.
    pub path: PathBuf,
    /// First byte of the volume.
    pub offset: u64,
    /// Bytes of the volume; 0 for a folder.
    pub size: u64,
}

/// What a search came to.
pub enum Search<R> {
    /// Bundles, and what `visit` made of them.
    Found(Place, R),
    /// A medium without a bundle.
    NoBundle,
    /// No medium.
    NoMedium,
}

/// Looks at the medium at `path`: the first volume with a bundle is visited.
pub fn at<R>(
    path: &Path,
    limits: Limits,
    visit: &mut dyn FnMut(&dyn Shelf) -> Result<R, ClientError>,
) -> Result<Search<R>, ClientError> {
    if std::fs::metadata(path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
        return Err(ClientError::NoMedium { path: path.to_owned() });
    }
    look(path, &|_| true, limits, visit)
}

/// Looks at the removable drives for a volume with one of `labels`; the first with a bundle is visited.
pub fn by_label<R>(
    machine: &Machine,
    labels: &[String],
    limits: Limits,
    visit: &mut dyn FnMut(&dyn Shelf) -> Result<R, ClientError>,
) -> Result<Search<R>, ClientError> {
    let is_ours = |seen: &VolumeSeen| labels.iter().any(|label| label.eq_ignore_ascii_case(&seen.label));
    let mut empty = false;
    let drives = match machine.drives() {
        // A root folder without sysfs has no drives.
        Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => Vec::new(),
        drives => drives?,
    };
    for drive in drives.into_iter().filter(|drive| drive.hotplug && drive.size > 0) {
        // A drive that cannot be opened (pulled, a reader without a card) is no medium.
        match look(&machine.path(&drive.node), &is_ours, limits, visit) {
            Ok(Search::Found(place, found)) => return Ok(Search::Found(place, found)),
            Ok(Search::NoBundle) => empty = true,
            Ok(Search::NoMedium) | Err(ClientError::Host(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(if empty { Search::NoBundle } else { Search::NoMedium })
}

fn look<R>(
    path: &Path,
    is_ours: &dyn Fn(&VolumeSeen) -> bool,
    limits: Limits,
    visit: &mut dyn FnMut(&dyn Shelf) -> Result<R, ClientError>,
) -> Result<Search<R>, ClientError> {
    let source = Source::open(path).map_err(|error| match error {
        crate::medium::InspectError::Host(error) => ClientError::Host(error),
        other => ClientError::Device { path: path.to_owned(), reason: other.to_string() },
    })?;
    let mut seen_ours = false;
    let mut outcome: Option<Result<(Place, R), ClientError>> = None;
    let walked = source.volumes(&mut |seen, shelf| {
        if !is_ours(seen) {
            return false;
        }
        seen_ours = true;
        let place = Place { path: path.to_owned(), offset: seen.offset, size: seen.size };
        let visited = shelf.map_err(|words| Refusal::new(Reason::Truncated, words).into()).and_then(|shelf| {
            let has_bundle = !find(shelf, limits)?.is_empty();
            Ok(if has_bundle { Some((place, visit(shelf)?)) } else { None })
        });
        outcome = visited.transpose();
        outcome.is_some()
    });
    match (outcome, walked) {
        (Some(Ok((place, found))), _) => Ok(Search::Found(place, found)),
        (Some(Err(error)), _) => Err(error),
        (None, Err(words)) => Err(Refusal::new(Reason::Truncated, words).into()),
        (None, Ok(())) if seen_ours => Ok(Search::NoBundle),
        (None, Ok(())) => Ok(Search::NoMedium),
    }
}
