//! Every template's rendering from fixed inputs, byte for byte. `UPDATE_GOLDEN=1 cargo test --test bundle golden` renews the
//! files; the change is then read in the diff.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use firstlight::bundle::{Template, preview};
use firstlight::delivery::{MANIFEST_NAME, SealedArtifact};

use super::cases::cases;
use super::fixture::{PSK, WIFI, plan, rendered, template};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name)
}

fn files(artifact: &SealedArtifact) -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<String, Vec<u8>> =
        artifact.files().iter().map(|file| (file.path.clone(), file.bytes.expose(<[u8]>::to_vec))).collect();
    files.insert(MANIFEST_NAME.into(), artifact.manifest().to_json());
    files
}

fn read(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn every_template_renders_its_golden_files() {
    let mut different = Vec::new();
    for case in cases() {
        let template = template(case.template, &[]).unwrap();
        let made = files(&rendered(&template, &plan(&template, &case.fleet_yaml, case.devices_csv)));
        let folder = folder(case.name);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let _ = fs::remove_dir_all(&folder);
            for (name, bytes) in &made {
                let path = folder.join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        let golden = read(&folder);
        let names = made.keys().chain(golden.keys()).filter(|name| made.get(*name) != golden.get(*name));
        different.extend(names.map(|name| format!("{}/{name}", case.name)));
    }
    different.dedup();
    assert!(different.is_empty(), "not as in tests/golden: {different:#?}\nif that is meant: UPDATE_GOLDEN=1");
}

#[test]
fn every_builtin_template_has_a_golden_rendering() {
    for name in Template::builtin_names() {
        assert!(cases().iter().any(|case| case.template == *name), "{name}");
    }
}

#[test]
fn every_text_file_has_unix_line_ends_and_ends_in_one() {
    for case in cases() {
        let template = template(case.template, &[]).unwrap();
        for (name, bytes) in files(&rendered(&template, &plan(&template, &case.fleet_yaml, case.devices_csv))) {
            let binary = [".cbor", ".tlv"].iter().any(|end| name.ends_with(end));
            assert!(binary || (!bytes.contains(&b'\r') && bytes.ends_with(b"\n")), "{}/{name}", case.name);
        }
    }
}

#[test]
fn a_preview_shows_the_same_files_and_no_secret() {
    for case in cases() {
        let template = template(case.template, &[]).unwrap();
        let plan = plan(&template, &case.fleet_yaml, case.devices_csv);
        let shown = preview(&template, &plan).unwrap();
        let artifact = rendered(&template, &plan);
        let mut names: Vec<&str> = shown.iter().map(|(path, _)| path.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, artifact.files().iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), "{}", case.name);
        let secrets = template.secrets_in_clear(&plan);
        for (path, text) in &shown {
            assert!(!text.contains("BEGIN PRIVATE KEY") && !text.contains(&hex::encode(PSK)), "{}/{path}", case.name);
            assert!(!text.contains("$(id)"), "{}/{path} shows {WIFI:?}", case.name);
            let is_told = secrets.iter().any(|line| line.starts_with(&format!("{path}: ")));
            assert_eq!(text.contains("<secret "), is_told, "{}/{path} {secrets:?}", case.name);
        }
    }
}

#[test]
fn what_lies_in_clear_is_named_by_file_and_secret() {
    let clear = |name: &str| {
        let case = cases().into_iter().find(|case| case.name == name).unwrap();
        let template = template(case.template, &[]).unwrap();
        template.secrets_in_clear(&plan(&template, &case.fleet_yaml, case.devices_csv))
    };
    assert_eq!(
        clear("cloud-init"),
        [
            "user-data: private key of credential identity",
            "user-data: key of credential management",
            "network-config: variable wifi_password",
        ]
    );
    assert_eq!(
        clear("mqtt"),
        ["connection.json: variable password", "private-key.pem: private key of credential identity"]
    );
    assert_eq!(
        clear("lwm2m-psk"),
        ["bootstrap.cbor: key of credential management", "security.tlv: key of credential management"]
    );
    assert!(clear("lwm2m-nosec").is_empty());
}
