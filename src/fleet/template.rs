//! What a template says of itself: consumer, medium, files and variables (`template.yaml`).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{CredentialKind, MediumPlan};

/// A template's own description.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TemplateShape {
    /// Name: its folder's.
    pub name: Arc<str>,
    /// What reads the medium, in a person's words ("cloud-init, NoCloud data source").
    pub consumer: String,
    /// One paragraph for `init` and the docs.
    pub description: String,
    /// The medium the consumer looks for; none if it is no medium's reader.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub medium: Option<MediumPlan>,
    /// The credentials it uses: name and the kinds it can use under that name; a trailing `?` on the name in the file
    /// makes it optional.
    pub credentials: BTreeMap<Arc<str>, CredentialUse>,
    /// Variables it knows, by name.
    pub variables: BTreeMap<Arc<str>, TemplateVariable>,
    /// Files of the bundle.
    pub files: Vec<TemplateFile>,
    /// What the device's reader does after the files are in place, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub actions: Vec<TemplateAction>,
}

/// An action, with expressions of the template in its text; one whose text comes out empty is left out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateAction {
    /// Sets the host name.
    Hostname(String),
    /// Installs the bundle file of this path as a `NetworkManager` keyfile.
    NetworkConnection(String),
    /// Restarts the units named, blanks between them.
    Restart(String),
    /// Runs the hook that the device image knows by this name.
    Hook(String),
}

impl TemplateAction {
    /// Returns the text as it stands in the template.
    pub fn text(&self) -> &str {
        match self {
            TemplateAction::Hostname(text)
            | TemplateAction::NetworkConnection(text)
            | TemplateAction::Restart(text)
            | TemplateAction::Hook(text) => text,
        }
    }
}

/// How a template uses a credential.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct CredentialUse {
    /// Kinds (`x509`, `psk`, `rpk`) it can use.
    pub kinds: Vec<String>,
    /// False if the template does without when the profile has none.
    pub required: bool,
}

/// The credential name that stands for every credential of the profile which no other entry names.
pub const EVERY_CREDENTIAL: &str = "*";

impl TemplateShape {
    /// Returns how the template uses the profile's credential of that name; `None` if it does not.
    pub fn credential_use(&self, name: &str) -> Option<&CredentialUse> {
        self.credentials.get(name).or_else(|| self.credentials.get(EVERY_CREDENTIAL))
    }
}

impl CredentialUse {
    /// Returns true if a credential of `kind` serves.
    pub fn accepts(&self, kind: &CredentialKind) -> bool {
        self.kinds.iter().any(|word| word == kind.word())
    }
}

/// A variable of a template.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TemplateVariable {
    /// Type of its value.
    pub value_type: ValueType,
    /// Used when the fleet says nothing; without one the variable is required.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub default: Option<serde_json::Value>,
    /// Who may read it.
    pub class: SensitivityClass,
    /// What it is for.
    pub description: String,
    /// The values possible, where only some are.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub choices: Vec<serde_json::Value>,
    /// Longest text, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub longest: Option<usize>,
}

/// Types of variables.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueType {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// A list of texts.
    List,
    /// A mapping, passed on as it is.
    Map,
}

impl ValueType {
    /// Returns true if `value` has this type. The items of a list are texts.
    pub fn holds(self, value: &serde_json::Value) -> bool {
        match self {
            ValueType::String => value.is_string(),
            ValueType::Integer => value.is_i64() || value.is_u64(),
            ValueType::Boolean => value.is_boolean(),
            ValueType::List => value.as_array().is_some_and(|items| items.iter().all(serde_json::Value::is_string)),
            ValueType::Map => value.is_object(),
        }
    }

    /// Says what is wanted, with its article: "a whole number".
    pub fn wanted(self) -> &'static str {
        match self {
            ValueType::String => "a text",
            ValueType::Integer => "a whole number",
            ValueType::Boolean => "true or false",
            ValueType::List => "a list of texts",
            ValueType::Map => "a mapping",
        }
    }
}

/// Who may read a variable's value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum SensitivityClass {
    /// Anybody.
    #[default]
    Plain,
    /// Personal: shown, but never stored in the ledger in clear.
    Pii,
    /// Secret: by reference only; may not stand in clear in a fleet file or inventory.
    Secret,
}

/// One file of the bundle.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct TemplateFile {
    /// Path in the bundle, `/`-separated, relative.
    pub path: String,
    /// Unix mode, for media and consumers that keep one.
    pub mode: u32,
    /// Where its bytes come from.
    pub source: FileSource,
    /// Leave the file out unless this `MiniJinja` expression is true.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<String>,
    /// Where the device's reader puts it, an absolute path with expressions of the template.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub destination: Option<String>,
    /// Whose it is there, `user` or `user:group`, with expressions of the template.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
}

/// Where a bundle file's bytes come from.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileSource {
    /// A `MiniJinja` file of the template's folder, and the syntax its values are quoted for.
    Template {
        /// File name in the folder.
        file: String,
        /// Syntax for quoting.
        syntax: Syntax,
    },
    /// A part of a credential, whole: `identity.private_key`, `identity.certificate`, `identity.chain` ...
    Credential {
        /// `NAME.PART`.
        part: String,
        /// `pem`, `der`, `hex`, `base64` or `raw`.
        encoding: String,
    },
    /// The trusted certificates of a server, PEM: `telemetry`.
    Trust {
        /// Name of the server.
        server: String,
    },
    /// The `LwM2M` Security, Server and Access Control objects of the device's servers.
    Lwm2mObjects {
        /// `senml-cbor` or `tlv`.
        encoding: String,
        /// For `tlv`, which encodes one object: its id (0 Security, 1 Server, 2 Access Control).
        object: Option<u16>,
    },
}

/// The syntax of a file, which decides how values are quoted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Syntax {
    /// YAML: every value becomes a JSON-quoted scalar or flow collection, which YAML 1.2 reads the same.
    Yaml,
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// TOML for a reader that knows no escapes but `\\` and `\"` (rpi-preseed's): control characters are refused.
    TomlLine,
    /// POSIX shell: single-quoted words.
    Shell,
    /// Text: a value with a line break or control character is refused.
    Text,
}
