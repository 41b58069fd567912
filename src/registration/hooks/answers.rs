//! What outside services answered, for as long as it holds: a device that begins its bootstrap anew asks nobody again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use crate::fleet::enrolment::HookTarget;
use crate::fleet::{Digest, EndpointName, Secret};

/// Most answers that are kept, and most bytes of them: the one that ends first makes room.
const MOST_ANSWERS: usize = 10_000;
const MOST_BYTES: usize = 16 << 20;

/// A question: who is asked what, about which device.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Question {
    device: String,
    digest: [u8; 32],
}

impl Question {
    /// `text`: what the service is sent. Two services that are sent the same are asked two questions.
    pub(super) fn new(target: &HookTarget, device: &EndpointName, text: &str) -> Self {
        let asked = json!([target.webhook, target.command, target.as_root, text]).to_string();
        Self { device: device.folded(), digest: *Digest::of(asked.as_bytes()).as_bytes() }
    }
}

/// When an answer ends; the number tells apart those that end at once.
type End = (Instant, u64);

#[derive(Default)]
struct Shelf {
    answers: HashMap<Question, (End, Secret)>,
    ends: BTreeMap<End, Question>,
    bytes: usize,
    number: u64,
}

impl Shelf {
    fn remove(&mut self, question: &Question) {
        if let Some((end, answer)) = self.answers.remove(question) {
            self.ends.remove(&end);
            self.bytes -= answer.expose(<[u8]>::len);
        }
    }

    fn remove_first(&mut self) {
        if let Some(first) = self.ends.values().next().cloned() {
            self.remove(&first);
        }
    }
}

/// The answers that hold.
#[derive(Default)]
pub(super) struct Answers {
    shelf: Mutex<Shelf>,
}

impl Answers {
    /// Returns the answer to a question, if there is one that holds at `now`.
    pub(super) fn kept(&self, question: &Question, now: Instant) -> Option<Value> {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        while shelf.ends.first_key_value().is_some_and(|((until, _), _)| *until <= now) {
            shelf.remove_first();
        }
        let (_, answer) = shelf.answers.get(question)?;
        answer.expose(|bytes| serde_json::from_slice(bytes)).ok()
    }

    /// Keeps an answer until then, in the place of an earlier one.
    pub(super) fn keep(&self, question: Question, answer: &Value, until: Instant) {
        let answer = Secret::new(answer.to_string().into_bytes());
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        shelf.remove(&question);
        shelf.number += 1;
        let end = (until, shelf.number);
        shelf.bytes += answer.expose(<[u8]>::len);
        shelf.ends.insert(end, question.clone());
        shelf.answers.insert(question, (end, answer));
        while shelf.answers.len() > MOST_ANSWERS || shelf.bytes > MOST_BYTES {
            shelf.remove_first();
        }
    }

    /// Forgets the answers about a device.
    pub(super) fn forget(&self, device: &EndpointName) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let folded = device.folded();
        let about: Vec<_> = shelf.answers.keys().filter(|question| question.device == folded).cloned().collect();
        about.iter().for_each(|question| shelf.remove(question));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn question(device: &str, program: &str, text: &str) -> Question {
        let target: HookTarget = serde_json::from_value(json!({ "command": [program] })).unwrap();
        Question::new(&target, &EndpointName::new(device).unwrap(), text)
    }

    #[test]
    fn an_answer_holds_for_its_time_for_its_question_of_its_service() {
        let (answers, now) = (Answers::default(), Instant::now());
        let (mine, until) = (question("GW-1", "decide", "a"), now + Duration::from_mins(1));
        answers.keep(mine.clone(), &json!({ "ok": true, "attributes": { "plan": "gold" } }), until);
        assert_eq!(answers.kept(&question("gw-1", "decide", "a"), now).unwrap()["attributes"]["plan"], "gold");
        for other in [question("gw-2", "decide", "a"), question("gw-1", "judge", "a"), question("gw-1", "decide", "b")]
        {
            assert_eq!(answers.kept(&other, now), None);
        }
        answers.keep(mine.clone(), &json!({ "ok": true }), until + Duration::from_secs(1));
        assert_eq!(answers.kept(&mine, until), Some(json!({ "ok": true })), "the newer one, for its own time");
        assert_eq!(answers.kept(&mine, until + Duration::from_secs(1)), None);
        let shelf = answers.shelf.lock().unwrap();
        assert_eq!((shelf.answers.len(), shelf.ends.len(), shelf.bytes), (0, 0, 0));
    }

    #[test]
    fn what_is_forgotten_is_asked_again_and_others_are_not() {
        let (answers, now) = (Answers::default(), Instant::now());
        let all = [question("gw-1", "a", "x"), question("gw-1", "b", "x"), question("gw-2", "a", "x")];
        all.iter().for_each(|one| answers.keep(one.clone(), &json!({ "ok": true }), now + Duration::from_secs(9)));
        answers.forget(&EndpointName::new("GW-1").unwrap());
        let kept = all.each_ref().map(|one| answers.kept(one, now).is_some());
        assert_eq!(kept, [false, false, true]);
    }

    #[test]
    fn neither_many_answers_nor_long_ones_take_all_memory() {
        let (answers, now) = (Answers::default(), Instant::now());
        let after = |seconds: usize| now + Duration::from_secs(u64::try_from(seconds).unwrap());
        let numbered = |number: usize| question("gw-1", "a", &number.to_string());
        for number in 0..MOST_ANSWERS + 3 {
            answers.keep(numbered(number), &json!({ "ok": true }), after(number + 1));
        }
        let kept = [0, 2, 3, MOST_ANSWERS + 2].map(|number| answers.kept(&numbered(number), now).is_some());
        assert_eq!(kept, [false, false, true, true], "those that end first make room");
        let long = json!({ "ok": true, "message": "x".repeat(MOST_BYTES / 4) });
        for number in 0..5 {
            answers.keep(question("gw-2", "a", &number.to_string()), &long, after(2 * MOST_ANSWERS + number));
        }
        let shelf = answers.shelf.lock().unwrap();
        assert!(shelf.bytes <= MOST_BYTES && shelf.answers.len() == 3, "{} {}", shelf.bytes, shelf.answers.len());
        assert_eq!(shelf.ends.len(), 3);
    }
}
