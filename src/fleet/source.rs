//! Where a secret comes from: secrets stand in a fleet file by reference only.

use std::path::PathBuf;

/// One entry of `secrets:`. Paths are as written, relative to the fleet's folder.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecretSource {
    /// An age file, encrypted to the station's recipient.
    Age(PathBuf),
    /// An environment variable.
    Env(String),
    /// A file, which nobody but its owner may read.
    File(PathBuf),
    /// An open file descriptor.
    Fd(i32),
    /// Asked for on the terminal.
    Prompt,
}
