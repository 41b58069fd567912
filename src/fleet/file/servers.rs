//! `servers:` of the fleet file.

use std::sync::Arc;

use super::super::server::Access;
use super::super::yaml::{Entry, Node};
use super::super::{Place, Server, quantity};
use super::located::{Located, located, typed, word};

/// One entry of `servers:`.
#[derive(Clone, PartialEq, Debug)]
pub struct ServerSpec {
    /// Where its entry stands.
    pub place: Place,
    /// The server; `trust` and `server_public_key` hold the PEM text as soon as the files are read.
    pub server: Server,
    /// Path of the file with the certificates trusted there.
    pub trust: Option<Located<Arc<str>>>,
    /// Path of the file with the server's public key.
    pub server_public_key: Option<Located<Arc<str>>>,
    /// Places of `uri`, `credential`, `lifetime` and the like, for later faults.
    pub(in super::super) places: Vec<(String, Place)>,
}

/// What a PEM file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PemUse {
    /// Certificates that are trusted.
    Trust,
    /// A server's public key.
    PublicKey,
}

/// Reads the PEM file at a path and returns its text.
pub type ReadPem<'a> = dyn FnMut(&Located<Arc<str>>, PemUse) -> Option<Arc<str>> + 'a;

impl ServerSpec {
    pub(super) fn read_pem_files(&mut self, read: &mut ReadPem<'_>) {
        if let Some(path) = &self.trust {
            self.server.trust = read(path, PemUse::Trust);
        }
        if let Some(path) = &self.server_public_key {
            self.server.server_public_key = read(path, PemUse::PublicKey);
        }
    }

    /// Returns where the value of `key` stands, or else the entry.
    pub(in super::super) fn place_of(&self, key: &str) -> &Place {
        self.places.iter().find(|(known, _)| known == key).map_or(&self.place, |(_, place)| place)
    }
}

pub(super) fn read(entry: &Entry) -> Option<ServerSpec> {
    let node = &entry.value;
    let server = Server {
        protocol: typed(node, "protocol")?,
        uri: node.get("uri")?.text()?.to_owned(),
        role: if node.get("role").is_some() { typed(node, "role")? } else { super::super::Role::default() },
        security: typed(node, "security")?,
        credential: word(node, "credential"),
        trust: None,
        server_public_key: None,
        short_server_id: typed(node, "short_server_id"),
        lifetime: word(node, "lifetime")
            .and_then(|lifetime| quantity::duration(&lifetime))
            .map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)),
        binding: word(node, "binding").map(|binding| binding.to_string()),
        access: node.get("access").map(Node::items).unwrap_or_default().iter().filter_map(access).collect(),
        recipient: word(node, "recipient"),
    };
    Some(ServerSpec {
        place: entry.place.clone(),
        server,
        trust: located(node, "trust"),
        server_public_key: located(node, "server_public_key"),
        places: node.entries().iter().map(|entry| (entry.key.clone(), entry.value.place.clone())).collect(),
    })
}

fn access(node: &Node) -> Option<Access> {
    Some(Access { object: typed(node, "object")?, instance: typed(node, "instance")?, rights: typed(node, "rights")? })
}
