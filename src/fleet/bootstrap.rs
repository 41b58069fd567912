//! Remote Bootstrap as the fleet file words it: steps and their conditions, what a client can take, how patient we are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::enrolment::HookTarget;
use super::lwm2m::{Content, DataType, Enabler, Opaque, Path, Value};

/// What is done with a device that asks, step by step.
#[derive(Clone, PartialEq, Debug)]
pub struct Procedure {
    /// Its name; `standard` is built in.
    pub name: String,
    /// The steps.
    pub steps: Vec<Step>,
    /// Steps that others fall back to, by name.
    pub fallbacks: BTreeMap<String, Vec<Step>>,
    /// When what was written is read back and compared (LwM2M 1.1 and later).
    pub read_back: ReadBack,
    /// How often what turns out wrong is written again.
    pub corrections: u32,
}

/// One step.
#[derive(Clone, PartialEq, Debug)]
pub struct Step {
    /// What it is called in logs; told apart from the others.
    pub name: String,
    /// What is done.
    pub act: Act,
    /// It is passed over unless all of these hold.
    pub when: Vec<Condition>,
    /// What an error means.
    pub on_error: ErrorPolicy,
}

/// What a step does.
#[derive(Clone, PartialEq, Debug)]
pub enum Act {
    /// Asks what the client has; `/` that is refused is asked as `/0`.
    Discover(Path),
    /// Reads, for the conditions of later steps.
    Read(Path),
    /// Deletes; the bootstrap account is never deleted.
    Delete(Path),
    /// Deletes what the configuration writes anew: the accounts, and the access rights where there are any.
    Clear,
    /// Writes what the configuration has at or below a path, `/` for all of it, in the order that keeps the device whole.
    Write(Path),
    /// Writes a value of its own.
    WriteValue(GivenResource),
    /// Sends a message as it stands.
    Raw(RawOperation),
    /// Asks an outside service.
    Consult(Service),
    /// Ends the bootstrap, if what the device has then is sound.
    Finish,
}

/// An outside service that a step asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Service {
    /// Who is asked.
    pub target: HookTarget,
    /// How long a yes is taken for the same question about the same device, in seconds; at 0 it is asked each time.
    pub cache: u32,
}

/// A message as the operator words it.
#[derive(Clone, PartialEq, Debug)]
pub struct RawOperation {
    /// The method.
    pub method: RawMethod,
    /// Where.
    pub path: Path,
    /// Content format of the payload.
    pub format: Option<u16>,
    /// Content format that is wanted.
    pub accept: Option<u16>,
    /// The payload.
    pub payload: Vec<u8>,
}

/// Methods of CoAP (RFC 7252, section 5.8).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RawMethod {
    /// GET.
    Get,
    /// PUT.
    Put,
    /// POST.
    Post,
    /// DELETE.
    Delete,
}

/// What must hold for a step.
#[derive(Clone, PartialEq, Debug)]
pub enum Condition {
    /// The client said that it has this path.
    Has(Path),
    /// The client did not say that it has this path.
    Lacks(Path),
    /// A value that was read before is this.
    Reads(Path, GivenValue),
    /// The client's version of LwM2M is at least this.
    Since(Enabler),
    /// The client's version of LwM2M is older than this.
    Before(Enabler),
    /// The device is of one of these models.
    Model(Vec<String>),
    /// The device's firmware is in this range, such as `>=1.2, <2`.
    Firmware(String),
    /// The outside service answered this under this key.
    Consulted(String, serde_json::Value),
}

/// What an error of a step means.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum ErrorPolicy {
    /// The bootstrap ends without Finish.
    #[default]
    Abort,
    /// The step is passed over. A set that is broken by it is not finished.
    Skip,
    /// The step is done again, so often; then the bootstrap ends without Finish.
    Retry(u32),
    /// Other steps take the place of this one and all after it.
    Fallback(String),
}

/// When what was written is read back and compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ReadBack {
    /// Before Finish: what is wrong is put right first.
    #[default]
    Before,
    /// After Finish, as far as the client still answers.
    After,
    /// Both.
    Both,
    /// Never.
    Never,
}

/// A resource of any object with its value.
#[derive(Clone, PartialEq, Debug)]
pub struct GivenResource {
    /// Where: a resource.
    pub path: Path,
    /// What: one value, or one for each resource instance.
    pub content: GivenContent,
}

/// One value or several.
#[derive(Clone, PartialEq, Debug)]
pub enum GivenContent {
    /// One.
    Single(GivenValue),
    /// By resource instance.
    Multiple(Vec<(u16, GivenValue)>),
}

