//! Every exit status of the command line is reached, by the program itself.
//!
//! A test's name begins with the status it reaches.

#![cfg(feature = "station")]

mod common;

use std::fs::{self, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use common::{TestFleet, devices_csv};
use firstlight::fleet::Class;
use firstlight::ui::{Interrupt, panics};
use rustix::process::{Pid, Signal, kill_process};

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firstlight"));
    command.args(arguments).env_remove("FIRSTLIGHT_FLEET").env_remove("SOURCE_DATE_EPOCH");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Returns status, stdout, stderr.
fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = program(arguments).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn exits_0_when_help_version_or_a_page_is_asked_for() {
    for arguments in [["--help"], ["--version"], ["man"]] {
        let (status, stdout, stderr) = run(&arguments);
        assert_eq!((status, stderr.as_str()), (Some(0), ""), "{arguments:?}");
        assert!(!stdout.is_empty());
    }
}

#[test]
fn exits_0_when_the_reader_goes_away() {
    for arguments in [["man"].as_slice(), &["--help"], &["completions", "bash"]] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let status = program(arguments).stdout(writer).status().expect("the program runs");
        assert_eq!(status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn exits_2_on_a_wrong_command_line_in_words_and_in_json() {
    let (status, stdout, stderr) = run(&["write", "--again", "whim"]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    assert!(stderr.starts_with("error: invalid value 'whim' for '--again <WHY>'"), "{stderr}");

    let (status, stdout, stderr) = run(&["write", "--again", "whim", "--json"]);
    assert_eq!((status, stdout.as_str()), (Some(2), ""));
    let error: serde_json::Value = serde_json::from_str(&stderr).expect("one JSON object");
    assert_eq!((&error["error"]["class"], &error["error"]["exit"]), (&"usage".into(), &2.into()));

    let (status, _, stderr) = run(&["man", "wriet"]);
    assert_eq!(status, Some(2));
    assert_eq!(
        stderr,
        "error: there is no command \"firstlight wriet\"\n\nhint: see the list with: firstlight --help\n"
    );
}

#[test]
fn exits_2_when_the_clock_of_the_build_is_nonsense() {
    let output = program(&["man"]).env("SOURCE_DATE_EPOCH", "yesterday").output().expect("the program runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SOURCE_DATE_EPOCH is \"yesterday\""));
}

#[test]
fn exits_4_when_what_it_prints_cannot_be_kept() {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has /dev/full");
    let status = program(&["man"]).stdout(full).status().expect("the program runs");
    assert_eq!(status.code(), Some(4));
}

#[test]
fn exits_4_when_doctor_finds_a_problem() {
    let (status, stdout, stderr) = run(&["doctor", "--fleet", "/nonexistent"]);
    assert_eq!(status, Some(4));
    assert!(stdout.contains("FAIL  fleet"), "{stdout}");
    assert!(stderr.contains("problem"), "{stderr}");
}

/// True in the second life of a test: it runs itself again as a program of its own, which may panic or be ended.
fn is_on_stage() -> bool {
    std::env::var_os("FIRSTLIGHT_STAGE").is_some()
}

/// Runs the test `name` of this file once more, on stage.
fn play(name: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().expect("a running test has a file"));
    command.args([name, "--exact", "--nocapture"]).env("FIRSTLIGHT_STAGE", "1").env("RUST_BACKTRACE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the test runs")
}

fn say(words: &str) {
    use std::io::Write as _;
    writeln!(std::io::stdout(), "\n{words}").expect("somebody listens");
}

/// Reads on until `words` are said; returns them with what stood around them.
fn hear(lines: &mut impl Iterator<Item = std::io::Result<String>>, words: &str) -> String {
    let line = lines.map(|line| line.expect("text")).find(|line| line.contains(words));
    line.unwrap_or_else(|| panic!("{words:?} was never said"))
}

fn send(player: &Child, signal: Signal) {
    let id = i32::try_from(player.id()).ok().and_then(Pid::from_raw).expect("a process has an id");
    kill_process(id, signal).expect("our own child may be signalled");
}

#[test]
fn exits_70_on_a_panic_and_says_that_it_is_our_fault() {
    if is_on_stage() {
        panics::install();
        let status = panics::caught(|| panic!("the invariant is gone"));
        return say(&format!("status {status}"));
    }
    let output = play("exits_70_on_a_panic_and_says_that_it_is_our_fault").wait_with_output().expect("it ends");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(stdout.contains("status 70"), "{stdout}");
    assert!(stderr.starts_with("firstlight: internal error: the invariant is gone (tests/exit_status.rs:"), "{stderr}");
    assert!(stderr.contains("\nhint: this is a fault of firstlight itself: please report it"), "{stderr}");
    assert!(!stderr.contains("backtrace"), "{stderr}");
}

#[test]
fn a_first_signal_asks_to_stop_and_says_which() {
    if is_on_stage() {
        let interrupt = Interrupt::listen().expect("signals can be listened to");
        say("listening");
        let class = std::iter::repeat_with(|| interrupt.asked()).flatten().next();
        return say(&format!("asked to stop, status {}", class.map_or(0, Class::exit_status)));
    }
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut player = play("a_first_signal_asks_to_stop_and_says_which");
        let mut lines = BufReader::new(player.stdout.take().expect("it was piped")).lines();
        hear(&mut lines, "listening");
        send(&player, signal);
        hear(&mut lines, &format!("asked to stop, status {status}"));
        assert!(player.wait().expect("it ends").success());
    }
}

#[test]
fn exits_130_at_once_on_a_second_ctrl_c_and_143_on_a_second_sigterm() {
    if is_on_stage() {
        let interrupt = Interrupt::listen().expect("signals can be listened to");
        say("listening");
        std::iter::repeat_with(|| interrupt.asked()).flatten().next();
        say("asked once, deaf from now on");
        loop {
            std::thread::park();
        }
    }
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut player = play("exits_130_at_once_on_a_second_ctrl_c_and_143_on_a_second_sigterm");
        let mut lines = BufReader::new(player.stdout.take().expect("it was piped")).lines();
        hear(&mut lines, "listening");
        send(&player, signal);
        hear(&mut lines, "deaf from now on");
        send(&player, signal);
        assert_eq!(player.wait().expect("it ends").code(), Some(status));
    }
}

