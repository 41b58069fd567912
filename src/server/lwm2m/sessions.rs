//! The bootstraps of peers, from the first request to the last word: what is found out, asked and told in turn.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;

use crate::bootstrap::{
    BootstrapRequest, Configuration, Consultation, Ending, Next, NoPack, Outcome, Refused, Session,
};
use crate::coap::{Asked, Request, Response};
use crate::format::coap::Code;

use super::peer::{Awaits, Deciding, PackWish, Running, Stage};
use super::peers::{Peers, Task, Work};
use super::told::{proof_word, step_line, word};
use super::transcript::Record;
use super::watch::count;

const CHANGED: Code = Code(2 << 5 | 4);

impl<K: Copy + Eq + Hash> Peers<K> {
    /// Has it found out what the peer is to be told. A request that comes while one is at work takes its place.
    pub(super) fn decide(
        &mut self,
        at: Duration,
        number: u64,
        asked: Option<Asked>,
        request: BootstrapRequest,
        pack: Option<PackWish>,
    ) {
        self.end_session(at, number, "the device asked anew");
        let Some(peer) = self.by_number.get_mut(&number) else { return };
        self.last += 1;
        let work = self.last;
        let task = Task::Configure { proof: peer.proof.clone(), asked: request.clone(), from: peer.from };
        peer.stage = Stage::Deciding(Deciding { work, asked, request, pack });
        self.give_out(Work { number: work, peer: number, task });
    }

    pub(super) fn configured(
        &mut self,
        at: Duration,
        number: u64,
        work: u64,
        result: Result<Arc<Configuration>, Refused>,
    ) {
        let Some(peer) = self.by_number.get_mut(&number) else { return };
        if !matches!(&peer.stage, Stage::Deciding(deciding) if deciding.work == work) {
            return;
        }
        let Stage::Deciding(deciding) = std::mem::replace(&mut peer.stage, Stage::Idle) else { return };
        let result =
            result.and_then(|configuration| self.take_over(at, number, &configuration).map(|()| configuration));
        match result {
            Ok(configuration) => self.begin(at, number, deciding, configuration),
            Err(refused) => {
                self.note_refused(number, deciding.request.endpoint.as_deref(), word(&refused), &refused.to_string());
                self.answer(at, number, deciding.asked, Response::new(refused.code()));
            }
        }
        self.with(at, number, |_| {});
    }

    /// A bootstrap of the same device that is at work elsewhere ends if who asks now proved the same; else it goes on.
    fn take_over(&mut self, at: Duration, number: u64, configuration: &Configuration) -> Result<(), Refused> {
        let Some(other) = self.by_device.get(&configuration.device.folded()).copied() else { return Ok(()) };
        let (Some(old), Some(new)) = (self.by_number.get(&other), self.by_number.get(&number)) else { return Ok(()) };
        if old.proof != new.proof {
            let words = format!("a bootstrap of {:?} by another proof is at work", configuration.device.as_str());
            return Err(Refused::Unavailable(words));
        }
        let words = if old.from.ip() == new.from.ip() {
            "the device asked anew".to_owned()
        } else {
            format!("the device asked anew from {}; or two devices have this name", new.from)
        };
        self.end_session(at, other, &words);
        self.settle(other);
        Ok(())
    }

    fn begin(&mut self, at: Duration, number: u64, deciding: Deciding, configuration: Arc<Configuration>) {
        let Deciding { asked, request, pack, .. } = deciding;
        let time = self.watch.now();
        let Some(peer) = self.by_number.get_mut(&number) else { return };
        let first = json!({ "device": configuration.device.as_str(), "from": peer.from.to_string(),
            "proof": proof_word(&peer.proof), "endpoint": request.endpoint, "preferred": request.preferred,
            "pack": pack.is_some(), "time": time });
        let given = pack.map(|wish| crate::bootstrap::pack(&configuration, wish.accept));
        if let Some(Err(NoPack { code, why })) = given {
            // It asks again with the request that needs no pack.
            self.note_refused(number, request.endpoint.as_deref(), "no-pack", &why);
            return self.answer(at, number, asked, Response::new(code));
        }
        let given = given.and_then(Result::ok);
        let is_given = given.is_some();
        let finish = is_given.then(|| self.watch.clock.now());
        peer.conversation.set_timing(configuration.timing);
        peer.answer(at, asked, given.unwrap_or_else(|| Response::new(CHANGED)));
        let mut told = first.clone();
        told["event"] = "began".into();
        self.watch.line("bootstrap", told);
        self.watch.counts.started.fetch_add(1, Ordering::Relaxed);
        self.watch.counts.sessions.fetch_add(1, Ordering::Relaxed);
        let record = Record::begin(self.keeps_records, &first);
        let session = Session::begin(Arc::clone(&configuration), &request);
        self.by_device.insert(configuration.device.folded(), number);
        let running = Running { configuration, session, awaits: Awaits::Nothing, began: at, record, finish };
        peer.stage = Stage::Running(Box::new(running));
        if is_given {
            self.finish(at, number, Outcome::packed());
        }
    }

