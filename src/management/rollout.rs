//! The rules of a rollout: who goes next, when it stops. Pure: how it stands and the time come in, the next move goes out.

use crate::registry::{Move, Rollout, RolloutState};

/// The percentage of failures is of at least so many devices, where there are so many: else the first failure of a large
/// rollout would always stop it.
const LEAST_BASE: i64 = 20;
/// Milliseconds of a minute.
const MINUTE: i64 = 60_000;
/// Devices of so many milliseconds are started at once where a step came late.
const LATENESS: i64 = 1_000;

/// Says what happens next in a rollout that runs; `now` in milliseconds since 1970.
///
/// The first devices, the canary, go alone: others follow when all of them came to an end. Failures are counted against
/// those that came to an end (in the canary: against the canary); where they reach the percentage it stops.
pub fn next_move(rollout: &Rollout, now: i64) -> Move {
    let tally = rollout.tally;
    let stays = Move { state: rollout.state, start: 0, next: rollout.next, reason: rollout.reason.clone() };
    if !rollout.is_running() {
        return stays;
    }
    if let Some(reason) = too_many_failures(rollout) {
        return Move { state: RolloutState::Stopped, reason: Some(reason), ..stays };
    }
    if tally.waiting == 0 && tally.started == 0 {
        return Move { state: RolloutState::Done, reason: None, ..stays };
    }
    if rollout.state == RolloutState::Canary && tally.ended() >= rollout.canaries() && tally.started == 0 {
        let (state, reason) = if rollout.terms.hold {
            (RolloutState::Paused, Some("the canary is through: a person decides".to_owned()))
        } else {
            (RolloutState::Running, None)
        };
        return Move { state, reason, ..stays };
    }
    let (start, next) = starts(rollout, now);
    Move { start, next, ..stays }
}

fn too_many_failures(rollout: &Rollout) -> Option<String> {
    let tally = rollout.tally;
    let failed = tally.failed - rollout.forgiven;
    let base = match rollout.state {
        RolloutState::Canary => rollout.canaries(),
        _ => (tally.ended() - rollout.forgiven).max(tally.total().min(LEAST_BASE)),
    };
    let is_too_many = failed > 0 && failed * 100 >= i64::from(rollout.terms.stop) * base;
    is_too_many.then(|| {
        let stage = if rollout.state == RolloutState::Canary { "the canary's " } else { "" };
        format!("{failed} of {stage}{base} devices failed; it stops at {} %", rollout.terms.stop)
    })
}

/// Returns how many devices are started now, and when the next one may be.
fn starts(rollout: &Rollout, now: i64) -> (i64, i64) {
    let tally = rollout.tally;
    let pace = i64::from(rollout.terms.pace.max(1));
    let interval = (MINUTE / pace).max(1);
    if now < rollout.next {
        return (0, rollout.next);
    }
    let room = match rollout.state {
        RolloutState::Canary => rollout.canaries() - tally.begun(),
        _ => tally.waiting,
    };
    let room = room.min(tally.waiting).min(pace - tally.started).max(0);
    let due = 1 + (now - rollout.next) / interval;
    let most = (LATENESS / interval).max(1);
    match due.min(most).min(room) {
        0 => (0, rollout.next),
        // What was missed is not made up for: after a pause or an outage the pace is as it was.
        start if due > most || start < due => (start, now + interval),
        start => (start, rollout.next + start * interval),
    }
}
