//! What `init --template NAME` writes: a fleet that passes `check` and renders at once.

use std::fmt::Write as _;

use crate::fleet::template::Syntax;

use super::address::Address;
use super::factory_scaffold::{CHIP_FLEETS, ChipFleet, Gaps};
use super::quoting;
use super::registration_scaffold::{RegistrationPlace, SERVER as REGISTRATION};
use super::scaffold_error::ScaffoldError;

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
    /// Where the devices register by themselves, `https://HOST[:PORT]`; nowhere where there is none.
    pub registration: Option<String>,
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

/// Returns the fleets of chips that can be made, sorted by name, each with what reads the flash. They use no template.
pub fn chip_fleets() -> impl Iterator<Item = (&'static str, &'static str)> {
    CHIP_FLEETS.iter().map(|fleet| (fleet.name, fleet.consumer))
}

/// Returns the fleet for a built-in template, or one of [`chip_fleets`].
pub fn scaffold(template: &str, answers: &ScaffoldAnswers) -> Result<Scaffold, ScaffoldError> {
    let registration = answers.registration.as_deref().map(|uri| RegistrationPlace::of(template, uri)).transpose()?;
    if let Some(fleet) = ChipFleet::named(template) {
        return chips(fleet, answers);
    }
    let example = example(template).ok_or_else(|| ScaffoldError::Template { name: template.to_owned() })?;
    let servers = servers(example.server, answers)?;
    if let Some((protocol, scheme)) = example.needs
        && servers.iter().all(|line| line.protocol != protocol)
    {
        return Err(ScaffoldError::Protocol { template: template.to_owned(), scheme });
    }
    Ok(Scaffold {
        fleet_yaml: fleet_yaml(template, &example, &servers, registration.as_ref(), answers),
        devices_csv: devices_csv(example.prefix, example.profile, true, answers.devices),
        files: Vec::new(),
        key: matches!(example.sealing, Sealing::Cose).then(|| cose_path(answers.demo)),
        sealed_to: match example.sealing {
            Sealing::Plain(_) => None,
            Sealing::Cose => Some(COSE_KEY.to_owned()),
            Sealing::Batch | Sealing::BatchAndConnect => Some(example.profile.to_owned()),
        },
    })
}

fn chips(fleet: &ChipFleet, answers: &ScaffoldAnswers) -> Result<Scaffold, ScaffoldError> {
    let lines = servers(fleet.server, answers)?;
    let (security, scheme) = fleet.needs;
    let first = lines.iter().find(|line| line.security == security);
    let first = first.ok_or_else(|| ScaffoldError::Protocol { template: fleet.name.to_owned(), scheme })?;
    let certificate = lines.iter().any(|line| line.security == "x509");
    let gaps = Gaps {
        fleet: &answers.fleet,
        authority: &authority(answers),
        servers: &server_lines(&lines),
        credentials: &[if certificate { IDENTITY } else { "" }, "      management: {kind: psk, bytes: 32}\n"].concat(),
        server: &first.name,
        names: &lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>(),
    };
    Ok(Scaffold {
        fleet_yaml: fleet.fleet_yaml(&gaps),
        devices_csv: devices_csv("sensor", "sensor", fleet.serials, answers.devices),
        files: fleet.files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect(),
        key: None,
        sealed_to: None,
    })
}

/// Returns the address that the example server has where none is given.
pub fn usual_server(template: &str) -> Option<&'static str> {
    let chips = ChipFleet::named(template).map(|fleet| fleet.server);
    chips.or_else(|| example(template).map(|example| example.server))
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

/// The credential of servers that take a certificate.
const IDENTITY: &str = "      identity: {kind: x509, key: p256, profile: idevid, valid: forever}\n";

fn servers(usual: &str, answers: &ScaffoldAnswers) -> Result<Vec<ServerLine>, ScaffoldError> {
    let usual = [usual.to_owned()];
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
    Ok(lines)
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

fn fleet_yaml(
    template: &str,
    example: &Example,
    servers: &[ServerLine],
    registration: Option<&RegistrationPlace>,
    answers: &ScaffoldAnswers,
) -> String {
    let authority = authority(answers);
    let mut text = format!("version: 1\nfleet: {}\ninventory: devices.csv\nauthority: {authority}\n", answers.fleet);
    if matches!(example.sealing, Sealing::Cose) {
        let source = if answers.demo { "file" } else { "age" };
        let _ = writeln!(text, "secrets:\n  {COSE_KEY}: {{{source}: {}}}", cose_path(answers.demo));
    }
    let _ = write!(text, "servers:\n{}", server_lines(servers));
    if let Some(place) = registration {
        let _ = writeln!(text, "  {REGISTRATION}: {{{}}}", place.server_fields(yaml));
        text.push_str(&place.sections(example.profile, yaml));
    }
    let _ = writeln!(text, "profiles:\n  {}:\n    credentials:", example.profile);
    let certificate = template != "lwm2m" || servers.iter().any(|server| server.security == "x509");
    if certificate {
        text.push_str(IDENTITY);
    }
    if servers.iter().any(|server| server.security == "psk") {
        text.push_str("      management: {kind: psk, bytes: 16}\n");
    }
    // A device proves its connection where it will register at once; else at its MQTT server.
    let proves = servers.iter().find(|server| server.protocol == "mqtt").map(|server| server.name.as_str());
    let proves = registration.map(|_| REGISTRATION).or(proves);
    let _ = writeln!(text, "    bundles:\n      site: {{template: {template}, {}}}", seal(example, proves));
    text.push_str("    deliveries:\n      stick: {bundle: site}\n");
    let mut mqtt = servers.iter().filter(|server| server.protocol == "mqtt");
    let named = match (template, mqtt.next(), mqtt.next()) {
        ("mqtt" | "linux", Some(first), Some(_)) => format!(", server: {}", first.name),
        _ => String::new(),
    };
    let _ = writeln!(text, "    variables: {{{}{named}}}", example.variables);
    text
}

fn authority(answers: &ScaffoldAnswers) -> String {
    let organization = yaml(answers.organization.as_deref().unwrap_or(&answers.fleet));
    if answers.demo {
        return format!("{{demo: true, organization: {organization}}}");
    }
    let name: String = format!("{} Device CA", answers.fleet).chars().take(64).collect();
    format!("{{common_name: {}, organization: {organization}, key: p256}}", yaml(&name))
}

fn server_lines(servers: &[ServerLine]) -> String {
    let lines: Vec<String> =
        servers.iter().map(|server| format!("  {}: {{{}}}\n", server.name, server.fields)).collect();
    lines.concat()
}

/// Returns what the example's bundle says of its protection. A sealed one is for the device with its serial only: every
/// device of the batch could open it.
fn seal(example: &Example, proves: Option<&str>) -> String {
    let batch = format!("seal: sign+encrypt, recipients: [{{batch: {}}}], match: [serial]", example.profile);
    match (example.sealing, proves) {
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

fn devices_csv(prefix: &str, profile: &str, serials: bool, devices: u32) -> String {
    let mut text = String::from(if serials { "id,serial,profile\n" } else { "id,profile\n" });
    for index in 1..=devices {
        let serial = if serials { format!("SN{index:06},") } else { String::new() };
        let _ = writeln!(text, "{prefix}-{index:04},{serial}{profile}");
    }
    text
}

fn yaml(text: &str) -> String {
    let mut out = String::new();
    quoting::scalar(Syntax::Yaml, text, &mut |piece| out.push_str(piece)).expect("YAML can hold any text");
    out
}
