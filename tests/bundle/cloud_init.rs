//! `cloud-init` and the cloud-init form of `raspberry-pi`, read by cloud-init itself (Debian's package).

use std::fs;
use std::path::Path;

use firstlight::delivery::SealedArtifact;
use serde_json::{Value, json};

use super::cases::cases;
use super::fixture::{KEY, WIFI, fleet_yaml, plan, rendered, rendered_with, template, text};
use super::oracle::{debian_python, run};

/// The data source's own reader on a seed folder, then the network reader on what it found.
const NOCLOUD: &str = "
import json, sys, yaml
from cloudinit import helpers, util
from cloudinit.net import network_state
from cloudinit.sources.DataSourceNoCloud import DataSourceNoCloud
seed, scratch = sys.argv[1:3]
paths = helpers.Paths({'cloud_dir': scratch, 'run_dir': scratch})
source = DataSourceNoCloud({'datasource': {'NoCloud': {'fs_label': None}}}, None, paths)
source.seed_dirs = [seed]
assert source._get_data(), 'not found'
network = source.network_config
interfaces = None
if network:
    state = network_state.parse_net_config_data(network, skip_broken=False)
    interfaces = [(i['name'], i['type'], i['subnets']) for i in state.iter_interfaces()]
print(json.dumps({'meta': source.metadata, 'user': yaml.safe_load(source.get_userdata_raw()),
                  'raw': source.get_userdata_raw().decode(), 'network': network, 'interfaces': interfaces}))
";

fn write_to(folder: &Path, artifact: &SealedArtifact) {
    for file in artifact.files() {
        let path = folder.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        file.bytes.expose(|bytes| fs::write(&path, bytes)).unwrap();
    }
}

fn read_by_nocloud(artifact: &SealedArtifact) -> Value {
    let (seed, scratch) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_to(seed.path(), artifact);
    let seed = format!("{}/", seed.path().display());
    debian_python(NOCLOUD, &[&seed, scratch.path().to_str().unwrap()], b"")
}

fn artifact(name: &str) -> SealedArtifact {
    let case = cases().into_iter().find(|case| case.name == name).unwrap();
    let template = template(case.template, &[]).unwrap();
    rendered(&template, &plan(&template, &case.fleet_yaml, case.devices_csv))
}

fn schema_says(user_data: &str) -> Result<String, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), user_data).unwrap();
    run("cloud-init", &["schema", "--config-file", file.path().to_str().unwrap()], b"")
}

#[test]
fn cloud_init_s_schema_accepts_every_user_data() {
    for name in ["cloud-init", "cloud-init-fixed-address", "cloud-init-first-boot", "raspberry-pi-cloud-init"] {
        let said = schema_says(&text(&artifact(name), "user-data")).unwrap_or_else(|said| panic!("{name}: {said}"));
        assert!(said.contains("Valid cloud-config"), "{name}: {said}");
    }
    let broken = schema_says("#cloud-config\nusers: 5\ntimezone: [a]\n");
    assert!(broken.is_err(), "the oracle accepts anything: {broken:?}");
}

#[test]
fn the_nocloud_reader_finds_every_value() {
    let read = read_by_nocloud(&artifact("cloud-init"));
    assert_eq!(read["meta"]["instance-id"], "gw-0001-3");
    assert_eq!(read["meta"]["local-hostname"], "gw-0001");
    assert!(read["raw"].as_str().unwrap().starts_with("#cloud-config\n"));
    assert_eq!(read["user"]["timezone"], "Europe/Berlin");
    assert_eq!(read["user"]["users"][0]["lock_passwd"], true);
    let points = &read["network"]["wifis"]["wlan0"]["access-points"];
    assert_eq!(points["Café #1"]["password"], WIFI);
    assert!(read["network"].get("network").is_none());
}

