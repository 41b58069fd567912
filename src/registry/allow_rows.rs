//! Allow lists as they come in: a list of ids, JSON lines, or CSV.

use std::io::BufRead;

use serde_json::{Map, Value as Json};

use super::Allowed;
use super::rows::{ATTRIBUTES, ExchangeError, Lines};

/// The columns of a CSV before those of the attributes.
const COLUMNS: [&str; 4] = ["id", "device", "max_uses", "expires"];

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
    lines: Lines<R>,
    form: AllowForm,
    header: Vec<String>,
    broken: Option<ExchangeError>,
}

impl<R: BufRead> AllowRows<R> {
    /// Begins to read; of a CSV the header is read and checked.
    pub fn new(form: AllowForm, stream: R) -> Result<Self, ExchangeError> {
        let mut lines = Lines::new(stream);
        let header = if form == AllowForm::Csv { header(&mut lines)? } else { Vec::new() };
        Ok(Self { lines, form, header, broken: None })
    }

    /// Returns why the stream ended before its end, if it did.
    pub fn broken(self) -> Option<ExchangeError> {
        self.broken
    }

    fn row(&mut self) -> Result<Option<Result<Allowed, String>>, ExchangeError> {
        let object = match self.form {
            AllowForm::Csv => {
                let Some(record) = self.lines.record()? else { return Ok(None) };
                of_record(&self.header, record)
            }
            AllowForm::Lines => {
                let Some(line) = self.lines.text_line()? else { return Ok(None) };
                serde_json::from_str(&line).map_err(|error| format!("it is no JSON object: {error}"))
            }
            AllowForm::List => loop {
                let Some(line) = self.lines.text_line()? else { return Ok(None) };
                let id = line.trim().trim_start_matches('\u{FEFF}');
                if !id.starts_with('#') {
                    break Ok(Map::from_iter([("device".to_owned(), id.into())]));
                }
            },
        };
        Ok(Some(object.and_then(entry)))
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

fn header(lines: &mut Lines<impl BufRead>) -> Result<Vec<String>, ExchangeError> {
    let shape = |words: String| Err(ExchangeError::Shape(words));
    let Some(header) = lines.record()? else { return shape("the header is missing".to_owned()) };
    let is_known = |name: &str| COLUMNS.contains(&name) || name.strip_prefix(ATTRIBUTES).is_some_and(|n| !n.is_empty());
    if let Some(unknown) = header.iter().find(|name| !is_known(name)) {
        return shape(format!("{unknown:?} is no column of an allow list"));
    }
    let distinct = header.iter().collect::<std::collections::HashSet<_>>();
    let ids = header.iter().filter(|name| matches!(name.as_str(), "id" | "device")).count();
    if distinct.len() < header.len() || ids != 1 {
        return shape("a column stands twice, or the column \"id\" is missing".to_owned());
    }
    Ok(header)
}

/// Puts a record into the shape of a line; an empty field says nothing.
fn of_record(header: &[String], record: Vec<String>) -> Result<Map<String, Json>, String> {
    if record.len() != header.len() {
        return Err(format!("it has {} fields, the header has {}", record.len(), header.len()));
    }
    let (mut object, mut attributes) = (Map::new(), Map::new());
    for (name, value) in header.iter().zip(record).filter(|(_, value)| !value.is_empty()) {
        if let Some(attribute) = name.strip_prefix(ATTRIBUTES) {
            attributes.insert(attribute.to_owned(), value.into());
        } else if name == "max_uses" {
            let uses = value.parse::<u32>().map_err(|_| format!("max_uses {value:?} is no number"))?;
            object.insert(name.clone(), uses.into());
        } else {
            object.insert(name.clone(), value.into());
        }
    }
    object.insert("attributes".to_owned(), Json::Object(attributes));
    Ok(object)
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
