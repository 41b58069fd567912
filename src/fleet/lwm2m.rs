//! LwM2M objects as values: what a device is told about its servers.
//!
//! Security (0), Server (1) and Access Control (2) of OMA LwM2M TS Core, Appendix E, as typed accounts with the rules that
//! hold between them, and the neutral form (object, instance, resource) that the encodings write and read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Class, Diagnose, Secret};

mod path;

pub use path::{Enabler, Path, PathError};

/// Object id of the Security object.
pub const SECURITY: u16 = 0;
/// Object id of the Server object.
pub const SERVER: u16 = 1;
/// Object id of the Access Control object.
pub const ACCESS_CONTROL: u16 = 2;
/// The id that stands for "every instance, now and later" and for the bootstrap server as owner.
pub const ANY_INSTANCE: u16 = 65_535;

/// One object with its instances.
#[derive(PartialEq, Debug)]
pub struct Object {
    /// Object id.
    pub id: u16,
    /// Instances, by rising id.
    pub instances: Vec<Instance>,
}

/// One instance of an object.
#[derive(PartialEq, Debug)]
pub struct Instance {
    /// Instance id.
    pub id: u16,
    /// Resources, by rising id.
    pub resources: Vec<Resource>,
}

/// One resource of an instance.
#[derive(PartialEq, Debug)]
pub struct Resource {
    /// Resource id.
    pub id: u16,
    /// Its value or values.
    pub content: Content,
}

/// A single value, or one for each resource instance.
#[derive(PartialEq, Debug)]
pub enum Content {
    /// Single-instance resource.
    Single(Value),
    /// Multiple-instance resource: resource instance id and value.
    Multiple(Vec<(u16, Value)>),
}

/// A value by its LwM2M data type (TS Core, Appendix C).
#[derive(PartialEq, Debug)]
pub enum Value {
    /// UTF-8 text.
    Text(String),
    /// Signed integer; also Time, in seconds since 1970.
    Integer(i64),
    /// Unsigned integer beyond the range of `Integer`.
    Unsigned(u64),
    /// 64-bit float.
    Float(f64),
    /// Boolean.
    Boolean(bool),
    /// Bytes.
    Opaque(Opaque),
    /// Object link.
    Link {
        /// Object id.
        object: u16,
        /// Object instance id.
        instance: u16,
    },
}

/// Bytes of an opaque resource, which may be a key: wiped on drop and never printed.
pub struct Opaque(Secret);

impl Opaque {
    /// Takes ownership of `bytes`.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Secret::new(bytes))
    }

    /// Takes ownership of a secret.
    pub fn of(secret: Secret) -> Self {
        Self(secret)
    }

    /// Lends the bytes to `using` for the length of the call.
    pub fn expose<R>(&self, using: impl FnOnce(&[u8]) -> R) -> R {
        self.0.expose(using)
    }

    /// Returns the number of bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl PartialEq for Opaque {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose(|ours| other.0.expose(|theirs| ours == theirs))
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.len())
    }
}

/// Data types, needed to read encodings that do not carry them (TLV).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DataType {
    /// Text.
    Text,
    /// Integer or Time.
    Integer,
    /// Unsigned integer of up to 64 bits.
    Unsigned,
    /// Float of 32 or 64 bits.
    Float,
    /// Boolean.
    Boolean,
    /// Opaque.
    Opaque,
    /// Object link.
    Link,
}

/// Returns the data type of a resource of the objects known here; `None` for any other.
pub fn data_type(object: u16, resource: u16) -> Option<DataType> {
    use DataType::{Boolean, Integer, Link, Opaque, Text, Unsigned};
    Some(match (object, resource) {
        (SECURITY, 0 | 9 | 14) | (SERVER, 7) => Text,
        (SECURITY, 1) | (SERVER, 6 | 16 | 23) => Boolean,
        (SECURITY, 3..=5 | 7..=8) => Opaque,
        (SECURITY, 2 | 6 | 10..=13 | 15 | 16) | (SERVER, 0..=3 | 5) | (ACCESS_CONTROL, 0..=3) => Integer,
        // "All ones" stands for never, so these need the highest bit.
        (SERVER, 13..=14 | 17..=20) => Unsigned,
        (SECURITY, 17) | (SERVER, 10) => Link,
        _ => return None,
    })
}

