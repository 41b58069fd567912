//! Many at once: devices and allow lists come in, devices go out, as streams in bounded memory.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::fleet::enrolment::{Filter, Refusal};
use crate::registry::{AllowForm, ExchangeError, ExchangeForm, ImportTally, ImportTerms, Imported, RowEnd, RowReport};

use super::super::exchange::{Asked, Content, Incoming, Reply, Source};
use super::super::request::malformed;
use super::office::{Answered, ORIGIN, Office, Trouble, endpoint};
use super::page::{check_query, flag, query};

/// How many refused rows a problem shows.
const MOST_SHOWN: usize = 100;
/// Bytes of one piece of a stream.
const PIECE: usize = 64 * 1024;
/// Reports made so far: no two have one name.
static MADE: AtomicU64 = AtomicU64::new(0);
const LINES: &str = "application/x-ndjson";
const CSV: &str = "text/csv; charset=utf-8; header=present";

/// Returns the form of a list as the client accepts it; none where a page is wanted.
pub(super) fn form_wanted(asked: &Asked) -> Option<ExchangeForm> {
    let accept = asked.incoming.accept.as_deref()?;
    accept.split(',').find_map(|part| form_of(part.split(';').next()?))
}

fn form_of(media_type: &str) -> Option<ExchangeForm> {
    match media_type.trim().to_ascii_lowercase().as_str() {
        "application/x-ndjson" | "application/jsonl" => Some(ExchangeForm::Lines),
        "text/csv" => Some(ExchangeForm::Csv),
        _ => None,
    }
}

fn form_sent(incoming: &Incoming) -> Result<ExchangeForm, Trouble> {
    let form = incoming.content_type.as_deref().and_then(|text| form_of(text.split(';').next()?));
    let words = "a list comes as application/x-ndjson or text/csv";
    form.ok_or_else(|| Trouble::Refused((Refusal::UnsupportedMediaType, words.to_owned())))
}

impl Office {
    /// The devices of a filter, read from the registry page by page while they are sent.
    pub(super) fn export_devices(&self, filter: Filter, form: ExchangeForm) -> Reply {
        let registry = self.registry.clone();
        let mut next = Some(None::<String>);
        let mut names = None;
        let source = Source::new(move || {
            let Some(cursor) = next.take() else { return Ok(None) };
            let mut bytes = Vec::new();
            let page = registry.export_page(&filter, cursor.as_deref(), form, &mut names, &mut bytes);
            next = page.map_err(std::io::Error::other)?.map(Some);
            Ok(Some(bytes))
        });
        let media_type = if form == ExchangeForm::Lines { LINES } else { CSV };
        Reply { content: Content::Pulled { media_type, source }, ..Reply::empty(200) }
    }

    /// Puts the devices of a stream as expected ones: each row that can be put, or all or none.
    pub(super) fn import_devices(&self, actor: &str, asked: &Asked, stream: &mut dyn Read) -> Answered {
        check_query(asked, &["atomic", "after", "report"])?;
        let terms = ImportTerms {
            form: form_sent(&asked.incoming)?,
            atomic: flag(asked, "atomic")?,
            after: query(asked, "after").map(|id| endpoint(&id)).transpose()?.map(|id| id.folded()),
            origin: ORIGIN.to_owned(),
            actor: actor.to_owned(),
        };
        let mut report = Report::new(self, asked)?;
        let done = self.registry.import(&terms, stream, &mut |row| report.device(row));
        match done {
            Ok(tally) if terms.atomic && tally.refused > 0 => Ok(report.refused(&json!(tally))),
            Ok(tally) => Ok(report.done(&json!(tally))),
            Err(error) => Ok(report.broke(&error)),
        }
    }

    /// Puts the rows of a stream on a group's allow list, those that can be put.
    pub(super) fn import_allowed(&self, actor: &str, asked: &Asked, stream: &mut dyn Read) -> Answered {
        check_query(asked, &["group", "atomic", "report"])?;
        let form = form_sent(&asked.incoming)?;
        let group = query(asked, "group")
            .filter(|group| !group.is_empty())
            .ok_or_else(|| malformed("the query names no \"group\""))?;
        if self.registry.group(&group)?.is_none() {
            return Err(super::office::not_found("group", &group).into());
        }
        let mut report = Report::new(self, asked)?;
        let form = if form == ExchangeForm::Csv { AllowForm::Csv } else { AllowForm::Lines };
        let is_atomic = flag(asked, "atomic")?;
        let mut told = |row, end: &RowEnd| report.allowed(row, end);
        let done = if is_atomic {
            self.registry.import_allow_whole(actor, &group, form, stream, &mut told)
        } else {
            self.registry.import_allow_stream(actor, &group, form, stream, &mut told)
        };
        let tally = |sum: Imported| json!({ "added": sum.added, "changed": sum.changed, "same": sum.same, "refused": sum.refused });
        match done {
            Ok(sum) if is_atomic && sum.refused > 0 => Ok(report.refused(&tally(sum))),
            Ok(sum) => Ok(report.done(&tally(sum))),
            Err(error) => Ok(report.broke(&error)),
        }
    }
}

