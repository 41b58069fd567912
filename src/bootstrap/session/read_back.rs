//! What was written, read back and compared.

use crate::coap::Response;
use crate::fleet::lwm2m::{ACCESS_CONTROL, Enabler, Path, SECURITY, SERVER};
use crate::format::discovered;

use super::super::comparison::{self, Expected};
use super::super::operation::Operation;
use super::super::outcome::Failure;
use super::super::set::Key;
use super::{Session, read_payload};

impl Session {
    /// Versions before 1.1 have no Read in a bootstrap.
    pub(super) fn read_back(&mut self) {
        if self.ground.knowledge.enabler < Enabler::V1_1 || self.ground.written.is_empty() {
            return;
        }
        self.differs.clear();
        let written = |object| self.ground.written.keys().any(move |key| key.0 == object);
        let mut again = Vec::new();
        if written(SECURITY) || written(SERVER) {
            again.push(Operation::LookAgain(Path::Root));
        }
        let reads = [SERVER, ACCESS_CONTROL].into_iter().filter(|object| written(*object));
        again.extend(reads.map(Operation::ReadAgain));
        self.pending.extend(again);
    }

    pub(super) fn settle_look(&mut self, path: Path, response: &Response) {
        if response.code.class() != 2 {
            if path == Path::Root {
                return self.pending.push_front(Operation::LookAgain(Path::Object(SECURITY)));
            }
            return self.ground.quirk("does not do Discover after writing");
        }
        match discovered::read(&response.payload) {
            Ok(mut found) => {
                let mut expected = self.expected();
                if path != Path::Root {
                    expected.servers.clear();
                }
                // What was there before counts as not known: a client of which nothing was discovered kept nothing we know.
                found.objects.retain(|object| path.object().is_none_or(|wanted| wanted == object.id));
                self.differs.extend(comparison::listing(&expected, &found));
            }
            Err(error) => self.ground.quirk(format!("its answer to Discover after writing cannot be read: {error}")),
        }
        self.compared();
    }

    fn expected(&mut self) -> Expected {
        let keys: Vec<Key> = self.ground.written.keys().copied().collect();
        let mut placed = |object: u16| {
            let keys = keys.iter().filter(|key| key.0 == object);
            keys.filter_map(|key| {
                let server = self.ground.set.short_server_id(*key)?;
                Some((self.ground.place(*key).ok()?, server))
            })
            .collect::<Vec<_>>()
        };
        let (security, servers) = (placed(SECURITY), placed(SERVER));
        let alone = self.ground.cleared.contains(&SECURITY) && self.ground.cleared.contains(&SERVER);
        let is_stated = self.ground.configuration.limits.account.is_some();
        let kept = self.ground.knowledge.kept.clone().filter(|_| !is_stated).unwrap_or_default();
        Expected { security, servers, kept, alone }
    }

    pub(super) fn settle_read_again(&mut self, object: u16, response: &Response) {
        if response.code.class() == 2 {
            match read_payload(Path::Object(object), response) {
                Ok(read) => {
                    let keys: Vec<(Key, bool)> =
                        self.ground.written.iter().map(|(key, least)| (*key, *least)).collect();
                    for (key, least) in keys.into_iter().filter(|(key, _)| key.0 == object) {
                        let content = self.ground.content(key, least);
                        self.differs.extend(content.ok().and_then(|it| comparison::instance(object, &it, &read)));
                    }
                    self.verified = self.differs.is_empty();
                }
                Err(why) => self.ground.quirk(format!("what it answers to Read of /{object} cannot be read: {why}")),
            }
        } else {
            self.ground.quirk(format!("answers Read of /{object} with {}: not compared", response.code));
        }
        self.compared();
    }

    /// When all has been read back: what differs is written again, as often as the procedure allows.
    fn compared(&mut self) {
        if self.pending.iter().any(|next| matches!(next, Operation::LookAgain(_) | Operation::ReadAgain(_))) {
            return;
        }
        let Some(why) = self.differs.first().cloned() else { return };
        self.verified = false;
        self.ground.quirk(format!("after writing: {why}"));
        if !self.correct() {
            let why = Failure::Differs(why);
            let path = None;
            self.end(path, why);
        }
    }

    /// Writes the accounts again and comes back to Finish; false if that was done often enough.
    pub(super) fn correct(&mut self) -> bool {
        if self.corrections == 0 {
            return false;
        }
        self.corrections -= 1;
        self.pending.clear();
        let written = |key: &Key| self.ground.written.contains_key(key);
        let keys: Vec<Key> = self.ground.set.in_order(Path::Root).into_iter().filter(written).collect();
        let again = keys.into_iter().map(|key| Operation::Write { key, least: self.ground.written[&key] });
        self.pending.extend(again);
        self.finished = false;
        self.finish();
        true
    }
}
