//! The machine: drives and their safety verdict, block devices, USB ports, atomic files.

pub mod aligned;
pub mod block;
pub mod busy;
pub mod clock_sync;
mod control;
#[cfg(feature = "station")]
pub mod datagram;
pub mod drives;
pub mod error;
pub mod files;
#[cfg(any(feature = "client", feature = "station"))]
pub mod http;
pub mod machine;
#[cfg(feature = "station")]
pub mod notices;
#[cfg(feature = "server")]
pub mod pktinfo;
#[cfg(feature = "station")]
pub mod process;
#[cfg(feature = "station")]
pub mod serial_line;
#[cfg(feature = "station")]
pub mod serial_ports;
pub mod surroundings;
#[cfg(feature = "station")]
pub mod usb;

pub use aligned::AlignedBuffer;
pub use block::BlockDevice;
pub use drives::{Bus, Drive, Verdict};
pub use error::HostError;
pub use machine::Machine;
#[cfg(feature = "station")]
pub use serial_ports::{SerialPort, serial_ports};
#[cfg(feature = "station")]
pub use usb::{UsbPort, usb_ports};
