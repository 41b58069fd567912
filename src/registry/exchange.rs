//! Devices go out and come in as streams: JSON lines, or CSV with a column for each attribute.

use std::io::{BufReader, Read, Write};

use serde::Serialize;
use serde_json::Value as Json;

use crate::fleet::enrolment::Filter;

use super::devices::{DeviceRow, ExpectedDevice, Put};
use super::expecting;
use super::rows::{ATTRIBUTES, Columns, ExchangeError, ExchangeForm, Rows};
use super::search::LARGEST_PAGE;
use super::{Registry, RegistryError};

/// Rows of one transaction: so many that its way to the disk hardly counts.
const BATCH: usize = 2_048;
/// Bytes of the rows of one transaction, after which no more are taken: long rows must not fill the memory.
const LARGEST_BATCH: u64 = 4 << 20;
/// The most rows of an import that is all or nothing.
pub(super) const MOST_ATOMIC: usize = 100_000;
/// Its most bytes.
const LARGEST_ATOMIC: u64 = 64 << 20;
/// The columns of a CSV before those of the attributes; an import takes what [`ExpectedDevice`] has of them.
const COLUMNS: [&str; 15] = [
    "id",
    "serial",
    "group",
    "state",
    "origin",
    "registration",
    "model",
    "version",
    "vendor",
    "hardware",
    "firmware",
    "protocol",
    "address",
    "bundle",
    "etag",
];
/// Columns that go out, but say nothing that can come in.
const OUT_ONLY: [&str; 4] = ["state", "origin", "registration", "etag"];
/// Columns that are numbers.
const NUMBERS: [&str; 1] = ["bundle"];

/// How an import goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportTerms {
    /// The form.
    pub form: ExchangeForm,
    /// All rows or none; at most 100,000. Otherwise each row that can be put is put.
    pub atomic: bool,
    /// Goes on after the row of this id; the ones up to it are passed over.
    pub after: Option<String>,
    /// Where the devices are said to come from.
    pub origin: String,
    /// Who asks.
    pub actor: String,
}

/// What became of one row.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct RowReport {
    /// Its number, from 1, without header.
    pub row: u64,
    /// The device, where it could be read.
    pub id: Option<String>,
    /// What became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub put: Option<Put>,
    /// Why nothing became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// What became of all rows.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct ImportTally {
    /// New devices.
    pub made: u64,
    /// Devices that changed.
    pub updated: u64,
    /// Devices that were so already.
    pub unchanged: u64,
    /// Rows that were refused; with `atomic` nothing is written then.
    pub refused: u64,
    /// Rows passed over to go on after an id.
    pub passed: u64,
}

/// What an import takes.
const TAKEN: Columns = Columns { known: &COLUMNS, keys: &["id"], out_only: &OUT_ONLY, numbers: &NUMBERS };

/// A row as it was read.
type Parsed = (u64, Result<ExpectedDevice, (Option<String>, String)>);

impl Registry {
    /// Writes the devices of a filter after a folded id, in the order of their folded ids; returns how many. The id of the
    /// last row written is where a broken export goes on; a CSV then has its header again.
    pub fn export(
        &self,
        filter: &Filter,
        after: Option<&str>,
        form: ExchangeForm,
        out: &mut dyn Write,
    ) -> Result<u64, ExchangeError> {
        let (mut count, mut cursor) = (0, after.map(str::to_ascii_lowercase));
        let names = self.begin_export(form, out)?;
        loop {
            let (some, next) = self.export_some(filter, cursor.as_deref(), form, &names, out)?;
            count += some;
            match next {
                Some(next) => cursor = Some(next),
                None => return Ok(count),
            }
        }
    }

