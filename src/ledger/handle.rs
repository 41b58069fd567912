//! The handle on the ledger: one writer thread, readers on connections of their own.

use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use rusqlite::Connection;

use crate::delivery::{Clock, Receipt, SealedMaterial, TargetIdentity};
use crate::fleet::{Class, DevicePlan, Digest, EndpointName, SerialNumber};

use super::holder::{Holder, Tickets};
use super::issue::{self, Issued};
use super::locks::LockPlan;
use super::ticket::Asked;
use super::work::{Surroundings, Work};
use super::writer::{Counts, Fault, Writer};
use super::{
    Beginning, Claim, CredentialState, LedgerError, NewCredential, Provenance, Ticket, claim, connection, load, steps,
    times,
};

/// The ledger of one station: open once, cloned freely, used from any thread. Each step is on the disk when its call
/// returns.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    provenance: Provenance,
    clock: Arc<dyn Clock>,
    tickets: Tickets,
    counts: Arc<Counts>,
    fault: OnceLock<Fault>,
    readers: Mutex<Vec<Connection>>,
    // Started by the first write: a run that only reads, or finds nothing to do, changes nothing.
    writer: Mutex<Option<Arc<Writer>>>,
}

impl Ledger {
    /// Opens the ledger at `path`, makes it (0600) if it is not there, and lifts an older schema to the present one.
    ///
    /// Fails for a file that is no ledger, one of a newer schema, or one of another fleet.
    pub fn open(path: &Path, fleet: &str, provenance: Provenance, clock: Arc<dyn Clock>) -> Result<Self, LedgerError> {
        let first = connection::prepare(path, fleet)?;
        first.pragma_update(None, "query_only", true).map_err(|error| LedgerError::from(error).located(path))?;
        let inner = Inner {
            path: path.into(),
            provenance,
            clock,
            tickets: Tickets::default(),
            counts: Arc::default(),
            fault: OnceLock::new(),
            readers: Mutex::new(vec![first]),
            writer: Mutex::new(None),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns true if there is a file at `path`.
    pub fn exists(path: &Path) -> bool {
        path.exists()
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Returns how many requests were asked of this handle's writer, and in how many commits they were made durable.
    pub fn writes(&self) -> (u64, u64) {
        let counts = &self.inner.counts;
        (counts.requests.load(Ordering::Relaxed), counts.commits.load(Ordering::Relaxed))
    }

    /// Asks to make a delivery (step 3 of the path): fresh, resume, changed or done.
    ///
    /// Refuses a retired device, one whose name or serial number is another's, one that is under way in another slot or
    /// process, one whose secrets went to other hardware, and one whose private material is gone. A refusal, and `Done` with
    /// nothing to tidy up, write nothing.
    pub fn begin(&self, beginning: &Beginning<'_>) -> Result<Claim, LedgerError> {
        let asked = Asked::new(beginning);
        if let Some(finished) = self.read(|conn| claim::nothing_left(conn, &asked))? {
            return Ok(Claim::Done(Box::new(finished)));
        }
        self.write(move |work| claim::begin(work, &asked))
    }

    /// Returns the finished delivery that leaves nothing to do for what is asked, without writing anything.
    pub fn done(&self, beginning: &Beginning<'_>) -> Result<Option<super::FinishedDelivery>, LedgerError> {
        let asked = Asked::new(beginning);
        self.read(|conn| claim::nothing_left(conn, &asked))
    }

    /// Binds the delivery to the target's own identity (step 4). Another target than the one begun for is refused.
    pub fn bind(&self, ticket: &Ticket, target: &TargetIdentity) -> Result<(), LedgerError> {
        let (row, target) = (ticket.delivery, target.clone());
        self.write(move |work| steps::bind(work, row, &target))
    }

    /// Stores the credentials just issued (pending) and the sealed artifact (step 5), in one transaction.
    pub fn sealed(
        &self,
        ticket: &Ticket,
        new: Vec<NewCredential>,
        artifact: Digest,
        spool: SealedMaterial,
    ) -> Result<(), LedgerError> {
        let row = ticket.delivery;
        self.write(move |work| steps::sealed(work, row, &new, artifact, &spool))
    }

    /// Says that the first secret byte is about to leave (step 6): from now on only the same hardware resumes.
    pub fn exposed(&self, ticket: &Ticket) -> Result<(), LedgerError> {
        let row = ticket.delivery;
        self.write(move |work| load::exposed(work, &[row]))
    }

    /// Takes the proof (step 7): pending generations become active; private material is destroyed by its `retain` rule,
    /// `never` by any target, `until-delivered` by hardware only.
    pub fn verified(&self, ticket: &Ticket, receipt: &Receipt) -> Result<(), LedgerError> {
        self.verified_to_lock(ticket, receipt, None)
    }

    /// Takes the proof as [`Ledger::verified`] does, and notes in the same transaction the locks without which the delivery
    /// is not done.
    pub fn verified_to_lock(
        &self,
        ticket: &Ticket,
        receipt: &Receipt,
        locks: Option<LockPlan>,
    ) -> Result<(), LedgerError> {
        let (row, receipt) = (ticket.delivery, receipt.clone());
        self.write(move |work| steps::verified(work, row, &receipt, locks.as_ref()))
    }

    /// Records the device as delivered (step 9); a second time it changes nothing.
    pub fn registered(&self, ticket: &Ticket) -> Result<(), LedgerError> {
        let row = ticket.delivery;
        self.write(move |work| steps::registered(work, row))
    }

    /// Ends the delivery (step 10); its spool is destroyed.
    pub fn finish(&self, ticket: Ticket) -> Result<(), LedgerError> {
        let row = ticket.delivery;
        self.write(move |work| steps::finish(work, row))
    }

    /// Steps 9 and 10 in one transaction, for a registry that is this very file.
    pub fn conclude(&self, ticket: Ticket) -> Result<(), LedgerError> {
        let row = ticket.delivery;
        self.write(move |work| steps::conclude(work, row))
    }

    /// Notes a failure. The delivery stays open; the ticket is of no further use, anybody may begin again and resume.
    pub fn failed(&self, ticket: &Ticket, class: Class, message: &str) -> Result<(), LedgerError> {
        let (row, message) = (ticket.delivery, message.to_owned());
        self.write(move |work| steps::failed(work, row, class, &message))
    }

    /// Records credentials issued without a delivery, for a device of which only name and serial number are known.
    pub fn record_issued(
        &self,
        device: &EndpointName,
        serial: Option<&SerialNumber>,
        new: Vec<NewCredential>,
    ) -> Result<(), LedgerError> {
        let issued = Issued {
            device: device.clone(),
            serial: serial.cloned(),
            model: None,
            profile: None,
            shapes: Arc::default(),
        };
        self.write(move |work| issue::record(work, &issued, &new))
    }

    /// Records credentials issued for a plan without a delivery. Better than [`Ledger::record_issued`] where there is a
    /// plan: a later change of the credential's shape (its validity, say) is then noticed.
    pub fn record_issued_for(&self, plan: &DevicePlan, new: Vec<NewCredential>) -> Result<(), LedgerError> {
        let issued = Issued {
            device: plan.device.clone(),
            serial: plan.serial.clone(),
            model: plan.model.clone(),
            profile: Some(Arc::clone(&plan.profile)),
            shapes: Arc::clone(&plan.credentials),
        };
        self.write(move |work| issue::record(work, &issued, &new))
    }

    /// Returns for each credential of a plan the generation that serves it, or that is to be issued.
    pub fn credentials_wanted(&self, plan: &DevicePlan) -> Result<Vec<CredentialState>, LedgerError> {
        self.read(|conn| claim::wanted_states(conn, plan))
    }

    /// Takes a device out of service: its credential generations are retired and their private material destroyed, its
    /// serial number becomes free for another name.
    pub fn retire(&self, device: &EndpointName, reason: &str) -> Result<(), LedgerError> {
        let (device, reason) = (device.clone(), reason.to_owned());
        self.write(move |work| issue::retire(work, &device, &reason))
    }

    /// Puts a fault into every commit that follows; before the first write only.
    #[cfg(test)]
    pub(super) fn set_fault(&self, fault: Fault) {
        assert!(self.inner.fault.set(fault).is_ok(), "a fault is set once");
    }

    /// Runs `job` on a reader, in one consistent view.
    pub(super) fn read<T>(&self, job: impl FnOnce(&Connection) -> Result<T, LedgerError>) -> Result<T, LedgerError> {
        let located = |error: LedgerError| error.located(&self.inner.path);
        let taken = lock(&self.inner.readers).pop();
        let conn = match taken {
            Some(conn) => conn,
            None => connection::open_reader(&self.inner.path).map_err(located)?,
        };
        let view = |conn: &Connection| {
            conn.execute_batch("BEGIN")?;
            let result = job(conn);
            conn.execute_batch("COMMIT")?;
            result
        };
        let result = view(&conn).map_err(located);
        if conn.is_autocommit() {
            lock(&self.inner.readers).push(conn);
        }
        result
    }

    /// Runs `job` in the writer, and returns when it is durable.
    pub(super) fn write<T, F>(&self, job: F) -> Result<T, LedgerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Work<'_>) -> Result<T, LedgerError> + Send + 'static,
    {
        self.writer()?.run(job)
    }

    /// Returns now as the tables hold it.
    pub(super) fn now_text(&self) -> String {
        times::to_text(self.inner.clock.now())
    }

    /// Returns the folder of the lock files.
    pub(super) fn holders(&self) -> PathBuf {
        self.inner.path.parent().unwrap_or(Path::new(".")).join("holders")
    }

    fn writer(&self) -> Result<Arc<Writer>, LedgerError> {
        let inner = &self.inner;
        let mut writer = lock(&inner.writer);
        if let Some(writer) = &*writer {
            return Ok(Arc::clone(writer));
        }
        let folder = self.holders();
        let around = Surroundings {
            provenance: inner.provenance.clone(),
            holder: Holder::new(&folder)?,
            tickets: inner.tickets.clone(),
        };
        let counts = Arc::clone(&inner.counts);
        let started = Writer::start(&inner.path, around, Arc::clone(&inner.clock), counts, inner.fault.get().cloned())?;
        let started = Arc::new(started);
        *writer = Some(Arc::clone(&started));
        Ok(started)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