/// What became of each row: written beside, for a client that still sends does not read.
struct Report {
    lines: BufWriter<File>,
    only_refused: bool,
    failed: Option<std::io::Error>,
    tally: ImportTally,
    rows: u64,
    shown: Vec<Value>,
    last: Option<String>,
}

impl Report {
    fn new(office: &Office, asked: &Asked) -> Result<Self, Trouble> {
        let only_refused = match query(asked, "report").as_deref() {
            None | Some("all") => false,
            Some("refused") => true,
            Some(_) => return Err(malformed("\"report\" is all or refused").into()),
        };
        let file = spool(office)
            .map_err(|error| Trouble::Refused((Refusal::TryLater, format!("the report cannot be written: {error}"))))?;
        Ok(Self {
            lines: BufWriter::new(file),
            only_refused,
            failed: None,
            tally: ImportTally::default(),
            rows: 0,
            shown: Vec::new(),
            last: None,
        })
    }

    fn device(&mut self, row: &RowReport) {
        use crate::registry::Put;
        match row.put {
            Some(Put::Made) => self.tally.made += 1,
            Some(Put::Updated) => self.tally.updated += 1,
            Some(Put::Unchanged) => self.tally.unchanged += 1,
            None => self.tally.refused += 1,
        }
        if row.put.is_some() {
            self.last.clone_from(&row.id);
        }
        self.line(&json!(row), row.put.is_none());
    }

    fn allowed(&mut self, row: u64, end: &RowEnd) {
        let (word, refused) = match end {
            RowEnd::Added => ("added", None),
            RowEnd::Changed => ("changed", None),
            RowEnd::Same => ("same", None),
            RowEnd::Refused(reason) => ("refused", Some(reason)),
        };
        let line = match refused {
            Some(reason) => json!({ "row": row + 1, "refused": reason }),
            None => json!({ "row": row + 1, "put": word }),
        };
        self.line(&line, refused.is_some());
    }

    fn line(&mut self, line: &Value, is_refused: bool) {
        self.rows += 1;
        if is_refused && self.shown.len() < MOST_SHOWN {
            self.shown.push(line.clone());
        }
        if self.failed.is_none() && (is_refused || !self.only_refused) {
            self.failed = writeln!(self.lines, "{line}").err();
        }
    }

    /// The report is the answer; its last line is the sum.
    fn done(mut self, tally: &Value) -> Reply {
        let mut written = self.failed.take().map_or(Ok(()), Err);
        written = written.and_then(|()| writeln!(self.lines, "{}", json!({ "tally": tally })));
        let file = written.and_then(|()| self.lines.into_inner().map_err(std::io::IntoInnerError::into_error));
        let file = file.and_then(|mut file| file.rewind().map(|()| file));
        // What came in is kept: that is said, though not of each row.
        let Ok(mut file) = file else { return Reply::fields(200, json!({ "tally": tally })) };
        let source = Source::new(move || {
            let mut piece = vec![0; PIECE];
            let read = file.read(&mut piece)?;
            piece.truncate(read);
            Ok(Some(piece).filter(|piece| !piece.is_empty()))
        });
        Reply { content: Content::Pulled { media_type: LINES, source }, ..Reply::empty(200) }
    }

    /// All or none, and one could not be put.
    fn refused(self, tally: &Value) -> Reply {
        let more = json!({ "tally": tally, "rows": self.shown });
        problem(Refusal::ValueRefused, "rows are refused, nothing was written", more)
    }

    /// The stream or the registry broke: what was put before stays.
    fn broke(self, error: &ExchangeError) -> Reply {
        use std::io::ErrorKind;
        let (refusal, words) = match error {
            ExchangeError::Registry(error) => match Trouble::Registry(error.clone()).reply().content {
                Content::Refused { refusal, detail, .. } => (refusal, detail),
                _ => (Refusal::TryLater, error.to_string()),
            },
            ExchangeError::Stream(error) if error.kind() == ErrorKind::FileTooLarge => {
                (Refusal::RequestTooLarge, error.to_string())
            }
            ExchangeError::Stream(_) | ExchangeError::Shape(_) => (Refusal::MalformedRequest, error.to_string()),
        };
        let more = json!({ "tally": self.tally, "settled": self.rows, "last": self.last, "rows": self.shown });
        problem(refusal, &words, more)
    }
}

fn problem(refusal: Refusal, detail: &str, more: Value) -> Reply {
    let content = Content::Refused { refusal, detail: detail.to_owned(), more };
    Reply { content, ..Reply::empty(refusal.status()) }
}

/// Makes a file that has no name any more: it is gone with the answer, however that ends.
fn spool(office: &Office) -> std::io::Result<File> {
    let mut word = [0; 16];
    office.random.fill("name of a report", &mut word);
    let mut path = std::env::temp_dir();
    let number = MADE.fetch_add(1, Ordering::Relaxed);
    path.push(format!("firstlight-{}-{number}-{}", std::process::id(), hex::encode(word)));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
