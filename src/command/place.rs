//! Who works here, and on which fleet.

use std::path::{Path, PathBuf};

use crate::fleet::Class;
use crate::ui::Complaint;

use super::Globals;

/// The name of the file that makes a folder a fleet.
pub const FLEET_FILE: &str = "fleet.yaml";

/// Returns who works here: the flag, the environment, the login name, else the user's number.
pub fn operator(globals: &Globals) -> String {
    let login = || ["USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok().filter(|name| !name.is_empty()));
    let named = globals.operator.clone().filter(|name| !name.is_empty()).or_else(login);
    named.unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// Returns the fleet's folder: the one named, else the nearest upward from the working folder that holds a fleet file.
pub fn fleet_folder(globals: &Globals) -> Result<PathBuf, Complaint> {
    if let Some(folder) = &globals.fleet {
        return named_fleet(folder);
    }
    let here = std::env::current_dir()
        .map_err(|error| Complaint::new(Class::Surroundings, format!("the working folder cannot be told: {error}")))?;
    // Paths begin with it in what we say: short is readable.
    let shown = |folder: PathBuf| if folder == here { PathBuf::from(".") } else { folder };
    nearest_fleet(&here).map(shown).ok_or_else(|| {
        Complaint::new(Class::Input, format!("there is no {FLEET_FILE} in \"{}\" nor above it", here.display()))
            .with_hint("name the fleet's folder with --fleet DIR, or make one with: firstlight init my-fleet")
    })
}

fn named_fleet(folder: &Path) -> Result<PathBuf, Complaint> {
    if folder.join(FLEET_FILE).is_file() {
        return Ok(folder.to_owned());
    }
    Err(Complaint::new(Class::Input, format!("there is no {FLEET_FILE} in \"{}\"", folder.display()))
        .with_hint(format!("make a fleet there with: firstlight init {}", folder.display())))
}

fn nearest_fleet(here: &Path) -> Option<PathBuf> {
    here.ancestors().find(|folder| folder.join(FLEET_FILE).is_file()).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_fleet_upward_is_found() {
        let top = tempfile::tempdir().unwrap();
        let deep = top.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(top.path().join("a").join(FLEET_FILE), "").unwrap();
        assert_eq!(nearest_fleet(&deep), Some(top.path().join("a")));
        assert!(named_fleet(&deep).is_err());
        assert_eq!(named_fleet(&top.path().join("a")).unwrap(), top.path().join("a"));
    }
}