    /// Goes on with a bootstrap until it waits for somebody.
    pub(super) fn advance(&mut self, at: Duration, number: u64) {
        loop {
            self.tell(number);
            let Some(running) = self.running(number).filter(|running| running.awaits == Awaits::Nothing) else {
                return;
            };
            match running.session.next() {
                Next::Ask(request) => self.ask(at, number, request),
                Next::Consult(consultation) => self.consult(number, consultation),
                Next::Done(outcome) => {
                    self.tell(number);
                    return self.finish(at, number, outcome);
                }
            }
        }
    }

    fn ask(&mut self, at: Duration, number: u64, request: Request) {
        let Some(peer) = self.by_number.get_mut(&number) else { return };
        let ticket = peer.conversation.ask(at, request);
        if let Stage::Running(running) = &mut peer.stage {
            if running.session.asks_to_finish() {
                running.finish = Some(self.watch.clock.now());
            }
            running.awaits = Awaits::Answer(ticket);
        }
    }

    fn consult(&mut self, number: u64, consultation: Consultation) {
        self.last += 1;
        let work = self.last;
        let Some(running) = self.running(number) else { return };
        running.awaits = Awaits::Service(work);
        let device = running.configuration.device.clone();
        self.give_out(Work { number: work, peer: number, task: Task::Consult { device, consultation } });
    }

    /// Shows what a bootstrap has to tell.
    fn tell(&mut self, number: u64) {
        while let Some((device, told)) = self.running(number).and_then(|running| {
            let told = running.session.told()?;
            running.record.step(&told);
            Some((running.configuration.device.clone(), told))
        }) {
            self.watch.line("bootstrap", step_line(&device, &told));
        }
    }

    /// Ends a bootstrap that is at work, if there is one.
    pub(super) fn end_session(&mut self, at: Duration, number: u64, why: &str) {
        if let Some(running) = self.running(number) {
            running.session.give_up(why);
            if let Next::Done(outcome) = running.session.next() {
                self.tell(number);
                self.finish(at, number, outcome);
            }
        }
    }

    fn finish(&mut self, at: Duration, number: u64, outcome: Outcome) {
        let Some(peer) = self.by_number.get_mut(&number) else { return };
        let Stage::Running(running) = std::mem::replace(&mut peer.stage, Stage::Over(at)) else { return };
        let device = running.configuration.device.clone();
        let (time, millis) = (self.watch.now(), at.saturating_sub(running.began).as_millis());
        self.watch.line(
            "bootstrap",
            json!({ "event": "ended", "device": device.as_str(), "good": outcome.is_good(),
            "result": outcome.words(), "verified": outcome.verified, "asked": outcome.asked, "quirks": outcome.quirks,
            "millis": u64::try_from(millis).unwrap_or(u64::MAX) }),
        );
        let counts = &self.watch.counts;
        counts.sessions.fetch_sub(1, Ordering::Relaxed);
        match &outcome.ending {
            Ending::Failed { why, .. } => count(&counts.failed, why.word()),
            Ending::Finished | Ending::Packed => _ = counts.finished.fetch_add(1, Ordering::Relaxed),
        }
        if self.by_device.get(&device.folded()) == Some(&number) {
            self.by_device.remove(&device.folded());
        }
        let record = running.record.end(&outcome, &time);
        self.last += 1;
        // Nothing comes back of this one.
        self.work.push_back(Work {
            number: self.last,
            peer: number,
            task: Task::End { device, outcome, record, time, finish: running.finish },
        });
    }

    pub(super) fn note_refused(&mut self, number: u64, endpoint: Option<&str>, word: &'static str, why: &str) {
        let Some(peer) = self.by_number.get(&number) else { return };
        count(&self.watch.counts.refused, word);
        self.watch.line(
            "bootstrap",
            json!({ "event": "refused", "endpoint": endpoint.and_then(|text| crate::server::log::name(Some(text))),
            "from": peer.from.to_string(), "proof": proof_word(&peer.proof), "reason": word, "why": why }),
        );
    }

    pub(super) fn running(&mut self, number: u64) -> Option<&mut Running> {
        match &mut self.by_number.get_mut(&number)?.stage {
            Stage::Running(running) => Some(running),
            _ => None,
        }
    }
}