const WRITE: [&str; 4] = ["write", "--all", "--to", "image:out/"];

#[test]
fn exits_0_when_done_and_when_nothing_is_left_to_do() {
    let fleet = TestFleet::demo(2);
    fleet.run(&WRITE).exits(0).says(&["2 devices: 2 written"]);
    fleet.run(&WRITE).exits(0).says(&["nothing is left to do"]);
}

#[test]
fn exits_1_when_the_input_is_wrong() {
    let fleet = TestFleet::demo(1);
    fleet.run(&["write", "gw-0002", "--to", "image:out/"]).exits(1).says(&["did you mean gw-0001?"]);
    fleet.edit("devices.csv", "gw-0001", "gw 0001");
    fleet.run(&WRITE).exits(1).says(&["devices.csv:2:1: "]);
}

#[test]
fn exits_3_when_a_batch_fails_in_part_or_in_several_ways_and_with_its_own_status_when_in_one() {
    let fleet = TestFleet::demo(3);
    fleet.write("out/gw-0002.img", "somebody's notes");
    fleet.run(&WRITE).exits(3).says(&["3 devices: 2 written and read back, 1 failed"]);
    let only = ["write", "gw-0002", "--to", "image:out/"];
    fleet.run(&only).exits(6);
    fleet.run(&["devices", "retire", "gw-0001", "--reason", "x", "--yes"]).ok();
    fs::create_dir(fleet.file("new")).unwrap();
    fs::create_dir(fleet.file("new/gw-0002.img")).unwrap();
    let ways = ["write", "gw-0001", "gw-0002", "--to", "image:new/"];
    fleet.run(&ways).exits(6).says(&["it was retired", "it exists and is no regular file"]);
}

