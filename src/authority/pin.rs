//! One authority: what is in place is what is pinned, or nothing goes on.

use std::path::Path;

use crate::fleet::Digest;
use crate::host::HostError;

use super::ca::{DEMO_MARK, read_root};
use super::{Authority, AuthorityError};

/// Whether there is an authority that may be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// None is there and none is pinned: one may be made.
    Absent,
    /// The right one is there.
    Present {
        /// SHA-256 of its root.
        root: Digest,
    },
}

/// Decides before anything is issued or made: `pinned` is the root that `fleet.lock` names, `demo` what the fleet file
/// asks for. Needs no key.
///
/// A pinned authority that is missing or another one is an error, never the reason to make a second; one that nobody has
/// pinned is used only if it is a demo.
pub fn guard(folder: &Path, pinned: Option<Digest>, demo: bool) -> Result<State, AuthorityError> {
    look_into(folder)?;
    if !Authority::exists(folder) {
        return match pinned {
            Some(pinned) => Err(AuthorityError::Missing { pinned, folder: folder.to_owned() }),
            None => Ok(State::Absent),
        };
    }
    let (_, root) = read_root(folder)?;
    let found = root.fingerprint();
    match pinned {
        Some(pinned) if pinned != found => return Err(AuthorityError::Different { pinned, found }),
        None if !demo => return Err(AuthorityError::Unpinned { found }),
        _ => {}
    }
    let kind = |demo| if demo { "demo" } else { "production" };
    let is_demo = root.organization.as_deref() == Some(DEMO_MARK);
    if is_demo != demo {
        return Err(AuthorityError::OtherKind { asked: kind(demo), found: kind(is_demo) });
    }
    Ok(State::Present { root: found })
}

/// Fails if `folder` is there and may not be looked into: what cannot be seen must not be taken for missing.
pub fn look_into(folder: &Path) -> Result<(), AuthorityError> {
    match std::fs::metadata(folder.join(".")) {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            Err(HostError::io("looking into", folder)(error).into())
        }
        _ => Ok(()),
    }
}