/// Security modes (Security object, resource 2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SecurityMode {
    /// Pre-shared key.
    Psk = 0,
    /// Raw public key.
    Rpk = 1,
    /// Certificate.
    X509 = 2,
    /// None.
    NoSec = 3,
}

/// How the certificate in resource 4 is meant (resource 15; RFC 6698, section 2.1.1). Absent means 3: that very one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CertificateUsage {
    /// It is an authority's: whatever that authority issued for the host is right.
    TrustAnchor = 2,
}

/// An account in the Security object.
#[derive(Debug)]
pub struct SecurityAccount {
    /// Server URI (0).
    pub uri: String,
    /// True for the bootstrap server (1).
    pub bootstrap: bool,
    /// Mode (2).
    pub mode: SecurityMode,
    /// Public key, certificate or PSK identity (3).
    pub identity: Opaque,
    /// The server's public key or certificate (4).
    pub server_key: Opaque,
    /// Private key (PKCS#8) or PSK (5).
    pub secret_key: Opaque,
    /// Short server id (10); none for the bootstrap server.
    pub short_server_id: Option<u16>,
    /// How resource 4 is meant (15; LwM2M 1.1), where not in the usual way.
    pub certificate_usage: Option<CertificateUsage>,
}

/// An account in the Server object.
#[derive(Debug)]
pub struct ServerAccount {
    /// Short server id (0).
    pub short_server_id: u16,
    /// Registration lifetime in seconds (1).
    pub lifetime: u32,
    /// Binding (7), such as `U`.
    pub binding: String,
}

/// An instance of the Access Control object.
#[derive(Debug)]
pub struct AccessControl {
    /// Object id (0).
    pub object: u16,
    /// Object instance id (1).
    pub instance: u16,
    /// Rights by short server id (2).
    pub rights: BTreeMap<u16, u8>,
    /// Short server id of the owner (3), or [`ANY_INSTANCE`] for the bootstrap server.
    pub owner: u16,
}

/// Everything a device is told about its servers; instance ids count from 0 in each list.
#[derive(Debug, Default)]
pub struct Accounts {
    /// Security object.
    pub security: Vec<SecurityAccount>,
    /// Server object.
    pub servers: Vec<ServerAccount>,
    /// Access Control object.
    pub access: Vec<AccessControl>,
}

/// Why a device could not work with its accounts.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AccountsError {
    /// No account at all.
    #[error("no LwM2M server: the bundle would tell the device nothing")]
    None,
    /// A second bootstrap server: clients reject it or take either.
    #[error("{found} bootstrap servers, at most 1 is possible")]
    Bootstraps {
        /// How many.
        found: usize,
    },
    /// A short server id outside 1 to 65534.
    #[error("short server id {found}, possible are 1 to 65534")]
    Range {
        /// The id.
        found: u16,
    },
    /// The same short server id twice.
    #[error("short server id {found} twice")]
    Twice {
        /// The id.
        found: u16,
    },
    /// Security and Server objects disagree.
    #[error("short server ids of the Security object {security:?} and of the Server object {servers:?} differ")]
    Disagree {
        /// In the Security object.
        security: BTreeSet<u16>,
        /// In the Server object.
        servers: BTreeSet<u16>,
    },
    /// Access rights where there is one server only, which has them all.
    #[error("access rights are there, but only one server")]
    NeedlessAccess,
    /// Several servers, but no access rights: none of them may do anything.
    #[error("{servers} management servers, but no access rights: none of them could read or write anything")]
    NoAccess {
        /// How many servers.
        servers: usize,
    },
    /// Access rights of, or owned by, a server that is not there.
    #[error("access rights on /{object}/{instance} name server {found}, which is not there")]
    Stranger {
        /// Object id.
        object: u16,
        /// Instance id.
        instance: u16,
        /// The short server id.
        found: u16,
    },
    /// Rights that do not exist: more than five bits, or create on an instance.
    #[error("access rights {found} on /{object}/{instance}; possible are 0 to 15, and 16 (create) on instance 65535")]
    Rights {
        /// Object id.
        object: u16,
        /// Instance id.
        instance: u16,
        /// The bits.
        found: u8,
    },
}

impl Diagnose for AccountsError {
    fn class(&self) -> Class {
        Class::Input
    }

