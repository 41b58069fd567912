//! What the reader of a bundle is told to do: actions from a closed list, the connection to prove, the keys to trust.

use serde::{Deserialize, Serialize};

/// What the reader does after the files are in place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Sets the host name, now and for later boots.
    Hostname(String),
    /// Installs a file of the bundle, named without its encryption's suffix, as a `NetworkManager` keyfile (mode 0600,
    /// root's) and lets `NetworkManager` read it.
    NetworkConnection(String),
    /// Restarts systemd units (or OpenRC services) of these names.
    Restart(Vec<String>),
    /// Runs a hook of this name, if the device image allows one of that name; the image says which program it is.
    Hook(String),
}

/// What a device without trusted time does with a bundle whose validity it cannot judge.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum ClockRule {
    /// Refuses it (`clock-untrusted`).
    #[default]
    Refuse,
    /// Takes it, if the newest signed time it has seen does not speak against it.
    Accept,
}

impl ClockRule {
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn is_refuse(&self) -> bool {
        *self == ClockRule::Refuse
    }
}

/// The connection that proves a bundle good; without it the reader restores what it had.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// How.
    pub protocol: ConnectProtocol,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How long it may take, in seconds, all attempts together; 1 to 600.
    pub within: u32,
    /// File of the bundle with the trusted roots, PEM; named as in the store. The fleet decides whom to trust: without it
    /// no TLS connection is proved.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trust: Option<String>,
    /// File of the bundle with the client's certificate chain, PEM.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub certificate: Option<String>,
    /// File of the bundle with the client's private key, PEM (PKCS#8).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub private_key: Option<String>,
    /// MQTT client identifier.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub client_id: Option<String>,
}

/// How a connection is proved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConnectProtocol {
    /// A TCP connection is made.
    Tcp,
    /// A TLS handshake succeeds, the server's certificate is trusted and its name right.
    Tls,
    /// The MQTT broker accepts CONNECT (MQTT 3.1.1, section 3.2).
    Mqtt,
    /// The same through TLS.
    Mqtts,
}

/// The bundle keys a fleet uses: a reader that trusts the signature replaces what it knew by this list, if its sequence
/// number is higher.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedKeys {
    /// Counts up with each change.
    pub sequence: u32,
    /// Public keys, as in the second line of a minisign public key file.
    pub keys: Vec<String>,
}
