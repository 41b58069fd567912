//! Which devices of the fleet a command is about.

use std::path::PathBuf;

use crate::fleet::EndpointName;

/// Which devices; without any of these on a terminal, the command asks.
#[derive(clap::Args, Debug, Clone, Default)]
pub struct Selection {
    /// Devices, by endpoint name
    #[arg(value_name = "ID", value_parser = endpoint_name, conflicts_with = "all")]
    pub ids: Vec<EndpointName>,
    /// All devices of the inventory
    #[arg(long)]
    pub all: bool,
    /// Read the inventory from PATH instead (`-`: standard input)
    #[arg(long, value_name = "PATH")]
    pub inventory: Option<PathBuf>,
}

/// Reads an endpoint name from the command line.
pub fn endpoint_name(text: &str) -> Result<EndpointName, String> {
    EndpointName::new(text).map_err(|error| error.to_string())
}
