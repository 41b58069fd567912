//! What `init --template NAME` writes: a fleet that passes `check` and renders at once.

use std::fmt::Write as _;

use crate::fleet::template::Syntax;
use crate::fleet::{Class, Diagnose};

use super::address::Address;
use super::quoting;
use super::template::Template;

/// What a new fleet is asked for.
pub struct ScaffoldAnswers {
    /// The fleet's name.
    pub fleet: String,
    /// How many example devices, 1 to 100,000.
    pub devices: u32,
    /// Addresses of the servers with scheme; an example of the template's own kind where there is none.
    pub servers: Vec<String>,
    /// True for a demo authority, made without asking and refused on hardware.
    pub demo: bool,
    /// Organization in the certificates; the fleet's name where there is none.
    pub organization: Option<String>,
}

/// The files of a new fleet.
#[derive(Debug)]
pub struct Scaffold {
    /// `fleet.yaml`.
    pub fleet_yaml: String,
    /// `devices.csv`.
    pub devices_csv: String,
    /// More files by their path in the fleet's folder.
    pub files: Vec<(String, String)>,
    /// Where a pre-shared key is to be made, in the fleet's folder: encrypted to the station where it ends in `.age`, else
    /// in clear.
    pub key: Option<String>,
    /// The batch key or pre-shared key to which its bundles are sealed.
    pub sealed_to: Option<String>,
}

/// Why no fleet can be made of the answers.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ScaffoldError {
    /// No such template.
    #[error("there is no built-in template {name:?}")]
    Template {
        /// As it was named.
        name: String,
    },
    /// A server of no protocol known.
    #[error("{uri:?} is no address of a server")]
    Server {
        /// As it was given.
        uri: String,
    },
    /// The template is made for another protocol.
    #[error("template {template:?} needs a server with {scheme}://")]
    Protocol {
        /// The template.
        template: String,
        /// The scheme of its protocol.
        scheme: &'static str,
    },
}

impl Diagnose for ScaffoldError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            ScaffoldError::Template { .. } => Some(format!("templates are {}", Template::builtin_names().join(", "))),
            ScaffoldError::Server { .. } => {
                Some("write coaps://HOST:5684, mqtts://HOST:8883 or https://HOST".to_owned())
            }
            ScaffoldError::Protocol { scheme, .. } => Some(format!("add one: {scheme}://HOST")),
        }
    }
}

/// What a built-in template's example fleet looks like.
struct Example {
    profile: &'static str,
    prefix: &'static str,
    server: &'static str,
    /// The protocol without which the template has nothing to write, and its scheme.
    needs: Option<(&'static str, &'static str)>,
    variables: &'static str,
    sealing: Sealing,
}

/// How an example's bundles are protected.
#[derive(Clone, Copy)]
enum Sealing {
    /// Not at all, and why.
    Plain(&'static str),
    /// Signed, and encrypted to a batch key.
    Batch,
    /// The same, the connection proved on the device.
    BatchAndConnect,
    /// Signed, and encrypted with a pre-shared key for COSE.
    Cose,
}

/// The secret with the pre-shared key of [`Sealing::Cose`].
const COSE_KEY: &str = "batch";

/// Returns the fleet for a built-in template.
pub fn scaffold(template: &str, answers: &ScaffoldAnswers) -> Result<Scaffold, ScaffoldError> {
    let example = example(template).ok_or_else(|| ScaffoldError::Template { name: template.to_owned() })?;
    let servers = servers(template, &example, answers)?;
    Ok(Scaffold {
        fleet_yaml: fleet_yaml(template, &example, &servers, answers),
        devices_csv: devices_csv(&example, answers.devices),
        files: Vec::new(),
        key: matches!(example.sealing, Sealing::Cose).then(|| cose_path(answers.demo)),
        sealed_to: match example.sealing {
            Sealing::Plain(_) => None,
            Sealing::Cose => Some(COSE_KEY.to_owned()),
            Sealing::Batch | Sealing::BatchAndConnect => Some(example.profile.to_owned()),
        },
    })
}

/// Returns the address that a built-in template's example server has where none is given.
pub fn usual_server(template: &str) -> Option<&'static str> {
    example(template).map(|example| example.server)
}

