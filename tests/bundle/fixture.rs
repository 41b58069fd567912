//! Fixed inputs: one fleet, fixed keys and certificates, a fixed time.

use std::collections::BTreeMap;
use std::sync::Arc;

use firstlight::bundle::{RenderError, Rendering, Template, render};
use firstlight::delivery::{Credential, PublicCredential, PublicKind, SealedArtifact};
use firstlight::fleet::{
    CredentialKind, DevicePlan, Digest, EndpointName, Faults, Fleet, FleetFile, Inventory, InventoryForm, Secret,
};
use time::macros::datetime;

pub const ROOT: &[u8] = include_bytes!("../golden/fixture/root.der");
const STATION: &[u8] = include_bytes!("../golden/fixture/station.der");
const DEVICE: &[u8] = include_bytes!("../golden/fixture/device.der");
pub const KEY: &[u8] = include_bytes!("../golden/fixture/device-key.der");
const PUBLIC: &[u8] = include_bytes!("../golden/fixture/device-public.der");
const SERVER: &str = include_str!("../golden/fixture/server.pem");
const SERVER_PUBLIC: &str = include_str!("../golden/fixture/server-public.pem");

/// The pre-shared key of every test.
pub const PSK: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 0xfe, 0xff];
/// What every secret variable is, unless a test says otherwise: hard to quote.
pub const WIFI: &str = "pa\"ss 'wörd\\ #: {{ 7 * 7 }} $(id)";

/// A template of the user's own: its files by name.
pub type Files<'a> = &'a [(&'a str, &'a str)];

/// Returns the template, a built-in one or the one that `files` make.
pub fn template(name: &str, files: Files<'_>) -> Result<Template, String> {
    if files.is_empty() {
        return Template::builtin(name).expect("a built-in template").map_err(|faults| faults.to_string());
    }
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    let mut faults = Faults::default();
    Template::from_files(&Arc::from(name), &format!("templates/{name}"), files, &mut faults)
        .ok_or_else(|| faults.to_string())
}

/// Plans the first device of a fleet.
pub fn plan(template: &Template, fleet_yaml: &str, devices_csv: &str) -> DevicePlan {
    let fleet = fleet(template, fleet_yaml, devices_csv).unwrap_or_else(|faults| panic!("{faults}\n{fleet_yaml}"));
    let first: EndpointName = fleet.devices().next().expect("a device").clone();
    fleet.plan(&first, None).expect("a plan")
}

/// Checks a whole fleet as `check` does.
pub fn fleet(template: &Template, fleet_yaml: &str, devices_csv: &str) -> Result<Fleet, Faults> {
    let mut faults = Faults::default();
    let mut file = FleetFile::parse(&Arc::from("fleet.yaml"), fleet_yaml, &mut faults).ok_or_else(|| faults.clone())?;
    file.read_pem_files(&mut |path, _| {
        Some(Arc::from(if path.value.contains("public") { SERVER_PUBLIC } else { SERVER }))
    });
    let form = InventoryForm::of("devices.csv", devices_csv);
    let inventory = Inventory::parse(&Arc::from("devices.csv"), form, devices_csv, &mut faults);
    let shape = template.shape();
    let templates = BTreeMap::from([(Arc::clone(&shape.name), (shape.clone(), template.digest()))]);
    let fleet = Fleet::assemble(file, inventory, &templates, &mut faults);
    faults.or_value(fleet)
}

const TOKEN: &[u8] = b"dG9rZW4tb2YtYS10ZXN0LW5ldmVyLWdpdmVuLW91dA";

/// Issues every credential of a plan, always the same.
pub fn issue(plan: &DevicePlan) -> Vec<Credential> {
    plan.credentials.iter().map(|(name, shape)| credential(name, &shape.kind, plan)).collect()
}

fn credential(name: &Arc<str>, kind: &CredentialKind, plan: &DevicePlan) -> Credential {
    let (kind, private) = match kind {
        CredentialKind::X509 { .. } => (
            PublicKind::X509 {
                certificate: DEVICE.to_vec(),
                issuers: vec![STATION.to_vec(), ROOT.to_vec()],
                serial: "1234567890abcdef".into(),
                key_fingerprint: Digest::of(PUBLIC),
            },
            KEY.to_vec(),
        ),
        CredentialKind::Psk { .. } => (PublicKind::Psk { identity: plan.device.to_string() }, PSK.to_vec()),
        CredentialKind::RawPublicKey { .. } => (
            PublicKind::RawPublicKey { public_key: PUBLIC.to_vec(), key_fingerprint: Digest::of(PUBLIC) },
            KEY.to_vec(),
        ),
        CredentialKind::Token { .. } => {
            (PublicKind::Token { sha256: Digest::of(TOKEN), not_after: "2026-01-09T03:04:05Z".into() }, TOKEN.to_vec())
        }
    };
    let public = PublicCredential { name: Arc::clone(name), generation: 1, kind, demo: true };
    Credential { public, private: Secret::new(private) }
}

/// Renders a plan with the fixed credentials; every secret is `secret`.
pub fn rendered_with(template: &Template, plan: &DevicePlan, secret: &[u8]) -> Result<SealedArtifact, RenderError> {
    let credentials = issue(plan);
    let secrets = BTreeMap::from([(Arc::from("wifi"), Secret::new(secret.to_vec()))]);
    render(
        template,
        &Rendering {
            plan,
            version: 3,
            created: datetime!(2026-01-02 03:04:05.678 UTC),
            credentials: &credentials,
            secrets: &secrets,
            root: ROOT,
            demo: true,
            chip: None,
        },
    )
}

/// Renders a plan with the fixed credentials and [`WIFI`].
pub fn rendered(template: &Template, plan: &DevicePlan) -> SealedArtifact {
    rendered_with(template, plan, WIFI.as_bytes()).unwrap_or_else(|error| panic!("{error}"))
}

/// Returns a file's bytes.
pub fn bytes(artifact: &SealedArtifact, path: &str) -> Vec<u8> {
    let file = artifact.files().iter().find(|file| file.path == path);
    file.unwrap_or_else(|| panic!("no file {path:?}")).bytes.expose(<[u8]>::to_vec)
}

/// Returns a file's text.
pub fn text(artifact: &SealedArtifact, path: &str) -> String {
    String::from_utf8(bytes(artifact, path)).expect("text")
}

/// A fleet file for `template`: its servers, credentials and variables as YAML flow mappings' insides.
pub fn fleet_yaml(template: &str, servers: &str, credentials: &str, variables: &str) -> String {
    format!(
        "version: 1
fleet: acme-gateways
inventory: devices.csv
authority: {{demo: true}}
secrets:
  wifi: {{env: WIFI}}
servers:
{servers}
profiles:
  gateway:
    credentials:
{credentials}
    bundles:
      site: {{template: {template}, seal: none, accept_plaintext: \"a test\"}}
    deliveries:
      stick: {{bundle: site}}
    variables:
{variables}
"
    )
}

pub const DEVICES: &str = "id,serial,model,profile\ngw-0001,SN000001,GW-2,gateway\n";
pub const TELEMETRY: &str =
    "  telemetry: {protocol: mqtt, uri: \"mqtts://mqtt.acme.example:8883\", security: x509, credential: identity}";
pub const IDENTITY: &str = "      identity: {kind: x509, key: p256, profile: idevid, valid: forever}";
