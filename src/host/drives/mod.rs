//! Drives and the verdict whether one may be written, from `/sys/block`, `/proc/self/mountinfo` and `/proc/swaps`.
//!
//! No other program is asked, no root is needed, and a fake root folder does for tests.

pub mod blocks;
pub mod connection;
pub mod drive;
pub mod mounts;
pub mod scan;
pub mod uses;
pub mod verdict;

pub use drive::{Bus, Drive, Partition};
pub use uses::Use;
pub use verdict::{Decision, Reason, ReasonCode, Severity, Verdict};