    fn hint(&self) -> Option<String> {
        match self {
            AccountsError::None => Some("add an entry with `protocol: lwm2m` to `servers:`".into()),
            AccountsError::NoAccess { .. } => {
                Some("say with `access:` at each server which object instances it may read, write or execute".into())
            }
            _ => None,
        }
    }
}

impl Accounts {
    /// Checks what clients do not check before it is too late (they answer 2.04 and are then out of reach).
    pub fn check(&self) -> Result<(), AccountsError> {
        let bootstraps = self.security.iter().filter(|account| account.bootstrap).count();
        if self.security.is_empty() {
            return Err(AccountsError::None);
        }
        if bootstraps > 1 {
            return Err(AccountsError::Bootstraps { found: bootstraps });
        }
        let security = distinct(self.security.iter().filter_map(|account| account.short_server_id))?;
        let servers = distinct(self.servers.iter().map(|account| account.short_server_id))?;
        if security != servers {
            return Err(AccountsError::Disagree { security, servers });
        }
        match (servers.len(), self.access.is_empty()) {
            (0 | 1, false) => return Err(AccountsError::NeedlessAccess),
            (2.., true) => return Err(AccountsError::NoAccess { servers: servers.len() }),
            _ => {}
        }
        self.access.iter().try_for_each(|entry| entry.check(&servers))
    }

    /// Returns the objects; those without an instance are left out.
    pub fn into_objects(self) -> Vec<Object> {
        let security = self.security.into_iter().map(SecurityAccount::into_resources).collect();
        let servers = self.servers.into_iter().map(ServerAccount::into_resources).collect();
        let access = self.access.into_iter().map(AccessControl::into_resources).collect();
        let lists: [(u16, Vec<Vec<Resource>>); 3] = [(SECURITY, security), (SERVER, servers), (ACCESS_CONTROL, access)];
        lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(id, list)| object(id, list)).collect()
    }
}

fn distinct(ids: impl Iterator<Item = u16>) -> Result<BTreeSet<u16>, AccountsError> {
    let mut seen = BTreeSet::new();
    for id in ids {
        if id == 0 || id == ANY_INSTANCE {
            return Err(AccountsError::Range { found: id });
        }
        if !seen.insert(id) {
            return Err(AccountsError::Twice { found: id });
        }
    }
    Ok(seen)
}

fn object(id: u16, instances: Vec<Vec<Resource>>) -> Object {
    let instances = (0..).zip(instances).map(|(id, resources)| Instance { id, resources }).collect();
    Object { id, instances }
}

impl AccessControl {
    fn check(&self, servers: &BTreeSet<u16>) -> Result<(), AccountsError> {
        let (object, instance) = (self.object, self.instance);
        let stranger = |found: u16| AccountsError::Stranger { object, instance, found };
        if let Some((_, found)) = self.rights.iter().find(|(_, rights)| !rights_exist(instance, **rights)) {
            return Err(AccountsError::Rights { object, instance, found: *found });
        }
        if let Some((found, _)) = self.rights.iter().find(|(server, _)| !servers.contains(server)) {
            return Err(stranger(*found));
        }
        if self.owner == ANY_INSTANCE || servers.contains(&self.owner) { Ok(()) } else { Err(stranger(self.owner)) }
    }

    fn into_resources(self) -> Vec<Resource> {
        let rights = self.rights.into_iter().map(|(server, bits)| (server, integer(bits))).collect();
        vec![
            single(0, integer(self.object)),
            single(1, integer(self.instance)),
            Resource { id: 2, content: Content::Multiple(rights) },
            single(3, integer(self.owner)),
        ]
    }
}

/// Create is a right on an object, which instance 65535 stands for; the other four are rights on an instance.
fn rights_exist(instance: u16, rights: u8) -> bool {
    if instance == ANY_INSTANCE { rights == 16 || rights == 0 } else { rights < 16 }
}

impl SecurityAccount {
    /// Resources 3 to 5 are mandatory in every mode; where a mode has no use for one it is empty.
    fn into_resources(self) -> Vec<Resource> {
        let mut resources = vec![
            single(0, Value::Text(self.uri)),
            single(1, Value::Boolean(self.bootstrap)),
            single(2, integer(self.mode as u8)),
            single(3, Value::Opaque(self.identity)),
            single(4, Value::Opaque(self.server_key)),
            single(5, Value::Opaque(self.secret_key)),
        ];
        resources.extend(self.short_server_id.map(|id| single(10, integer(id))));
        resources.extend(self.certificate_usage.map(|usage| single(15, integer(usage as u8))));
        resources
    }
}

