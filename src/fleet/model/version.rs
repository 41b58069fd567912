//! Names, versions and references of models.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

use crate::fleet::{Class, Diagnose};

/// Most characters of a model's name.
const LONGEST_NAME: usize = 64;

/// Why a text is no name, version, reference or range.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum VersionError {
    /// No name of a model.
    #[error(
        "{0:?} is no model name, wanted are lower-case letters, digits, \"-\" and \".\" (at most 64, first a letter or digit)"
    )]
    Name(String),
    /// No version of a model.
    #[error("{0:?} is no model version, wanted are three numbers such as 1.2.0")]
    Version(String),
    /// No reference to a model.
    #[error("{0:?} is no model reference, wanted is sensor, sensor@1 or sensor@1.2.0")]
    Reference(String),
    /// No range of versions.
    #[error("{0:?} is no version range, wanted is such as \">=1.4 <2\", \"1.x\" or \"*\"")]
    Range(String),
}

impl Diagnose for VersionError {
    fn class(&self) -> Class {
        Class::Input
    }
}

/// Text as it appears in an error: bounded, for it may come from a stranger.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The name of a model: lower-case letters, digits, `-` and `.`, 1 to 64, first a letter or digit.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModelName(Arc<str>);

impl ModelName {
    /// The rule as a regular expression.
    pub const PATTERN: &'static str = "^[a-z0-9][a-z0-9.-]{0,63}$";

    /// Makes a name.
    pub fn new(text: &str) -> Result<Self, VersionError> {
        if Self::fits(text) { Ok(Self(Arc::from(text))) } else { Err(VersionError::Name(shown(text))) }
    }

    /// Returns true if `text` is a name.
    pub fn fits(text: &str) -> bool {
        (1..=LONGEST_NAME).contains(&text.len())
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The version of a model: Semantic Versioning 2.0.0, without pre-release and build parts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModelVersion {
    /// Raised when something breaks.
    pub major: u32,
    /// Raised when something is added.
    pub minor: u32,
    /// Raised when only words change.
    pub patch: u32,
}

impl ModelVersion {
    /// The rule as a regular expression.
    pub const PATTERN: &'static str = r"^(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9})$";

    /// Makes a version.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }
}

/// What a reference wants of the version.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Wanted {
    /// The newest there is.
    Newest,
    /// The newest of a major version.
    Major(u32),
    /// Exactly this one.
    Exact(ModelVersion),
}

/// A reference to a model: `sensor@1.2.0`, `sensor@1` (the newest of that major version) or `sensor` (the newest).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ModelRef {
    /// The model's name.
    pub name: ModelName,
    /// Which version of it.
    pub wanted: Wanted,
}

impl ModelRef {
    /// The rule as a regular expression.
    pub const PATTERN: &'static str =
        r"^[a-z0-9][a-z0-9.-]{0,63}(@(0|[1-9][0-9]{0,9})(\.(0|[1-9][0-9]{0,9})\.(0|[1-9][0-9]{0,9}))?)?$";

    /// Makes a reference to exactly one version.
    pub fn exact(name: ModelName, version: ModelVersion) -> Self {
        Self { name, wanted: Wanted::Exact(version) }
    }

    /// Returns true if this is a version that is wanted; of several the newest is meant.
    pub fn accepts(&self, name: &ModelName, version: ModelVersion) -> bool {
        self.name == *name
            && match self.wanted {
                Wanted::Newest => true,
                Wanted::Major(major) => version.major == major,
                Wanted::Exact(exact) => version == exact,
            }
    }

    /// Returns the version that is meant among those that are there; none if none fits.
    pub fn newest(&self, versions: impl IntoIterator<Item = ModelVersion>) -> Option<ModelVersion> {
        versions.into_iter().filter(|version| self.accepts(&self.name, *version)).max()
    }
}

impl FromStr for ModelName {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl FromStr for ModelVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut numbers = text.split('.').map(number);
        match (numbers.next().flatten(), numbers.next().flatten(), numbers.next().flatten(), numbers.next()) {
            (Some(major), Some(minor), Some(patch), None) => Ok(Self { major, minor, patch }),
            _ => Err(VersionError::Version(shown(text))),
        }
    }
}

impl FromStr for ModelRef {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || VersionError::Reference(shown(text));
        let (name, wanted) = match text.split_once('@') {
            None => (text, Wanted::Newest),
            Some((name, version)) if version.contains('.') => {
                (name, Wanted::Exact(version.parse().map_err(|_| wrong())?))
            }
            Some((name, major)) => (name, Wanted::Major(number(major).ok_or_else(wrong)?)),
        };
        Ok(Self { name: ModelName::new(name).map_err(|_| wrong())?, wanted })
    }
}

/// A number without sign and leading zeros.
fn number(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text.len() == 1 || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ModelVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.wanted {
            Wanted::Newest => write!(f, "{}", self.name),
            Wanted::Major(major) => write!(f, "{}@{major}", self.name),
            Wanted::Exact(version) => write!(f, "{}@{version}", self.name),
        }
    }
}

macro_rules! as_text {
    ($($kind:ty),*) => {$(
        impl serde::Serialize for $kind {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $kind {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)?.parse().map_err(<D::Error as serde::de::Error>::custom)
            }
        }
    )*};
}
pub(super) use as_text;

as_text!(ModelName, ModelVersion, ModelRef);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_says_which_version_it_means() {
        let versions = ["1.0.0", "1.10.0", "1.9.3", "2.0.0"].map(|text| text.parse().expect("a version"));
        for (reference, newest) in [
            ("sensor", Some("2.0.0")),
            ("sensor@1", Some("1.10.0")),
            ("sensor@1.9.3", Some("1.9.3")),
            ("sensor@1.9.4", None),
            ("sensor@3", None),
        ] {
            let parsed: ModelRef = reference.parse().expect("a reference");
            assert_eq!(parsed.to_string(), reference);
            assert_eq!(parsed.newest(versions).map(|version| version.to_string()).as_deref(), newest, "{reference}");
        }
    }

    #[test]
    fn what_is_no_name_version_or_reference_is_refused() {
        for name in ["", "Sensor", "-a", ".a", "a b", "a/b", "a@1", "s\u{e9}", &"a".repeat(65)] {
            assert!(ModelName::new(name).is_err(), "{name:?}");
        }
        for version in ["", "1", "1.2", "1.2.3.4", "01.2.3", "1.2.3-rc1", "1.2.+3", "1.2.4294967296", "1.2. 3"] {
            assert!(version.parse::<ModelVersion>().is_err(), "{version:?}");
        }
        for reference in ["@1", "a@", "a@1.2", "a@v1", "a@1@2", "a@*"] {
            assert!(reference.parse::<ModelRef>().is_err(), "{reference:?}");
        }
    }
}