fn example(template: &str) -> Option<Example> {
    const TELEMETRY: &str = "mqtts://mqtt.example:8883";
    let gateway = |variables, sealing| Example {
        profile: "gateway",
        prefix: "gw",
        server: TELEMETRY,
        needs: None,
        variables,
        sealing,
    };
    Some(match template {
        "cloud-init" => gateway(
            "timezone: UTC, user: admin, ssh_authorized_keys: []",
            Sealing::Plain("cloud-init reads plain files; the stick goes back into the cabinet"),
        ),
        "raspberry-pi" => gateway(
            "form: cloud-init, timezone: UTC, user: admin, ssh_authorized_keys: []",
            Sealing::Plain("the first boot reads plain files; the card stays in the device"),
        ),
        "mqtt" => Example { needs: Some(("mqtt", "mqtts")), ..gateway("keepalive: 60", Sealing::Batch) },
        "linux" => Example { needs: Some(("mqtt", "mqtts")), ..gateway("restart: []", Sealing::BatchAndConnect) },
        "plain" => gateway("settings: {}", Sealing::Batch),
        "lwm2m" => Example {
            profile: "sensor",
            prefix: "sensor",
            server: "coaps://lwm2m.example:5684",
            needs: Some(("lwm2m", "coaps")),
            variables: "encoding: both",
            sealing: Sealing::Cose,
        },
        _ => return None,
    })
}

struct ServerLine {
    name: String,
    protocol: &'static str,
    security: &'static str,
    fields: String,
}

fn servers(template: &str, example: &Example, answers: &ScaffoldAnswers) -> Result<Vec<ServerLine>, ScaffoldError> {
    let usual = [example.server.to_owned()];
    let uris = if answers.servers.is_empty() { &usual[..] } else { &answers.servers };
    let several = uris.iter().filter(|uri| uri.to_ascii_lowercase().starts_with("coap")).count() > 1;
    let mut lines: Vec<ServerLine> = Vec::new();
    for uri in uris {
        let address = Address::of(uri).ok_or_else(|| ScaffoldError::Server { uri: uri.clone() })?;
        let mut line = server(uri, &address.scheme, several.then_some(101 + lines.len()))?;
        if lines.iter().any(|other| other.name == line.name) {
            line.name = format!("{}-{}", line.name, lines.len() + 1);
        }
        lines.push(line);
    }
    match example.needs {
        Some((protocol, scheme)) if lines.iter().all(|line| line.protocol != protocol) => {
            Err(ScaffoldError::Protocol { template: template.to_owned(), scheme })
        }
        _ => Ok(lines),
    }
}

/// A protected scheme gets the credential that its protocol's clients usually have. LwM2M servers that share a device get
/// rights on its Device object, for without any none of them could do a thing.
fn server(uri: &str, scheme: &str, shared: Option<usize>) -> Result<ServerLine, ScaffoldError> {
    let line = |name: &str, protocol, security| {
        let credential = match security {
            "psk" => ", credential: management",
            "x509" => ", credential: identity",
            _ => "",
        };
        let fields = format!("protocol: {protocol}, uri: {}, security: {security}{credential}", yaml(uri));
        ServerLine { name: name.to_owned(), protocol, security, fields }
    };
    let lwm2m = |security| {
        let mut line = line("management", "lwm2m", security);
        let id = shared.unwrap_or(101);
        let access = if shared.is_some() { ", access: [{object: 3, instance: 0, rights: 5}]" } else { "" };
        let _ = write!(line.fields, ", short_server_id: {id}, lifetime: 1h{access}");
        line
    };
    Ok(match scheme {
        "coaps" | "coaps+tcp" => lwm2m("psk"),
        "coap" | "coap+tcp" => lwm2m("none"),
        "mqtts" | "wss" => line("telemetry", "mqtt", "x509"),
        "mqtt" | "ws" => line("telemetry", "mqtt", "none"),
        "https" => line("service", "https", "x509"),
        _ => return Err(ScaffoldError::Server { uri: uri.to_owned() }),
    })
}

