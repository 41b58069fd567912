//! What the device's reader is told to do: destinations, owners, actions, and the connection that proves the bundle good.

use crate::delivery::artifact::path_is_safe;
use crate::delivery::{Action, Connect, ConnectProtocol};
use crate::fleet::template::FileSource;
use crate::fleet::{ConnectPlan, DevicePlan, Secret, Security, Server, TemplateAction, TemplateFile, Variable};

use super::address::Address;
use super::error::RenderError;

/// The longest host name, in bytes (RFC 1123, section 2.1).
const LONGEST_HOSTNAME: usize = 253;

/// A file that was made, as far as the orders are concerned.
pub(super) struct Placed<'a> {
    pub(super) file: &'a TemplateFile,
    pub(super) bytes: &'a Secret,
}

/// Checks where a file goes: an absolute path of plain names.
pub(super) fn destination(path: &str, rendered: String) -> Result<String, RenderError> {
    match rendered.strip_prefix('/') {
        Some(rest) if path_is_safe(rest) => Ok(rendered),
        _ => {
            let reason = format!("its destination {rendered:?} is no absolute path of plain names");
            Err(RenderError::File { path: path.to_owned(), reason })
        }
    }
}

/// Checks whose a file is: `user` or `user:group`.
pub(super) fn owner(path: &str, rendered: String) -> Result<String, RenderError> {
    let (user, group) = rendered.split_once(':').unwrap_or((&rendered, "root"));
    if is_account(user) && is_account(group) {
        return Ok(rendered);
    }
    let reason = format!("its owner {rendered:?} is neither USER nor USER:GROUP");
    Err(RenderError::File { path: path.to_owned(), reason })
}

/// Names of users and groups as Debian's adduser takes them.
fn is_account(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
}

/// Makes an action of its rendered text; `None` where nothing is left of it.
pub(super) fn action(
    wanted: &TemplateAction,
    rendered: &str,
    files: &[Placed<'_>],
) -> Result<Option<Action>, RenderError> {
    let text = rendered.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let fault = |what: &'static str, reason: &str| RenderError::Order { what, reason: format!("{text:?} {reason}") };
    Ok(Some(match wanted {
        TemplateAction::Hostname(_) if is_hostname(text) => Action::Hostname(text.to_owned()),
        TemplateAction::Hostname(_) => return Err(fault("hostname", "is no host name")),
        TemplateAction::NetworkConnection(_) if files.iter().any(|made| made.file.path == text) => {
            Action::NetworkConnection(text.to_owned())
        }
        TemplateAction::NetworkConnection(_) => return Err(fault("network_connection", "is no file of the bundle")),
        TemplateAction::Restart(_) if text.split_whitespace().all(is_unit) => {
            Action::Restart(text.split_whitespace().map(str::to_owned).collect())
        }
        TemplateAction::Restart(_) => return Err(fault("restart", "holds what is no unit")),
        TemplateAction::Hook(_) if is_unit(text) => Action::Hook(text.to_owned()),
        TemplateAction::Hook(_) => return Err(fault("hook", "is no name of a hook")),
    }))
}

fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    text.len() <= LONGEST_HOSTNAME && text.split('.').all(is_label)
}

/// Names of units (systemd.unit(5)) and services; none begins as an option does.
fn is_unit(text: &str) -> bool {
    (1..=255).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || ":_.@-\\".contains(c))
}

