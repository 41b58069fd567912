//! What the slots of a line share: the devices that wait for a unit, and what the person at the line wants.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::fleet::{Class, EndpointName};

use super::batch::Verdict;

/// What a slot may do with a unit that is there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Turn {
    /// Make it this device.
    Make(EndpointName),
    /// Nothing: a label has to be scanned first.
    Scan,
    /// Nothing: no device is left, or as many units as were wanted are made or being made.
    None,
}

/// What the slots share.
pub struct Control {
    state: Mutex<State>,
    bell: Condvar,
    /// Each unit waits for a label that was scanned.
    scanning: bool,
    /// At most so many units.
    most: Option<usize>,
    /// Each slot takes one unit.
    once: bool,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<EndpointName>,
    chosen: Option<EndpointName>,
    pressed: BTreeSet<usize>,
    asking: Option<usize>,
    answer: Option<String>,
    ending: bool,
    at_work: usize,
    /// Devices that failed here and whose unit may come back.
    outstanding: BTreeSet<EndpointName>,
    verdict: Verdict,
}

/// What came of a unit.
pub enum Came {
    /// It is made.
    Made,
    /// It was made before.
    Before,
    /// It failed; `bound` if the device goes on with this very unit only.
    Failed {
        /// How.
        class: Class,
        /// True if the ledger has it begun.
        bound: bool,
    },
}

impl Control {
    /// Begins with the devices that wait, in their order.
    pub fn new(waiting: Vec<EndpointName>, scanning: bool, most: Option<usize>, once: bool) -> Self {
        let state = State { waiting: waiting.into(), ..State::default() };
        Self { state: Mutex::new(state), bell: Condvar::new(), scanning, most, once }
    }

    /// Lets the units at work end, and begins no other.
    pub fn end(&self) {
        self.state().ending = true;
        self.bell.notify_all();
    }

    /// Returns true if no further unit is begun.
    pub fn is_ending(&self) -> bool {
        self.state().ending
    }

    /// The person says "next": slots that wait for their unit to be taken out look again as if it were.
    pub fn press(&self, slots: usize) {
        self.state().pressed = (0..slots).collect();
        self.bell.notify_all();
    }

    /// Returns true once for each press.
    pub fn is_pressed(&self, slot: usize) -> bool {
        self.state().pressed.remove(&slot)
    }

    /// The next unit becomes this device.
    pub fn choose(&self, device: EndpointName) {
        self.state().chosen = Some(device);
        self.bell.notify_all();
    }

    /// Returns true while a slot waits for a scan.
    pub fn lacks_scan(&self) -> bool {
        self.scanning && self.state().chosen.is_none()
    }

    /// Returns the device that comes next.
    pub fn next(&self) -> Option<EndpointName> {
        let state = self.state();
        state.chosen.clone().or_else(|| state.waiting.front().filter(|_| !self.scanning).cloned())
    }

    /// Returns how many devices wait.
    pub fn left(&self) -> usize {
        self.state().waiting.len()
    }

    /// Decides what becomes of a unit; one that has an owner stays his, unless another label was scanned for it. A device
    /// that is given out is at work until [`Control::came`].
    pub fn turn(&self, owner: Option<EndpointName>) -> Turn {
        let mut state = self.state();
        let begun = state.at_work + through(&state.verdict);
        if state.ending || self.most.is_some_and(|most| begun >= most) {
            return Turn::None;
        }
        let device = match (state.chosen.take(), owner) {
            (Some(chosen), _) => Some(chosen),
            (None, _) if self.scanning => return Turn::Scan,
            (None, Some(owner)) => Some(owner),
            (None, None) => state.waiting.front().cloned(),
        };
        let Some(device) = device else { return Turn::None };
        state.waiting.retain(|waiting| *waiting != device);
        state.at_work += 1;
        Turn::Make(device)
    }

    /// Takes note of what came of a unit.
    pub fn came(&self, device: &EndpointName, came: Came) {
        let mut state = self.state();
        state.at_work -= 1;
        match came {
            Came::Made | Came::Before => {
                state.outstanding.remove(device);
                let before = matches!(came, Came::Before);
                let count = if before { &mut state.verdict.before } else { &mut state.verdict.made };
                *count += 1;
            }
            Came::Failed { class, bound } => {
                state.verdict.failures.push(class);
                if bound {
                    state.outstanding.insert(device.clone());
                } else if !self.scanning {
                    // At the end: what is wrong with a device would else fail every unit.
                    state.waiting.push_back(device.clone());
                }
            }
        }
        self.bell.notify_all();
    }

