//! Programs of the fleet's own: vendor programmers (`programmers:`) and hooks. They run only where this station trusts them.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::shape::{DURATION, NAME, Record, Rule, Shape, TEXT, TextRule, optional, required};
use super::yaml::{Entry, Node};
use super::{Class, Place, quantity};

/// What may stand in braces in the words of a program's command.
pub const PLACEHOLDERS: [&str; 9] = ["op", "image", "address", "length", "value", "uid", "serial", "chip", "slot"];
/// How long a program may take where the file does not say, in seconds.
const TIMEOUT: u32 = 60;
/// The longest a program may take, in seconds.
const LONGEST: u64 = 3600;

/// A program, and what it may be.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ProgramSpec {
    /// Program and arguments. Words of programmers may hold [`PLACEHOLDERS`] in braces.
    pub argv: Vec<String>,
    /// Other files of the fleet's folder it uses: trust is lost when they change.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// How long one run may take, in seconds.
    pub timeout: u32,
    /// True if it may run as root.
    pub as_root: bool,
    /// Which class an exit status stands for.
    #[serde(serialize_with = "by_name")]
    pub exits: BTreeMap<u8, Class>,
    /// What it can do as a programmer.
    pub abilities: ProgramAbilities,
}

/// What a program can do as a programmer, as its author declares.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[allow(clippy::struct_excessive_bools)] // flags that do not depend on each other
pub struct ProgramAbilities {
    /// It reads memory.
    pub reads_back: bool,
    /// It reads and writes single words.
    pub locks: bool,
    /// It learns the chip's unique number or MAC address.
    pub knows_uid: bool,
    /// It has the chip make keys.
    pub makes_keys: bool,
}

/// A hook: a program that is told of a step, or words to be heard from the device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum HookSpec {
    /// A program: the device goes in as JSON on its standard input, one JSON object comes back.
    Program(ProgramSpec),
    /// Words that the device says on its serial line.
    Expect(ExpectSpec),
}

/// Words to be heard on a serial line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ExpectSpec {
    /// The node of the serial port such as `/dev/ttyUSB0`, or `socket://HOST:PORT`.
    pub port: String,
    /// Bits a second.
    pub baud: u32,
    /// The words; `*` stands for any text within a line.
    pub pattern: String,
    /// How long to listen, in seconds.
    pub within: u32,
}

fn by_name<S: serde::Serializer>(exits: &BTreeMap<u8, Class>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(exits.iter().map(|(status, class)| (status, class.name())))
}

/// `programmers:` of the fleet file.
pub(super) const PROGRAMMERS: Shape = Shape::Names { key: &NAME, value: &Shape::Record(&PROGRAMMER), least: 0 };

static PROGRAMMER: Record = Record {
    fields: &[
        required("command", Shape::List(&Shape::Text(&WORD)), "program and arguments"),
        optional("files", Shape::List(&Shape::Text(&TEXT)), "other files of the fleet's folder that it uses"),
        optional("timeout", Shape::Text(&DURATION), "how long one run may take, at most 1h, 60s when absent"),
        optional("as_root", Shape::Boolean, "true lets it run as root"),
        optional("exit", EXITS, "what its exit statuses mean, surroundings when absent"),
        optional("reads_back", Shape::Boolean, "true if it reads memory"),
        optional("locks", Shape::Boolean, "true if it reads and writes single words"),
        optional("knows_uid", Shape::Boolean, "true if it tells the chip's unique number or MAC address"),
        optional("makes_keys", Shape::Boolean, "true if it has the chip make keys"),
    ],
    rule: Rule::Free,
};

/// A hook: what stands under a step of `hooks:`.
pub(super) static HOOK: Record = Record {
    fields: &[
        optional("command", Shape::List(&Shape::Text(&PLAIN)), "program and arguments"),
        optional("files", Shape::List(&Shape::Text(&TEXT)), "other files of the fleet's folder that it uses"),
        optional("timeout", Shape::Text(&DURATION), "how long it may take, at most 1h, 60s when absent"),
        optional("as_root", Shape::Boolean, "true lets it run as root"),
        optional("exit", EXITS, "what its exit statuses mean, surroundings when absent"),
        optional("expect", Shape::Record(&EXPECT), "words to be heard on the device's serial line"),
    ],
    rule: Rule::OneOf(&["command", "expect"]),
};

static EXPECT: Record = Record {
    fields: &[
        required("port", Shape::Text(&LINE), "serial port such as /dev/ttyUSB0, or socket://HOST:PORT"),
        optional("baud", Shape::Integer { least: 300, most: 4_000_000 }, "bits a second, 115200 when absent"),
        required("pattern", Shape::Text(&PATTERN), "the words; * stands for any text within a line"),
        optional("within", Shape::Text(&DURATION), "how long to listen, at most 1h, 60s when absent"),
    ],
    rule: Rule::Free,
};

