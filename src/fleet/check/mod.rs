//! The whole fleet: fleet file, inventory and templates brought together, checked against each other, and planned from.
//!
//! [`Fleet::assemble`] finds every fault in one run; a fleet without faults gives a plan for each of its devices.

mod addressee;
mod assemble;
mod bootstrap;
mod coverage;
mod devices;
mod enrolment;
mod factory;
mod fleet;
mod medium;
mod plaintext;
mod planning;
mod profile;
mod profiles;
mod sealing;
mod servers;
mod unknown;
mod variables;

pub use fleet::Fleet;
pub use planning::PlanError;
pub use profile::Templates;

#[cfg(test)]
mod tests;
