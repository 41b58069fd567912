//! From the system's errors to a sink's.

use std::io;

use rustix::io::Errno;

use super::engine::EngineError;
use crate::delivery::SinkError;
use crate::host::HostError;

/// Returns a maker of [`SinkError::Io`] for `map_err`.
pub(super) fn io_error(target: &str, doing: &'static str, offset: u64) -> impl FnOnce(io::Error) -> SinkError {
    let target = target.to_owned();
    move |source| SinkError::Io { target, doing, offset, source }
}

/// Says what the engine found of `target`.
pub(super) fn engine_error(target: &str, error: EngineError) -> SinkError {
    let target = target.to_owned();
    match error {
        EngineError::Differs { offset, finding } => SinkError::Differs { target, offset, finding },
        EngineError::Io { doing, offset, source } => SinkError::Io { target, doing: doing.word(), offset, source },
    }
}

/// Says what an error at opening or looking means.
pub(super) fn open_error(target: &str, doing: &'static str, error: HostError) -> SinkError {
    let name = target.to_owned();
    let source = match error {
        HostError::Io { source, .. } => source,
        other => io::Error::other(other.to_string()),
    };
    match Errno::from_io_error(&source) {
        Some(Errno::NOENT | Errno::NOTBLK) => SinkError::Absent { what: "block device", path: name },
        Some(Errno::ACCESS | Errno::PERM) => SinkError::Permission { target: name },
        Some(Errno::ROFS) => SinkError::ReadOnly { target: name },
        _ => SinkError::Io { target: name, doing, offset: 0, source },
    }
}
