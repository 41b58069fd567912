//! What a template sees: device, bundle, variables, servers and credentials, the secret parts as placeholders.

use std::collections::BTreeMap;
use std::sync::Arc;

use minijinja::Value;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::delivery::{ChipIdentity, Credential, PublicKind};
use crate::fleet::factory::SerialSource;
use crate::fleet::{
    CredentialKind, DevicePlan, Digest, Protocol, Role, Secret, Security, Server, TemplateShape, Variable,
};

use super::address::Address;
use super::encoding::{Nature, read_pem};
use super::environment::MARKS;
use super::error::RenderError;
use super::placeholder::{Body, MOST_SLOTS, Marks, Part, Slot};

/// What has been made for the device so far; absent when a plan is only shown.
#[derive(Clone, Copy)]
pub(super) struct Issued<'a> {
    pub(super) credentials: &'a [Credential],
    pub(super) secrets: &'a BTreeMap<Arc<str>, Secret>,
    /// The fleet's root certificate, DER.
    pub(super) root: &'a [u8],
    /// The chip the bundle goes into, where it goes into one.
    pub(super) chip: Option<&'a ChipIdentity>,
}

impl<'a> Issued<'a> {
    /// Returns the credential of that name.
    pub(super) fn credential(&self, name: &str) -> Option<&'a Credential> {
        self.credentials.iter().find(|credential| &*credential.public.name == name)
    }
}

/// One device's context, its marks, and the secrets that stay outside.
pub(super) struct Context<'a> {
    pub(super) values: Value,
    pub(super) marks: Arc<Marks>,
    pub(super) slots: Vec<Slot<'a>>,
    /// Parts of credentials by `NAME.PART`, for files that are one part whole.
    pub(super) parts: BTreeMap<String, Part>,
    /// Trusted certificates by server.
    pub(super) trusts: BTreeMap<Arc<str>, Part>,
}

/// Names a template may use at top level, beside the engine's own functions.
pub(super) const TOP_LEVEL: [&str; 8] =
    ["device", "fleet", "bundle", "variables", "servers", "credentials", "root_certificate", "chip"];
/// What `device` holds.
pub(super) const DEVICE: [&str; 5] = ["id", "serial", "model", "profile", "group"];
/// What `chip` holds, where the bundle goes into a chip's flash.
pub(super) const CHIP: [&str; 3] = ["name", "uid", "mac"];
/// What `bundle` holds.
pub(super) const BUNDLE: [&str; 3] = ["name", "template", "version"];
/// What a credential may hold, by kind.
pub(super) const PARTS: [(&str, &[&str]); 4] = [
    ("x509", &["kind", "certificate", "chain", "private_key", "public_key"]),
    ("psk", &["kind", "identity", "key", "group"]),
    ("rpk", &["kind", "public_key", "private_key"]),
    ("token", &["kind", "token", "not_after"]),
];

type Map = BTreeMap<String, Value>;

impl<'a> Context<'a> {
    /// Makes the context. Fails if something the plan names is not there.
    pub(super) fn new(
        shape: &TemplateShape,
        template: Digest,
        plan: &DevicePlan,
        version: u32,
        issued: Option<Issued<'a>>,
    ) -> Result<Self, RenderError> {
        let marks = Arc::new(Marks::new(over(template, plan, version, issued)));
        let none = Value::UNDEFINED;
        let mut context =
            Context { values: none, marks, slots: Vec::new(), parts: BTreeMap::new(), trusts: BTreeMap::new() };
        let credentials = context.credentials(shape, plan, issued)?;
        let variables = context.variables(shape, plan, issued)?;
        let root =
            context.certificates("root certificate of the fleet", issued.map(|issued| vec![issued.root.to_vec()]));
        let servers = context.servers(plan, &root)?;
        context.values = Value::from(Map::from([
            ("device".into(), device(plan, issued.is_some())),
            ("chip".into(), chip(plan, issued)),
            ("fleet".into(), Value::from(&*plan.fleet)),
            ("bundle".into(), bundle(plan, version)),
            ("variables".into(), variables),
            ("servers".into(), servers),
            ("credentials".into(), credentials),
            ("root_certificate".into(), Value::from_object(root)),
            (MARKS.into(), Value::from_dyn_object(Arc::clone(&context.marks))),
        ]));
        Ok(context)
    }