fn fleet_yaml(template: &str, example: &Example, servers: &[ServerLine], answers: &ScaffoldAnswers) -> String {
    let organization = yaml(answers.organization.as_deref().unwrap_or(&answers.fleet));
    let authority = if answers.demo {
        format!("{{demo: true, organization: {organization}}}")
    } else {
        let name: String = format!("{} Device CA", answers.fleet).chars().take(64).collect();
        format!("{{common_name: {}, organization: {organization}, key: p256}}", yaml(&name))
    };
    let mut text = format!("version: 1\nfleet: {}\ninventory: devices.csv\nauthority: {authority}\n", answers.fleet);
    if matches!(example.sealing, Sealing::Cose) {
        let source = if answers.demo { "file" } else { "age" };
        let _ = writeln!(text, "secrets:\n  {COSE_KEY}: {{{source}: {}}}", cose_path(answers.demo));
    }
    text.push_str("servers:\n");
    for server in servers {
        let _ = writeln!(text, "  {}: {{{}}}", server.name, server.fields);
    }
    let _ = writeln!(text, "profiles:\n  {}:\n    credentials:", example.profile);
    let certificate = template != "lwm2m" || servers.iter().any(|server| server.security == "x509");
    if certificate {
        text.push_str("      identity: {kind: x509, key: p256, profile: idevid, valid: forever}\n");
    }
    if servers.iter().any(|server| server.security == "psk") {
        text.push_str("      management: {kind: psk, bytes: 16}\n");
    }
    let mqtt_server = servers.iter().find(|server| server.protocol == "mqtt").map(|server| server.name.as_str());
    let _ = writeln!(text, "    bundles:\n      site: {{template: {template}, {}}}", seal(example, mqtt_server));
    text.push_str("    deliveries:\n      stick: {bundle: site}\n");
    let mut mqtt = servers.iter().filter(|server| server.protocol == "mqtt");
    let named = match (template, mqtt.next(), mqtt.next()) {
        ("mqtt" | "linux", Some(first), Some(_)) => format!(", server: {}", first.name),
        _ => String::new(),
    };
    let _ = writeln!(text, "    variables: {{{}{named}}}", example.variables);
    text
}

/// Returns what the example's bundle says of its protection. A sealed one is for the device with its serial only: every
/// device of the batch could open it.
fn seal(example: &Example, mqtt_server: Option<&str>) -> String {
    let batch = format!("seal: sign+encrypt, recipients: [{{batch: {}}}], match: [serial]", example.profile);
    match (example.sealing, mqtt_server) {
        (Sealing::Plain(reason), _) => format!("seal: none, accept_plaintext: {}", yaml(reason)),
        (Sealing::BatchAndConnect, Some(server)) => format!("{batch}, connect: {{server: {server}, within: 30s}}"),
        (Sealing::Batch | Sealing::BatchAndConnect, _) => batch,
        (Sealing::Cose, _) => {
            format!("seal: sign+encrypt, recipients: [{{cose_key: {COSE_KEY}}}], match: [serial]")
        }
    }
}

/// Where the pre-shared key lies: encrypted to the station; of a demo, which has none yet, in clear and never committed.
fn cose_path(demo: bool) -> String {
    format!("secrets/{COSE_KEY}.{}", if demo { "key" } else { "age" })
}

fn devices_csv(example: &Example, devices: u32) -> String {
    let mut text = String::from("id,serial,profile\n");
    for index in 1..=devices {
        let _ = writeln!(text, "{}-{index:04},SN{index:06},{}", example.prefix, example.profile);
    }
    text
}

fn yaml(text: &str) -> String {
    let mut out = String::new();
    quoting::scalar(Syntax::Yaml, text, &mut |piece| out.push_str(piece)).expect("YAML can hold any text");
    out
}
