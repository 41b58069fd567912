//! Runs the steps of a lock recipe and looks whether they hold.

use std::time::Duration;

use serde::Serialize;

use super::lock::{Act, LockStep, Probe, Registers};
use super::{Link, ProgrammerError};

/// How long to pause between two looks at a word that is waited for.
const BETWEEN: Duration = Duration::from_millis(5);
/// The longest a recipe may wait at one word, in milliseconds.
const LONGEST_WAIT: u32 = 10_000;
/// A chip that answers is asked so often whether it still refuses: a fault of the line is no lock.
const REFUSALS: u32 = 3;

/// Whether a step's effect is seen on the chip.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Observation {
    /// Every probe shows it.
    Holds,
    /// A probe shows that it does not hold.
    Open,
    /// Nothing of this step can show it, or the chip does not let us look.
    Unobservable,
}

/// Takes the acts of `step` in order; the first that fails ends it, and what was done by then stays.
///
/// Observe first: a step that holds already must not be taken again. `pause` lets time pass; a wait looks at its word at most
/// once each 5 ms of its limit.
pub fn apply(
    step: &LockStep,
    link: &Link,
    registers: &mut dyn Registers,
    pause: &dyn Fn(Duration),
) -> Result<(), ProgrammerError> {
    for act in &step.apply {
        match *act {
            Act::Write { address, value } => registers.write32(address, value)?,
            Act::Wait { address, mask, value, within } => {
                wait(link, registers, pause, (address, mask, value), within)?;
            }
            Act::Reset => registers.reset()?,
        }
    }
    Ok(())
}

fn wait(
    link: &Link,
    registers: &mut dyn Registers,
    pause: &dyn Fn(Duration),
    (address, mask, wanted): (u64, u32, u32),
    within: u32,
) -> Result<(), ProgrammerError> {
    let within = within.clamp(1, LONGEST_WAIT);
    let between = u32::try_from(BETWEEN.as_millis()).expect("a few milliseconds");
    let mut is = registers.read32(address)?;
    for _ in 0..within.div_ceil(between) {
        if is & mask == wanted {
            return Ok(());
        }
        pause(BETWEEN);
        is = registers.read32(address)?;
    }
    if is & mask == wanted {
        return Ok(());
    }
    let answer =
        format!("the word at {address:#x} is {is:#x} after {within} ms, wanted is {wanted:#x} under {mask:#x}");
    Err(ProgrammerError::Device { link: link.name.clone(), doing: "a lock step", answer })
}

/// Looks whether `step` holds. A failing link is an error, never an observation.
pub fn observe(step: &LockStep, registers: &mut dyn Registers) -> Result<Observation, ProgrammerError> {
    let mut all = if step.observe.is_empty() { Observation::Unobservable } else { Observation::Holds };
    for probe in &step.observe {
        match look(probe, registers)? {
            Observation::Open => return Ok(Observation::Open),
            Observation::Unobservable => all = Observation::Unobservable,
            Observation::Holds => {}
        }
    }
    Ok(all)
}

fn look(probe: &Probe, registers: &mut dyn Registers) -> Result<Observation, ProgrammerError> {
    match *probe {
        Probe::Equals { address, mask, value } => match registers.read32(address) {
            Ok(is) if is & mask == value => Ok(Observation::Holds),
            Ok(_) => Ok(Observation::Open),
            Err(ProgrammerError::Locked { .. }) => Ok(Observation::Unobservable),
            Err(error) => Err(error),
        },
        Probe::Refused { address } => refused(address, registers),
    }
}