    fn variables(
        &mut self,
        shape: &TemplateShape,
        plan: &DevicePlan,
        issued: Option<Issued<'a>>,
    ) -> Result<Value, RenderError> {
        let mut map = Map::new();
        for (name, variable) in &shape.variables {
            if let Some(default) = &variable.default {
                map.insert(name.to_string(), value_of(default));
            }
        }
        for (name, variable) in &plan.variables {
            let value = match variable {
                Variable::Plain(value) | Variable::Pii(value) => value_of(value),
                Variable::Secret(secret) => self.secret_variable(name, secret, issued)?,
            };
            map.insert(name.to_string(), value);
        }
        Ok(Value::from(map))
    }

    fn secret_variable(
        &mut self,
        name: &Arc<str>,
        secret: &Arc<str>,
        issued: Option<Issued<'a>>,
    ) -> Result<Value, RenderError> {
        let bytes = issued.map(|issued| issued.secrets.get(secret));
        if let Some(None) = bytes {
            return Err(RenderError::Secret { name: Arc::clone(secret), variable: Arc::clone(name) });
        }
        let part = self.secret(&format!("variable {name}"), Nature::Text, bytes.flatten())?;
        Ok(Value::from_object(part))
    }

    /// A template sees the credentials that it declares and no other.
    fn credentials(
        &mut self,
        template: &TemplateShape,
        plan: &DevicePlan,
        issued: Option<Issued<'a>>,
    ) -> Result<Value, RenderError> {
        let mut all = Map::new();
        for (name, shape) in plan.credentials.iter() {
            if !template.credential_use(name).is_some_and(|used| used.accepts(&shape.kind)) {
                continue;
            }
            let credential = issued.map(|issued| issued.credential(name));
            if let Some(None) = credential {
                let device = plan.device.to_string();
                return Err(RenderError::Credential { name: Arc::clone(name), device });
            }
            let mut map = self.credential(name, &shape.kind, plan, credential.flatten())?;
            map.insert("kind".into(), Value::from(shape.kind.word()));
            all.insert(name.to_string(), Value::from(map));
        }
        Ok(Value::from(all))
    }

    fn credential(
        &mut self,
        name: &str,
        kind: &CredentialKind,
        plan: &DevicePlan,
        credential: Option<&'a Credential>,
    ) -> Result<Map, RenderError> {
        let private = credential.map(|credential| &credential.private);
        let public = credential.map(|credential| &credential.public.kind);
        let mut map = Map::new();
        let mut add = |part: &str, value: Part| {
            self.parts.insert(format!("{name}.{part}"), value.clone());
            map.insert(part.to_owned(), Value::from_object(value));
        };
        let marks = Arc::clone(&self.marks);
        let open =
            |part: &str, nature, parts| public_part(&marks, &format!("{part} of credential {name}"), nature, parts);
        match kind {
            CredentialKind::X509 { .. } => {
                add("certificate", open("certificate", Nature::Certificates, public.map(|kind| certificates(kind, 1))));
                add(
                    "chain",
                    open("certificates", Nature::Certificates, public.map(|kind| certificates(kind, usize::MAX))),
                );
                add("public_key", open("public key", Nature::PublicKey, public.map(public_key)));
                let what = format!("private key of credential {name}");
                add("private_key", new_secret(&mut self.slots, &self.marks, &what, Nature::PrivateKey, private)?);
            }
            CredentialKind::RawPublicKey { .. } => {
                add("public_key", open("public key", Nature::PublicKey, public.map(public_key)));
                let what = format!("private key of credential {name}");
                add("private_key", new_secret(&mut self.slots, &self.marks, &what, Nature::PrivateKey, private)?);
            }
            CredentialKind::Psk { identity, group, .. } => {
                let what = format!("key of credential {name}");
                add("key", new_secret(&mut self.slots, &self.marks, &what, Nature::Bytes, private)?);
                map.insert("identity".into(), Value::from(psk_identity(public, identity.as_deref(), plan)));
                map.extend(group.as_ref().map(|group| ("group".into(), Value::from(group.name.as_str()))));
            }
            CredentialKind::Token { .. } => {
                let what = format!("token of credential {name}");
                add("token", new_secret(&mut self.slots, &self.marks, &what, Nature::Text, private)?);
                let end = match public {
                    Some(PublicKind::Token { not_after, .. }) => not_after,
                    _ => "1970-01-01T00:00:00Z",
                };
                map.insert("not_after".into(), Value::from(end));
            }
        }
        Ok(map)
    }