    /// Writes a page of [`Registry::export`], the first one (`after` is none) with the header of a CSV; returns where the
    /// next one begins. Attributes that come up under way have no column in the header: they are left out.
    pub fn export_page(
        &self,
        filter: &Filter,
        after: Option<&str>,
        form: ExchangeForm,
        names: &mut Option<Vec<String>>,
        out: &mut dyn Write,
    ) -> Result<Option<String>, ExchangeError> {
        let names = match names {
            Some(names) => names,
            None => names.insert(self.begin_export(form, out)?),
        };
        Ok(self.export_some(filter, after, form, names, out)?.1)
    }

    /// Writes the header of a CSV; returns the attributes that have columns.
    fn begin_export(&self, form: ExchangeForm, out: &mut dyn Write) -> Result<Vec<String>, ExchangeError> {
        if form == ExchangeForm::Lines {
            return Ok(Vec::new());
        }
        let names = self.attribute_names()?;
        let header = COLUMNS.into_iter().map(str::to_owned);
        let header = header.chain(names.iter().map(|name| format!("{ATTRIBUTES}{name}"))).collect::<Vec<_>>();
        write_record(out, &header)?;
        Ok(names)
    }

    fn export_some(
        &self,
        filter: &Filter,
        after: Option<&str>,
        form: ExchangeForm,
        names: &[String],
        out: &mut dyn Write,
    ) -> Result<(u64, Option<String>), ExchangeError> {
        let page = self.search(filter, after, LARGEST_PAGE)?;
        for device in &page.devices {
            match form {
                ExchangeForm::Lines => writeln!(out, "{}", serde_json::json!(device))?,
                ExchangeForm::Csv => write_record(out, &record(device, names))?,
            }
        }
        Ok((page.devices.len() as u64, page.next))
    }

    fn attribute_names(&self) -> Result<Vec<String>, RegistryError> {
        self.read(|reading| {
            let text = "SELECT DISTINCT name FROM attribute WHERE tenant = $1 ORDER BY name";
            reading.sql.query(text, &[reading.tenant.into()])?.iter().map(|row| row.text(0)).collect()
        })
    }

    /// Reads devices and puts them as expected ones; `told` hears of each row. What was put once is unchanged the next time,
    /// so a broken import may be repeated, from its beginning or after the last id that was told.
    pub fn import(
        &self,
        terms: &ImportTerms,
        stream: &mut dyn Read,
        told: &mut dyn FnMut(&RowReport),
    ) -> Result<ImportTally, ExchangeError> {
        let mut reader = Rows::new(terms.form, BufReader::new(stream), &TAKEN)?;
        let mut tally = ImportTally::default();
        let mut after = terms.after.as_ref().map(|id| id.to_ascii_lowercase());
        let (mut waiting, mut before): (Vec<Parsed>, u64) = (Vec::new(), 0);
        while let Some((row, object)) = reader.next()? {
            let parsed = device(object);
            if let Some(last) = &after {
                before = reader.bytes();
                if parsed.as_ref().is_ok_and(|device| device.id.folded() == *last) {
                    after = None;
                }
                tally.passed += 1;
                continue;
            }
            waiting.push((row, parsed));
            let bytes = reader.bytes() - before;
            if terms.atomic && (waiting.len() > MOST_ATOMIC || bytes > LARGEST_ATOMIC) {
                let reason = format!("at most {MOST_ATOMIC} rows of {LARGEST_ATOMIC} bytes can be taken all or none");
                return Err(ExchangeError::Shape(reason));
            }
            if !terms.atomic && (waiting.len() == BATCH || bytes > LARGEST_BATCH) {
                self.put_rows(terms, std::mem::take(&mut waiting), &mut tally, told)?;
                before = reader.bytes();
            }
        }
        if let Some(last) = after {
            return Err(ExchangeError::Shape(format!("it is to go on after {last:?}, which is not in it")));
        }
        self.put_rows(terms, waiting, &mut tally, told)?;
        Ok(tally)
    }

