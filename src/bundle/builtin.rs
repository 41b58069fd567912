//! The templates that are compiled in.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::Faults;

use super::template::Template;

macro_rules! folder {
    ($name:literal: $($file:literal $(from $folder:literal)?),+ $(,)?) => {
        Builtin { name: $name, files: &[$(($file, source!($name, $file $(, $folder)?))),+] }
    };
}

macro_rules! source {
    ($name:literal, $file:literal) => {
        include_bytes!(concat!("../../templates/", $name, "/", $file))
    };
    ($name:literal, $file:literal, $folder:literal) => {
        include_bytes!(concat!("../../templates/", $folder, "/", $file))
    };
}

struct Builtin {
    name: &'static str,
    files: &'static [(&'static str, &'static [u8])],
}

const BUILTIN: [Builtin; 6] = [
    folder!("cloud-init": "template.yaml", "user-data.j2", "meta-data.j2", "network-config.j2"),
    folder!(
        "linux": "template.yaml", "connection.json.j2", "registration.j2", "registration.json.j2", "registration-ca.pem.j2", "registration.token.j2",
        "ca.pem.j2" from "mqtt", "server.j2" from "mqtt",
    ),
    folder!("lwm2m": "template.yaml"),
    folder!("mqtt": "template.yaml", "ca.pem.j2", "connection.json.j2", "server.j2"),
    folder!("plain": "template.yaml", "device.json.j2", "device.yaml.j2"),
    folder!(
        "raspberry-pi": "template.yaml", "custom.toml.j2", "firstlight.txt.j2", "fleet-root.j2", "rpi-preseed.toml.j2",
        "user-data.j2" from "cloud-init", "meta-data.j2" from "cloud-init", "network-config.j2" from "cloud-init"
    ),
];

const NAMES: [&str; BUILTIN.len()] = {
    let mut names = [""; BUILTIN.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = BUILTIN[index].name;
        index += 1;
    }
    names
};

impl Template {
    /// Returns the names of the templates that are compiled in, sorted.
    pub fn builtin_names() -> &'static [&'static str] {
        &NAMES
    }

    /// Parses a template that is compiled in; `None` if there is none of that name.
    pub fn builtin(name: &str) -> Option<Result<Template, Faults>> {
        let builtin = BUILTIN.iter().find(|builtin| builtin.name == name)?;
        let files: BTreeMap<String, Vec<u8>> =
            builtin.files.iter().map(|(file, bytes)| ((*file).to_owned(), bytes.to_vec())).collect();
        let mut faults = Faults::default();
        let template = Template::from_files(&Arc::from(name), &format!("<built-in>/{name}"), files, &mut faults);
        Some(template.ok_or_else(|| {
            faults.sort();
            faults
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_template_parses_without_fault() {
        for name in Template::builtin_names() {
            if let Some(Err(faults)) = Template::builtin(name) {
                panic!("{faults}");
            }
        }
        assert!(Template::builtin("nothing").is_none());
        assert!(NAMES.is_sorted());
    }
}
