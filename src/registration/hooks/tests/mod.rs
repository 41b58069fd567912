//! Promises about hooks, kept on both engines.

mod allocate;
mod listener;
mod notify;
mod programs;
mod tls;
mod validate;
mod world;