/// Returns the connection to prove, its files found among those made; `trusted` are the server's trusted certificates as a
/// file holds them.
pub(super) fn connect(
    plan: &DevicePlan,
    wanted: &ConnectPlan,
    trusted: &Secret,
    files: &[Placed<'_>],
) -> Result<Connect, RenderError> {
    let fault = |reason: String| RenderError::Server { server: wanted.server.clone(), reason };
    let server = plan.servers.get(&wanted.server).ok_or_else(|| fault("is none of the profile's servers".into()))?;
    let address = Address::of(&server.uri).ok_or_else(|| fault(format!("{:?} is no address", server.uri)))?;
    let port = address.port.ok_or_else(|| fault(format!("{:?} names no port", server.uri)))?;
    let protocol = protocol(&address.scheme)
        .ok_or_else(|| fault(format!("a connection by {}:// cannot be proved", address.scheme)))?;
    let mut connect = Connect {
        protocol,
        host: address.host,
        port,
        within: wanted.within,
        trust: None,
        certificate: None,
        private_key: None,
        client_id: None,
    };
    if matches!(protocol, ConnectProtocol::Mqtt | ConnectProtocol::Mqtts) {
        connect.client_id = Some(client_id(plan));
    }
    if matches!(protocol, ConnectProtocol::Tls | ConnectProtocol::Mqtts) {
        let trust = trust(&wanted.server, trusted, files);
        connect.trust = Some(trust.ok_or_else(|| lacks(wanted, "no file with the certificates trusted there"))?);
        identify(&mut connect, wanted, server, files)?;
    }
    Ok(connect)
}

fn protocol(scheme: &str) -> Option<ConnectProtocol> {
    Some(match scheme {
        "mqtt" => ConnectProtocol::Mqtt,
        "mqtts" | "ssl" => ConnectProtocol::Mqtts,
        "https" | "wss" | "coaps+tcp" => ConnectProtocol::Tls,
        "http" | "ws" | "coap+tcp" => ConnectProtocol::Tcp,
        _ => return None,
    })
}

fn client_id(plan: &DevicePlan) -> String {
    let given = plan.variables.get("client_id").and_then(|variable| match variable {
        Variable::Plain(value) | Variable::Pii(value) => value.as_str().filter(|text| !text.is_empty()),
        Variable::Secret(_) => None,
    });
    given.unwrap_or(plan.device.as_str()).to_owned()
}

/// The file that the template calls so; else one that holds nothing but these certificates.
fn trust(server: &str, trusted: &Secret, files: &[Placed<'_>]) -> Option<String> {
    let named = |made: &&Placed<'_>| matches!(&made.file.source, FileSource::Trust { server: of } if of == server);
    let same = |made: &&Placed<'_>| {
        made.bytes.expose(|bytes| trusted.expose(|trusted| bytes.trim_ascii_end() == trusted.trim_ascii_end()))
    };
    files.iter().find(named).or_else(|| files.iter().find(same)).map(|made| made.file.path.clone())
}

fn identify(
    connect: &mut Connect,
    wanted: &ConnectPlan,
    server: &Server,
    files: &[Placed<'_>],
) -> Result<(), RenderError> {
    if server.security != Security::X509 {
        return Ok(());
    }
    let name = server.credential.as_deref().ok_or_else(|| lacks(wanted, "no credential for that server"))?;
    let part = |part: &str| {
        let part = format!("{name}.{part}");
        let is_part = |made: &&Placed<'_>| matches!(&made.file.source, FileSource::Credential { part: of, encoding } if *of == part && encoding == "pem");
        files.iter().find(is_part).map(|made| made.file.path.clone())
    };
    let certificate = part("chain").or_else(|| part("certificate"));
    connect.certificate =
        Some(certificate.ok_or_else(|| lacks(wanted, &format!("no PEM file with the certificate of {name:?}")))?);
    connect.private_key = Some(
        part("private_key").ok_or_else(|| lacks(wanted, &format!("no PEM file with the private key of {name:?}")))?,
    );
    Ok(())
}

fn lacks(wanted: &ConnectPlan, what: &str) -> RenderError {
    let reason = format!("cannot be proved by `connect`: the template makes {what}");
    RenderError::Server { server: wanted.server.clone(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_that_no_device_would_follow_are_refused() {
        let act = |wanted: TemplateAction, text: &str| action(&wanted, text, &[]);
        let hostname = || TemplateAction::Hostname(String::new());
        let restart = || TemplateAction::Restart(String::new());
        assert_eq!(act(hostname(), "gw-1.plant").unwrap(), Some(Action::Hostname("gw-1.plant".into())));
        assert_eq!(act(hostname(), " ").unwrap(), None);
        assert_eq!(
            act(restart(), "a.service  b@c").unwrap(),
            Some(Action::Restart(vec!["a.service".into(), "b@c".into()]))
        );
        for wrong in ["-a", "a b", "a_b", "a..b", &"a".repeat(64)] {
            assert!(act(hostname(), wrong).is_err(), "{wrong}");
        }
        assert!(act(restart(), "--now a").is_err());
        assert!(act(TemplateAction::Hook(String::new()), "../sh").is_err());
        assert!(act(TemplateAction::NetworkConnection(String::new()), "wifi").is_err());
    }

    #[test]
    fn destinations_and_owners_are_plain() {
        assert!(destination("f", "/etc/acme/key.pem".into()).is_ok());
        for wrong in ["etc/x", "/", "/etc/../x", "/etc//x", "/etc/x\n", "//x"] {
            assert!(destination("f", wrong.into()).is_err(), "{wrong:?}");
        }
        assert!(owner("f", "mosquitto:root".into()).is_ok());
        for wrong in ["", "0", "a:b:c", "a b", "Root", ":x", "x:"] {
            assert!(owner("f", wrong.into()).is_err(), "{wrong:?}");
        }
    }
}
