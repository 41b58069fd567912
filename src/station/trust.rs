//! Which programs of the fleet this station runs: those whose digest a person agreed to, and only while nothing of them changes.
//!
//! A fleet's folder may be a stranger's. What it names to be run, hooks and vendor programmers, is run only after
//! `firstlight trust`. The digest is over the words of the command, the files of the fleet's folder it names, and this station:
//! machine, user and folder; a record that came along with the folder is worth nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::fleet::enrolment::{HookTarget, Hooks};
use crate::fleet::program::{HookSpec, ProgramAbilities, ProgramSpec};
use crate::fleet::{Class, Diagnose, Digest, Fleet};
use crate::host::files::{read_all_bounded, read_bounded, write_atomically};
use crate::host::{HostError, Machine};
use crate::programmer::ProgrammerError;
use crate::programmer::exec::Allowed;

use super::post::PRIVATE_FOLDER;

const FILE: &str = "trusted.json";
/// The longest record, in bytes.
const LONGEST: u64 = 4 << 20;
/// The longest file of a program, in bytes.
const LONGEST_PROGRAM: u64 = 256 << 20;
const FORMAT: u32 = 1;

/// Why a program is not run, or not trusted.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Nobody agreed to it, or it changed since.
    #[error("refusing to run {uses}: this station does not trust it as it is now")]
    Untrusted {
        /// What it is for.
        uses: String,
        /// Its digest now.
        digest: Digest,
    },
    /// A file that the fleet file names is not there.
    #[error("{uses} names {path:?}, which is no file in the fleet's folder")]
    Missing {
        /// What it is for.
        uses: String,
        /// As it is named.
        path: PathBuf,
    },
    /// No program of the fleet has this digest.
    #[error("no program of the fleet has the digest {text:?}")]
    Unknown {
        /// As typed.
        text: String,
    },
    /// The record cannot be read.
    #[error("the record {path:?} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The machine.
    #[error(transparent)]
    Host(#[from] HostError),
}

impl Diagnose for TrustError {
    fn class(&self) -> Class {
        match self {
            TrustError::Untrusted { .. } | TrustError::Damaged { .. } => Class::Refused,
            TrustError::Missing { .. } | TrustError::Unknown { .. } => Class::Input,
            TrustError::Host(error) => error.class(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            TrustError::Untrusted { .. } => Some("read what it runs, then allow it: firstlight trust".to_owned()),
            TrustError::Unknown { .. } => Some("see them with their digests: firstlight trust --list".to_owned()),
            TrustError::Damaged { .. } => Some("remove it, then trust anew: firstlight trust".to_owned()),
            TrustError::Host(error) => error.hint(),
            TrustError::Missing { .. } => None,
        }
    }
}

/// A program of the fleet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FleetProgram {
    /// What it is for: `programmer "jlink"`.
    pub uses: String,
    /// The program.
    pub spec: ProgramSpec,
}

/// A program that was agreed to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trusted {
    /// Its digest.
    pub digest: Digest,
    /// What it was for then.
    pub uses: String,
    /// Its words then.
    pub argv: Vec<String>,
    /// Who agreed.
    pub by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: u32,
    trusted: Vec<Trusted>,
}

/// What this station trusts of one fleet.
#[derive(Clone, Debug)]
pub struct Trust {
    root: PathBuf,
    station: Arc<str>,
}

impl Trust {
    /// Looks at the fleet in `root` on this machine; nothing is read of the record yet.
    pub fn new(root: &Path, machine: &Machine) -> Result<Self, TrustError> {
        let whole = fs::canonicalize(root).map_err(|source| io("reading", root, source))?;
        let id = read_bounded(&machine.path("/etc/machine-id"), 256).unwrap_or_default();
        let user = rustix::process::getuid().as_raw();
        let station = format!("{}\n{user}\n{}", String::from_utf8_lossy(&id).trim(), whole.display());
        Ok(Self { root: whole, station: Arc::from(station) })
    }

