//! The bootstrap server of `LwM2M`: sockets and threads around conversations and bootstraps.

mod config;
#[cfg(feature = "dtls")]
mod dtls_wire;
mod peer;
mod peers;
#[cfg(test)]
mod peers_tests;
#[cfg(feature = "dtls")]
mod proving;
mod pump;
mod pushed;
mod request;
mod running;
#[cfg(test)]
mod running_tests;
mod sessions;
mod socket;
mod told;
mod transcript;
mod watch;
mod wire;
mod workers;

pub use config::{Lwm2mBounds, Lwm2mConfig};

pub use pushed::Pusher;
pub use running::{Lwm2mGround, Lwm2mServer};
