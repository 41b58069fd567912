//! Paths of objects, instances and resources, and versions of the enabler.

use std::fmt;
use std::str::FromStr;

/// What an operation is aimed at (LwM2M TS Core, section 7.1: at most four numbers).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Path {
    /// `/`: everything.
    Root,
    /// `/O`.
    Object(u16),
    /// `/O/I`.
    Instance(u16, u16),
    /// `/O/I/R`.
    Resource(u16, u16, u16),
    /// `/O/I/R/RI`.
    ResourceInstance(u16, u16, u16, u16),
}

/// Text that is no path.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{found:?} is no path of LwM2M: up to four numbers of 0 to 65534, as in /1/0/1")]
pub struct PathError {
    /// The text.
    pub found: String,
}

impl Path {
    /// Returns the numbers, from the object on.
    pub fn numbers(self) -> Vec<u16> {
        match self {
            Self::Root => vec![],
            Self::Object(object) => vec![object],
            Self::Instance(object, instance) => vec![object, instance],
            Self::Resource(object, instance, resource) => vec![object, instance, resource],
            Self::ResourceInstance(object, instance, resource, number) => vec![object, instance, resource, number],
        }
    }

    /// Makes a path of up to four numbers.
    pub fn of(numbers: &[u16]) -> Option<Self> {
        Some(match *numbers {
            [] => Self::Root,
            [object] => Self::Object(object),
            [object, instance] => Self::Instance(object, instance),
            [object, instance, resource] => Self::Resource(object, instance, resource),
            [object, instance, resource, number] => Self::ResourceInstance(object, instance, resource, number),
            _ => return None,
        })
    }

    /// Returns the object; none for `/`.
    pub fn object(self) -> Option<u16> {
        self.numbers().first().copied()
    }

    /// Returns the object instance, where the path has one.
    pub fn instance(self) -> Option<u16> {
        self.numbers().get(1).copied()
    }

    /// Returns true if `other` is this path or lies below it.
    pub fn covers(self, other: Self) -> bool {
        other.numbers().starts_with(&self.numbers())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Self::Root {
            return f.write_str("/");
        }
        self.numbers().iter().try_for_each(|number| write!(f, "/{number}"))
    }
}

impl FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        let refused = || PathError { found: text.chars().take(64).collect() };
        let rest = text.strip_prefix('/').ok_or_else(refused)?;
        if rest.is_empty() {
            return Ok(Self::Root);
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let number = |part: &str| {
            let plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
            part.parse().ok().filter(|number| plain && *number != u16::MAX)
        };
        let numbers = rest.split('/').map(number).collect::<Option<Vec<u16>>>().ok_or_else(refused)?;
        Self::of(&numbers).ok_or_else(refused)
    }
}

/// A version of the LwM2M enabler.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Enabler {
    /// 1.0: TLV, no Read in a bootstrap.
    #[default]
    V1_0,
    /// 1.1: SenML, Read of /1 and /2.
    V1_1,
    /// 1.2: LwM2M CBOR, Bootstrap-Pack.
    V1_2,
}

impl fmt::Display for Enabler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
        })
    }
}

impl FromStr for Enabler {
    type Err = ();

    /// Takes `1.0`, `1.1`, `1.2`, also with further parts (`1.1.1`); a later 1.x counts as 1.2.
    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|part| part.parse::<u8>().map_err(drop));
        match (parts.next().ok_or(())??, parts.next().ok_or(())??) {
            (1, 0) => Ok(Self::V1_0),
            (1, 1) => Ok(Self::V1_1),
            (1, _) => Ok(Self::V1_2),
            _ => Err(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_it_is_written() {
        for text in ["/", "/1", "/0/1", "/1/0/65534", "/2/0/2/101"] {
            assert_eq!(text.parse::<Path>().map(|path| path.to_string()), Ok(text.to_owned()));
        }
        for wrong in ["", "1", "//", "/1//2", "/65535", "/01", "/1/2/3/4/5", "/x", "/+1"] {
            assert!(wrong.parse::<Path>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_path_covers_what_lies_below_it() {
        assert!(Path::Root.covers(Path::Object(0)));
        assert!(Path::Object(0).covers(Path::Instance(0, 1)));
        assert!(!Path::Instance(0, 1).covers(Path::Instance(0, 11)));
        assert!(!Path::Instance(0, 1).covers(Path::Object(0)));
    }

    #[test]
    fn versions_are_ordered() {
        assert!("1.0".parse::<Enabler>() < "1.1.1".parse());
        assert_eq!("1.3".parse(), Ok(Enabler::V1_2));
        assert_eq!("2.0".parse::<Enabler>(), Err(()));
    }
}