    /// Returns the digest of a program as it is now.
    pub fn digest(&self, program: &FleetProgram) -> Result<Digest, TrustError> {
        let spec = &program.spec;
        let mut parts: Vec<Vec<u8>> = vec![b"firstlight trust 1".to_vec(), self.station.as_bytes().to_vec()];
        parts.push(vec![u8::from(spec.as_root)]);
        parts.extend(spec.argv.iter().map(|word| word.as_bytes().to_vec()));
        for name in self.files(program)? {
            let path = self.root.join(&name);
            let opened = fs::File::open(&path).map_err(|source| io("reading", &path, source))?;
            let content = read_all_bounded(opened, &path, LONGEST_PROGRAM)?;
            parts.push([b"file\0", name.as_bytes()].concat());
            parts.push(Digest::of(&content).as_bytes().to_vec());
        }
        // Each part with its length: no two lists of parts are one text.
        let framed = parts.iter().flat_map(|part| [(part.len() as u64).to_be_bytes().to_vec(), part.clone()]);
        let framed: Vec<Vec<u8>> = framed.collect();
        Ok(Digest::of_parts(framed.iter().map(Vec::as_slice)))
    }

    /// Returns the files of the fleet's folder that a program is made of: those it lists, and words that name one.
    fn files(&self, program: &FleetProgram) -> Result<BTreeSet<String>, TrustError> {
        let mut files = BTreeSet::new();
        for name in &program.spec.files {
            let is_inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_)));
            if !is_inside || !self.root.join(name).is_file() {
                let (uses, path) = (program.uses.clone(), PathBuf::from(name));
                return Err(TrustError::Missing { uses, path });
            }
            files.insert(name.clone());
        }
        for word in &program.spec.argv {
            // `--config=tools/x.cfg` names a file, too.
            let value = word.split_once('=').map(|(_, value)| value);
            for name in [Some(word.as_str()), value].into_iter().flatten() {
                let path = self.root.join(name);
                // A link counts as the file it leads to, wherever that is: it may be made to lead elsewhere.
                let is_inside = Path::new(name).is_relative() || path.starts_with(&self.root);
                if !name.is_empty() && is_inside && path.is_file() {
                    files.insert(name.to_owned());
                }
            }
        }
        Ok(files)
    }

    /// Fails if the program is not trusted as it is now.
    pub fn check(&self, program: &FleetProgram) -> Result<Digest, TrustError> {
        let digest = self.digest(program)?;
        if self.list()?.iter().any(|trusted| trusted.digest == digest) {
            return Ok(digest);
        }
        Err(TrustError::Untrusted { uses: program.uses.clone(), digest })
    }

    /// Returns the question that a programmer asks before each run.
    pub fn guard(&self, program: &FleetProgram) -> Allowed {
        let (trust, program) = (self.clone(), program.clone());
        Arc::new(move || {
            let refused = |error: TrustError| ProgrammerError::Program {
                program: program.uses.clone(),
                reason: match error.hint() {
                    Some(hint) => format!("{error}; {hint}"),
                    None => error.to_string(),
                },
                class: error.class(),
            };
            trust.check(&program).map(drop).map_err(refused)
        })
    }

    /// Returns what is trusted.
    pub fn list(&self) -> Result<Vec<Trusted>, TrustError> {
        let path = self.path();
        let bytes = match read_bounded(&path, LONGEST) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == Some(std::io::ErrorKind::NotFound) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let damaged = |reason: String| TrustError::Damaged { path: path.clone(), reason };
        let record: Record = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if record.format != FORMAT {
            return Err(damaged(format!("it has format {}, this firstlight reads {FORMAT}", record.format)));
        }
        Ok(record.trusted)
    }

    /// Trusts `program` if it still has the digest that was agreed to. The fleet must have its private folder already: that
    /// is made whole or not at all.
    pub fn add(&self, program: &FleetProgram, agreed: Digest, by: &str, at: OffsetDateTime) -> Result<(), TrustError> {
        let digest = self.digest(program)?;
        if digest != agreed {
            return Err(TrustError::Untrusted { uses: program.uses.clone(), digest });
        }
        let mut trusted = self.list()?;
        trusted.retain(|known| known.digest != digest);
        let (uses, argv) = (program.uses.clone(), program.spec.argv.clone());
        trusted.push(Trusted { digest, uses, argv, by: by.to_owned(), at });
        self.save(trusted)
    }

    /// Trusts what has this digest no more; returns what it was.
    pub fn revoke(&self, digest: &str) -> Result<Trusted, TrustError> {
        let mut trusted = self.list()?;
        let at = trusted.iter().position(|known| known.digest.to_string() == digest);
        let at = at.ok_or_else(|| TrustError::Unknown { text: digest.to_owned() })?;
        let revoked = trusted.remove(at);
        self.save(trusted)?;
        Ok(revoked)
    }

    fn save(&self, trusted: Vec<Trusted>) -> Result<(), TrustError> {
        let record = Record { format: FORMAT, trusted };
        let mut text = serde_json::to_string_pretty(&record).expect("a record is plain data");
        text.push('\n');
        Ok(write_atomically(&self.path(), text.as_bytes(), 0o600)?)
    }

    fn path(&self) -> PathBuf {
        self.root.join(PRIVATE_FOLDER).join(FILE)
    }
}

