//! The operator's own logic: webhooks and programs that are asked at registration and told of what happened.
//!
//! A hook gets one JSON object and answers with one, the same for a webhook (`POST`, signed) and for a program (standard
//! input and output). No hook is asked while a database transaction is open.

mod answers;
mod bell;
mod breaker;
mod caller;
mod errands;
mod heralds;
mod pause;
#[cfg(test)]
#[cfg(feature = "postgres")]
mod tests;
mod validate;
mod words;

pub use caller::{HookGround, NoHooks};

pub(super) use bell::Ringer;
pub(super) use caller::HookCaller;
pub(super) use errands::{Bag, Errands};
pub(super) use heralds::{Heralds, News};
pub(super) use words::Ask;
