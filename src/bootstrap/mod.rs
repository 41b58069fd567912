//! Remote Bootstrap of LwM2M: what a device is to be told, the procedure that tells it, and what came of it.
//!
//! LwM2M TS Core 1.0 to 1.2, section 6.1 (Bootstrap Interface). No socket and no clock.

mod comparison;
mod configuration;
mod explanation;
mod formats;
mod ground;
mod knowledge;
mod operation;
mod outcome;
mod pack;
mod pattern_client;
mod precheck;
mod request;
mod session;
mod set;
#[cfg(test)]
mod tests;
mod transcript;

pub use configuration::{Configuration, Configurations, Refused, timing};
pub use explanation::{Explained, Explanation, explain};
pub use outcome::{Asking, Consultation, Ending, Failure, Next, Outcome, StepResult, StepTold};
pub use pack::{NoPack, pack};
pub use request::{BootstrapRequest, RequestError};
pub use session::Session;
pub use transcript::{LONGEST_TRANSCRIPT, Replayed, Transcript, TranscriptError, TranscriptHead, replay};
