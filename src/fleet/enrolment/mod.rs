//! Enrolment: who may register by itself, how it proves itself, and what it is told.

pub mod claim;
pub mod filter;
mod policy;
pub mod refusal;
mod role;

pub use filter::{Condition, Field, Filter, FilterError, Matching};
pub use policy::{
    AcceptedModels, Admission, Approval, DeclaredResource, GroupPolicy, HookFailure, HookTarget, Hooks, IssuerKey,
    ProofKind, Rates, Reprovision, Subscription, WebHook, X509Proof,
};
pub use refusal::Refusal;
pub use role::Role;
