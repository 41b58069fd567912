//! The one transaction of a registration: allow list, token, nonce, device, credential, model instance, resources and audit
//! row together, or only an audit row.

mod apply;
mod asked;
mod assign;
mod bundles;
mod decide;
mod queue;
mod rehearse;
mod snapshot;
mod standing;
#[cfg(test)]
#[cfg(feature = "postgres")]
pub(in crate::registry) mod tests;
mod visit;

pub use asked::{
    Asked, Decision, Facts, NewCredential, NewInstance, NewResource, Nonce, Proof, SuppliedModel, Validated,
};
pub(in crate::registry) use assign::finish;
pub use bundles::{BundleResult, BundleVisit};
pub use queue::Registrar;
pub use rehearse::Foretold;
pub use visit::{Policy, Registered, Report, Visit, Visited};