const EXITS: Shape = Shape::Names {
    key: &STATUS,
    value: &Shape::Word(&["input", "surroundings", "differs", "refused", "fault"]),
    least: 0,
};

static STATUS: TextRule = TextRule {
    wanted: "an exit status from 1 to 255",
    pattern: "^([1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$",
    accepts: |text| status(text).is_some(),
};

fn status(text: &str) -> Option<u8> {
    text.parse().ok().filter(|number: &u8| *number > 0 && number.to_string() == text)
}

pub(super) static PLAIN: TextRule = TextRule {
    wanted: "1 to 1024 characters without control characters",
    pattern: r"^[^\x00-\x1f\x7f-\x9f]{1,1024}$",
    accepts: |text| (1..=1024).contains(&text.chars().count()) && !text.contains(char::is_control),
};

static WORD: TextRule = TextRule {
    wanted: "1 to 1024 characters, of braces only {op} {image} {address} {length} {value} {uid} {serial} {chip} {slot}",
    pattern: r"^(?=.{1,1024}$)([^\x00-\x1f\x7f-\x9f{}]|\{(op|image|address|length|value|uid|serial|chip|slot)\})+$",
    accepts: |text| {
        let bare = PLACEHOLDERS.iter().fold(text.to_owned(), |text, name| text.replace(&format!("{{{name}}}"), "-"));
        (PLAIN.accepts)(text) && !bare.contains(['{', '}'])
    },
};

static LINE: TextRule = TextRule {
    wanted: "the node of a serial port such as /dev/ttyUSB0, or socket://HOST:PORT",
    pattern: r"^(/dev/[!-~]{1,200}|socket://[!-~]{1,200}:[0-9]{1,5})$",
    accepts: |text| {
        let is_plain = |rest: &str| (1..=200).contains(&rest.len()) && rest.chars().all(|c| c.is_ascii_graphic());
        match text.strip_prefix("socket://").map(|address| address.rsplit_once(':')) {
            Some(Some((host, port))) => {
                is_plain(host) && (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit())
            }
            Some(None) => false,
            None => text.strip_prefix("/dev/").is_some_and(is_plain),
        }
    },
};

static PATTERN: TextRule = TextRule {
    wanted: "1 to 256 characters without control characters, not * alone",
    pattern: r"^(?!\*+$)[^\x00-\x1f\x7f-\x9f]{1,256}$",
    accepts: |text| {
        (1..=256).contains(&text.chars().count()) && !text.contains(char::is_control) && text.contains(|c| c != '*')
    },
};

/// A programmer of the fleet file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProgrammerSpec {
    /// Where it stands.
    pub place: Place,
    /// The program.
    pub program: ProgramSpec,
}

/// Reads one entry of `programmers:`; none if it has a fault, which is noted already.
pub(super) fn programmer(entry: &Entry) -> Option<ProgrammerSpec> {
    let node = &entry.value;
    let flag = |key| node.get(key).is_some_and(is_true);
    let abilities = ProgramAbilities {
        reads_back: flag("reads_back"),
        locks: flag("locks"),
        knows_uid: flag("knows_uid"),
        makes_keys: flag("makes_keys"),
    };
    let program = ProgramSpec { abilities, ..program(node)? };
    program.argv.iter().all(|word| (WORD.accepts)(word)).then_some(())?;
    Some(ProgrammerSpec { place: entry.place.clone(), program })
}

/// Reads a hook; none if it has a fault, which is noted already.
#[allow(dead_code)] // read by the section that holds hooks
pub(super) fn hook(node: &Node) -> Option<HookSpec> {
    let Some(expect) = node.get("expect") else { return program(node).map(HookSpec::Program) };
    Some(HookSpec::Expect(ExpectSpec {
        port: text(expect, "port", &LINE)?,
        baud: match expect.get("baud") {
            Some(baud) => u32::try_from(baud.value().as_u64()?).ok()?,
            None => 115_200,
        },
        pattern: text(expect, "pattern", &PATTERN)?,
        within: seconds(expect, "within")?,
    }))
}

fn program(node: &Node) -> Option<ProgramSpec> {
    let words = |key: &str| -> Option<Vec<String>> {
        let items = node.get(key).map(Node::items).unwrap_or_default();
        items.iter().map(|item| item.text().map(str::to_owned)).collect()
    };
    let mut exits = BTreeMap::new();
    for entry in node.get("exit").map(Node::entries).unwrap_or_default() {
        exits.insert(status(&entry.key)?, class(entry.value.text()?)?);
    }
    let argv = words("command").filter(|argv| !argv.is_empty() && argv.iter().all(|word| (PLAIN.accepts)(word)))?;
    Some(ProgramSpec {
        argv,
        files: words("files")?,
        timeout: seconds(node, "timeout")?,
        as_root: node.get("as_root").is_some_and(is_true),
        exits,
        abilities: ProgramAbilities::default(),
    })
}

