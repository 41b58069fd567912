//! What a client says it has: the answer to Discover, and the list of a registration (TS Core, sections 6.1.7.2, 6.2.1).

use crate::fleet::lwm2m::{Enabler, Path, SECURITY};

use super::coap::{Link, LinkError, links};

/// The objects and instances of a client.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Discovered {
    /// The version that the client says at `</>`.
    pub enabler: Option<Enabler>,
    /// Objects, by rising id.
    pub objects: Vec<DiscoveredObject>,
}

/// One object of a client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DiscoveredObject {
    /// Object id.
    pub id: u16,
    /// The object's version, where the client says one: `1.1`.
    pub version: Option<String>,
    /// Instances, by rising id.
    pub instances: Vec<DiscoveredInstance>,
}

/// One instance of an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DiscoveredInstance {
    /// Instance id.
    pub id: u16,
    /// The short server id, of Security and Server instances.
    pub short_server_id: Option<u16>,
    /// The server's address (1.1), of Security instances.
    pub uri: Option<String>,
    /// Resources, where the client lists them.
    pub resources: Vec<u16>,
}

/// Why an answer to Discover cannot be understood.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DiscoverError {
    /// No text.
    #[error("the list of links is no UTF-8")]
    Utf8,
    /// No list of links.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// An attribute with a value that it cannot have.
    #[error("link {link} has the attribute {name:?} with a value that is no {wanted}")]
    Attribute {
        /// Which link, from 1.
        link: usize,
        /// The attribute.
        name: &'static str,
        /// What was expected.
        wanted: &'static str,
    },
}

/// Reads a list of links. Links to anything that is no path of LwM2M are passed over: a client may list more.
///
/// # Errors
/// [`DiscoverError`]; the bounds are those of [`links`].
pub fn read(bytes: &[u8]) -> Result<Discovered, DiscoverError> {
    let text = std::str::from_utf8(bytes).map_err(|_| DiscoverError::Utf8)?;
    let links = links(text)?;
    let root = root_of(&links);
    let mut found = Discovered::default();
    for (number, link) in (1..).zip(&links) {
        found.take(number, link, root)?;
    }
    found.objects.sort_by_key(|object| object.id);
    found.objects.iter_mut().for_each(|object| object.instances.sort_by_key(|instance| instance.id));
    Ok(found)
}

/// A client may keep its objects below a path of its own, which it marks.
fn root_of(links: &[Link]) -> &str {
    let marked = links.iter().find(|link| link.attribute("rt") == Some("oma.lwm2m"));
    marked.map_or("", |link| link.target.trim_end_matches('/'))
}

impl Discovered {
    fn take(&mut self, number: usize, link: &Link, root: &str) -> Result<(), DiscoverError> {
        let Some(target) = link.target.strip_prefix(root) else { return Ok(()) };
        if let Some(text) = link.attribute("lwm2m") {
            let wrong = DiscoverError::Attribute { link: number, name: "lwm2m", wanted: "version" };
            self.enabler = Some(text.parse().map_err(|()| wrong)?);
        }
        let Ok(path) = target.parse::<Path>() else { return Ok(()) };
        match path.numbers()[..] {
            [object] => self.object(object).version = link.attribute("ver").map(str::to_owned),
            [object, instance] => {
                let short_server_id = short_server_id(number, link)?;
                let instance = self.object(object).instance(instance);
                instance.short_server_id = short_server_id.or(instance.short_server_id);
                instance.uri = link.attribute("uri").map(str::to_owned).or(instance.uri.take());
            }
            [object, instance, resource, ..] => {
                let resources = &mut self.object(object).instance(instance).resources;
                if !resources.contains(&resource) {
                    resources.push(resource);
                }
            }
            [] => {}
        }
        Ok(())
    }

    fn object(&mut self, id: u16) -> &mut DiscoveredObject {
        let at = self.objects.iter().position(|object| object.id == id).unwrap_or_else(|| {
            self.objects.push(DiscoveredObject { id, version: None, instances: Vec::new() });
            self.objects.len() - 1
        });
        &mut self.objects[at]
    }

    /// Returns an object by its id.
    pub fn find(&self, id: u16) -> Option<&DiscoveredObject> {
        self.objects.iter().find(|object| object.id == id)
    }

    /// Returns true if the client listed this object or instance.
    pub fn has(&self, path: Path) -> bool {
        match path.numbers()[..] {
            [] => true,
            [object] => self.find(object).is_some(),
            [object, instance, ..] => {
                self.find(object).is_some_and(|object| object.instances.iter().any(|known| known.id == instance))
            }
        }
    }