/// Returns the programs of a fleet that are run: those of its programmers, of its hooks and of its enrolment groups.
pub fn programs(fleet: &Fleet) -> Vec<FleetProgram> {
    let programmers = fleet.programmers().iter().map(|(name, entry)| programmer(name, &entry.program));
    let hooks = fleet.factories().flat_map(|factory| &factory.hooks);
    let hooks = hooks.filter_map(|(step, spec)| hook(step.name(), spec));
    let enrolment = fleet.groups().iter().flat_map(|(group, policy)| enrolment_hooks(group, &policy.hooks));
    let subscribers = fleet.enrolment().subscribers.iter();
    let subscribers = subscribers.filter_map(|(name, subscription)| subscriber(name, &subscription.target));
    let consulted = fleet.bootstrap().procedures.iter().flat_map(|(name, procedure)| {
        procedure.consulted().filter_map(|target| consulted(name, target)).collect::<Vec<_>>()
    });
    let programs = programmers.chain(hooks).chain(enrolment).chain(subscribers).chain(consulted);
    let mut programs: Vec<FleetProgram> = programs.collect();
    let mut seen = Vec::new();
    programs.retain(|program| {
        !seen.contains(program) && {
            seen.push(program.clone());
            true
        }
    });
    programs
}

/// Returns a programmer's program as it is trusted.
pub fn programmer(name: &str, spec: &ProgramSpec) -> FleetProgram {
    FleetProgram { uses: format!("programmer {name:?}"), spec: spec.clone() }
}

/// Returns a hook's program as it is trusted, where it has one.
pub fn hook(step: &str, spec: &HookSpec) -> Option<FleetProgram> {
    match spec {
        HookSpec::Program(spec) => Some(FleetProgram { uses: format!("hook {step:?}"), spec: spec.clone() }),
        HookSpec::Expect(_) => None,
    }
}

/// Returns the programs that the hooks of an enrolment group run.
pub fn enrolment_hooks(group: &str, hooks: &Hooks) -> Vec<FleetProgram> {
    let steps = [("validate", &hooks.validate), ("allocate", &hooks.allocate), ("notify", &hooks.notify)];
    let programs = steps.into_iter().filter_map(|(step, target)| enrolment_hook(group, step, target.as_ref()?));
    programs.collect()
}

/// Returns the program of a subscriber as it is trusted, where it has one.
fn subscriber(name: &str, target: &HookTarget) -> Option<FleetProgram> {
    enrolment_hook(name, "notify", target)
        .map(|program| FleetProgram { uses: format!("subscriber {name:?}"), ..program })
}

