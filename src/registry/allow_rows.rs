//! Allow lists as they come in: a list of ids, JSON lines, or CSV.

use std::io::{BufRead, BufReader, Read};

use serde_json::{Map, Value as Json};

use super::Registry;
use super::allow::{Allowed, Imported, RowEnd};
use super::exchange::MOST_ATOMIC;
use super::rows::{Columns, ExchangeError, ExchangeForm, Rows};

/// The columns of a CSV before those of the attributes.
const COLUMNS: Columns = Columns {
    known: &["id", "device", "max_uses", "expires", "used"],
    keys: &["id", "device"],
    out_only: &["used"],
    numbers: &["max_uses"],
};

/// How an allow list is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AllowForm {
    /// An id on each line; what begins with `#` is a remark.
    List,
    /// One JSON object on each line: `device` or `id`, `max_uses`, `expires`, `attributes`.
    Lines,
    /// RFC 4180, with a header: the same, and a column `attributes.NAME` for each attribute.
    Csv,
}

/// The rows of an allow list; it ends early where the stream breaks, see [`AllowRows::broken`].
pub struct AllowRows<R> {
    rows: Rows<R>,
    form: AllowForm,
    broken: Option<ExchangeError>,
}

impl<R: BufRead> AllowRows<R> {
    /// Begins to read; of a CSV the header is read and checked.
    pub fn new(form: AllowForm, stream: R) -> Result<Self, ExchangeError> {
        let written = if form == AllowForm::Csv { ExchangeForm::Csv } else { ExchangeForm::Lines };
        Ok(Self { rows: Rows::new(written, stream, &COLUMNS)?, form, broken: None })
    }

    /// Returns why the stream ended before its end, if it did.
    pub fn broken(self) -> Option<ExchangeError> {
        self.broken
    }

    fn row(&mut self) -> Result<Option<Result<Allowed, String>>, ExchangeError> {
        if self.form == AllowForm::List {
            return self.listed();
        }
        Ok(self.rows.next()?.map(|(_, object)| object.and_then(entry)))
    }

    fn listed(&mut self) -> Result<Option<Result<Allowed, String>>, ExchangeError> {
        while let Some(line) = self.rows.text_line()? {
            let id = line.trim().trim_start_matches('\u{FEFF}');
            if !id.starts_with('#') {
                return Ok(Some(entry(Map::from_iter([("device".to_owned(), id.into())]))));
            }
        }
        Ok(None)
    }
}

impl<R: BufRead> Iterator for AllowRows<R> {
    type Item = Result<Allowed, String>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.broken.is_some() {
            return None;
        }
        self.row().unwrap_or_else(|error| {
            self.broken = Some(error);
            None
        })
    }
}

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
        form: AllowForm,
        stream: &mut dyn Read,
        told: &mut dyn FnMut(u64, &RowEnd),
    ) -> Result<Imported, ExchangeError> {
        let mut rows = AllowRows::new(form, BufReader::new(stream))?;
        let sum = self.import_allowed(actor, group, &mut rows, told);
        rows.broken().map_or_else(|| ended(sum), Err)
    }

    /// As [`Registry::import_allow_stream`], but all rows or none, at most 100,000.
    pub fn import_allow_whole(
        &self,
        actor: &str,
        group: &str,
        form: AllowForm,
        stream: &mut dyn Read,
        told: &mut dyn FnMut(u64, &RowEnd),
    ) -> Result<Imported, ExchangeError> {
        let mut rows = AllowRows::new(form, BufReader::new(stream))?;
        let all: Vec<_> = rows.by_ref().take(MOST_ATOMIC + 1).collect();
        if all.len() > MOST_ATOMIC {
            return Err(ExchangeError::Shape(format!("at most {MOST_ATOMIC} rows can be taken all or none")));
        }
        rows.broken().map_or_else(|| ended(self.import_allowed_whole(actor, group, all, told)), Err)
    }
}

fn ended(mut sum: Imported) -> Result<Imported, ExchangeError> {
    sum.stopped.take().map_or(Ok(sum), |error| Err(error.into()))
}

fn entry(mut object: Map<String, Json>) -> Result<Allowed, String> {
    if let Some(id) = object.remove("id")
        && object.insert("device".to_owned(), id).is_some()
    {
        return Err("it has both \"id\" and \"device\"".to_owned());
    }
    serde_json::from_value(Json::Object(object)).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(form: AllowForm, text: &str) -> Vec<Result<Allowed, String>> {
        AllowRows::new(form, text.as_bytes()).unwrap().collect()
    }

    #[test]
    fn the_three_forms_say_the_same() {
        let list = read(AllowForm::List, "# ours\n gw-1 \n\ngw-2\r\n");
        let plain = read(AllowForm::Lines, "{\"id\":\"gw-1\"}\n{\"device\":\"gw-2\"}\n");
        assert_eq!(list, plain);
        let csv = read(
            AllowForm::Csv,
            "\u{FEFF}id,max_uses,attributes.site,expires\r\ngw-1,2,\"Halle 3, links\",\r\ngw-2,,,2030-01-01T00:00:00Z\r\n",
        );
        let lines = read(
            AllowForm::Lines,
            "{\"id\":\"gw-1\",\"max_uses\":2,\"attributes\":{\"site\":\"Halle 3, links\"}}
{\"id\":\"gw-2\",\"expires\":\"2030-01-01T00:00:00Z\"}",
        );
        assert_eq!(csv, lines);
        assert_eq!(csv[0].as_ref().unwrap().attributes["site"], "Halle 3, links");
    }

    #[test]
    fn rows_that_cannot_be_read_do_not_keep_the_others_out() {
        let rows = read(
            AllowForm::Lines,
            "{\"id\":1}\nnothing\n{\"id\":\"a\",\"device\":\"b\"}\n{\"id\":\"gw\",\"x\":1}\n{\"id\":\"gw\"}",
        );
        assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, false, false, true]);
        let rows = read(AllowForm::Csv, "id,max_uses\na,-1\nb\nc,3\n");
        assert_eq!(rows.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn a_stream_that_breaks_says_so_at_its_end() {
        let mut rows = AllowRows::new(AllowForm::List, &b"gw-1\n\xff\xff\ngw-2\n"[..]).unwrap();
        assert_eq!(rows.by_ref().count(), 1);
        assert!(matches!(rows.broken(), Some(ExchangeError::Shape(_))));
        for header in ["", "max_uses\n", "id,id\n", "id,device\n", "id,colour\n"] {
            assert!(AllowRows::new(AllowForm::Csv, header.as_bytes()).is_err(), "{header:?}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            for form in [AllowForm::List, AllowForm::Lines, AllowForm::Csv] {
                if let Ok(rows) = AllowRows::new(form, &bytes[..]) {
                    prop_assert!(rows.count() <= bytes.len() + 1);
                }
            }
        }
    }
}
