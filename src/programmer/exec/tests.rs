use std::cell::RefCell;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::fleet::Diagnose;
use crate::fleet::program::ProgramAbilities;

const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/exec/programmer.py");

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("scratch")).unwrap();
        Self { folder }
    }

    fn place(&self) -> ExecPlace {
        let root = self.folder.path().to_owned();
        ExecPlace { scratch: root.join("scratch"), root, serial: Some("SN-1".to_owned()) }
    }

    fn open(&self, spec: &ProgramSpec) -> Program {
        let allowed: Allowed = Arc::new(|| Ok(()));
        let (spec, place) = (spec.clone(), self.place());
        Program { name: "test".into(), spec, wanted: Some("x1".into()), place, allowed, chip: None }
    }

    /// The example on a chip in `chip/`.
    fn example(&self) -> Program {
        let mut spec = spec(&["python3", EXAMPLE, "chip", "{op}"]);
        spec.exits = [(3, Class::Refused)].into();
        self.open(&spec)
    }

    /// A shell script.
    fn script(&self, script: &str) -> Program {
        self.open(&spec(&["/bin/sh", "-c", script, "sh", "{op}", "{image}", "{address}", "{length}", "{uid}"]))
    }

    fn nothing_is_left(&self) -> bool {
        fs::read_dir(self.folder.path().join("scratch")).unwrap().count() == 0
    }
}

fn spec(argv: &[&str]) -> ProgramSpec {
    ProgramSpec {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        files: Vec::new(),
        timeout: 60,
        as_root: true,
        exits: [(9, Class::Differs)].into(),
        abilities: ProgramAbilities { reads_back: true, locks: true, knows_uid: true, makes_keys: true },
    }
}

const CHIP: &str = r#"echo '{"event":"chip","name":"x1","uid":"0a","memory":[{"start":0,"length":4096,"page":64}]}'"#;

fn silent(_: u64, _: u64) {}

#[test]
fn the_example_does_everything_a_programmer_does() {
    let bench = Bench::new();
    let mut program = bench.example();
    let chip = program.connect().unwrap();
    assert_eq!((chip.name.as_str(), chip.uid.as_ref().map(String::len)), ("x1", Some(16)));
    let seen = RefCell::new(Vec::new());
    let watch = |done, of| seen.borrow_mut().push((done, of));
    let segments = [Segment::new(0x1010, vec![7; 0x1000]), Segment::new(0x8000, vec![1])];
    let traffic = program.write(&segments, &watch).unwrap();
    assert_eq!(traffic, Traffic { erased: 0x3000, programmed: 0x3000, unchanged: 0 });
    assert_eq!(seen.borrow().last(), Some(&(0x3000, 0x3000)));
    assert!(seen.borrow().iter().zip(seen.borrow().iter().skip(1)).all(|(one, next)| one.0 <= next.0), "it only grows");
    let neighbours = program.read(0x100F..0x1011).unwrap();
    assert!(neighbours.expose(|bytes| bytes == [0xFF, 7]));
    assert_eq!(program.write(&segments, &silent).unwrap().unchanged, 0x3000);
    program.write32(0x3000_0000, 0xFFFF_FFFF).unwrap();
    assert_eq!(program.read32(0x3000_0000).unwrap(), 0xFFFF_FFFF);
    let request = program.make_key("0", false).unwrap();
    assert!(rcgen::CertificateSigningRequestParams::from_der(&request.into()).is_ok());
    program.write32(0x2000_0000, 1).unwrap();
    Registers::reset(&mut program).unwrap();
    assert!(matches!(program.read(0..1), Err(ProgrammerError::Locked { .. })));
    program.release().unwrap();
    assert!(bench.nothing_is_left());
}

#[test]
fn data_are_in_private_files_and_never_among_the_words() {
    let bench = Bench::new();
    let script = format!(
        "case $1 in connect) {CHIP};; write) echo \"$@\" > words; stat -c %a \"$2\" >> words; cp \"$2\" flash;; \
         read) [ -e flash ] && cp flash \"$2\" || head -c 64 /dev/zero > \"$2\";; esac"
    );
    let mut program = bench.script(&script);
    program.connect().unwrap();
    program.write(&[Segment::new(64, b"A secret that nobody sees.".to_vec())], &silent).unwrap();
    let words = fs::read_to_string(bench.folder.path().join("words")).unwrap();
    assert!(words.contains(" 0x40 0x40 0a") && words.contains("\n600\n"), "{words}");
    assert!(!words.contains("secret"), "{words}");
    assert!(bench.nothing_is_left());
}

