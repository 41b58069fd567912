//! Promises about hooks, kept on both engines.

mod allocate;
mod listener;
mod notify;
mod programs;
mod validate;
mod world;
