//! The server's own certificate: made at the start, and anew long before it ends.

use std::path::Path;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use crate::authority::{AuthorityError, ServerCertificate};
use crate::delivery::Clock;
use crate::host::files::write_atomically;
use crate::server::TlsFiles;

/// It is not made anew more often, even where its issuer ends soon.
const RAREST: Duration = Duration::HOUR;

/// Issues a certificate for the server.
type Issue = dyn Fn() -> Result<ServerCertificate, AuthorityError>;

/// A certificate of the fleet's own authority, for the names of the fleet file.
pub(super) struct OwnCertificate {
    issue: Box<Issue>,
    clock: Arc<dyn Clock>,
    files: TlsFiles,
    due: OffsetDateTime,
}

impl OwnCertificate {
    /// Issues it and puts it into `folder`.
    pub(super) fn make(
        folder: &Path,
        clock: &Arc<dyn Clock>,
        issue: impl Fn() -> Result<ServerCertificate, AuthorityError> + 'static,
    ) -> anyhow::Result<Self> {
        let files = TlsFiles { certificate: folder.join("serve.pem"), key: folder.join("serve.key") };
        let mut made = Self { issue: Box::new(issue), clock: Arc::clone(clock), files, due: clock.now() };
        made.renew()?;
        Ok(made)
    }

    /// Returns where it lies.
    pub(super) fn files(&self) -> &TlsFiles {
        &self.files
    }

    /// Makes it anew once two thirds of its time are over. Returns true if it did: the server is to read it again.
    pub(super) fn renew_if_due(&mut self) -> anyhow::Result<bool> {
        let now = self.clock.now();
        if now < self.due {
            return Ok(false);
        }
        // One that fails is not tried again at once.
        self.due = now.saturating_add(RAREST);
        self.renew().map(|()| true)
    }

    fn renew(&mut self) -> anyhow::Result<()> {
        let made = (self.issue)()?;
        made.key.expose(|key| write_atomically(&self.files.key, key, 0o600))?;
        write_atomically(&self.files.certificate, made.chain.as_bytes(), 0o600)?;
        self.due = due(self.clock.now(), made.ends);
        Ok(())
    }
}

/// Returns when a certificate that ends at `ends` is to be made anew.
fn due(now: OffsetDateTime, ends: OffsetDateTime) -> OffsetDateTime {
    let left: Duration = ends - now;
    now.saturating_add((left * 2_i32 / 3_i32).max(RAREST))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

    use super::*;
    use crate::fleet::Secret;

    const NOON: i64 = 1_780_000_000;
    const DAY: i64 = 24 * 3600;

    struct Moving(AtomicI64);

    impl Clock for Moving {
        fn now(&self) -> OffsetDateTime {
            OffsetDateTime::from_unix_timestamp(self.0.load(Ordering::SeqCst)).unwrap()
        }
    }

    /// Counts what it issues; the third one fails.
    fn issuer(clock: &Arc<Moving>) -> impl Fn() -> Result<ServerCertificate, AuthorityError> + 'static {
        let (clock, count) = (Arc::clone(clock), AtomicU32::new(0));
        move || {
            let number = count.fetch_add(1, Ordering::SeqCst) + 1;
            if number == 3 {
                return Err(AuthorityError::Crypto { doing: "signing a certificate" });
            }
            let key = Secret::new(format!("key {number}").into_bytes());
            Ok(ServerCertificate { chain: format!("chain {number}"), key, ends: clock.now() + Duration::days(90) })
        }
    }

    #[test]
    fn a_server_that_runs_for_months_has_a_new_certificate_before_the_old_one_ends() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(Moving(AtomicI64::new(NOON)));
        let mut own = OwnCertificate::make(folder.path(), &(Arc::clone(&clock) as _), issuer(&clock)).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let mut at = |seconds: i64| {
            clock.0.store(NOON + seconds, Ordering::SeqCst);
            let ended = own.renew_if_due().map_err(|error| error.to_string());
            (ended.is_err(), ended.unwrap_or(false), read("serve.pem"), read("serve.key"))
        };
        let pair = |failed, renewed, number: u32| (failed, renewed, format!("chain {number}"), format!("key {number}"));
        assert_eq!(at(60 * DAY - 1), pair(false, false, 1));
        assert_eq!(at(60 * DAY), pair(false, true, 2));
        assert_eq!(at(60 * DAY + 1), pair(false, false, 2));
        assert_eq!(at(120 * DAY), pair(true, false, 2), "the one in force stays");
        assert_eq!(at(120 * DAY + 3599), pair(false, false, 2), "it is not tried again and again");
        assert_eq!(at(120 * DAY + 3600), pair(false, true, 4));
    }

    #[test]
    fn an_issuer_that_ends_does_not_make_the_server_renew_without_end() {
        let noon = OffsetDateTime::from_unix_timestamp(NOON).unwrap();
        assert_eq!(due(noon, noon + Duration::MINUTE), noon + Duration::HOUR);
        assert_eq!(due(noon, noon - Duration::days(1)), noon + Duration::HOUR);
    }
}
