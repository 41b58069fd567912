//! The feed of events, and how far each subscriber has come.

use super::{Event, Registry, RegistryError, StoredEvent, Writing, chain};

/// The most events of one answer.
const MOST: i64 = 1_000;

/// How far a subscriber has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Subscriber {
    /// Its name.
    pub id: String,
    /// The last event it took.
    pub seen: i64,
    /// Failures since then.
    pub failures: i64,
}

impl Registry {
    /// Returns up to `limit` (1 to 1,000) events after number `after`, oldest first; of one device or of all.
    pub fn events(&self, device: Option<&str>, after: i64, limit: i64) -> Result<Vec<StoredEvent>, RegistryError> {
        let device = device.map(str::to_ascii_lowercase);
        self.read(|reading| chain::events(reading.sql, reading.tenant, device.as_deref(), after, limit.clamp(1, MOST)))
    }

    /// Returns the number of the last event; 0 before the first.
    pub fn last_event(&self) -> Result<i64, RegistryError> {
        self.read(|reading| {
            let row = reading.sql.maybe_row("SELECT events FROM tenant WHERE id = $1", &[reading.tenant.into()])?;
            row.map_or(Ok(0), |row| row.integer(0))
        })
    }

    /// Checks the chain of events: how many there are, or the number of the first that does not fit.
    pub fn verify_events(&self) -> Result<Result<i64, i64>, RegistryError> {
        self.read(|reading| chain::verify(reading.sql, reading.tenant))
    }

    /// Notes an event of its own and does not wait until it is written; `failed` hears why it could not be.
    pub fn note(
        &self,
        device: Option<String>,
        what: &'static str,
        detail: serde_json::Value,
        failed: impl FnOnce(RegistryError) + Send + 'static,
    ) {
        let work = move |writing: &mut Writing<'_>| {
            writing.note(Event { what, device: device.clone(), actor: "device".to_owned(), detail: detail.clone() });
            Ok(())
        };
        self.submit(work, |done| {
            if let Err(error) = done {
                failed(error);
            }
        });
    }

    /// Adds a subscriber that begins after the present end of the events; one that is there stays where it is.
    pub fn subscribe(&self, id: &str) -> Result<(), RegistryError> {
        if id.is_empty() || id.contains('\0') {
            let reason = "its name is empty or holds NUL".to_owned();
            return Err(RegistryError::Refused { what: "subscriber", name: id.to_owned(), reason });
        }
        let id = id.to_owned();
        self.write(move |writing| {
            let text = "INSERT INTO subscriber (tenant, id, seen, failures, due, claim)
                SELECT id, $1, events, 0, 0, 0 FROM tenant WHERE id = $2 ON CONFLICT (tenant, id) DO NOTHING";
            writing.sql.execute(text, &[id.as_str().into(), writing.tenant.into()]).map(|_| ())
        })
    }

    /// Forgets a subscriber.
    pub fn unsubscribe(&self, id: &str) -> Result<(), RegistryError> {
        let id = id.to_owned();
        self.write(move |writing| {
            let text = "DELETE FROM subscriber WHERE tenant = $1 AND id = $2";
            writing.sql.execute(text, &[writing.tenant.into(), id.as_str().into()]).map(|_| ())
        })
    }

    /// Returns how far a subscriber has come.
    pub fn subscriber(&self, id: &str) -> Result<Subscriber, RegistryError> {
        self.read(|reading| {
            let text = "SELECT seen, failures FROM subscriber WHERE tenant = $1 AND id = $2";
            let Some(row) = reading.sql.maybe_row(text, &[reading.tenant.into(), id.into()])? else {
                return Err(RegistryError::NotFound { what: "subscriber", name: id.to_owned() });
            };
            Ok(Subscriber { id: id.to_owned(), seen: row.integer(0)?, failures: row.integer(1)? })
        })
    }

    /// Returns the next events of a subscriber: the same ones until it took them, so each comes at least once.
    pub fn next_events(&self, id: &str, limit: i64) -> Result<Vec<StoredEvent>, RegistryError> {
        let subscriber = self.subscriber(id)?;
        self.events(None, subscriber.seen, limit)
    }

    /// Notes that a subscriber took all events up to `seq`; it never goes back, nor past the end.
    pub fn took_events(&self, id: &str, seq: i64) -> Result<(), RegistryError> {
        let id = id.to_owned();
        self.write(move |writing| {
            let text = "UPDATE subscriber SET seen = $1, failures = 0 WHERE tenant = $2 AND id = $3 AND seen < $1
                AND $1 <= (SELECT events FROM tenant WHERE id = $2)";
            writing.sql.execute(text, &[seq.into(), writing.tenant.into(), id.as_str().into()]).map(|_| ())
        })
    }

    /// Notes that a subscriber could not be told; returns how often in a row.
    pub fn missed_events(&self, id: &str) -> Result<i64, RegistryError> {
        let id = id.to_owned();
        self.write(move |writing| {
            let text = "UPDATE subscriber SET failures = failures + 1 WHERE tenant = $1 AND id = $2 RETURNING failures";
            match writing.sql.maybe_row(text, &[writing.tenant.into(), id.as_str().into()])? {
                Some(row) => row.integer(0),
                None => Err(RegistryError::NotFound { what: "subscriber", name: id.clone() }),
            }
        })
    }
}
