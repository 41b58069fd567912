//! From a model to the Thing Description of one device.

use std::collections::BTreeMap;

use serde_json::Value;

use super::finding::Loss;

/// How the endpoint of a device speaks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// HTTP or HTTPS.
    Http,
    /// MQTT: the address is the broker's, with the prefix of the device's topics as its path.
    Mqtt,
    /// CoAP; an affordance that has an LwM2M path is reached there.
    Coap,
}

/// Where a device is reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// How it speaks.
    pub protocol: Protocol,
    /// Its base address, such as `coaps://meter.example:5684/`.
    pub uri: String,
}

/// How a device, or who talks to it, proves itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Proof {
    /// Not at all.
    None,
    /// By a key known to both (TLS or DTLS PSK); the identity is no secret.
    PreSharedKey {
        /// The identity told with the key, where it may be shown.
        identity: Option<String>,
    },
    /// By a certificate.
    Certificate,
    /// By a token.
    Bearer {
        /// Where tokens are given out.
        authorization: Option<String>,
    },
}

/// What one device has that its model leaves open.
#[derive(Clone, PartialEq, Debug)]
pub struct Instance {
    /// The identifier of the device, a URN or another URI.
    pub id: String,
    /// What a person calls it.
    pub title: String,
    /// The version of the device's own description; without it the model's version is told.
    pub version: Option<String>,
    /// Where it is reached, where that is known.
    pub endpoint: Option<Endpoint>,
    /// Values for the placeholders of the model.
    pub placeholders: BTreeMap<String, Value>,
    /// How it proves itself.
    pub proof: Proof,
    /// The address of its model, for the link of relation `type`.
    pub model: String,
}

/// Writes the Thing Description of a device from its resolved model (nothing left to extend), and what was lost.
pub fn describe(model: &Value, instance: &Instance) -> (Value, Vec<Loss>) {
    let mut losses = Vec::new();
    let filled = super::placeholder::fill(model, &instance.placeholders, "", &mut losses);
    (filled.unwrap_or_default(), losses)
}
