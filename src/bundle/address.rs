//! A server's address, taken apart.

/// Scheme, host and port of a URI such as `coaps://lwm2m.example:5684/rd`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address {
    pub(super) scheme: String,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    /// As written, else the scheme's own.
    pub(super) port: Option<u16>,
}

impl Address {
    /// Reads `scheme://host[:port][/...]` (RFC 3986, section 3); `None` if it is not of that form.
    pub(super) fn of(uri: &str) -> Option<Address> {
        let (scheme, rest) = uri.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let authority = rest.split(['/', '?', '#']).next()?;
        let authority = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let (host, port) = split_port(authority)?;
        if host.is_empty() || scheme.is_empty() {
            return None;
        }
        let port = match port {
            Some(digits) => Some(digits.parse().ok().filter(|port| *port != 0)?),
            None => usual_port(&scheme),
        };
        Some(Address { scheme, host: host.to_owned(), port })
    }
}

fn split_port(authority: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        return match after.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => after.is_empty().then_some((host, None)),
        };
    }
    match authority.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((authority, None)),
    }
}

/// Ports that IANA registers for the scheme.
fn usual_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "coap" | "coap+tcp" => 5683,
        "coaps" | "coaps+tcp" => 5684,
        "mqtt" => 1883,
        "mqtts" => 8883,
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let of = |uri| Address::of(uri).map(|a| (a.scheme, a.host, a.port));
        assert_eq!(of("coaps://a.example:5684/rd"), Some(("coaps".into(), "a.example".into(), Some(5684))));
        assert_eq!(of("MQTTS://a.example"), Some(("mqtts".into(), "a.example".into(), Some(8883))));
        assert_eq!(of("coap://[2001:db8::1]:99"), Some(("coap".into(), "2001:db8::1".into(), Some(99))));
        assert_eq!(of("coap://[::1]"), Some(("coap".into(), "::1".into(), Some(5683))));
        for wrong in [
            "a.example",
            "coap://",
            "coap://h:0",
            "coap://h:99999",
            "coap://h:x",
            "://h",
            "coap://[::1",
            "coap://[::1]x",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }
}
