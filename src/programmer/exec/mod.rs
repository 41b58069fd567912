//! Programmers of vendors, driven by a program of the fleet's: `exec:NAME`.
//!
//! The program runs once for each operation. Its words name the operation and where its data lie; what it has to say comes as
//! JSON lines on its standard output. Data never are on the command line: they lie in files of mode 0600 in a private folder
//! that is wiped.

mod events;
mod scratch;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::fleet::program::ProgramSpec;
use crate::fleet::{Class, Secret};
use crate::format::Segment;
use crate::host::process::{self, ProcessError, Task};

use super::pages::Pages;
use super::{Capabilities, Chip, Link, Memory, Programmer, ProgrammerError, Registers, Traffic, Watch};

use events::{Event, Kind};
use scratch::Scratch;

/// Most bytes of one run's standard output.
const LONGEST_OUTPUT: usize = 1 << 20;
/// Most characters of a program's words in an error.
const LONGEST_WORDS: usize = 300;
/// The longest certificate request, in bytes.
const LONGEST_REQUEST: u64 = 16 << 10;
/// The most that is read at once, in bytes.
const LONGEST_READ: u64 = 256 << 20;
/// The file of data in the private folder.
const IMAGE: &str = "image.bin";

/// Asked before each run whether the program may run: its files may have changed since the last one.
pub type Allowed = Arc<dyn Fn() -> Result<(), ProgrammerError> + Send + Sync>;

/// Where a program runs, and for whom.
#[derive(Clone, Debug)]
pub struct ExecPlace {
    /// The fleet's folder: the working folder, from which a program with `/` in its name is found.
    pub root: PathBuf,
    /// Where private folders are made; best one that is in memory.
    pub scratch: PathBuf,
    /// The device's serial number, where one is chosen.
    pub serial: Option<String>,
}

/// A programmer behind a program.
pub struct Program {
    name: String,
    spec: ProgramSpec,
    wanted: Option<String>,
    place: ExecPlace,
    allowed: Allowed,
    chip: Option<Chip>,
}

/// What one run is for.
#[derive(Default)]
struct Request<'a> {
    op: &'static str,
    doing: &'static str,
    address: Option<u64>,
    length: Option<u64>,
    value: Option<u32>,
    slot: Option<&'a str>,
    data: Option<&'a Secret>,
}

/// What a run said.
#[derive(Default)]
struct Said {
    chip: Option<Chip>,
    file: Option<String>,
    word: Option<u32>,
    error: Option<(Kind, String)>,
    /// A line that makes no sense.
    wrong: Option<String>,
}

impl Program {
    /// Names the programmer `name` of the fleet file. `allowed` is asked before each run.
    pub fn open(
        name: &str,
        spec: &ProgramSpec,
        chip: Option<&str>,
        place: ExecPlace,
        allowed: Allowed,
    ) -> Result<Box<dyn Programmer>, ProgrammerError> {
        let wanted = chip.map(str::to_owned);
        Ok(Box::new(Self { name: name.to_owned(), spec: spec.clone(), wanted, place, allowed, chip: None }))
    }

    fn words(&self) -> String {
        format!("exec:{}", self.name)
    }

    fn failed(&self, class: Class, reason: String) -> ProgrammerError {
        ProgrammerError::Program { program: self.words(), reason, class }
    }

    fn protocol(&self, doing: &'static str, answer: String) -> ProgrammerError {
        ProgrammerError::Protocol { link: self.words(), doing, answer }
    }

    fn unable(&self, what: &'static str) -> ProgrammerError {
        ProgrammerError::Unable { link: self.words(), what }
    }

    fn memory(&self) -> Result<Memory, ProgrammerError> {
        let missing = || ProgrammerError::NoChip { link: self.words(), reason: "it is not connected".to_owned() };
        self.chip.as_ref().map(|chip| chip.memory.clone()).ok_or_else(missing)
    }

