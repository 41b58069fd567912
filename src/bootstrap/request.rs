//! What a device says when it asks to be bootstrapped.

use crate::coap::Request;

/// The longest endpoint name that is read, in bytes.
const LONGEST_NAME: usize = 255;

/// A Bootstrap-Request (`POST /bs`) or Bootstrap-Pack-Request (`GET /bspack`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BootstrapRequest {
    /// The endpoint name, if it says one.
    pub endpoint: Option<String>,
    /// The content format it prefers (`pct`, LwM2M 1.1).
    pub preferred: Option<u16>,
}

/// Why a request is none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum RequestError {
    /// An endpoint name without a character, or too long.
    #[error("the endpoint name has {0} bytes, possible are 1 to {LONGEST_NAME}")]
    Name(usize),
    /// Twice the same parameter.
    #[error("the parameter {0:?} is there twice")]
    Twice(&'static str),
    /// A preferred content format that is no number.
    #[error("pct={0:?} is no content format")]
    Preferred(String),
}

impl BootstrapRequest {
    /// Reads the query. Parameters that are not known are passed over: the address of the server may bring its own.
    pub fn read(request: &Request) -> Result<Self, RequestError> {
        let endpoint = one(request, "ep")?;
        if let Some(name) = endpoint.as_ref().filter(|name| name.is_empty() || name.len() > LONGEST_NAME) {
            return Err(RequestError::Name(name.len()));
        }
        let preferred = one(request, "pct")?;
        let number = |text: String| text.parse().map_err(|_| RequestError::Preferred(text));
        Ok(Self { endpoint, preferred: preferred.map(number).transpose()? })
    }
}

fn one(request: &Request, name: &'static str) -> Result<Option<String>, RequestError> {
    let mut found = request.query.iter().filter_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let first = found.next().map(str::to_owned);
    if found.next().is_some() { Err(RequestError::Twice(name)) } else { Ok(first) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::coap::Code;

    fn read(query: &[&str]) -> Result<BootstrapRequest, RequestError> {
        let mut request = Request::new(Code::POST, "/bs");
        request.query = query.iter().map(|part| (*part).to_owned()).collect();
        BootstrapRequest::read(&request)
    }

    #[test]
    fn parameters_are_found_among_strangers() {
        let read_one = read(&["its=query", "pct=112", "ep=gw-1"]);
        assert_eq!(read_one, Ok(BootstrapRequest { endpoint: Some("gw-1".into()), preferred: Some(112) }));
        assert_eq!(read(&[]), Ok(BootstrapRequest { endpoint: None, preferred: None }));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert_eq!(read(&["ep="]), Err(RequestError::Name(0)));
        assert_eq!(read(&["ep=a", "ep=b"]), Err(RequestError::Twice("ep")));
        assert_eq!(read(&["ep=a", "pct=70000"]), Err(RequestError::Preferred("70000".into())));
    }
}
