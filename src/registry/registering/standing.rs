//! The model a device stands with: a registration keeps what a person chose, and what a move keeps.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::Digest;
use crate::registry::handle::Writing;
use crate::registry::instances::{self, Chosen, InstanceRow, InstanceState};
use crate::registry::models::{self, ModelState};
use crate::registry::sql::query_in;
use crate::registry::{RegistryError, Sql, Value};

use super::asked::{Asked, NewInstance};

/// The instances of a device that is known already.
#[derive(Default)]
pub(super) struct Standing {
    pub(super) current: Option<InstanceRow>,
    last: i64,
}

/// The instances of the devices of a batch, and what is there of the models they bring.
#[derive(Default)]
pub(super) struct Standings {
    of: BTreeMap<String, Standing>,
    brought: BTreeMap<(String, String), Digest>,
}

impl Standings {
    /// Reads what `folded` have, and what lies under the names of the models that a batch brings.
    pub(super) fn read(
        sql: &mut dyn Sql,
        tenant: &str,
        folded: &[Value],
        batch: &[Asked],
    ) -> Result<Self, RegistryError> {
        let mut standings = Self::default();
        let text = "SELECT device, number, model, version, model_values, state, origin, changed FROM instance
            WHERE tenant = $1 AND device IN";
        for row in query_in(sql, text, &[tenant.into()], folded)? {
            let row = instances::row_of(&row)?;
            let standing = standings.of.entry(row.device.clone()).or_default();
            standing.last = standing.last.max(row.number);
            if row.state == InstanceState::Current {
                standing.current = Some(row);
            }
        }
        for supplied in batch.iter().filter_map(|asked| asked.instance.as_ref()?.supplied.as_ref()) {
            let (name, version) = (supplied.model.name(), supplied.model.version());
            if let Some(digest) = models::digest_of(sql, tenant, name, version)? {
                standings.brought.insert((name.to_string(), version.to_string()), digest);
            }
        }
        Ok(standings)
    }

    /// Returns true if the model that a registration brings has the name and version of another one.
    pub(super) fn clashes(&self, asked: &Asked) -> bool {
        let supplied = asked.instance.as_ref().and_then(|instance| instance.supplied.as_ref());
        supplied.is_some_and(|supplied| {
            let key = (supplied.model.name().to_string(), supplied.model.version().to_string());
            self.brought.get(&key).is_some_and(|digest| *digest != supplied.model.digest())
        })
    }

    /// Returns what is asked with the instance that it comes to: where the present one stays, the answer says that one.
    pub(super) fn settle<'a>(&self, asked: &'a Asked, keeps: bool) -> Cow<'a, Asked> {
        let current = self.of.get(&asked.device.folded()).and_then(|standing| standing.current.as_ref());
        let Some(current) = current.filter(|current| keeps || stays(current, asked.instance.as_ref())) else {
            return Cow::Borrowed(asked);
        };
        let mut settled = asked.clone();
        settled.instance = None;
        let values = serde_json::Value::Object(current.instance.values.clone());
        let version = current.instance.version.to_string();
        instances::tell(Arc::make_mut(&mut settled.answer), current.instance.model.as_str(), &version, &values);
        Cow::Owned(settled)
    }

    /// Makes room for the instance of a registration, and returns its row.
    pub(super) fn replace(
        &mut self,
        writing: &mut Writing<'_>,
        asked: &Asked,
        new: &NewInstance,
    ) -> Result<Vec<Value>, RegistryError> {
        let folded = asked.device.folded();
        let standing = self.of.entry(folded.clone()).or_default();
        if standing.last > 0 {
            instances::retire_current(writing, &folded)?;
        }
        standing.last += 1;
        let said = (new.model.as_str(), new.version.as_str(), &new.values);
        let now = writing.millis();
        let row =
            instances::new_row(writing.tenant, &folded, standing.last, said, InstanceState::Current, new.chosen, now);
        standing.current = in_step(&folded, standing.last, new, writing);
        Ok(row)
    }

    /// Returns the row of the model that a registration brings, where it is not there yet.
    pub(super) fn bring(&mut self, writing: &Writing<'_>, new: &NewInstance) -> Option<Vec<Value>> {
        let supplied = new.supplied.as_ref()?;
        let key = (supplied.model.name().to_string(), supplied.model.version().to_string());
        if self.brought.insert(key, supplied.model.digest()).is_some() {
            return None;
        }
        let now = writing.millis();
        Some(models::new_row(writing.tenant, &supplied.model, &supplied.source, ModelState::Quarantined, now))
    }
}

/// What a person chose stays, unless the device itself says what it is.
fn stays(current: &InstanceRow, new: Option<&NewInstance>) -> bool {
    let is_asked_for = new.is_some_and(|new| matches!(new.chosen, Chosen::Device | Chosen::Supplied));
    current.chosen == Chosen::Hand && !is_asked_for
}

fn in_step(folded: &str, number: i64, new: &NewInstance, writing: &Writing<'_>) -> Option<InstanceRow> {
    let instance = crate::fleet::model::Instance {
        model: new.model.parse().ok()?,
        version: new.version.parse().ok()?,
        values: new.values.as_object().cloned().unwrap_or_default(),
    };
    let state = InstanceState::Current;
    Some(InstanceRow { device: folded.to_owned(), number, instance, state, chosen: new.chosen, changed: writing.now })
}