fn class(word: &str) -> Option<Class> {
    let classes = [Class::Input, Class::Surroundings, Class::Differs, Class::Refused, Class::Fault];
    classes.into_iter().find(|class| class.name() == word)
}

fn seconds(node: &Node, key: &str) -> Option<u32> {
    match node.get(key) {
        Some(node) => u32::try_from(quantity::duration(node.text()?)?.min(LONGEST)).ok(),
        None => Some(TIMEOUT),
    }
}

fn text(node: &Node, key: &str, rule: &TextRule) -> Option<String> {
    node.get(key)?.text().filter(|text| (rule.accepts)(text)).map(str::to_owned)
}

fn is_true(node: &Node) -> bool {
    node.value() == serde_json::Value::Bool(true)
}

/// Returns the faults that the table cannot see: an empty command, a limit beyond the longest.
pub(super) fn check(node: &Node, faults: &mut super::Faults) {
    if let Some(command) = node.get("command").filter(|command| command.items().is_empty()) {
        faults.add(command.place.clone(), "\"command\" is empty");
    }
    let expect = node.get("expect").and_then(|expect| expect.get("within"));
    for limit in [node.get("timeout"), expect].into_iter().flatten() {
        if let Some(seconds) = limit.text().and_then(quantity::duration).filter(|seconds| *seconds > LONGEST) {
            faults.add(limit.place.clone(), format!("{seconds} s are too long, at most {LONGEST} s are waited for"));
        }
    }
}

/// Programs by name.
pub type Programmers = BTreeMap<Arc<str>, ProgrammerSpec>;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::{Faults, shape, yaml};

    fn read<T>(text: &str, record: &'static Record, read: fn(&Entry) -> Option<T>) -> Result<T, Vec<String>> {
        let mut faults = Faults::default();
        let root = yaml::parse(&Arc::from("f.yaml"), text, &mut faults).unwrap();
        shape::check("the file", &root, record, &mut faults);
        check(&root, &mut faults);
        let entry = Entry { key: "x".into(), place: root.place.clone(), value: root };
        let value = read(&entry);
        let told: Vec<String> = faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect();
        if told.is_empty() { Ok(value.expect("what has no fault is read")) } else { Err(told) }
    }

    #[test]
    fn a_programmer_is_read_with_all_it_says() {
        let text = "command: [tools/x, \"--at={address}\", \"{image}\"]\nfiles: [tools/x.cfg]\ntimeout: 2m\nas_root: true\n\
                    exit: {2: refused, 255: differs}\nreads_back: true\nknows_uid: true\n";
        let spec = read(text, &PROGRAMMER, programmer).unwrap().program;
        assert_eq!(spec.argv, ["tools/x", "--at={address}", "{image}"]);
        assert_eq!((spec.timeout, spec.as_root, spec.files.len()), (120, true, 1));
        assert_eq!(spec.exits, [(2, Class::Refused), (255, Class::Differs)].into());
        let abilities = ProgramAbilities { reads_back: true, knows_uid: true, ..ProgramAbilities::default() };
        assert_eq!(spec.abilities, abilities);
        let short = read("command: [true-ish]", &PROGRAMMER, programmer).unwrap().program;
        assert_eq!((short.timeout, short.as_root, short.abilities), (60, false, ProgramAbilities::default()));
    }

    #[test]
    fn a_hook_is_a_program_or_words_to_hear() {
        let hooked = |text| read(text, &HOOK, |entry| hook(&entry.value));
        assert!(matches!(hooked("command: [a, \"{not a placeholder}\"]"), Ok(HookSpec::Program(_))));
        let expect = hooked("expect: {port: /dev/ttyUSB0, pattern: \"online *\"}");
        let wanted = ExpectSpec { port: "/dev/ttyUSB0".into(), baud: 115_200, pattern: "online *".into(), within: 60 };
        assert_eq!(expect, Ok(HookSpec::Expect(wanted)));
        assert!(hooked("{}").is_err() && hooked("{command: [a], expect: {port: /dev/x, pattern: y}}").is_err());
        assert!(hooked("expect: {port: ttyUSB0, pattern: y}").is_err());
        assert!(hooked("expect: {port: \"socket://h\", pattern: y}").is_err());
        assert!(hooked("expect: {port: /dev/x, pattern: \"*\"}").is_err());
    }

    #[test]
    fn what_is_wrong_is_told() {
        for text in [
            "command: []",
            "command: [\"a{b}\"]",
            "command: [\"a{image\"]",
            "command: [\"a\\nb\"]",
            "command: [a]\ntimeout: 2h",
            "command: [a]\nexit: {0: input}",
            "command: [a]\nexit: {256: input}",
            "command: [a]\nexit: {1: partial}",
            "command: a",
            "reads_back: true",
            "command: [a]\nreads_back: sometimes",
        ] {
            assert!(read(text, &PROGRAMMER, programmer).is_err(), "{text}");
        }
    }
}
