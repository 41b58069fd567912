//! Resources that devices have.

use super::{Registry, RegistryError, Value};

/// A resource that is allocated.
#[derive(Clone, PartialEq, Debug)]
pub struct Allocated {
    /// The registration it belongs to.
    pub registration: String,
    /// The device, as it writes itself.
    pub device: String,
    /// The resource's name.
    pub name: String,
    /// Particulars.
    pub detail: serde_json::Value,
}

impl Registry {
    /// Returns up to `limit` allocated resources of a kind after `after`, by registration and name; those of blocked and of
    /// retired devices are left out.
    pub fn allocated_resources(
        &self,
        kind: &str,
        after: Option<&Allocated>,
        limit: u32,
    ) -> Result<Vec<Allocated>, RegistryError> {
        let (registration, name) = after.map_or(("", ""), |after| (&after.registration, &after.name));
        let text = "SELECT r.registration, d.id, r.name, r.detail FROM resource r
            JOIN device d ON d.tenant = r.tenant AND d.folded = r.device
            WHERE r.tenant = $1 AND r.kind = $2 AND r.state = 'allocated' AND d.state = 'registered'
            AND (r.registration > $3 OR (r.registration = $3 AND r.name > $4))
            AND NOT EXISTS (SELECT 1 FROM block b WHERE b.tenant = r.tenant AND b.device = r.device)
            ORDER BY r.registration, r.name LIMIT $5";
        self.read(|reading| {
            let values: [Value; 5] =
                [reading.tenant.into(), kind.into(), registration.into(), name.into(), i64::from(limit).into()];
            let rows = reading.sql.query(text, &values)?;
            let read = rows.iter().map(|row| {
                let detail = serde_json::from_str(&row.text(3)?);
                let detail = detail.map_err(|_| RegistryError::damaged("", "a resource's detail is no JSON"))?;
                Ok(Allocated { registration: row.text(0)?, device: row.text(1)?, name: row.text(2)?, detail })
            });
            read.collect()
        })
    }

    /// Returns the number of the last write: while it stays, nothing has changed.
    pub fn turn(&self) -> Result<i64, RegistryError> {
        self.read(|reading| {
            let row = reading.sql.maybe_row("SELECT turn FROM tenant WHERE id = $1", &[reading.tenant.into()])?;
            row.map_or(Ok(0), |row| row.integer(0))
        })
    }
}
