//! Where a device is reached, and how it speaks there.

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