    /// Runs the program once.
    fn run(&self, request: &Request<'_>, watch: &Watch<'_>) -> Result<(Said, Scratch), ProgrammerError> {
        check_root(rustix::process::geteuid().is_root(), &self.spec).map_err(|why| self.failed(Class::Refused, why))?;
        (self.allowed)()?;
        let link = self.words();
        let io = |source| ProgrammerError::Io { link: link.clone(), doing: request.doing, source };
        let scratch = Scratch::new(&self.place.scratch).map_err(io)?;
        if let Some(data) = request.data {
            scratch.put(IMAGE, data).map_err(io)?;
        }
        let mut said = Said::default();
        let ended = {
            let argv = self.argv(request, scratch.path());
            let stdin = self.stdin(request, scratch.path());
            let task = Task {
                argv: &argv,
                folder: &self.place.root,
                home: scratch.path(),
                stdin: stdin.as_bytes(),
                limit: Duration::from_secs(self.spec.timeout.into()),
                longest: LONGEST_OUTPUT,
            };
            process::run(&task, &mut |line| said.hear(line, watch))
        };
        let ended = ended.map_err(|error| self.unfinished(error, request.doing))?;
        self.judge(request.doing, ended.status, &ended.talk, &said)?;
        Ok((said, scratch))
    }

    fn argv(&self, request: &Request<'_>, scratch: &Path) -> Vec<String> {
        let uid = self.chip.as_ref().and_then(Chip::identity).unwrap_or_default();
        let number = |value: Option<u64>| value.map(|value| format!("{value:#x}")).unwrap_or_default();
        let values = [
            ("op", request.op.to_owned()),
            ("image", scratch.join(IMAGE).display().to_string()),
            ("address", number(request.address)),
            ("length", number(request.length)),
            ("value", number(request.value.map(u64::from))),
            ("uid", uid),
            ("serial", self.place.serial.clone().unwrap_or_default()),
            ("chip", self.wanted.clone().unwrap_or_default()),
            ("slot", request.slot.unwrap_or_default().to_owned()),
        ];
        self.spec.argv.iter().map(|word| filled(word, &values)).collect()
    }

    /// The same as an object, for programs that would rather read than take words apart.
    fn stdin(&self, request: &Request<'_>, scratch: &Path) -> String {
        let object = json!({
            "op": request.op,
            "image": scratch.join(IMAGE).display().to_string(),
            "address": request.address,
            "length": request.length,
            "value": request.value,
            "slot": request.slot,
            "chip": self.wanted,
            "uid": self.chip.as_ref().and_then(Chip::identity),
            "serial": self.place.serial,
        });
        format!("{object}\n")
    }

    fn unfinished(&self, error: ProcessError, doing: &'static str) -> ProgrammerError {
        match error {
            ProcessError::Start(_) | ProcessError::Empty => self.failed(Class::Input, error.to_string()),
            ProcessError::Endless(_) => {
                ProgrammerError::Broken { link: self.words(), doing, reason: error.to_string() }
            }
            ProcessError::TooMuch(_) => self.protocol(doing, error.to_string()),
            ProcessError::Io(source) => ProgrammerError::Io { link: self.words(), doing, source },
        }
    }

    /// An exit status of 0 with an error among the events is a failure, too.
    fn judge(&self, doing: &'static str, status: ExitStatus, talk: &str, said: &Said) -> Result<(), ProgrammerError> {
        if status.success() && said.error.is_none() {
            return match &said.wrong {
                Some(wrong) => Err(self.protocol(doing, wrong.clone())),
                None => Ok(()),
            };
        }
        let link = self.words();
        let (kind, message) = said.error.clone().unwrap_or((Kind::Other, last_line(talk)));
        let how = match (status.code(), status.signal()) {
            (Some(code), _) => format!("exit status {code}"),
            (None, signal) => format!("killed by signal {}", signal.unwrap_or(0)),
        };
        let answer = if message.is_empty() { how } else { format!("{} ({how})", shortened(&message)) };
        Err(match kind {
            Kind::Locked => ProgrammerError::Locked { link, reason: answer },
            Kind::Refused => ProgrammerError::Device { link, doing, answer },
            Kind::NoChip => ProgrammerError::NoChip { link, reason: answer },
            Kind::Gone => ProgrammerError::Gone { link, doing },
            Kind::Silent => ProgrammerError::Silent { link, doing },
            Kind::Other => {
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                let class = code.and_then(|code| self.spec.exits.get(&code).copied());
                self.failed(class.unwrap_or(Class::Surroundings), format!("{doing}: {answer}"))
            }
        })
    }