/// A locked chip refuses each time; one that answers once is open.
fn refused(address: u64, registers: &mut dyn Registers) -> Result<Observation, ProgrammerError> {
    for _ in 0..REFUSALS {
        match registers.read32(address) {
            Ok(_) => return Ok(Observation::Open),
            Err(ProgrammerError::Locked { .. } | ProgrammerError::Device { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Observation::Holds)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    /// Words, each of whose uses may fail.
    #[derive(Default)]
    struct Words {
        values: BTreeMap<u64, u32>,
        locked: Vec<u64>,
        uses: usize,
        fails_at: Option<usize>,
        log: Vec<String>,
        /// A word becomes this after so many reads.
        becomes: Option<(u64, u32, usize)>,
    }

    fn locked() -> ProgrammerError {
        ProgrammerError::Locked { link: "x".into(), reason: "test".into() }
    }

    impl Words {
        fn used(&mut self, how: String) -> Result<(), ProgrammerError> {
            self.uses += 1;
            if self.fails_at == Some(self.uses) {
                return Err(ProgrammerError::Gone { link: "x".into(), doing: "testing" });
            }
            self.log.push(how);
            Ok(())
        }
    }

    impl Registers for Words {
        fn read32(&mut self, address: u64) -> Result<u32, ProgrammerError> {
            self.used(format!("read {address}"))?;
            if self.locked.contains(&address) {
                return Err(locked());
            }
            if let Some((at, value, after)) = &mut self.becomes
                && *at == address
            {
                if *after == 0 {
                    return Ok(*value);
                }
                *after -= 1;
            }
            Ok(self.values.get(&address).copied().unwrap_or(0))
        }

        fn write32(&mut self, address: u64, value: u32) -> Result<(), ProgrammerError> {
            self.used(format!("write {address}={value}"))?;
            self.values.insert(address, value);
            Ok(())
        }

        fn reset(&mut self) -> Result<(), ProgrammerError> {
            self.used("reset".into())
        }
    }

    fn link() -> Link {
        Link { name: "x".into(), port: None, serial: None }
    }

    fn step() -> LockStep {
        LockStep {
            name: "lock".into(),
            apply: vec![
                Act::Write { address: 4, value: 1 },
                Act::Wait { address: 8, mask: 0xF0, value: 0x10, within: 100 },
                Act::Reset,
            ],
            observe: vec![Probe::Equals { address: 4, mask: 1, value: 1 }, Probe::Refused { address: 12 }],
        }
    }

    fn ready() -> Words {
        Words { becomes: Some((8, 0x1F, 2)), locked: vec![12], ..Words::default() }
    }

    #[test]
    fn acts_are_taken_in_order_and_a_wait_ends_when_the_word_is_right() {
        let mut words = ready();
        let paused = Cell::new(0);
        apply(&step(), &link(), &mut words, &|_| paused.set(paused.get() + 1)).unwrap();
        assert_eq!(words.log, ["write 4=1", "read 8", "read 8", "read 8", "reset"]);
        assert_eq!(paused.get(), 2);
        assert_eq!(observe(&step(), &mut words).unwrap(), Observation::Holds);
    }

    #[test]
    fn a_word_that_never_comes_is_the_chip_s_fault_after_the_limit() {
        let mut words = Words::default();
        let paused = Cell::new(Duration::ZERO);
        let error = apply(&step(), &link(), &mut words, &|by| paused.set(paused.get() + by)).unwrap_err();
        assert!(matches!(&error, ProgrammerError::Device { answer, .. } if answer.contains("after 100 ms")), "{error}");
        assert_eq!(paused.get(), Duration::from_millis(100));
        assert!(!words.log.contains(&"reset".to_owned()), "what follows is not done");
    }

    #[test]
    fn every_use_that_fails_ends_the_step_with_its_own_error() {
        let count = |run: &dyn Fn(&mut Words)| {
            let mut words = ready();
            run(&mut words);
            words.uses
        };
        let all = count(&|words| apply(&step(), &link(), words, &|_| {}).unwrap());
        for n in 1..=all {
            let mut words = Words { fails_at: Some(n), ..ready() };
            let error = apply(&step(), &link(), &mut words, &|_| {}).unwrap_err();
            assert!(matches!(error, ProgrammerError::Gone { .. }), "{n}");
            assert_eq!(words.uses, n, "nothing is tried after it");
        }
        let held = || Words { values: [(4, 1)].into(), ..ready() };
        for n in 1..=4 {
            let mut words = Words { fails_at: Some(n), ..held() };
            assert!(matches!(observe(&step(), &mut words), Err(ProgrammerError::Gone { .. })), "{n}");
        }
    }

    #[test]
    fn only_what_is_seen_is_said_to_hold() {
        let seen = |words: &mut Words, observe_by: Vec<Probe>| {
            observe(&LockStep { observe: observe_by, ..step() }, words).unwrap()
        };
        let equals = || Probe::Equals { address: 4, mask: 1, value: 1 };
        let refused = || Probe::Refused { address: 12 };
        assert_eq!(seen(&mut Words::default(), vec![]), Observation::Unobservable);
        assert_eq!(seen(&mut Words::default(), vec![equals()]), Observation::Open);
        assert_eq!(seen(&mut Words::default(), vec![refused()]), Observation::Open);
        let mut closed = Words { locked: vec![4, 12], ..Words::default() };
        assert_eq!(seen(&mut closed, vec![equals()]), Observation::Unobservable, "it cannot be looked at");
        assert_eq!(seen(&mut closed, vec![refused(), equals()]), Observation::Unobservable);
        let mut open = Words { locked: vec![4], ..Words::default() };
        assert_eq!(seen(&mut open, vec![equals(), refused()]), Observation::Open, "one that is open counts most");
    }

    /// A line that fails now and then.
    struct Flaky(u32);

    impl Registers for Flaky {
        fn read32(&mut self, _: u64) -> Result<u32, ProgrammerError> {
            self.0 += 1;
            if self.0.is_multiple_of(3) {
                return Ok(7);
            }
            Err(ProgrammerError::Device { link: "x".into(), doing: "reading", answer: "fault".into() })
        }

        fn write32(&mut self, _: u64, _: u32) -> Result<(), ProgrammerError> {
            Ok(())
        }

        fn reset(&mut self) -> Result<(), ProgrammerError> {
            Ok(())
        }
    }

    #[test]
    fn a_line_that_fails_now_and_then_is_no_lock() {
        let step = LockStep { observe: vec![Probe::Refused { address: 12 }], ..step() };
        assert_eq!(observe(&step, &mut Flaky(0)).unwrap(), Observation::Open);
    }

    proptest! {
        #[test]
        fn a_masked_word_is_compared_bit_by_bit(word: u32, mask: u32, value: u32) {
            let step = LockStep { observe: vec![Probe::Equals { address: 4, mask, value }], ..step() };
            let mut words = Words { values: [(4, word)].into(), ..Words::default() };
            let differs = (0..32).any(|bit| {
                let at = |of: u32| of >> bit & 1;
                at(value) != at(word) * at(mask)
            });
            let expected = if differs { Observation::Open } else { Observation::Holds };
            prop_assert_eq!(observe(&step, &mut words).unwrap(), expected);
        }

        #[test]
        fn no_wait_is_longer_than_ten_seconds(within: u32) {
            let step = LockStep { apply: vec![Act::Wait { address: 8, mask: 1, value: 1, within }], ..step() };
            let paused = Cell::new(Duration::ZERO);
            prop_assert!(apply(&step, &link(), &mut Words::default(), &|by| paused.set(paused.get() + by)).is_err());
            prop_assert!(paused.get() <= Duration::from_secs(10));
        }
    }
}
