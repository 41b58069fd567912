//! What `init --registration URI` adds: the server where devices register, how it is served, and the group that admits them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::address::Address;
use super::scaffold_error::ScaffoldError;

/// The template whose bundles tell the device where to register.
const TEMPLATE: &str = "linux";
/// The server's name in the fleet file.
pub(super) const SERVER: &str = "registration";

/// Where the devices of a new fleet register.
pub(super) struct RegistrationPlace {
    uri: String,
    address: Address,
}

impl RegistrationPlace {
    /// Reads the address: `https://HOST[:PORT]`, or the host and port alone.
    pub(super) fn of(template: &str, uri: &str) -> Result<Self, ScaffoldError> {
        if template != TEMPLATE {
            return Err(ScaffoldError::Registration { template: template.to_owned() });
        }
        let uri = if uri.contains("://") { uri.to_owned() } else { format!("https://{uri}") };
        let address = Address::of(&uri).filter(|address| address.scheme == "https");
        let address = address.ok_or_else(|| ScaffoldError::Server { uri: uri.clone() })?;
        Ok(Self { uri, address })
    }

    /// The fields of the server.
    pub(super) fn server_fields(&self, yaml: fn(&str) -> String) -> String {
        format!("protocol: https, uri: {}, security: x509, credential: identity, role: registration", yaml(&self.uri))
    }

    /// The sections `serve:` and `enrolment:`. Devices of this machine are served on loopback, others where they come in.
    pub(super) fn sections(&self, group: &str, yaml: fn(&str) -> String) -> String {
        let Address { host, port, .. } = &self.address;
        let listen = match host.parse::<IpAddr>() {
            Ok(near) if near.is_loopback() => near,
            _ if host == "localhost" => Ipv4Addr::LOCALHOST.into(),
            _ => Ipv4Addr::UNSPECIFIED.into(),
        };
        let listen = SocketAddr::new(listen, port.unwrap_or(443)).to_string();
        format!(
            "serve: {{listen: {}, names: [{}]}}\nenrolment:\n  groups:\n    {group}: {{proofs: [x509], x509: {{id: \"{{cn}}\"}}}}\n",
            yaml(&listen),
            yaml(host)
        )
    }
}