#[test]
fn exits_4_when_the_surroundings_fail_and_goes_on_when_they_are_mended() {
    let fleet = TestFleet::demo(1);
    fleet.write("out", "a file where a folder should be");
    fleet.run(&WRITE).exits(4).says(&["creating \"out\" failed", "hint: "]);
    fs::remove_file(fleet.file("out")).unwrap();
    let full =
        "mkdir out; mount -t tmpfs -o size=16k none \"$PWD/out\"; exec \"$FIRSTLIGHT\" write --all --to image:out/";
    fleet.run_in_namespace(full).exits(4).says(&["bytes are free", "hint: make room"]);
    fleet.run(&WRITE).ok();
    fleet.ledger_is_true();
}

#[test]
fn exits_5_when_a_medium_does_not_hold_what_its_manifest_says() {
    let fleet = TestFleet::demo(1);
    fleet.run(&WRITE).ok();
    let mut image = fs::read(fleet.file("out/gw-0001.img")).unwrap();
    let key = b"PRIVATE KEY-----\n";
    let at = image.windows(key.len()).position(|window| window == key).expect("the key lies in clear");
    image[at + key.len()] ^= 1;
    fs::write(fleet.file("out/gw-0001.img"), image).unwrap();
    fleet.run(&["media", "verify", "out/gw-0001.img"]).exits(5).says(&["hint: "]);
}

#[test]
fn exits_6_when_a_person_must_act() {
    let fleet = TestFleet::demo(1);
    fleet.run(&WRITE).ok();
    fs::remove_dir_all(fleet.file("out")).unwrap();
    fleet.run(&WRITE).exits(6).says(&["is not there any more", "hint: --again copy"]);
    fleet.run(&["devices", "retire", "gw-0001", "--reason", "x"]).exits(6).says(&["there is no terminal", "--yes"]);
    fleet.run_at_terminal(&["devices", "retire", "gw-0001", "--reason", "x"], &[["Retire", "n"]]).exits(6);
    assert_eq!(fleet.show("gw-0001")["device"]["state"], "registered");
}

#[test]
fn exits_7_when_next_finds_nothing() {
    let fleet = TestFleet::demo(1);
    let next = ["write", "--next", "--to", "image:out/"];
    fleet.run(&next).ok();
    fleet.run(&next).exits(7).says(&["every device of the fleet is delivered"]);
}

/// Ends the main job by a signal when it has said `events` lines; returns its status and how many devices were done.
fn stopped(fleet: &TestFleet, signal: Signal, events: usize) -> (Option<i32>, usize) {
    let mut job = fleet.command(&[&WRITE[..], &["--json", "--jobs", "2"]].concat());
    let mut job = job.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    let mut said = BufReader::new(job.stderr.take().expect("it was piped")).lines();
    let drained = std::thread::spawn({
        let stdout = job.stdout.take().expect("it was piped");
        move || BufReader::new(stdout).lines().map_while(Result::ok).filter(|line| line.contains("receipt")).count()
    });
    said.by_ref().take(events).for_each(drop);
    send(&job, signal);
    let rest: Vec<String> = said.map_while(Result::ok).collect();
    assert!(rest.iter().any(|line| line.contains("interrupted")), "nothing said of it: {rest:?}");
    (job.wait().expect("it ends").code(), drained.join().expect("it reads on"))
}

#[test]
fn exits_130_and_143_in_the_middle_of_a_batch_and_the_same_command_goes_on() {
    for (signal, status, events) in
        [(Signal::INT, 130, 2), (Signal::INT, 130, 40), (Signal::TERM, 143, 15), (Signal::TERM, 143, 61)]
    {
        let fleet = TestFleet::demo(0);
        fleet.write("devices.csv", &devices_csv(30));
        let (ended, done) = stopped(&fleet, signal, events);
        assert_eq!(ended, Some(status), "after {events} events");
        assert!(done < 30, "{signal:?} after {events} events did not stop the batch");
        fleet.ledger_is_true();
        let images = || fs::read_dir(fleet.file("out")).map_or(0, Iterator::count);
        assert!((done..=done + 2).contains(&images()), "{done} done, {} files", images());
        fleet.run(&WRITE).ok();
        assert_eq!(images(), 30, "nothing but the images is left");
        for device in ["gw-0001", "gw-0002", "gw-0015", "gw-0030"] {
            assert_eq!(fleet.show(device)["generations"].as_array().map(Vec::len), Some(1), "{device}");
        }
        fleet.ledger_is_true();
    }
}
