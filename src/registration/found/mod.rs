//! Devices that the registry learns of by itself: from lists that are dropped, and by asking on the network.

pub mod asking;
pub mod discovery;
pub mod drop_folder;