    fn servers(&mut self, plan: &DevicePlan, root: &Part) -> Result<Value, RenderError> {
        let mut all = Map::new();
        for (name, server) in plan.servers.iter() {
            let trust = match &server.trust {
                Some(text) => {
                    self.certificates(&format!("trust of server {name}"), Some(pem_blocks(name, text, "CERTIFICATE")?))
                }
                None => root.clone(),
            };
            self.trusts.insert(Arc::clone(name), trust.clone());
            let mut map = server_map(name, server)?;
            map.insert("trust".into(), Value::from_object(trust));
            if let Some(text) = &server.server_public_key {
                let what = format!("public key of server {name}");
                let part =
                    public_part(&self.marks, &what, Nature::PublicKey, Some(pem_blocks(name, text, "PUBLIC KEY")?));
                map.insert("server_public_key".into(), Value::from_object(part));
            }
            all.insert(name.to_string(), Value::from(map));
        }
        Ok(Value::from(all))
    }

    fn certificates(&self, what: &str, parts: Option<Vec<Vec<u8>>>) -> Part {
        public_part(&self.marks, what, Nature::Certificates, parts)
    }

    fn secret(&mut self, what: &str, nature: Nature, bytes: Option<&'a Secret>) -> Result<Part, RenderError> {
        new_secret(&mut self.slots, &self.marks, what, nature, bytes)
    }
}

fn new_secret<'a>(
    slots: &mut Vec<Slot<'a>>,
    marks: &Arc<Marks>,
    what: &str,
    nature: Nature,
    bytes: Option<&'a Secret>,
) -> Result<Part, RenderError> {
    if slots.len() == MOST_SLOTS {
        let reason = format!("more than {MOST_SLOTS} secrets in one bundle");
        return Err(RenderError::File { path: what.to_owned(), reason });
    }
    let what: Arc<str> = Arc::from(what);
    let of_credential = matches!(nature, Nature::PrivateKey) || what.contains(" of credential ");
    slots.push(Slot { what: Arc::clone(&what), nature, bytes, of_credential });
    Ok(Part { what, nature, body: Body::Secret(slots.len() - 1), asked: None, marks: Arc::clone(marks) })
}

fn public_part(marks: &Arc<Marks>, what: &str, nature: Nature, parts: Option<Vec<Vec<u8>>>) -> Part {
    let body = parts.map_or(Body::Unmade, |parts| Body::Public(Arc::from(parts)));
    Part { what: Arc::from(what), nature, body, asked: None, marks: Arc::clone(marks) }
}

/// Everything public that goes into a rendering: what a nonce must not be foretold from, being a digest of it.
fn over(template: Digest, plan: &DevicePlan, version: u32, issued: Option<Issued<'_>>) -> Digest {
    let plan = serde_json::to_vec(plan).expect("a plan is plain data with text keys");
    let public: Vec<_> =
        issued.iter().flat_map(|issued| issued.credentials).map(|credential| &credential.public).collect();
    let public = serde_json::to_vec(&public).expect("public credentials are plain data");
    let root = issued.map_or(&[][..], |issued| issued.root);
    Digest::of_parts([b"markers".as_slice(), template.as_bytes(), &plan, &version.to_be_bytes(), &public, root])
}

fn value_of(json: &serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::from(()),
        Json::Bool(yes) => Value::from(*yes),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => Value::from(number),
            (None, Some(number)) => Value::from(number),
            (None, None) => Value::from(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => Value::from(items.iter().map(value_of).collect::<Vec<_>>()),
        Json::Object(map) => {
            Value::from(map.iter().map(|(key, value)| (key.clone(), value_of(value))).collect::<Map>())
        }
    }
}

fn device(plan: &DevicePlan, is_issued: bool) -> Value {
    let mut map =
        Map::from([("id".into(), Value::from(plan.device.as_str())), ("profile".into(), Value::from(&*plan.profile))]);
    let factory = plan.delivery.carrier.factory();
    let later = !is_issued && factory.is_some_and(|factory| factory.serials != SerialSource::Mes);
    let serial = plan.serial.as_ref().map(crate::fleet::SerialNumber::as_str).or(later.then_some("<serial number>"));
    map.extend(serial.map(|serial| ("serial".into(), Value::from(serial))));
    map.extend(plan.group.as_ref().map(|group| ("group".into(), Value::from(&**group))));
    map.extend(plan.model.as_ref().map(|model| ("model".into(), Value::from(&**model))));
    Value::from(map)
}