impl ServerAccount {
    fn into_resources(self) -> Vec<Resource> {
        vec![
            single(0, integer(self.short_server_id)),
            single(1, integer(self.lifetime)),
            single(6, Value::Boolean(true)),
            single(7, Value::Text(self.binding)),
        ]
    }
}

fn single(id: u16, value: Value) -> Resource {
    Resource { id, content: Content::Single(value) }
}

fn integer(number: impl Into<i64>) -> Value {
    Value::Integer(number.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn security(short_server_id: Option<u16>, bootstrap: bool) -> SecurityAccount {
        SecurityAccount {
            uri: "coap://a.example".into(),
            bootstrap,
            mode: SecurityMode::NoSec,
            identity: Opaque::new(vec![]),
            server_key: Opaque::new(vec![]),
            secret_key: Opaque::new(vec![]),
            short_server_id,
            certificate_usage: None,
        }
    }

    fn server(short_server_id: u16) -> ServerAccount {
        ServerAccount { short_server_id, lifetime: 60, binding: "U".into() }
    }

    fn access(instance: u16, rights: &[(u16, u8)], owner: u16) -> AccessControl {
        AccessControl { object: 3, instance, rights: rights.iter().copied().collect(), owner }
    }

    fn two(access: Vec<AccessControl>) -> Result<(), AccountsError> {
        let security = vec![security(Some(1), false), security(Some(2), false)];
        Accounts { security, servers: vec![server(1), server(2)], access }.check()
    }

    #[test]
    fn accounts_that_would_strand_a_device_are_refused() {
        let one = |security, servers| Accounts { security, servers, access: vec![] }.check();
        assert_eq!(one(vec![], vec![]), Err(AccountsError::None));
        assert_eq!(one(vec![security(Some(1), false)], vec![server(1)]), Ok(()));
        assert_eq!(one(vec![security(None, true)], vec![]), Ok(()));
        let twice = one(vec![security(None, true), security(None, true)], vec![]);
        assert_eq!(twice, Err(AccountsError::Bootstraps { found: 2 }));
        assert!(matches!(one(vec![security(Some(1), false)], vec![server(9)]), Err(AccountsError::Disagree { .. })));
        assert_eq!(one(vec![security(Some(0), false)], vec![]), Err(AccountsError::Range { found: 0 }));
        let same = one(vec![security(Some(5), false), security(Some(5), false)], vec![]);
        assert_eq!(same, Err(AccountsError::Twice { found: 5 }));
    }

    #[test]
    fn access_rights_are_there_exactly_when_servers_share_a_device() {
        assert_eq!(two(vec![]), Err(AccountsError::NoAccess { servers: 2 }));
        assert_eq!(two(vec![access(0, &[(1, 15), (2, 1)], 1)]), Ok(()));
        assert_eq!(two(vec![access(ANY_INSTANCE, &[(1, 16)], ANY_INSTANCE)]), Ok(()));
        assert!(matches!(two(vec![access(0, &[(3, 1)], 1)]), Err(AccountsError::Stranger { found: 3, .. })));
        assert!(matches!(two(vec![access(0, &[(1, 1)], 9)]), Err(AccountsError::Stranger { found: 9, .. })));
        assert!(matches!(two(vec![access(0, &[(1, 16)], 1)]), Err(AccountsError::Rights { found: 16, .. })));
        assert!(matches!(two(vec![access(ANY_INSTANCE, &[(1, 1)], 1)]), Err(AccountsError::Rights { found: 1, .. })));
        let single = Accounts {
            security: vec![security(Some(1), false)],
            servers: vec![server(1)],
            access: vec![access(0, &[(1, 1)], 1)],
        };
        assert_eq!(single.check(), Err(AccountsError::NeedlessAccess));
    }

    #[test]
    fn an_opaque_value_never_prints_its_bytes() {
        assert_eq!(format!("{:?}", Value::Opaque(Opaque::new(b"key".to_vec()))), "Opaque(<3 bytes>)");
    }
}
