//! USB: what is plugged in and where, which of it programs chips, who may open it, and control transfers to it.
//!
//! Everything that is listed comes from sysfs: no device is opened for it (that would wake hubs, 30 ms each), nothing depends
//! on events that do not arrive in a container, and a folder can stand for the machine. Opening is rusb's.

pub mod descriptors;
pub mod handle;
pub mod kind;
pub mod known;
pub mod port;
pub mod programmers;
pub mod udev;
pub mod wait;

pub use handle::{Setup, UsbFault, UsbHandle};
pub use kind::ProgrammerKind;
pub use port::{UsbInterface, UsbPort, usb_ports};
pub use programmers::{Permission, SeenProgrammer, programmers};
pub use wait::wait_for;