#[test]
fn write_files_puts_keys_where_only_root_reads_them() {
    let read = read_by_nocloud(&artifact("cloud-init"));
    let files = read["user"]["write_files"].as_array().unwrap();
    let file = |path: &str| files.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{path}"));
    let key = file("/etc/firstlight/credentials/identity/private-key.pem");
    assert_eq!(key["permissions"], "0600");
    let der = run("openssl", &["pkey", "-outform", "DER"], key["content"].as_str().unwrap().as_bytes());
    assert!(der.is_ok(), "{der:?}");
    assert_eq!(file("/etc/firstlight/credentials/management/key.hex")["permissions"], "0600");
    let chain = file("/etc/firstlight/credentials/identity/certificate.pem")["content"].as_str().unwrap();
    assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 2, "the device's and the station's");
    let servers: Value =
        serde_json::from_str(file("/etc/firstlight/servers.json")["content"].as_str().unwrap()).unwrap();
    assert_eq!(servers["telemetry"]["host"], "mqtt.acme.example");
    assert!(!servers.to_string().contains(&hex::encode(&KEY[30..40])));
}

#[test]
fn files_and_units_of_the_fleet_reach_cloud_init_whole() {
    let read = read_by_nocloud(&artifact("cloud-init-first-boot"));
    let files = read["user"]["write_files"].as_array().unwrap();
    let file = |path: &str| files.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{path}"));
    let settings = file("/etc/gateway/settings.toml");
    assert_eq!((&settings["content"], &settings["permissions"]), (&json!("interval = 60\n"), &json!("0644")));
    let token = file("/home/admin/token");
    assert_eq!((&token["content"], &token["permissions"]), (&json!("abc"), &json!("0600")));
    assert_eq!((&token["owner"], &token["defer"]), (&json!("admin:admin"), &json!(true)), "its owner is made after it");
    let unit = file("/etc/systemd/system/gateway.service")["content"].as_str().unwrap();
    assert!(unit.starts_with("[Service]\n") && unit.ends_with("WantedBy=multi-user.target\n"), "{unit}");
    assert_eq!(read["user"]["runcmd"], json!([["systemctl", "enable", "--now", "--no-block", "gateway.service"]]));
}

#[test]
fn files_and_units_without_what_they_need_are_refused() {
    let template = template("cloud-init", &[]).unwrap();
    for (variables, word) in [
        ("files: {etc/x: a}", "slash"),
        ("files: {/etc/x: {content: a, mode: 600}}", "quotes"),
        ("files: {/etc/x: {mode: \"0600\"}}", "content"),
        ("files: {/etc/x: 5}", "text"),
        ("units: {gateway.service: 5}", "text"),
        ("units: {../../x.service: a}", "name"),
        ("units: {gateway: a}", "name"),
    ] {
        let yaml = fleet_yaml("cloud-init", "", "", &format!("      {variables}"));
        let refused = rendered_with(&template, &plan(&template, &yaml, "id,profile\ngw-1,gateway\n"), WIFI.as_bytes());
        let said = refused.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(word), "{variables}: {said:?}");
    }
}

#[test]
fn a_fixed_address_reaches_cloud_init_s_network_state() {
    let read = read_by_nocloud(&artifact("cloud-init-fixed-address"));
    let wired = &read["network"]["ethernets"]["wired"];
    assert_eq!(wired["addresses"], json!(["192.0.2.7/24"]));
    assert_eq!(wired["routes"][0]["via"], "192.0.2.1");
    let interfaces = read["interfaces"].to_string();
    assert!(interfaces.contains("192.0.2.7") && interfaces.contains("192.0.2.53"), "{interfaces}");
}

#[test]
fn another_bundle_version_has_another_instance_id() {
    let template = template("cloud-init", &[]).unwrap();
    let yaml = fleet_yaml("cloud-init", "", "", "      hostname: \"Gate Way_7!\"");
    let read = read_by_nocloud(&rendered(&template, &plan(&template, &yaml, "id,profile\nGW.7@x,gateway\n")));
    assert_eq!(read["meta"]["instance-id"], "GW.7@x-3");
    assert_eq!(read["meta"]["local-hostname"], "gate-way-7");
    assert_eq!(read["network"], Value::Null);
}

#[test]
fn the_raspberry_pi_s_cloud_init_form_is_read_the_same() {
    let read = read_by_nocloud(&artifact("raspberry-pi-cloud-init"));
    assert_eq!(read["meta"]["instance-id"], "gw-0001-3");
    assert_eq!(read["network"]["wifis"]["wlan0"]["regulatory-domain"], "DE");
    let note = text(&artifact("raspberry-pi-cloud-init"), "FIRSTLIGHT.txt");
    assert!(note.contains("\nds=nocloud;i=gw-0001-3 cfg80211.ieee80211_regdom=DE\n"), "{note}");
}
