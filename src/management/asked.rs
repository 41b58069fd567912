//! What a device asks at `/rd`: the query and the list of its objects, read within bounds.

use crate::coap::Request;
use crate::fleet::lwm2m::Enabler;
use crate::format::coap::links;

/// Lifetime of a registration that names none, in seconds.
const USUAL_LIFETIME: u32 = 86_400;
/// The longest path before the objects that is kept, in bytes.
const LONGEST_ROOT: usize = 32;
/// The content format of links.
const LINK_FORMAT: u16 = 40;

/// What is wrong with a request.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub(super) enum Fault {
    /// A parameter that is there twice.
    #[error("the parameter {0:?} is there twice")]
    Twice(&'static str),
    /// A parameter that has to be there.
    #[error("the parameter {0:?} is missing")]
    Missing(&'static str),
    /// A parameter that cannot change.
    #[error("the parameter {0:?} belongs to a registration, not to its update")]
    Fixed(&'static str),
    /// A value that is none.
    #[error("{0}={1:?} is not possible")]
    Value(&'static str, String),
    /// A version that is not served.
    #[error("LwM2M {0:?} is not served, but 1.0, 1.1 and 1.2 are")]
    Version(String),
    /// A list of objects that is none.
    #[error("the list of objects cannot be read: {0}")]
    Objects(String),
}

/// The parameters of a registration or of its update.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Parameters {
    pub(super) endpoint: Option<String>,
    /// Seconds; 0 for ever (LwM2M 1.1).
    pub(super) lifetime: Option<u32>,
    pub(super) enabler: Option<Enabler>,
    pub(super) binding: Option<String>,
    pub(super) is_queued: bool,
    pub(super) objects: Option<Objects>,
}

/// What a device has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Objects {
    /// The path that stands before all objects, without slashes; mostly none.
    pub(super) root: Option<String>,
    /// Object and, where there is one, instance.
    pub(super) list: Vec<(u16, Option<u16>)>,
}

impl Parameters {
    /// Reads what is asked; `most` objects are kept.
    pub(super) fn read(request: &Request, most: usize) -> Result<Self, Fault> {
        let lifetime = one(request, "lt")?;
        let lifetime = lifetime.map(|text| text.parse().map_err(|_| Fault::Value("lt", text))).transpose()?;
        let version = one(request, "lwm2m")?;
        let enabler = version.map(|text| version_of(&text).ok_or(Fault::Version(text))).transpose()?;
        let binding = one(request, "b")?;
        if let Some(text) = binding.as_ref().filter(|text| !is_binding(text)) {
            return Err(Fault::Value("b", text.clone()));
        }
        let is_queued = request.query.iter().any(|part| part == "Q")
            || (enabler.unwrap_or_default() == Enabler::V1_0 && binding.as_deref().is_some_and(|b| b.contains('Q')));
        let objects = if request.payload.is_empty() { None } else { Some(Objects::read(request, most)?) };
        Ok(Self { endpoint: one(request, "ep")?, lifetime, enabler, binding, is_queued, objects })
    }

    /// Returns the version of a registration, which has to name it.
    pub(super) fn version(&self) -> Result<Enabler, Fault> {
        self.enabler.ok_or(Fault::Missing("lwm2m"))
    }

    /// Returns the lifetime of a registration, or none where it lasts for ever.
    pub(super) fn seconds(&self) -> Option<u32> {
        Some(self.lifetime.unwrap_or(USUAL_LIFETIME)).filter(|seconds| *seconds != 0)
    }

    /// Checks that an update changes nothing that cannot change. There are clients that say their version each time.
    pub(super) fn check_update(&self, registered: Enabler) -> Result<(), Fault> {
        let is_other = self.enabler.is_some_and(|enabler| enabler != registered);
        let fixed = [("ep", self.endpoint.is_some()), ("lwm2m", is_other)];
        fixed.iter().find(|(_, is_there)| *is_there).map_or(Ok(()), |(name, _)| Err(Fault::Fixed(name)))
    }
}

impl Objects {
    fn read(request: &Request, most: usize) -> Result<Self, Fault> {
        if let Some(format) = request.format.filter(|format| *format != LINK_FORMAT) {
            return Err(Fault::Objects(format!("its content format is {format}, not {LINK_FORMAT}")));
        }
        let text = std::str::from_utf8(&request.payload).map_err(|_| Fault::Objects("it is no text".to_owned()))?;
        let links = links(text).map_err(|error| Fault::Objects(error.to_string()))?;
        let root = links.iter().find(|link| link.attribute("rt") == Some("oma.lwm2m"));
        let root = root.map(|link| link.target.trim_matches('/').to_owned()).filter(|root| !root.is_empty());
        if let Some(root) = root.as_ref().filter(|root| root.len() > LONGEST_ROOT) {
            return Err(Fault::Objects(format!("the path before the objects has {} bytes", root.len())));
        }
        let mut list: Vec<_> = links.iter().filter_map(|link| place(root.as_deref(), &link.target)).collect();
        list.sort_unstable();
        list.dedup();
        list.truncate(most);
        Ok(Self { root, list })
    }
}

/// Returns object and instance of a target; others (resources, strangers) are passed over.
fn place(root: Option<&str>, target: &str) -> Option<(u16, Option<u16>)> {
    let path = target.strip_prefix('/').unwrap_or(target);
    let path = root.map_or(Some(path), |root| path.strip_prefix(root)?.strip_prefix('/'))?;
    let mut parts = path.trim_end_matches('/').split('/');
    let object = parts.next()?.parse().ok()?;
    let instance = parts.next().map(str::parse).transpose().ok()?;
    parts.next().is_none().then_some((object, instance))
}

fn one(request: &Request, name: &'static str) -> Result<Option<String>, Fault> {
    let mut found = request.query.iter().filter_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    let first = found.next().map(str::to_owned);
    if found.next().is_some() { Err(Fault::Twice(name)) } else { Ok(first) }
}

/// Versions that are served: a later one might mean other things by the same words.
fn version_of(text: &str) -> Option<Enabler> {
    match text {
        "1.0" => Some(Enabler::V1_0),
        "1.1" => Some(Enabler::V1_1),
        "1.2" => Some(Enabler::V1_2),
        _ => None,
    }
}

/// UDP, TCP, SMS, non-IP, MQTT, HTTP, and Queue mode of 1.0 (TS Core, section 6.2.1.1).
fn is_binding(text: &str) -> bool {
    !text.is_empty() && text.len() <= 8 && text.chars().all(|letter| "UTSNMHQ".contains(letter))
}
