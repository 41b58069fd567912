//! A build without debug probes.

use crate::programmer::{Programmer, ProgrammerError, UsbSelector};

/// Debug probes, which this build has none of (cargo feature `probe`).
pub struct Probe;

impl Probe {
    /// Always fails: this build has no debug probes.
    pub fn open(select: &UsbSelector, _chip: Option<&str>) -> Result<Box<dyn Programmer>, ProgrammerError> {
        let link = format!("swd:{}", select.words());
        Err(ProgrammerError::Unable { link, what: "this build has no debug probes (cargo feature `probe`)" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Class, Diagnose as _};

    #[test]
    fn a_build_without_probes_says_so() {
        let Err(error) = Probe::open(&UsbSelector::Only, None) else { panic!("opened") };
        assert_eq!(error.class(), Class::Refused);
        assert!(error.to_string().contains("this build has no debug probes"), "{error}");
    }
}