/// What is known of the chip; of one that is not there yet, that it will be.
fn chip(plan: &DevicePlan, issued: Option<Issued<'_>>) -> Value {
    let Some(factory) = plan.delivery.carrier.factory() else { return Value::UNDEFINED };
    let mut map = Map::from([("name".into(), Value::from(&*factory.chip))]);
    let known = |of: fn(&ChipIdentity) -> Option<&String>, later: &str| match issued {
        Some(issued) => issued.chip.and_then(of).map(|number| Value::from(number.as_str())),
        None => Some(Value::from(later)),
    };
    map.extend(known(|chip| chip.uid.as_ref(), "<unique number>").map(|uid| ("uid".into(), uid)));
    map.extend(known(|chip| chip.mac.as_ref(), "<MAC address>").map(|mac| ("mac".into(), mac)));
    Value::from(map)
}

fn bundle(plan: &DevicePlan, version: u32) -> Value {
    Value::from(Map::from([
        ("name".into(), Value::from(&*plan.delivery.bundle.name)),
        ("template".into(), Value::from(&*plan.delivery.bundle.template)),
        ("version".into(), Value::from(version)),
    ]))
}

fn role_word(role: Role) -> &'static str {
    match role {
        Role::Management => "management",
        Role::Bootstrap => "bootstrap",
        Role::Registration => "registration",
    }
}

fn server_map(name: &Arc<str>, server: &Server) -> Result<Map, RenderError> {
    let address = Address::of(&server.uri).ok_or_else(|| RenderError::Server {
        server: Arc::clone(name),
        reason: format!("{:?} is no address of the form scheme://host:port", server.uri),
    })?;
    let mut map = Map::from([
        ("name".into(), Value::from(&**name)),
        ("protocol".into(), Value::from(protocol_word(server.protocol))),
        ("uri".into(), Value::from(&*server.uri)),
        ("scheme".into(), Value::from(address.scheme)),
        ("host".into(), Value::from(address.host)),
        ("role".into(), Value::from(role_word(server.role))),
        ("security".into(), Value::from(security_word(server.security))),
    ]);
    map.extend(address.port.map(|port| ("port".into(), Value::from(port))));
    map.extend(server.credential.as_ref().map(|name| ("credential".into(), Value::from(&**name))));
    map.extend(server.short_server_id.map(|id| ("short_server_id".into(), Value::from(id))));
    map.extend(server.lifetime.map(|seconds| ("lifetime".into(), Value::from(seconds))));
    map.extend(server.binding.as_ref().map(|binding| ("binding".into(), Value::from(&**binding))));
    Ok(map)
}

fn protocol_word(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Lwm2m => "lwm2m",
        Protocol::Mqtt => "mqtt",
        Protocol::Https => "https",
    }
}

fn security_word(security: Security) -> &'static str {
    match security {
        Security::None => "none",
        Security::Psk => "psk",
        Security::Rpk => "rpk",
        Security::X509 => "x509",
    }
}

/// Returns the certificate and, up to `most`, its issuers without the root: what TLS sends (RFC 8446, section 4.4.2).
fn certificates(kind: &PublicKind, most: usize) -> Vec<Vec<u8>> {
    let PublicKind::X509 { certificate, issuers, .. } = kind else { return Vec::new() };
    let between = &issuers[..issuers.len().saturating_sub(1)];
    std::iter::once(certificate).chain(between).take(most).cloned().collect()
}

fn public_key(kind: &PublicKind) -> Vec<Vec<u8>> {
    match kind {
        PublicKind::RawPublicKey { public_key, .. } => vec![public_key.clone()],
        PublicKind::X509 { certificate, .. } => match X509Certificate::from_der(certificate) {
            Ok((_, certificate)) => vec![certificate.public_key().raw.to_vec()],
            Err(_) => Vec::new(),
        },
        PublicKind::Psk { .. } | PublicKind::Token { .. } => Vec::new(),
    }
}

fn psk_identity(public: Option<&PublicKind>, wanted: Option<&str>, plan: &DevicePlan) -> String {
    if let Some(PublicKind::Psk { identity }) = public {
        return identity.clone();
    }
    let serial = plan.serial.as_ref().map_or("", |serial| serial.as_str());
    wanted.unwrap_or("{id}").replace("{id}", plan.device.as_str()).replace("{serial}", serial)
}

/// Reads the PEM blocks of a server's entry; at least one must be there.
pub(super) fn pem_blocks(server: &Arc<str>, text: &str, label: &str) -> Result<Vec<Vec<u8>>, RenderError> {
    let blocks = read_pem(text, label).filter(|blocks| !blocks.is_empty());
    blocks.ok_or_else(|| RenderError::Server {
        server: Arc::clone(server),
        reason: format!("no readable PEM block {label:?} in its trust or key"),
    })
}