    fn fetch(&self, range: &Range<u64>) -> Result<Secret, ProgrammerError> {
        let length = range.end.checked_sub(range.start).filter(|length| *length <= LONGEST_READ);
        let wrong = |reason| ProgrammerError::Range { range: range.clone(), at: range.start, reason };
        let length = length.ok_or_else(|| wrong("begins more than can be read at once"))?;
        let memory = self.memory()?;
        let mut at = range.start;
        while at < range.end {
            at = memory.region(at).ok_or_else(|| wrong("is not in the chip's memory"))?.range.end;
        }
        let doing = "reading";
        let request =
            Request { op: "read", doing, address: Some(range.start), length: Some(length), ..Request::default() };
        let (said, scratch) = self.run(&request, &|_, _| {})?;
        let bytes = self.data(&said, &scratch, length, doing)?;
        if bytes.len() as u64 != length {
            return Err(self.protocol(doing, format!("{} bytes came, {length} were asked for", bytes.len())));
        }
        Ok(bytes)
    }

    fn data(&self, said: &Said, scratch: &Scratch, limit: u64, doing: &'static str) -> Result<Secret, ProgrammerError> {
        let name = said.file.as_deref().unwrap_or(IMAGE);
        if name.contains('/') || name.starts_with('.') || name.is_empty() {
            return Err(self.protocol(doing, format!("{name:?} is no name of a file in its folder")));
        }
        let data = scratch.take(name, limit).map_err(|reason| self.protocol(doing, reason));
        scratch.drop_file(name);
        data
    }

    /// Writes one piece, and compares it if it can be read.
    fn put(&self, address: u64, bytes: &Secret, watch: &Watch<'_>) -> Result<(), ProgrammerError> {
        let length = bytes.len() as u64;
        let request = Request {
            op: "write",
            doing: "writing",
            address: Some(address),
            length: Some(length),
            data: Some(bytes),
            ..Request::default()
        };
        self.run(&request, watch)?;
        if !self.spec.abilities.reads_back {
            return Ok(());
        }
        let is = self.fetch(&(address..address + length))?;
        let first = is.expose(|is| bytes.expose(|wanted| is.iter().zip(wanted).position(|(is, wanted)| is != wanted)));
        match first {
            Some(at) => {
                let (address, finding) = (address + at as u64, "not what was written".to_owned());
                Err(ProgrammerError::Differs { link: self.words(), address, finding })
            }
            None => Ok(()),
        }
    }
}

impl Programmer for Program {
    fn link(&self) -> Link {
        Link { name: self.words(), port: None, serial: None }
    }

    fn capabilities(&self) -> Capabilities {
        let can = self.spec.abilities;
        Capabilities {
            reads_back: can.reads_back,
            locks: can.locks,
            knows_uid: can.knows_uid,
            makes_keys: can.makes_keys,
        }
    }

    fn connect(&mut self) -> Result<Chip, ProgrammerError> {
        self.chip = None;
        let doing = "connecting";
        let (said, _) = self.run(&Request { op: "connect", doing, ..Request::default() }, &|_, _| {})?;
        let mut chip =
            said.chip.ok_or_else(|| self.protocol(doing, "it does not say which chip is there".to_owned()))?;
        if let Some(want) = self.wanted.as_ref().filter(|want| !want.eq_ignore_ascii_case(&chip.name)) {
            return Err(ProgrammerError::WrongChip { link: self.words(), want: want.clone(), have: chip.name });
        }
        if self.spec.abilities.knows_uid && chip.identity().is_none() {
            return Err(self.protocol(doing, "it does not say the chip's unique number, as is declared".to_owned()));
        }
        if !self.spec.abilities.knows_uid {
            (chip.uid, chip.mac) = (None, None);
        }
        self.chip = Some(chip.clone());
        Ok(chip)
    }

    fn read(&mut self, range: Range<u64>) -> Result<Secret, ProgrammerError> {
        if !self.spec.abilities.reads_back {
            return Err(self.unable("reading back"));
        }
        self.fetch(&range)
    }

    /// Where memory can be read, whole pages are written and their neighbours kept. Where it cannot, segments are written as they
    /// are, and the program sees to their neighbours.
    fn write(&mut self, segments: &[Segment], watch: &Watch<'_>) -> Result<Traffic, ProgrammerError> {
        let memory = self.memory()?;
        if self.spec.abilities.reads_back {
            let pages = Pages::plan(&memory, segments, &mut |range| self.fetch(&range))?;
            let mut before = 0;
            for run in &pages.runs {
                let length = run.bytes.len() as u64;
                self.put(run.address, &run.bytes, &|done, _| watch(before + done.min(length), pages.bytes))?;
                before += length;
                watch(before, pages.bytes);
            }
            return Ok(pages.traffic());
        }
        // Only the range is checked: nothing is there to compare with.
        let blank = |range: Range<u64>| Ok(Secret::new(vec![0; usize::try_from(range.end - range.start).unwrap_or(0)]));
        Pages::plan(&memory, segments, &mut { blank })?;
        let total = segments.iter().map(|segment| segment.bytes.len() as u64).sum();
        let mut before = 0;
        for segment in segments.iter().filter(|segment| !segment.bytes.is_empty()) {
            let length = segment.bytes.len() as u64;
            self.put(segment.address, &segment.bytes, &|done, _| watch(before + done.min(length), total))?;
            before += length;
            watch(before, total);
        }
        Ok(Traffic { erased: before, programmed: before, unchanged: 0 })
    }

