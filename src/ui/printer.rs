//! The only way to stdout and stderr.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use super::plain::printable;
use super::{Failure, Terminal};

/// How much talk there is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Level {
    /// Warnings and errors only.
    Quiet,
    /// What a person wants to know.
    #[default]
    Normal,
    /// Every step.
    Verbose,
}

/// Who reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Format {
    /// A person.
    #[default]
    Text,
    /// A program: data on stdout is JSON, and so is every line on stderr.
    Json,
}

/// Draws something on the terminal that other lines must not cut through: it is taken away while `print` runs.
pub type Suspend = Arc<dyn Fn(&mut dyn FnMut()) + Send + Sync>;

/// Writes data to stdout and talk to stderr; commands never test a quiet flag.
///
/// Its methods return nothing: a reader that went away (`| head`) counts as success and silences the stream, any other
/// failure is kept and told by [`Printer::close`]. Control characters in talk are escaped, for names come from strangers.
#[derive(Clone)]
pub struct Printer {
    format: Format,
    level: Level,
    terminal: Terminal,
    streams: Arc<Streams>,
}

struct Streams {
    data: Mutex<Stream>,
    talk: Mutex<Stream>,
    suspend: Mutex<Option<Suspend>>,
}

struct Stream {
    writer: Box<dyn Write + Send>,
    /// Set when the reader went away or the stream failed: nothing more is written.
    off: bool,
    failure: Option<io::Error>,
}

impl Printer {
    /// Prints to the program's own streams.
    pub fn new(format: Format, level: Level, terminal: Terminal) -> Self {
        let data = BufWriter::with_capacity(1 << 16, io::stdout());
        Self::with_writers(format, level, terminal, Box::new(data), Box::new(io::stderr()))
    }

    /// Prints to the given writers.
    pub fn with_writers(
        format: Format,
        level: Level,
        terminal: Terminal,
        data: Box<dyn Write + Send>,
        talk: Box<dyn Write + Send>,
    ) -> Self {
        let streams = Streams {
            data: Mutex::new(Stream::new(data)),
            talk: Mutex::new(Stream::new(talk)),
            suspend: Mutex::default(),
        };
        Self { format, level, terminal, streams: Arc::new(streams) }
    }

    /// Returns true if a program reads.
    pub fn is_json(&self) -> bool {
        self.format == Format::Json
    }

    /// Returns how much talk there is.
    pub fn level(&self) -> Level {
        self.level
    }

    /// Returns what the streams are.
    pub fn terminal(&self) -> &Terminal {
        &self.terminal
    }

    /// Returns true if a person is there to be asked.
    pub fn can_ask(&self) -> bool {
        self.terminal.can_ask() && !self.is_json()
    }

    /// Data: one line of text on stdout.
    pub fn line(&self, text: impl Display) {
        self.write_data(format!("{text}\n").as_bytes(), self.terminal.stdout);
    }

    /// Data: bytes as they are (a PEM file, a script, a table).
    pub fn raw(&self, bytes: &[u8]) {
        self.write_data(bytes, self.terminal.stdout);
    }

    /// Data: text that is on its way at once, whoever reads (what a server tells of itself, for a file or a journal).
    pub fn at_once(&self, text: &str) {
        self.write_data(text.as_bytes(), true);
    }

    /// Data: the one JSON document of a command that reports.
    pub fn document(&self, value: &impl Serialize) {
        let mut text = serde_json::to_string_pretty(value).expect("what we report is plain data with text keys");
        text.push('\n');
        self.write_data(text.as_bytes(), true);
    }

    /// Data: one JSON object on a line of its own, on its way at once (a receipt, while the batch goes on).
    pub fn record(&self, value: &impl Serialize) {
        self.write_data(json_line(value).as_bytes(), true);
    }

    /// Data in both forms: the document with `--json`, else the text that `text` makes.
    pub fn report(&self, value: &impl Serialize, text: impl FnOnce() -> String) {
        if self.is_json() { self.document(value) } else { self.raw(text().as_bytes()) }
    }

    /// Talk: a line on stderr for a person; not with `--quiet` or `--json`.
    pub fn talk(&self, text: impl Display) {
        if self.level >= Level::Normal && !self.is_json() {
            self.write_talk(&format!("{}\n", printable(&text.to_string())));
        }
    }

    /// Talk: a line that only `--verbose` shows.
    pub fn detail(&self, text: impl Display) {
        if self.level >= Level::Verbose && !self.is_json() {
            self.write_talk(&format!("{}\n", printable(&text.to_string())));
        }
    }

    /// Talk: a warning, shown always; with `--json` as `{"warning": ...}`.
    pub fn warn(&self, text: impl Display) {
        if self.is_json() {
            self.write_talk(&json_line(&serde_json::json!({ "warning": text.to_string() })));
        } else {
            let word = self.paint("33", "warning:");
            self.write_talk(&format!("{word} {}\n", printable(&text.to_string())));
        }
    }

    /// Talk: an event for a program, one JSON object a line on stderr; only with `--json`, and not with `--quiet`.
    pub fn event(&self, value: &impl Serialize) {
        if self.is_json() && self.level >= Level::Normal {
            self.write_talk(&json_line(value));
        }
    }

