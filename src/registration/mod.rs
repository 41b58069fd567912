//! Registration of devices: proofs, admission, the decision and the answer.

pub mod exchange;