#[test]
fn how_a_program_ends_decides_the_class() {
    let bench = Bench::new();
    let ended = |script: &str| bench.script(script).connect().unwrap_err();
    for (script, class, words) in [
        ("echo broken cable >&2; exit 4", Class::Surroundings, "broken cable (exit status 4)"),
        ("exit 9", Class::Differs, "exit status 9"),
        ("kill -9 $$", Class::Surroundings, "killed by signal 9"),
        (r#"echo '{"event":"error","message":"no power"}'"#, Class::Surroundings, "no power (exit status 0)"),
        (r#"echo '{"event":"error","kind":"locked","message":"level 1"}'; exit 1"#, Class::Refused, "level 1"),
        (r#"echo '{"event":"error","kind":"no-chip","message":"none"}'; exit 1"#, Class::Surroundings, "none"),
        ("echo connected", Class::Surroundings, "is no event"),
        ("exit 0", Class::Surroundings, "does not say which chip"),
    ] {
        let error = ended(script);
        assert_eq!(error.class(), class, "{script}: {error}");
        assert!(error.to_string().contains(words), "{script}: {error}");
    }
    let absent = bench.open(&spec(&["./no-such-tool"])).connect().unwrap_err();
    assert_eq!(absent.class(), Class::Input, "{absent}");
}

#[test]
fn a_program_without_end_is_killed() {
    let bench = Bench::new();
    let mut short = spec(&["/bin/sh", "-c", "sleep 1000 & wait"]);
    short.timeout = 1;
    let error = bench.open(&short).connect().unwrap_err();
    assert!(matches!(&error, ProgrammerError::Broken { reason, .. } if reason == "no end within 1 s"), "{error}");
    let flood = bench.script("yes").connect().unwrap_err();
    assert!(matches!(flood, ProgrammerError::Protocol { .. }), "{flood}");
    assert!(bench.nothing_is_left());
}

#[test]
fn what_a_program_says_is_shown_without_control_characters_and_short() {
    let bench = Bench::new();
    let long = "x".repeat(5000);
    let error = bench.script(&format!("printf 'a\\033[2Jb{long}' >&2; exit 1")).connect().unwrap_err();
    let shown = error.to_string();
    assert!(!shown.contains('\u{1b}') && shown.len() < 400, "{shown}");
}

#[test]
fn the_wrong_chip_and_one_without_a_number_are_refused() {
    let bench = Bench::new();
    let wrong = bench.script(&CHIP.replace("\"x1\"", "\"x2\"")).connect().unwrap_err();
    assert!(matches!(wrong, ProgrammerError::WrongChip { .. }));
    let nameless = bench.script(&CHIP.replace("\"uid\":\"0a\",", "")).connect().unwrap_err();
    assert!(matches!(nameless, ProgrammerError::Protocol { .. }));
}

#[test]
fn data_that_are_not_what_was_asked_for_are_refused() {
    let bench = Bench::new();
    let other = bench.folder.path().join("other");
    fs::write(&other, "not yours").unwrap();
    let other = other.display();
    for read in [
        "printf abc > \"$2\"".to_owned(),
        "head -c 1000000 /dev/zero > \"$2\"".to_owned(),
        format!("ln -s {other} \"$2\""),
        format!("echo '{{\"event\":\"data\",\"file\":\"{other}\"}}'"),
        r#"echo '{"event":"data","file":"../../other"}'"#.to_owned(),
        r#"echo '{"event":"data","file":".."}'"#.to_owned(),
        "mkfifo \"$2\"".to_owned(),
        "true".to_owned(),
    ] {
        let mut program = bench.script(&format!("case $1 in connect) {CHIP};; read) {read};; esac"));
        program.connect().unwrap();
        let error = program.read(0..64).err().unwrap();
        assert!(matches!(error, ProgrammerError::Protocol { .. }), "{read}: {error}");
    }
    assert_eq!(fs::read_to_string(bench.folder.path().join("other")).unwrap(), "not yours");
    assert!(bench.nothing_is_left());
}

#[test]
fn what_reads_back_differently_is_found() {
    let bench = Bench::new();
    let script = format!("case $1 in connect) {CHIP};; read) head -c 64 /dev/zero > \"$2\";; esac");
    let mut program = bench.script(&script);
    program.connect().unwrap();
    let error = program.write(&[Segment::new(10, vec![0, 1])], &silent).unwrap_err();
    assert!(matches!(error, ProgrammerError::Differs { address: 11, .. }), "{error}");
}

#[test]
fn without_reading_back_segments_go_as_they_are_and_ranges_are_checked() {
    let bench = Bench::new();
    let script = format!("case $1 in connect) {CHIP};; write) cat \"$2\" >> flash; echo $3 >> at;; *) exit 1;; esac");
    let mut program = bench.script(&script);
    program.spec.abilities.reads_back = false;
    program.connect().unwrap();
    let segments = [Segment::new(3, vec![b'a'; 2]), Segment::new(100, vec![b'b'])];
    assert_eq!(program.write(&segments, &silent).unwrap().programmed, 3);
    let file = |name: &str| fs::read_to_string(bench.folder.path().join(name)).unwrap();
    assert_eq!((file("flash").as_str(), file("at").as_str()), ("aab", "0x3\n0x64\n"));
    let outside = program.write(&[Segment::new(4095, vec![0; 2])], &silent).unwrap_err();
    assert!(matches!(outside, ProgrammerError::Range { at: 4096, .. }), "{outside}");
    assert!(matches!(program.read(0..1), Err(ProgrammerError::Unable { .. })));
    assert_eq!(file("flash"), "aab", "nothing was run");
}

#[test]
fn it_is_asked_before_each_run_whether_it_may_run() {
    let bench = Bench::new();
    let mut program = bench.script("touch ran");
    program.allowed = Arc::new(|| {
        let reason = "it was changed".to_owned();
        Err(ProgrammerError::Program { program: "x".into(), reason, class: Class::Refused })
    });
    assert_eq!(program.connect().unwrap_err().class(), Class::Refused);
    assert!(!bench.folder.path().join("ran").exists());
}

#[test]
fn root_runs_only_what_says_so() {
    let mut spec = spec(&["true"]);
    assert!(check_root(true, &spec).is_ok());
    spec.as_root = false;
    assert!(check_root(true, &spec).is_err() && check_root(false, &spec).is_ok());
}

#[test]
fn a_value_is_put_in_once_and_never_read_again() {
    let values = [("uid", "{serial}".to_owned()), ("serial", "S".to_owned())];
    assert_eq!(filled("{uid}-{serial}-{other}-{", &values), "{serial}-S-{other}-{");
}

#[test]
fn each_failing_operation_leaves_a_chip_that_the_next_try_brings_to_its_end() {
    let segments = [Segment::new(0x1010, vec![7; 0x1000]), Segment::new(0x8000, vec![1])];
    for nth in 1..=6 {
        let bench = Bench::new();
        let mut cut = bench.example();
        // The example, but its n-th run dies half way.
        let count = "n=$(cat n 2>/dev/null || echo 0); n=$((n+1)); echo $n > n";
        let script = format!("{count}; [ $n -eq {nth} ] && exit 1; exec python3 {EXAMPLE} chip \"$1\"");
        cut.spec = spec(&["/bin/sh", "-c", &script, "sh", "{op}"]);
        let ended = cut.connect().and_then(|_| cut.write(&segments, &silent));
        assert!(ended.is_err(), "{nth}");
        let mut again = bench.example();
        again.connect().unwrap();
        again.write(&segments, &silent).unwrap();
        for segment in &segments {
            let is = again.read(segment.address..segment.end().unwrap()).unwrap();
            assert!(segment.bytes.expose(|wanted| is.expose(|is| is == wanted)), "{nth}");
        }
    }
}

#[test]
fn the_example_may_be_run_as_it_lies_there() {
    assert_ne!(fs::metadata(EXAMPLE).unwrap().permissions().mode() & 0o111, 0);
}
