//! What a rollout promises, in virtual time and without a store.

use time::OffsetDateTime;

use super::next_move;
use crate::registry::{Goal, Move, Rollout, RolloutState, Tally, Terms, Via};

const MINUTE: i64 = 60_000;

fn terms() -> Terms {
    Terms {
        pace: 60,
        canary: 3,
        stop: 10,
        hold: false,
        again: false,
        via: Via::Registration,
        goal: Goal::Finish,
        within: 600,
    }
}

fn rollout(terms: Terms, devices: i64) -> Rollout {
    Rollout {
        number: 1,
        state: if terms.canary > 0 { RolloutState::Canary } else { RolloutState::Running },
        terms,
        is_back: false,
        next: 0,
        forgiven: 0,
        reason: None,
        actor: String::new(),
        created: OffsetDateTime::UNIX_EPOCH,
        tally: Tally { waiting: devices, ..Tally::default() },
    }
}

/// A rollout with devices that each take ten seconds, then fail if `fails` says so of their number.
struct Run {
    rollout: Rollout,
    now: i64,
    /// When each started; number is the place.
    started: Vec<i64>,
    ended: usize,
    fails: Box<dyn Fn(usize) -> bool>,
}

impl Run {
    fn new(rollout: Rollout, fails: impl Fn(usize) -> bool + 'static) -> Self {
        Self { rollout, now: 0, started: Vec::new(), ended: 0, fails: Box::new(fails) }
    }

    /// Half a second goes by.
    fn step(&mut self) {
        while self.started.get(self.ended).is_some_and(|started| started + 10_000 <= self.now) {
            let tally = &mut self.rollout.tally;
            tally.started -= 1;
            if (self.fails)(self.ended) {
                tally.failed += 1;
            } else {
                tally.done += 1;
            }
            self.ended += 1;
        }
        let Move { state, start, next, reason } = next_move(&self.rollout, self.now);
        assert!(start >= 0 && start <= self.rollout.tally.waiting, "{start}");
        (self.rollout.state, self.rollout.next, self.rollout.reason) = (state, next, reason);
        self.rollout.tally.waiting -= start;
        self.rollout.tally.started += start;
        for _ in 0..start {
            self.started.push(self.now);
        }
        self.now += 500;
    }

    fn until_quiet(&mut self) -> RolloutState {
        for _ in 0..100_000 {
            if !self.rollout.is_running() && self.rollout.tally.started == 0 {
                break;
            }
            self.step();
        }
        self.rollout.state
    }
}

#[test]
fn it_keeps_its_pace_and_comes_to_its_end() {
    for pace in [1, 6, 60, 600, 6_000] {
        let mut run = Run::new(rollout(Terms { pace, ..terms() }, 300), |_| false);
        assert_eq!(run.until_quiet(), RolloutState::Done, "{pace}");
        assert_eq!((run.rollout.tally.done, run.started.len()), (300, 300));
        for (at, start) in run.started.iter().enumerate() {
            let within = run.started[at..].iter().take_while(|other| **other < start + MINUTE).count();
            // What is due at both ends of a minute.
            assert!(within <= pace as usize + 1 + pace as usize / 60, "{within} in a minute of {pace}");
        }
    }
}

#[test]
fn the_canary_goes_first_and_alone() {
    let mut run = Run::new(rollout(Terms { pace: 6_000, ..terms() }, 50), |_| false);
    while run.rollout.state == RolloutState::Canary {
        assert!(run.started.len() <= 3);
        run.step();
    }
    assert_eq!((run.ended, run.started.len(), run.rollout.state), (3, 3, RolloutState::Running));
    assert_eq!(run.until_quiet(), RolloutState::Done);
    let mut held = Run::new(rollout(Terms { hold: true, ..terms() }, 50), |_| false);
    assert_eq!((held.until_quiet(), held.started.len()), (RolloutState::Paused, 3));
}

#[test]
fn any_one_failure_stops_where_none_is_taken_and_no_further_device_is_started() {
    for nth in 0..40 {
        let mut run = Run::new(rollout(Terms { stop: 0, pace: 600, ..terms() }, 40), move |at| at == nth);
        assert_eq!(run.until_quiet(), RolloutState::Stopped, "{nth}");
        assert_eq!(run.rollout.tally.failed, 1);
        let told = run.started[nth] + 10_000;
        assert!(run.started.iter().all(|start| *start <= told), "{nth}: one was started after the failure was known");
        assert!(run.rollout.reason.as_ref().unwrap().contains("1 of"), "{:?}", run.rollout.reason);
    }
}

#[test]
fn one_failure_of_many_is_borne_but_not_in_the_canary() {
    for nth in 0..40 {
        let mut run = Run::new(rollout(terms(), 40), move |at| at == nth);
        let wanted = if nth < 3 { RolloutState::Stopped } else { RolloutState::Done };
        assert_eq!(run.until_quiet(), wanted, "{nth}");
        assert!(nth >= 3 || run.started.len() == 3);
    }
}

#[test]
fn it_stops_at_the_percentage() {
    // 10 % of at least 20: two failures.
    let mut run = Run::new(rollout(Terms { canary: 0, ..terms() }, 1_000), |at| at == 5 || at == 9);
    assert_eq!(run.until_quiet(), RolloutState::Stopped);
    assert_eq!(run.rollout.tally.failed, 2);
    // Each eleventh: 9 % after the first twenty.
    let mut run = Run::new(rollout(Terms { canary: 0, ..terms() }, 1_000), |at| at > 20 && at % 11 == 0);
    assert_eq!(run.until_quiet(), RolloutState::Done);
}

#[test]
fn after_a_long_silence_it_goes_on_at_its_pace() {
    let mut run = Run::new(rollout(Terms { canary: 0, ..terms() }, 100), |_| false);
    run.step();
    run.now += 3_600_000;
    run.step();
    assert_eq!(run.started.len(), 2, "an hour that was missed is not made up for");
}

#[test]
fn a_person_who_resumes_forgives_what_failed() {
    let mut run = Run::new(rollout(Terms { canary: 0, ..terms() }, 100), |at| at < 2);
    assert_eq!(run.until_quiet(), RolloutState::Stopped);
    (run.rollout.forgiven, run.rollout.state) = (run.rollout.tally.failed, RolloutState::Running);
    assert_eq!(run.until_quiet(), RolloutState::Done);
}
