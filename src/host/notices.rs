//! Notices of the kernel about files of a folder: who is being written, who is complete.

use std::ffi::OsString;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::path::Path;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};

/// What happened to a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Somebody writes it.
    Written(OsString),
    /// Whoever wrote it has closed it, or it was moved here as a whole.
    Complete(OsString),
    /// Notices were lost: nothing is certain any more.
    Lost,
}

/// Notices about one folder.
pub struct Notices {
    descriptor: OwnedFd,
}

impl Notices {
    /// Begins to listen.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let descriptor = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
        let what = WatchFlags::CREATE | WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE | WatchFlags::MOVED_TO;
        inotify::add_watch(&descriptor, folder, what | WatchFlags::ONLYDIR)?;
        Ok(Self { descriptor })
    }

    /// Returns what happened since the last time, oldest first; it does not wait.
    pub fn take(&mut self) -> io::Result<Vec<Notice>> {
        let mut buffer = [MaybeUninit::uninit(); 8192];
        let mut reader = inotify::Reader::new(&self.descriptor, &mut buffer);
        let mut notices = Vec::new();
        loop {
            let event = match reader.next() {
                Ok(event) => event,
                Err(rustix::io::Errno::AGAIN) => return Ok(notices),
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error.into()),
            };
            if event.events().contains(ReadFlags::QUEUE_OVERFLOW) {
                notices.push(Notice::Lost);
                continue;
            }
            let Some(name) = event.file_name() else { continue };
            let name = OsString::from_vec(name.to_bytes().to_vec());
            let ends = ReadFlags::CLOSE_WRITE | ReadFlags::MOVED_TO;
            notices.push(if event.events().intersects(ends) { Notice::Complete(name) } else { Notice::Written(name) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_file_is_complete_when_it_is_closed_or_moved_in() {
        let folder = tempfile::tempdir().unwrap();
        let elsewhere = tempfile::tempdir_in(folder.path()).unwrap();
        let mut notices = Notices::of(folder.path()).unwrap();
        let mut file = std::fs::File::create(folder.path().join("a")).unwrap();
        file.write_all(b"x").unwrap();
        let written = notices.take().unwrap();
        assert!(!written.is_empty() && written.iter().all(|notice| *notice == Notice::Written("a".into())));
        drop(file);
        assert_eq!(notices.take().unwrap(), [Notice::Complete("a".into())]);
        std::fs::write(elsewhere.path().join("b"), "x").unwrap();
        std::fs::rename(elsewhere.path().join("b"), folder.path().join("b")).unwrap();
        assert_eq!(notices.take().unwrap(), [Notice::Complete("b".into())]);
        assert_eq!(notices.take().unwrap(), []);
    }
}