    fn put_rows(
        &self,
        terms: &ImportTerms,
        rows: Vec<Parsed>,
        tally: &mut ImportTally,
        told: &mut dyn FnMut(&RowReport),
    ) -> Result<(), ExchangeError> {
        let readable: Vec<ExpectedDevice> = rows.iter().filter_map(|(_, row)| row.as_ref().ok().cloned()).collect();
        let is_void = terms.atomic && readable.len() < rows.len();
        let results =
            if is_void { readable.iter().map(|_| Err(None)).collect() } else { self.try_put(terms, readable)? };
        let mut results = results.into_iter();
        for (row, parsed) in rows {
            let (id, result) = match parsed {
                Ok(device) => (Some(device.id.to_string()), results.next().unwrap_or(Err(None))),
                Err((id, reason)) => (id, Err(Some(reason))),
            };
            match &result {
                Ok(Put::Made) => tally.made += 1,
                Ok(Put::Updated) => tally.updated += 1,
                Ok(Put::Unchanged) => tally.unchanged += 1,
                Err(_) => tally.refused += 1,
            }
            let (put, refused) = match result {
                Ok(put) => (Some(put), None),
                Err(reason) => (None, Some(reason.unwrap_or_else(|| "another row is refused".to_owned()))),
            };
            told(&RowReport { row, id, put, refused });
        }
        Ok(())
    }

    /// Puts devices in one transaction. All or none: where one is refused, the others are told so and nothing stays.
    #[allow(clippy::type_complexity)]
    fn try_put(
        &self,
        terms: &ImportTerms,
        list: Vec<ExpectedDevice>,
    ) -> Result<Vec<Result<Put, Option<String>>>, RegistryError> {
        let (atomic, origin, actor) = (terms.atomic, terms.origin.clone(), terms.actor.clone());
        let said = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let heard = std::sync::Arc::clone(&said);
        let written = self.write(move |writing| {
            let results = expecting::put(writing, &list, &origin, &actor)?;
            let first = results.iter().find_map(|result| result.as_ref().err().cloned());
            let results = results.into_iter().map(|result| result.map_err(|error| Some(error.to_string())));
            *heard.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = results.collect();
            match first.filter(|_| atomic) {
                Some(error) => Err(error),
                None => Ok(()),
            }
        });
        let results = std::mem::take(&mut *said.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        match written {
            Ok(()) => Ok(results),
            Err(RegistryError::Conflict { .. } | RegistryError::Refused { .. }) if atomic => {
                Ok(results.into_iter().map(|result| result.map_or_else(Err, |_| Err(None))).collect())
            }
            Err(error) => Err(error),
        }
    }
}

/// Reads a device; where it is none, says so with the id that it claims.
fn device(object: Result<serde_json::Map<String, Json>, String>) -> Result<ExpectedDevice, (Option<String>, String)> {
    let object = object.map_err(|reason| (None, reason))?;
    let id = object.get("id").and_then(Json::as_str).map(str::to_owned);
    serde_json::from_value(Json::Object(object)).map_err(|error| (id, error.to_string()))
}

fn record(device: &DeviceRow, names: &[String]) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let mut record = vec![
        device.id.clone(),
        text(&device.serial),
        text(&device.group),
        device.state.as_str().to_owned(),
        device.origin.clone(),
        text(&device.registration),
        text(&device.model),
        text(&device.version),
        text(&device.vendor),
        text(&device.hardware),
        text(&device.firmware),
        text(&device.protocol),
        text(&device.address),
        device.bundle.map(|bundle| bundle.to_string()).unwrap_or_default(),
        device.etag.to_string(),
    ];
    record.extend(names.iter().map(|name| device.attributes.get(name).cloned().unwrap_or_default()));
    record
}

fn write_record(out: &mut dyn Write, record: &[String]) -> std::io::Result<()> {
    let quoted = |field: &String| {
        if field.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", field.replace('"', "\"\""))
        } else {
            field.clone()
        }
    };
    write!(out, "{}\r\n", record.iter().map(quoted).collect::<Vec<_>>().join(","))
}
