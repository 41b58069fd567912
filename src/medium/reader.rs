//! A block device read past the page cache, at any place.

use std::cell::RefCell;
use std::io;

use crate::format::ReadAt;
use crate::host::{AlignedBuffer, BlockDevice};

/// Bytes that are read at once.
const WINDOW: u64 = 64 << 10;

/// Reads in aligned windows and keeps the last one.
pub(super) struct DeviceReader {
    device: BlockDevice,
    window: RefCell<Window>,
}

struct Window {
    offset: u64,
    length: u64,
    bytes: AlignedBuffer,
}

impl DeviceReader {
    pub(super) fn new(device: BlockDevice) -> Self {
        let bytes = AlignedBuffer::new(usize::try_from(WINDOW).expect("64 KiB"));
        Self { device, window: RefCell::new(Window { offset: 0, length: 0, bytes }) }
    }
}

impl ReadAt for DeviceReader {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let end = offset.checked_add(buf.len() as u64).filter(|end| *end <= self.size());
        end.ok_or(io::ErrorKind::UnexpectedEof)?;
        let window = &mut *self.window.borrow_mut();
        let mut done = 0;
        while done < buf.len() {
            let at = offset + done as u64;
            window.load(&self.device, at / WINDOW * WINDOW)?;
            let start = usize::try_from(at - window.offset).expect("inside the window");
            let there = &window.bytes[start..usize::try_from(window.length).expect("64 KiB")];
            let length = there.len().min(buf.len() - done);
            buf[done..done + length].copy_from_slice(&there[..length]);
            done += length;
        }
        Ok(())
    }

    fn size(&self) -> u64 {
        self.device.size()
    }
}

impl Window {
    fn load(&mut self, device: &BlockDevice, offset: u64) -> io::Result<()> {
        if self.length > 0 && self.offset == offset {
            return Ok(());
        }
        self.length = 0;
        let length = WINDOW.min(device.size() - offset);
        device.read_at(offset, &mut self.bytes[..usize::try_from(length).expect("64 KiB")])?;
        (self.offset, self.length) = (offset, length);
        Ok(())
    }
}
