//! The servers a device is told about.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// One entry of `servers:` in the fleet file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Server {
    /// Protocol spoken there.
    pub protocol: Protocol,
    /// Where it is, with scheme: `coaps://host:5684`, `mqtts://host:8883`, `https://host`.
    pub uri: String,
    /// Management server, registration server or bootstrap server (`LwM2M` 1.x, Security object resource 1).
    pub role: Role,
    /// How the two sides prove themselves.
    pub security: Security,
    /// The credential (a name of the profile's `credentials`) the device shows there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub credential: Option<Arc<str>>,
    /// PEM text of the certificate the device trusts there: the content of `trust: PATH`, else the fleet's own root.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trust: Option<Arc<str>>,
    /// The server's own public key (PEM, SPKI) for `security: rpk`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub server_public_key: Option<Arc<str>>,
    /// `LwM2M` short server id, 1 to 65534.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub short_server_id: Option<u16>,
    /// `LwM2M` registration lifetime in seconds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lifetime: Option<u32>,
    /// `LwM2M` binding, such as `U`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub binding: Option<String>,
    /// `LwM2M` access rights, one entry for each object instance this server may touch.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub access: Vec<Access>,
    /// age recipient (`age1...`) of the server: PSKs it needs are wrapped to it when they are issued.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub recipient: Option<Arc<str>>,
}

/// `LwM2M` access rights of a server on one object instance (Access Control object, resource 2).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Object id.
    pub object: u16,
    /// Object instance id; 65535 stands for the create right on the object (OMA LwM2M, Access Control object).
    pub instance: u16,
    /// Bits: 1 read/observe, 2 write, 4 execute, 8 delete, 16 create.
    pub rights: u8,
}

/// Protocols.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// OMA `LwM2M` over `CoAP`.
    Lwm2m,
    /// MQTT.
    Mqtt,
    /// HTTPS.
    Https,
}

/// What a server is to the device.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A management (or application) server.
    #[default]
    Management,
    /// A bootstrap server.
    Bootstrap,
    /// The server where the device registers (`firstlight client register`).
    Registration,
}

/// How device and server prove themselves to each other.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Security {
    /// Not at all (`LwM2M` `NoSec`).
    None,
    /// Pre-shared key.
    Psk,
    /// Raw public keys.
    Rpk,
    /// Certificates.
    X509,
}
