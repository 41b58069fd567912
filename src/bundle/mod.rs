//! Template to files to sealed artifact.
//!
//! A [`Template`] is parsed and checked once. [`render()`] makes a device's bundle from its plan, its credentials and the
//! fleet's secrets; the template engine itself never sees a secret. Knows nothing of media, keys' making or the ledger.

mod address;
mod builtin;
mod check;
mod context;
mod encoding;
mod environment;
mod error;
mod folder;
mod objects;
mod placeholder;
mod quoting;
mod render;
mod scaffold;
mod template;

pub use error::RenderError;
pub use folder::{DESCRIPTION, LONGEST_SOURCE, MOST_FILES};
pub use render::{LONGEST_FILE, Rendering, preview, render};
pub use scaffold::{Scaffold, ScaffoldAnswers, ScaffoldError, scaffold, usual_server};
pub use template::Template;