/// Returns the program that a bootstrap procedure consults as it is trusted, where it is one.
fn consulted(procedure: &str, target: &HookTarget) -> Option<FleetProgram> {
    enrolment_hook(procedure, "consult", target)
        .map(|program| FleetProgram { uses: format!("bootstrap procedure {procedure:?}"), ..program })
}

/// Returns the program of an enrolment group's hook as it is trusted, where it has one.
pub fn enrolment_hook(group: &str, step: &str, target: &HookTarget) -> Option<FleetProgram> {
    if target.command.is_empty() {
        return None;
    }
    let spec = ProgramSpec {
        argv: target.command.clone(),
        files: Vec::new(),
        timeout: target.timeout,
        as_root: target.as_root,
        exits: BTreeMap::new(),
        abilities: ProgramAbilities::default(),
    };
    Some(FleetProgram { uses: format!("hook {step:?} of enrolment group {group:?}"), spec })
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> HostError {
    HostError::Io { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const NOW: OffsetDateTime = time::macros::datetime!(2026-11-21 10:00 UTC);

    struct Bench {
        folder: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let bench = Self { folder: tempfile::tempdir().unwrap() };
            for (name, text) in [
                ("fleet/tools/x", "one"),
                ("fleet/x.cfg", "cfg"),
                ("fleet/y.cfg", "y"),
                ("fleet/.firstlight/x", ""),
                ("m/etc/machine-id", "1"),
            ] {
                let path = bench.folder.path().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            bench
        }

        fn file(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn trust(&self) -> Trust {
            Trust::new(&self.file("fleet"), &Machine::at(&self.file("m"))).unwrap()
        }
    }

    fn program() -> FleetProgram {
        let argv = ["tools/x", "--config=x.cfg", "{image}"].map(str::to_owned).to_vec();
        let spec = ProgramSpec {
            argv,
            files: vec!["y.cfg".to_owned()],
            timeout: 60,
            as_root: false,
            exits: [].into(),
            abilities: ProgramAbilities::default(),
        };
        programmer("x", &spec)
    }

    fn trusted(bench: &Bench) {
        let trust = bench.trust();
        trust.add(&program(), trust.digest(&program()).unwrap(), "alice", NOW).unwrap();
    }

    #[test]
    fn what_was_agreed_to_runs_and_nothing_else() {
        let bench = Bench::new();
        let trust = bench.trust();
        assert!(matches!(trust.check(&program()), Err(TrustError::Untrusted { .. })));
        assert_eq!((trust.guard(&program()))().unwrap_err().class(), Class::Refused);
        trusted(&bench);
        trust.check(&program()).unwrap();
        (trust.guard(&program()))().unwrap();
        assert_eq!(trust.list().unwrap()[0].by, "alice");
        let mode = fs::metadata(bench.file("fleet/.firstlight/trusted.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn whatever_changes_takes_the_trust_away() {
        for name in ["fleet/tools/x", "fleet/x.cfg", "fleet/y.cfg", "m/etc/machine-id"] {
            let bench = Bench::new();
            trusted(&bench);
            let guard = bench.trust().guard(&program());
            guard().unwrap();
            fs::write(bench.file(name), "changed").unwrap();
            assert!(bench.trust().check(&program()).is_err(), "{name}");
            // The machine does not change under a running program; everything else may.
            assert_eq!(guard().is_err(), name.starts_with("fleet"), "{name}");
        }
        let changes: [fn(&mut ProgramSpec); 4] = [
            |spec| spec.argv.push("--more".into()),
            |spec| spec.argv[2] = "{uid}".into(),
            |spec| spec.as_root = true,
            |spec| spec.files.clear(),
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let bench = Bench::new();
            trusted(&bench);
            let mut other = program();
            change(&mut other.spec);
            assert!(bench.trust().check(&other).is_err(), "{at}");
        }
    }

    #[test]
    fn hooks_of_enrolment_groups_are_programs_of_the_fleet() {
        let hooks = serde_json::from_value(serde_json::json!({
            "validate": {"command": ["tools/x", "--config=x.cfg"], "timeout": 7},
            "notify": {"webhook": {"url": "https://h", "secret": "s"}},
        }));
        let programs = enrolment_hooks("gateways", &hooks.unwrap());
        let [hook] = programs.as_slice() else { panic!("{programs:?}") };
        assert_eq!(hook.uses, "hook \"validate\" of enrolment group \"gateways\"");
        assert_eq!((hook.spec.timeout, hook.spec.as_root), (7, false));
        let bench = Bench::new();
        let trust = bench.trust();
        trust.add(hook, trust.digest(hook).unwrap(), "alice", NOW).unwrap();
        trust.check(hook).unwrap();
        fs::write(bench.file("fleet/tools/x"), "changed").unwrap();
        assert!(trust.check(hook).is_err());
    }

    #[test]
    fn a_link_that_leads_elsewhere_takes_the_trust_away() {
        let bench = Bench::new();
        let link = bench.file("fleet/tools/x");
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("/bin/true", &link).unwrap();
        trusted(&bench);
        bench.trust().check(&program()).unwrap();
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("/bin/sh", &link).unwrap();
        assert!(bench.trust().check(&program()).is_err());
    }

    #[test]
    fn words_do_not_run_into_each_other() {
        let bench = Bench::new();
        let digest = |words: &[&str]| {
            let mut program = program();
            program.spec.argv = words.iter().map(|word| (*word).to_owned()).collect();
            bench.trust().digest(&program).unwrap()
        };
        assert_ne!(digest(&["a", "bc"]), digest(&["ab", "c"]));
        assert_ne!(digest(&["a", ""]), digest(&["a"]));
    }

    #[test]
    fn a_record_that_came_with_the_folder_is_worth_nothing() {
        let bench = Bench::new();
        trusted(&bench);
        fs::rename(bench.file("fleet"), bench.file("elsewhere")).unwrap();
        let moved = Trust::new(&bench.file("elsewhere"), &Machine::at(&bench.file("m"))).unwrap();
        assert!(matches!(moved.check(&program()), Err(TrustError::Untrusted { .. })));
    }

    #[test]
    fn what_changed_between_question_and_answer_is_not_trusted() {
        let bench = Bench::new();
        let trust = bench.trust();
        let shown = trust.digest(&program()).unwrap();
        fs::write(bench.file("fleet/tools/x"), "two").unwrap();
        assert!(matches!(trust.add(&program(), shown, "alice", NOW), Err(TrustError::Untrusted { .. })));
        assert!(trust.list().unwrap().is_empty());
    }

    #[test]
    fn trust_is_taken_back_by_its_digest() {
        let bench = Bench::new();
        trusted(&bench);
        let trust = bench.trust();
        let digest = trust.list().unwrap()[0].digest.to_string();
        assert!(matches!(trust.revoke("00"), Err(TrustError::Unknown { .. })));
        assert_eq!(trust.revoke(&digest).unwrap().uses, "programmer \"x\"");
        assert!(trust.check(&program()).is_err());
    }

    #[test]
    fn files_that_are_missing_or_outside_are_told() {
        let bench = Bench::new();
        for name in ["absent", "../m/etc/machine-id", "/etc/hostname", "tools", "./y.cfg/.."] {
            let mut program = program();
            program.spec.files = vec![name.to_owned()];
            assert!(matches!(bench.trust().digest(&program), Err(TrustError::Missing { .. })), "{name}");
        }
    }

    #[test]
    fn a_damaged_record_trusts_nothing() {
        let bench = Bench::new();
        trusted(&bench);
        for text in ["", "[]", "{\"format\":2,\"trusted\":[]}"] {
            fs::write(bench.file("fleet/.firstlight/trusted.json"), text).unwrap();
            assert!(matches!(bench.trust().check(&program()), Err(TrustError::Damaged { .. })), "{text:?}");
        }
    }
}