/// A value as the fleet file gives it.
#[derive(Clone, PartialEq, Debug)]
pub enum GivenValue {
    /// Text.
    Text(String),
    /// Signed integer, time.
    Integer(i64),
    /// Unsigned integer beyond the signed ones.
    Unsigned(u64),
    /// Float.
    Float(f64),
    /// Boolean.
    Boolean(bool),
    /// Bytes.
    Opaque(Vec<u8>),
    /// Object link.
    Link(u16, u16),
}

impl GivenResource {
    /// Reads `{path: /3/0/15, value: ..}`, or `values: {0: .., 1: ..}` for a resource of several instances.
    pub fn of_json(entry: &serde_json::Value) -> Option<Self> {
        let path: Path = entry.get("path")?.as_str()?.parse().ok()?;
        let content = match (entry.get("value"), entry.get("values")) {
            (Some(value), None) => GivenContent::Single(GivenValue::of_json(value)?),
            (None, Some(values)) => {
                let several = values.as_object()?.iter();
                let several = several.map(|(number, value)| Some((number.parse().ok()?, GivenValue::of_json(value)?)));
                GivenContent::Multiple(several.collect::<Option<_>>()?)
            }
            _ => return None,
        };
        matches!(path, Path::Resource(..)).then_some(Self { path, content })
    }
}

impl GivenContent {
    /// Makes the content of a resource.
    pub fn content(&self) -> Content {
        match self {
            Self::Single(value) => Content::Single(value.value()),
            Self::Multiple(values) => {
                Content::Multiple(values.iter().map(|(number, value)| (*number, value.value())).collect())
            }
        }
    }
}

impl GivenValue {
    /// Makes a value.
    pub fn value(&self) -> Value {
        match self {
            Self::Text(text) => Value::Text(text.clone()),
            Self::Integer(number) => Value::Integer(*number),
            Self::Unsigned(number) => Value::Unsigned(*number),
            Self::Float(number) => Value::Float(*number),
            Self::Boolean(yes) => Value::Boolean(*yes),
            Self::Opaque(bytes) => Value::Opaque(Opaque::new(bytes.clone())),
            Self::Link(object, instance) => Value::Link { object: *object, instance: *instance },
        }
    }

    /// Reads a value as YAML and JSON write it: a text, a number, a boolean, `{hex: ..}`, `{base64: ..}` or `{link: "3:0"}`.
    pub fn of_json(value: &serde_json::Value) -> Option<Self> {
        use serde_json::Value as Json;
        Some(match value {
            Json::String(text) => Self::Text(text.clone()),
            Json::Bool(yes) => Self::Boolean(*yes),
            Json::Number(number) => match (number.as_i64(), number.as_u64()) {
                (Some(number), _) => Self::Integer(number),
                (None, Some(number)) => Self::Unsigned(number),
                (None, None) => Self::Float(number.as_f64()?),
            },
            Json::Object(map) if map.len() == 1 => {
                let (form, text) = map.iter().next()?;
                Self::of_form(form, text.as_str()?)?
            }
            _ => return None,
        })
    }

    fn of_form(form: &str, text: &str) -> Option<Self> {
        use base64::Engine as _;
        match form {
            "hex" => hex::decode(text).ok().map(Self::Opaque),
            "base64" => base64::engine::general_purpose::STANDARD.decode(text).ok().map(Self::Opaque),
            "link" => {
                let (object, instance) = text.split_once(':')?;
                Some(Self::Link(object.parse().ok()?, instance.parse().ok()?))
            }
            _ => None,
        }
    }

    /// The value in JSON, in the form that [`GivenValue::of_json`] reads.
    pub fn json(&self) -> serde_json::Value {
        use serde_json::json;
        match self {
            Self::Text(text) => json!(text),
            Self::Integer(number) => json!(number),
            Self::Unsigned(number) => json!(number),
            Self::Float(number) => json!(number),
            Self::Boolean(yes) => json!(yes),
            Self::Opaque(bytes) => json!({ "hex": hex::encode(bytes) }),
            Self::Link(object, instance) => json!({ "link": format!("{object}:{instance}") }),
        }
    }

    /// Returns true if the value may stand where `wanted` is the type.
    pub fn fits(&self, wanted: DataType) -> bool {
        match self {
            Self::Text(_) => wanted == DataType::Text,
            Self::Integer(_) | Self::Unsigned(_) => wanted == DataType::Integer,
            Self::Float(_) => false,
            Self::Boolean(_) => wanted == DataType::Boolean,
            Self::Opaque(_) => wanted == DataType::Opaque,
            Self::Link(..) => wanted == DataType::Link,
        }
    }
}