    /// Returns the instance of the Security object that holds the bootstrap server's account: the one without a short
    /// server id. `None` if there is none, and also if there are several, for then nobody can tell.
    pub fn bootstrap_account(&self) -> Option<u16> {
        match self.bootstrap_candidates()[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Returns all instances of the Security object that may be the bootstrap server's account.
    pub fn bootstrap_candidates(&self) -> Vec<u16> {
        // 0 and 65535 are no short server ids; clients of 1.0 write them for the bootstrap server.
        let is_bootstrap =
            |instance: &&DiscoveredInstance| matches!(instance.short_server_id, None | Some(0 | u16::MAX));
        let instances = self.find(SECURITY).map_or(&[][..], |object| &object.instances);
        instances.iter().filter(is_bootstrap).map(|instance| instance.id).collect()
    }
}

impl DiscoveredObject {
    fn instance(&mut self, id: u16) -> &mut DiscoveredInstance {
        let at = self.instances.iter().position(|instance| instance.id == id).unwrap_or_else(|| {
            self.instances.push(DiscoveredInstance { id, short_server_id: None, uri: None, resources: Vec::new() });
            self.instances.len() - 1
        });
        &mut self.instances[at]
    }
}

fn short_server_id(number: usize, link: &Link) -> Result<Option<u16>, DiscoverError> {
    let Some(text) = link.attribute("ssid") else { return Ok(None) };
    let wrong = DiscoverError::Attribute { link: number, name: "ssid", wanted: "short server id" };
    text.parse().map(Some).map_err(|_| wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn account(text: &str) -> Option<u16> {
        read(text.as_bytes()).unwrap().bootstrap_account()
    }

    /// Answers of clients nobody here wrote: an instance without a short server id is the bootstrap server's.
    #[test]
    fn the_bootstrap_account_is_found_wherever_a_client_keeps_it() {
        assert_eq!(account("</>;lwm2m=1.2,</0>,</0/1>;uri=\"coap://127.0.0.1:5685\",</1>;ver=1.2,</3/0>"), Some(1));
        assert_eq!(account("</>;lwm2m=1.1,</0/0>,</0/1>;ssid=1;uri=\"coap://a\",</1/0>;ssid=1"), Some(0));
        assert_eq!(account("</0/0>;ssid=65535,</0/1>;ssid=9"), Some(0));
        assert_eq!(account("</0/0>;ssid=1,</0/1>;ssid=9"), None);
        assert_eq!(account("</0>,</1>"), None);
        let two = read(b"</0/0>,</0/1>,</0/2>;ssid=3").unwrap();
        assert_eq!((two.bootstrap_account(), two.bootstrap_candidates()), (None, vec![0, 1]));
    }

    #[test]
    fn versions_and_resources_are_read() {
        let found = read(b"</>;lwm2m=\"1.0\",</5>;ver=\"1.1\",</1/0>;ssid=7,</1/0/8>,</1/0/0>,</1/0/0>").unwrap();
        assert_eq!(found.enabler, Some(Enabler::V1_0));
        assert_eq!(found.find(5).unwrap().version.as_deref(), Some("1.1"));
        let server = &found.find(1).unwrap().instances[0];
        assert_eq!((server.short_server_id, &server.resources[..]), (Some(7), &[8, 0][..]));
        assert!(found.has(Path::Instance(1, 0)) && !found.has(Path::Instance(1, 1)) && !found.has(Path::Object(9)));
    }

    #[test]
    fn a_registration_s_list_may_lie_below_a_path_of_its_own() {
        let found = read(b"</lwm2m>;rt=\"oma.lwm2m\";ct=110,</lwm2m/1/0>,</lwm2m/3/0>,</other/9>").unwrap();
        assert_eq!(found.objects.iter().map(|object| object.id).collect::<Vec<_>>(), [1, 3]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for (text, words) in [
            ("</0/1>;ssid=x", "short server id"),
            ("</0/1>;ssid=65536", "short server id"),
            ("</>;lwm2m=two", "version"),
            ("</0", "not closed"),
        ] {
            let error = read(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
        assert_eq!(read(&[0xff]), Err(DiscoverError::Utf8));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(</?[0-9/]{0,8}>(;[a-z]{1,5}(=\"?[0-9.]{1,5}\"?)?){0,2},?){0,6}") {
            let _ = read(text.as_bytes());
        }
    }
}