    /// A unit failed before it was known whose it is.
    pub fn rejected(&self, class: Class) {
        self.state().verdict.failures.push(class);
        self.bell.notify_all();
    }

    /// Returns true if there is nothing more to do for a slot that has taken `units` so far.
    pub fn is_over(&self, units: usize) -> bool {
        let state = self.state();
        let begun = state.at_work + through(&state.verdict);
        let none_left = !self.scanning
            && state.waiting.is_empty()
            && state.chosen.is_none()
            && state.at_work == 0
            && state.outstanding.is_empty();
        state.ending || (self.once && units > 0) || self.most.is_some_and(|most| begun >= most) || none_left
    }

    /// Returns the sum of what came, and of the devices that were left.
    pub fn verdict(&self) -> Verdict {
        let state = self.state();
        let Verdict { made, before, failures, .. } = &state.verdict;
        Verdict { made: *made, before: *before, failures: failures.clone(), untouched: 0 }
    }

    /// Asks the person a question for a slot and waits for the line that is typed or scanned; none if we are to end.
    pub fn ask(&self, slot: usize, stop: &dyn Fn() -> bool) -> Option<String> {
        let mut state = self.state();
        state.asking = Some(slot);
        state.answer = None;
        let answer = loop {
            if let Some(answer) = state.answer.take() {
                break Some(answer);
            }
            if state.ending || stop() {
                break None;
            }
            let waited = self.bell.wait_timeout(state, Duration::from_millis(200));
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        };
        state.asking = None;
        answer
    }

    /// Gives the line to the slot that asks; returns false if none does.
    pub fn answer(&self, line: &str) -> bool {
        let mut state = self.state();
        if state.asking.is_none() {
            return false;
        }
        state.answer = Some(line.to_owned());
        self.bell.notify_all();
        true
    }

    /// Waits until something happens, at most `limit`.
    pub fn wait(&self, limit: Duration) {
        let state = self.state();
        if !state.ending {
            drop(self.bell.wait_timeout(state, limit).unwrap_or_else(PoisonError::into_inner));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn through(verdict: &Verdict) -> usize {
    verdict.made + verdict.before + verdict.failures.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> EndpointName {
        EndpointName::new(text).unwrap()
    }

    fn waiting(names: &[&str]) -> Vec<EndpointName> {
        names.iter().map(|text| name(text)).collect()
    }

    #[test]
    fn a_unit_keeps_its_device_and_a_new_one_gets_the_next() {
        let control = Control::new(waiting(&["a", "b"]), false, None, false);
        assert_eq!(control.turn(Some(name("b"))), Turn::Make(name("b")));
        assert_eq!(control.turn(None), Turn::Make(name("a")));
        assert_eq!(control.turn(None), Turn::None);
    }

    #[test]
    fn a_label_that_was_scanned_goes_before() {
        let control = Control::new(waiting(&["a", "b"]), true, None, false);
        assert_eq!(control.turn(None), Turn::Scan);
        control.choose(name("b"));
        assert_eq!(control.turn(Some(name("a"))), Turn::Make(name("b")));
        assert_eq!(control.turn(None), Turn::Scan);
        assert_eq!(control.left(), 1);
    }

    #[test]
    fn a_device_that_was_not_begun_waits_again_and_one_that_was_belongs_to_its_unit() {
        let control = Control::new(waiting(&["a", "b"]), false, None, false);
        control.turn(None);
        control.came(&name("a"), Came::Failed { class: Class::Differs, bound: false });
        assert_eq!(control.turn(None), Turn::Make(name("b")));
        control.came(&name("b"), Came::Failed { class: Class::Differs, bound: true });
        assert_eq!(control.turn(None), Turn::Make(name("a")));
        control.came(&name("a"), Came::Made);
        assert_eq!(control.turn(None), Turn::None);
        assert!(!control.is_over(3), "b's unit may come back");
        assert_eq!(control.turn(Some(name("b"))), Turn::Make(name("b")));
        control.came(&name("b"), Came::Made);
        assert!(control.is_over(4));
        assert_eq!((control.verdict().made, control.verdict().failures.len()), (2, 2));
    }

    #[test]
    fn no_more_units_are_begun_than_were_asked_for() {
        let control = Control::new(waiting(&["a", "b", "c"]), false, Some(2), false);
        control.turn(None);
        assert!(!control.is_over(0));
        control.turn(None);
        assert_eq!(control.turn(None), Turn::None);
        assert!(control.is_over(0));
        control.end();
        assert!(control.is_ending());
    }
}
