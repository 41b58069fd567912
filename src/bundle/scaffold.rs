//! What `init --template NAME` writes: a fleet that passes `check` and renders at once.

/// What a new fleet is asked for.
pub struct ScaffoldAnswers {
    /// The fleet's name.
    pub fleet: String,
    /// How many example devices.
    pub devices: u32,
    /// Host name of the servers.
    pub server_host: String,
    /// True for a demo authority, made without asking and refused on hardware.
    pub demo: bool,
    /// Organization in the certificates.
    pub organization: String,
}

/// The files of a new fleet.
pub struct Scaffold {
    /// `fleet.yaml`.
    pub fleet_yaml: String,
    /// `devices.csv`.
    pub devices_csv: String,
    /// More files by their path in the fleet's folder.
    pub files: Vec<(String, String)>,
}

/// Returns the fleet for a built-in template; `None` if there is none of that name.
pub fn scaffold(template: &str, answers: &ScaffoldAnswers) -> Option<Scaffold> {
    let _ = (template, answers);
    None
}
