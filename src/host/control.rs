//! The block device requests that no safe wrapper offers.
#![allow(unsafe_code)]

use std::os::fd::AsFd;

use rustix::io::Result;
use rustix::ioctl::{NoArg, Opcode, ioctl, opcode};

/// `BLKRRPART`, linux/fs.h.
const REREAD_PARTITIONS: Opcode = opcode::none(0x12, 95);
/// `BLKFLSBUF`, linux/fs.h.
const FLUSH_BUFFERS: Opcode = opcode::none(0x12, 97);
/// `CDROMEJECT`, linux/cdrom.h; SCSI disks take it as "stop and eject".
const EJECT: Opcode = 0x5309;

/// Makes the kernel read the partition table again.
pub(super) fn reread_partitions(device: impl AsFd) -> Result<()> {
    // SAFETY: the request takes no argument and changes no memory of this process.
    unsafe { ioctl(device, NoArg::<REREAD_PARTITIONS>::new()) }
}

/// Writes back and forgets what the kernel has cached of the device.
pub(super) fn flush_buffers(device: impl AsFd) -> Result<()> {
    // SAFETY: the request takes no argument and changes no memory of this process.
    unsafe { ioctl(device, NoArg::<FLUSH_BUFFERS>::new()) }
}

/// Stops the medium so that it may be pulled.
pub(super) fn eject(device: impl AsFd) -> Result<()> {
    // SAFETY: the request takes no argument and changes no memory of this process.
    unsafe { ioctl(device, NoArg::<EJECT>::new()) }
}