    fn registers(&mut self) -> Option<&mut dyn Registers> {
        if self.spec.abilities.locks { Some(self) } else { None }
    }

    fn release(&mut self) -> Result<(), ProgrammerError> {
        if self.chip.is_none() {
            return Ok(());
        }
        self.run(&Request { op: "release", doing: "releasing", ..Request::default() }, &|_, _| {})?;
        self.chip = None;
        Ok(())
    }

    fn make_key(&mut self, slot: &str, fresh: bool) -> Result<Vec<u8>, ProgrammerError> {
        if !self.spec.abilities.makes_keys {
            return Err(self.unable("making a key on the chip"));
        }
        let doing = "making a key";
        let request = Request {
            op: if fresh { "make-fresh-key" } else { "make-key" },
            doing,
            slot: Some(slot),
            ..Request::default()
        };
        let (said, scratch) = self.run(&request, &|_, _| {})?;
        let request = self.data(&said, &scratch, LONGEST_REQUEST, doing)?;
        Ok(request.expose(<[u8]>::to_vec))
    }
}

impl Registers for Program {
    fn read32(&mut self, address: u64) -> Result<u32, ProgrammerError> {
        let doing = "reading a word";
        let request = Request { op: "read-word", doing, address: Some(address), ..Request::default() };
        let (said, _) = self.run(&request, &|_, _| {})?;
        said.word.ok_or_else(|| self.protocol(doing, "it says no word".to_owned()))
    }

    fn write32(&mut self, address: u64, value: u32) -> Result<(), ProgrammerError> {
        let doing = "writing a word";
        let request =
            Request { op: "write-word", doing, address: Some(address), value: Some(value), ..Request::default() };
        self.run(&request, &|_, _| {}).map(drop)
    }

    fn reset(&mut self) -> Result<(), ProgrammerError> {
        self.run(&Request { op: "reset", doing: "resetting", ..Request::default() }, &|_, _| {}).map(drop)
    }
}

impl Said {
    fn hear(&mut self, line: &[u8], watch: &Watch<'_>) {
        if line.iter().all(u8::is_ascii_whitespace) || self.wrong.is_some() {
            return;
        }
        match events::parse(line) {
            Ok(Event::Progress { done, total }) => watch(done.min(total), total),
            Ok(Event::Data { file }) => self.file = Some(file),
            Ok(Event::Word { value }) => self.word = Some(value),
            Ok(Event::Error { kind, message }) => self.error = Some((kind, message)),
            Ok(Event::Chip { name, uid, mac, memory }) => match events::chip(name, uid, mac.as_deref(), &memory) {
                Ok(chip) => self.chip = Some(chip),
                Err(wrong) => self.wrong = Some(wrong),
            },
            Err(wrong) => self.wrong = Some(wrong),
        }
    }
}

/// A program that came with a fleet's folder does not run as root unless its entry says so.
fn check_root(is_root: bool, spec: &ProgramSpec) -> Result<(), String> {
    if is_root && !spec.as_root {
        return Err("refusing to run it as root; run firstlight as a user, or say as_root: true".to_owned());
    }
    Ok(())
}

/// Puts values in the place of the names in braces, each once: a value is not looked at again.
fn filled(word: &str, values: &[(&str, String)]) -> String {
    let mut text = String::new();
    let mut rest = word;
    while let Some(at) = rest.find('{') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let found =
            values.iter().find(|(name, _)| rest[1..].strip_prefix(name).is_some_and(|rest| rest.starts_with('}')));
        if let Some((name, value)) = found {
            text.push_str(value);
            rest = &rest[name.len() + 2..];
        } else {
            text.push('{');
            rest = &rest[1..];
        }
    }
    text + rest
}

fn last_line(talk: &str) -> String {
    talk.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default().to_owned()
}

/// What a stranger's program says is shown, not obeyed: no control characters, and not much of it.
fn shortened(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_WORDS).collect()
}
