//! Allow lists that come in as streams.

use std::io::{BufReader, Read};

use serde_json::{Map, Value as Json};

use super::Registry;
use super::allow::{Allowed, Imported, RowEnd};
use super::rows::{Columns, ExchangeError, ExchangeForm, Rows};

/// The columns of a CSV before those of the attributes.
const COLUMNS: Columns = Columns {
    known: &["device", "max_uses", "expires", "used"],
    key: "device",
    out_only: &["used"],
    numbers: &["max_uses"],
};

impl Registry {
    /// Reads rows and puts them on a group's allow list; `told` hears of each by its number, from 0. What was put once is
    /// the same the next time, so a broken import may be repeated.
    ///
    /// # Errors
    ///
    /// The stream broke, or the registry went away: what `told` heard of stays.
    pub fn import_allow_stream(
        &self,
        actor: &str,
        group: &str,
        form: ExchangeForm,
        stream: &mut dyn Read,
        told: &mut dyn FnMut(u64, &RowEnd),
    ) -> Result<Imported, ExchangeError> {
        let mut rows = Rows::new(form, BufReader::new(stream), &COLUMNS)?;
        let mut broken = None;
        let entries = std::iter::from_fn(|| match rows.next() {
            Ok(row) => row.map(|(_, object)| object.and_then(entry)),
            Err(error) => {
                broken = Some(error);
                None
            }
        });
        let mut sum = self.import_allowed(actor, group, entries, told);
        match (broken, sum.stopped.take()) {
            (Some(error), _) => Err(error),
            (None, Some(error)) => Err(error.into()),
            (None, None) => Ok(sum),
        }
    }
}

fn entry(object: Map<String, Json>) -> Result<Allowed, String> {
    serde_json::from_value(Json::Object(object)).map_err(|error| error.to_string())
}