/// What a client can take: checked before a byte is sent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientLimits {
    /// Most bytes of a key, identity or certificate in the Security object.
    pub key_bytes: Option<usize>,
    /// Most bytes of one message's payload, blocks put together.
    pub payload_bytes: Option<usize>,
    /// Most instances of an object, the bootstrap account counted.
    pub instances: BTreeMap<u16, usize>,
    /// The resources an object has; an object that is not here has all.
    pub resources: BTreeMap<u16, Vec<u16>>,
    /// Where the bootstrap account lies, if the client cannot say so by Discover.
    pub account: Option<u16>,
    /// The content format it takes, if not what it says or what its version has.
    pub format: Option<u16>,
}

/// How patient we are with a client (RFC 7252, section 4.8; RFC 7959).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TimingProfile {
    /// The first pause before a message is repeated.
    pub ack_timeout: Duration,
    /// How often it is repeated.
    pub most_repetitions: u32,
    /// How long an answer may take after the request was acknowledged.
    pub answer_timeout: Duration,
    /// Bytes of a block, a power of two from 16 to 1024.
    pub block: u16,
    /// True if all blocks of one request have one token.
    pub same_token: bool,
}

impl Default for TimingProfile {
    fn default() -> Self {
        Self {
            ack_timeout: Duration::from_secs(2),
            most_repetitions: 4,
            answer_timeout: Duration::from_secs(93),
            block: 1024,
            same_token: false,
        }
    }
}

/// What a kind of client can take, and how patient we are with it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ClientProfile {
    /// What it can take.
    pub limits: ClientLimits,
    /// How patient we are.
    pub timing: TimingProfile,
}

impl ClientProfile {
    /// Returns a kind that is built in: `standard`, `nb-iot` (radio links with answers after many seconds), `zephyr` (the
    /// client of that system as it comes: keys of 16 bytes, two accounts, blocks of 256 bytes).
    pub fn built_in(name: &str) -> Option<Self> {
        let seconds = Duration::from_secs;
        let slow = TimingProfile { ack_timeout: seconds(20), answer_timeout: seconds(240), ..TimingProfile::default() };
        Some(match name {
            "standard" => Self::default(),
            "nb-iot" => Self { limits: ClientLimits::default(), timing: TimingProfile { block: 512, ..slow } },
            "zephyr" => Self {
                limits: ClientLimits {
                    key_bytes: Some(16),
                    instances: BTreeMap::from([(0, 2), (1, 2)]),
                    ..ClientLimits::default()
                },
                timing: TimingProfile { block: 256, ..TimingProfile::default() },
            },
            _ => return None,
        })
    }
}

/// What the fleet file says of one device's bootstrap.
#[derive(Clone, PartialEq, Debug)]
pub struct BootstrapPlan {
    /// What is done.
    pub procedure: Arc<Procedure>,
    /// What its client can take.
    pub client: ClientProfile,
    /// True for new credentials at each bootstrap.
    pub rotate: bool,
    /// True if all may be given in one answer (Bootstrap-Pack).
    pub pack: bool,
    /// Name of the server whose bootstrap account takes the place of the one that the device has.
    pub account: Option<Arc<str>>,
    /// Further resources.
    pub objects: Vec<GivenResource>,
}

impl Default for BootstrapPlan {
    fn default() -> Self {
        Self {
            procedure: Arc::default(),
            client: ClientProfile::default(),
            rotate: false,
            pack: true,
            account: None,
            objects: Vec::new(),
        }
    }
}

impl Procedure {
    /// Returns the services that its steps consult.
    pub fn consulted(&self) -> impl Iterator<Item = &HookTarget> {
        let steps = self.steps.iter().chain(self.fallbacks.values().flatten());
        steps.filter_map(|step| match &step.act {
            Act::Consult(service) => Some(&service.target),
            _ => None,
        })
    }

    /// Discover, clear, write, Finish: what is done where the fleet says nothing else.
    pub fn standard() -> Self {
        let step = |name: &str, act| Step { name: name.into(), act, when: Vec::new(), on_error: ErrorPolicy::Abort };
        Self {
            name: "standard".into(),
            steps: vec![
                step("discover", Act::Discover(Path::Root)),
                step("clear", Act::Clear),
                step("write", Act::Write(Path::Root)),
                step("finish", Act::Finish),
            ],
            fallbacks: BTreeMap::new(),
            read_back: ReadBack::default(),
            corrections: 1,
        }
    }
}

impl Default for Procedure {
    fn default() -> Self {
        Self::standard()
    }
}
