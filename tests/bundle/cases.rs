//! One case for each golden rendering: a built-in template and a fleet for it.

use super::fixture::{DEVICES, IDENTITY, TELEMETRY, fleet_yaml};

pub struct Case {
    /// Name of the folder with the golden files.
    pub name: &'static str,
    pub template: &'static str,
    pub fleet_yaml: String,
    pub devices_csv: &'static str,
}

const SSH: &str =
    "      ssh_authorized_keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExampleExample tech@acme.example\"]";
const PSK: &str = "      management: {kind: psk, bytes: 16}";
const LWM2M: &str = "  management: {protocol: lwm2m, uri: \"coaps://lwm2m.acme.example:5684\", short_server_id: 101, lifetime: 1h, security: psk, credential: management}";
/// Files and units of the fleet's own.
const OWN_FILES: &str = "      files:
        /etc/gateway/settings.toml: \"interval = 60\\n\"
        /home/admin/token: {content: abc, mode: \"0600\", owner: \"admin:admin\"}
      units:
        gateway.service: |
          [Service]
          Type=oneshot
          ExecStart=/usr/bin/touch /var/lib/gateway
          [Install]
          WantedBy=multi-user.target";

fn case(name: &'static str, template: &'static str, servers: &str, credentials: &str, variables: &str) -> Case {
    let fleet_yaml = fleet_yaml(template, servers, credentials, variables);
    Case { name, template, fleet_yaml, devices_csv: DEVICES }
}

/// Returns all cases.
pub fn cases() -> Vec<Case> {
    let both = format!("{TELEMETRY}\n{LWM2M}");
    let credentials = format!("{IDENTITY}\n{PSK}");
    let wifi = format!(
        "      timezone: Europe/Berlin\n      wifi_ssid: \"Café #1\"\n      wifi_country: DE\n      wifi_password: {{secret: wifi}}\n{SSH}"
    );
    let fixed =
        "      address: 192.0.2.7/24\n      gateway: 192.0.2.1\n      nameservers: [192.0.2.53]\n      packages: [jq]";
    let pi =
        |form: &str| format!("      form: {form}\n      keymap: de\n      user_password: {{secret: wifi}}\n{wifi}");
    vec![
        case("cloud-init", "cloud-init", &both, &credentials, &wifi),
        case("cloud-init-token", "cloud-init", "", "      enrolment: {kind: token, valid: 7d}", ""),
        case("cloud-init-fixed-address", "cloud-init", TELEMETRY, IDENTITY, fixed),
        case("cloud-init-first-boot", "cloud-init", "", PSK, OWN_FILES),
        case("raspberry-pi-cloud-init", "raspberry-pi", TELEMETRY, IDENTITY, &pi("cloud-init")),
        case("raspberry-pi-custom-toml", "raspberry-pi", TELEMETRY, IDENTITY, &pi("custom.toml")),
        case("raspberry-pi-preseed", "raspberry-pi", TELEMETRY, IDENTITY, &(pi("rpi-preseed.toml") + "\n" + fixed)),
        case(
            "mqtt",
            "mqtt",
            TELEMETRY,
            IDENTITY,
            "      username: gw\n      password: {secret: wifi}\n      keepalive: 30",
        ),
        case(
            "linux",
            "linux",
            TELEMETRY,
            IDENTITY,
            "      restart: [acme-agent.service, mosquitto]\n      owner: acme:acme",
        ),
        case(
            "linux-registration",
            "linux",
            &registration(),
            IDENTITY,
            "      group: line-a\n      firmware_file: /etc/version\n      attributes: {site: north}",
        ),
        case(
            "plain",
            "plain",
            &both,
            &credentials,
            "      settings: {interval: 60, ratio: 1.5, tags: [a, \"no\"], note: \"0755\"}",
        ),
        case("lwm2m-psk", "lwm2m", LWM2M, PSK, "      encoding: both"),
        case("lwm2m-bootstrap", "lwm2m", &bootstrap_server(), PSK, "      encoding: both"),
        case("lwm2m-three-servers", "lwm2m", &three_servers(), &three_credentials(), "      encoding: both"),
        case(
            "lwm2m-nosec",
            "lwm2m",
            "  open: {protocol: lwm2m, uri: \"coap://lwm2m.acme.example\", short_server_id: 1, security: none}",
            "",
            "      encoding: both",
        ),
    ]
}

/// Where the device says that it is there, by its own certificate.
fn registration() -> String {
    let server = "  fleet: {protocol: https, role: registration, uri: \"https://register.acme.example:8443\", security: x509, credential: identity}";
    format!("{TELEMETRY}\n{server}")
}

fn bootstrap_server() -> String {
    "  boot: {protocol: lwm2m, role: bootstrap, uri: \"coaps://boot.acme.example\", security: psk, credential: management}".into()
}

/// A bootstrap server and three management servers: X.509 with the fleet's root, X.509 with the server's own certificate,
/// and a raw public key.
fn three_servers() -> String {
    let lines = [
        "  boot: {protocol: lwm2m, role: bootstrap, uri: \"coaps://boot.acme.example:5684\", security: psk, credential: management}",
        "  main: {protocol: lwm2m, uri: \"coaps://a.acme.example\", short_server_id: 102, security: x509, credential: identity, access: [{object: 3, instance: 0, rights: 15}, {object: 5, instance: 65535, rights: 16}]}",
        "  pinned: {protocol: lwm2m, uri: \"coaps://b.acme.example\", short_server_id: 101, lifetime: 2h, binding: UQ, security: x509, credential: identity, trust: certs/server.pem, access: [{object: 3, instance: 0, rights: 1}]}",
        "  raw: {protocol: lwm2m, uri: \"coaps://c.acme.example\", short_server_id: 300, security: rpk, credential: raw, server_public_key: certs/server-public.pem}",
    ];
    lines.join("\n")
}

fn three_credentials() -> String {
    format!("{IDENTITY}\n{PSK}\n      raw: {{kind: rpk, key: p256}}")
}