    /// Talk: an error with its causes and hints, shown always.
    pub fn failure(&self, failure: &Failure) {
        let text = if self.is_json() {
            json_line(&failure.to_json())
        } else {
            failure.to_text(&|code, text| self.paint(code, text))
        };
        self.write_talk(&text);
    }

    /// Returns `text` in the colour of the SGR code for stderr, or as it is.
    pub fn paint(&self, code: &str, text: &str) -> String {
        if self.terminal.stderr_colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// While something is drawn, lines are printed through `suspend`; `None` when the drawing is over.
    pub fn set_suspend(&self, suspend: Option<Suspend>) {
        *lock(&self.streams.suspend) = suspend;
    }

    /// Sends on what is still held back and returns the first failure of either stream; a reader that went away is none.
    pub fn close(&self) -> io::Result<()> {
        let mut data = lock(&self.streams.data);
        data.put(b"", true);
        let failure = data.failure.take().or_else(|| lock(&self.streams.talk).failure.take());
        failure.map_or(Ok(()), Err)
    }

    fn write_data(&self, bytes: &[u8], at_once: bool) {
        self.undisturbed(|| lock(&self.streams.data).put(bytes, at_once));
    }

    fn write_talk(&self, text: &str) {
        self.undisturbed(|| {
            lock(&self.streams.data).put(b"", true);
            lock(&self.streams.talk).put(text.as_bytes(), true);
        });
    }

    /// Runs `print` while what is drawn is taken away and stays away.
    pub(super) fn undisturbed(&self, mut print: impl FnMut()) {
        let suspend = lock(&self.streams.suspend).clone();
        match suspend {
            Some(suspend) => suspend(&mut print),
            None => print(),
        }
    }
}

impl Stream {
    fn new(writer: Box<dyn Write + Send>) -> Self {
        Self { writer, off: false, failure: None }
    }

    fn put(&mut self, bytes: &[u8], at_once: bool) {
        if self.off {
            return;
        }
        let done = self.writer.write_all(bytes).and_then(|()| if at_once { self.writer.flush() } else { Ok(()) });
        if let Err(error) = done {
            self.off = true;
            self.failure = (error.kind() != io::ErrorKind::BrokenPipe).then_some(error);
        }
    }
}

/// A panic elsewhere must not silence the message about it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn json_line(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string(value).expect("what we report is plain data with text keys");
    text.push('\n');
    text
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A writer whose bytes a test can look at.
    #[derive(Clone, Default)]
    pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Returns a printer and the pages for stdout and stderr.
    pub(crate) fn on_paper(format: Format, level: Level, terminal: Terminal) -> (Printer, Page, Page) {
        let (data, talk) = (Page::default(), Page::default());
        let printer = Printer::with_writers(format, level, terminal, Box::new(data.clone()), Box::new(talk.clone()));
        (printer, data, talk)
    }

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(self.0.into())
        }
    }

    fn say_everything(printer: &Printer) {
        printer.line("data");
        printer.talk("talk");
        printer.detail("detail");
        printer.warn("careful");
        printer.event(&serde_json::json!({ "event": "step" }));
    }

    #[test]
    fn data_goes_to_stdout_and_talk_to_stderr_by_level() {
        let said = |format, level| {
            let (printer, data, talk) = on_paper(format, level, Terminal::NONE);
            say_everything(&printer);
            printer.close().unwrap();
            (data.text(), talk.text())
        };
        let text = |talk: &str| ("data\n".to_owned(), talk.to_owned());
        assert_eq!(said(Format::Text, Level::Quiet), text("warning: careful\n"));
        assert_eq!(said(Format::Text, Level::Normal), text("talk\nwarning: careful\n"));
        assert_eq!(said(Format::Text, Level::Verbose), text("talk\ndetail\nwarning: careful\n"));
        assert_eq!(said(Format::Json, Level::Verbose), text("{\"warning\":\"careful\"}\n{\"event\":\"step\"}\n"));
        assert_eq!(said(Format::Json, Level::Quiet), text("{\"warning\":\"careful\"}\n"));
    }

    #[test]
    fn what_is_to_be_told_at_once_waits_for_no_full_buffer() {
        let page = Page::default();
        let data = Box::new(BufWriter::new(page.clone()));
        let printer =
            Printer::with_writers(Format::Text, Level::Normal, Terminal::NONE, data, Box::new(Page::default()));
        printer.raw(b"later\n");
        assert_eq!(page.text(), "");
        printer.at_once("now\n");
        assert_eq!(page.text(), "later\nnow\n");
    }

    #[test]
    fn a_reader_that_went_away_is_success_and_a_full_disk_is_not() {
        let closed_with = |kind| {
            let printer = Printer::with_writers(
                Format::Text,
                Level::Normal,
                Terminal::NONE,
                Box::new(Broken(kind)),
                Box::new(Page::default()),
            );
            printer.line("a");
            printer.line("b");
            printer.close()
        };
        assert!(closed_with(io::ErrorKind::BrokenPipe).is_ok());
        assert_eq!(closed_with(io::ErrorKind::StorageFull).unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
