//! The `swd` programmer against a simulated Black Magic Probe on TCP, with QEMU's nRF51 behind it (tests/lab/bmp.py): probe-rs'
//! own driver, the chip's own flash algorithm, a flash controller that erases pages and only clears bits. What lies in the flash
//! is asked from QEMU, beside the probe.
#![allow(clippy::unwrap_used)]

#[path = "common/bmp.rs"]
mod bmp;

use std::cell::RefCell;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use bmp::Bench;
use firstlight::fleet::{Class, Diagnose as _, Secret};
use firstlight::format::Segment;
use firstlight::programmer::swd::{Limits, Probe};
use firstlight::programmer::{Programmer, ProgrammerError, ProgrammerSelector, UsbSelector};

const CHIP: &str = "nRF51822_xxAA";
/// The last two pages of 1 KiB.
const PAGES: u64 = 0x3f800;
const AT: u64 = PAGES + 300;

trait Probed {
    fn probe(&self, chip: Option<&str>) -> Probe;
    fn hasty(&self, chip: Option<&str>, limits: Limits) -> Probe;
}

impl Probed for Bench {
    fn probe(&self, chip: Option<&str>) -> Probe {
        self.hasty(chip, Limits::default())
    }

    fn hasty(&self, chip: Option<&str>, limits: Limits) -> Probe {
        let select = UsbSelector::Driver(format!("1d50:6018:127.0.0.1:{}", self.port));
        Probe::with(&select, chip, PathBuf::from(env!("CARGO_BIN_EXE_firstlight")), limits)
    }
}

/// Two pages that are in use, as options of the simulator, and what they hold.
fn used() -> (Vec<u8>, String) {
    let pages: Vec<u8> = (0..2048_u32).map(|at| (at * 7 % 251) as u8).collect();
    let option = format!("--content={PAGES:#x}={}", hex::encode(&pages));
    (pages, option)
}

fn payload() -> Vec<u8> {
    (0..1500_u32).map(|at| (at * 13 % 255) as u8).collect()
}

fn segments() -> [Segment; 1] {
    [Segment::new(AT, payload())]
}

fn laid_over(pages: &[u8]) -> Vec<u8> {
    let mut wanted = pages.to_vec();
    wanted[300..1800].copy_from_slice(&payload());
    wanted
}

fn is(secret: &Secret, bytes: &[u8]) -> bool {
    secret.expose(|have| have == bytes)
}

#[track_caller]
fn failed<T>(outcome: Result<T, ProgrammerError>) -> ProgrammerError {
    match outcome {
        Ok(_) => panic!("it did not fail"),
        Err(error) => error,
    }
}

#[test]
fn only_pages_that_differ_are_written_and_neighbours_kept() {
    let (pages, option) = used();
    let mut bench = Bench::start(&["--uid", "c0ffee0123456789", &option]);
    let mut probe = bench.probe(Some(CHIP));
    assert!(probe.capabilities().knows_uid);

    let chip = probe.connect().unwrap();
    assert_eq!(chip.name, CHIP);
    assert_eq!(chip.uid.as_deref(), Some("c0ffee0123456789"));
    assert_eq!(chip.mac, None);
    assert_eq!(chip.memory.page(AT), Some(PAGES..PAGES + 0x400));
    assert!(is(&probe.read(PAGES..PAGES + 2048).unwrap(), &pages));

    let seen = RefCell::new(Vec::new());
    let traffic = probe.write(&segments(), &|done, of| seen.borrow_mut().push((done, of))).unwrap();
    assert_eq!((traffic.erased, traffic.programmed, traffic.unchanged), (2048, 2048, 0));
    let seen = seen.into_inner();
    assert!(seen.is_sorted() && seen.last() == Some(&(2048, 2048)), "{seen:?}");
    assert_eq!(bench.flash(PAGES, 2048), laid_over(&pages));
    assert!(is(&probe.read(AT..AT + 1500).unwrap(), &payload()));

    let again = probe.write(&segments(), &|_, _| panic!("a page was touched")).unwrap();
    assert_eq!((again.erased, again.programmed, again.unchanged), (0, 0, 2048));

    probe.registers().unwrap().write32(0x2000_0100, 0x1234_5678).unwrap();
    assert_eq!(probe.registers().unwrap().read32(0x2000_0100).unwrap(), 0x1234_5678);
    probe.registers().unwrap().reset().unwrap();
    assert_eq!(probe.connect().unwrap().identity(), chip.identity());
    probe.release().unwrap();
    assert_eq!(bench.flash(PAGES, 2048), laid_over(&pages));
    assert!(matches!(failed(probe.read(0..4)), ProgrammerError::NoChip { .. }));
}

#[test]
fn a_chip_without_a_name_is_detected() {
    let bench = Bench::start(&[]);
    assert_eq!(bench.probe(None).connect().unwrap().name, CHIP);
}

#[test]
fn another_chip_than_the_profile_names_is_refused() {
    let mut bench = Bench::start(&[]);
    let error = failed(bench.probe(Some("nRF51822_xxAB")).connect());
    assert!(matches!(&error, ProgrammerError::WrongChip { have, .. } if have == CHIP), "{error}");
    assert_eq!(error.class(), Class::Refused);
    bench.order("override 0xe000ed00 0x410fc241");
    let error = failed(bench.probe(Some(CHIP)).connect());
    assert!(matches!(&error, ProgrammerError::WrongChip { have, .. } if have == "a Cortex-M4"), "{error}");
}

#[test]
fn a_name_that_no_chip_has_is_told_before_the_probe_is_opened() {
    let mut bench = Bench::start(&[]);
    let error = failed(bench.probe(Some("nRF51282_xxAA")).connect());
    assert!(matches!(&error, ProgrammerError::UnknownChip { near, .. } if near.len() == 1), "{error}");
    assert_eq!(error.class(), Class::Input);
    assert!(error.hint().unwrap().contains("xxAA"));
    assert_eq!(bench.order("sessions"), "0");
}

#[test]
fn addresses_outside_of_the_flash_are_refused_before_anything_is_touched() {
    let (pages, option) = used();
    let mut bench = Bench::start(&[&option]);
    let mut probe = bench.probe(Some(CHIP));
    probe.connect().unwrap();
    let before = bench.commands();
    for address in [0x2000_0000, 0x4_0000 - 100] {
        let error =
            failed(probe.write(&[Segment::new(AT, vec![0; 8]), Segment::new(address, vec![0; 200])], &|_, _| {}));
        assert!(matches!(error, ProgrammerError::Range { .. }), "{error}");
    }
    assert_eq!(bench.commands(), before);
    assert_eq!(bench.flash(PAGES, 2048), pages);
}

#[test]
fn nobody_at_the_address_is_absent() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let select = UsbSelector::Driver(format!("1d50:6018:127.0.0.1:{port}"));
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_firstlight"));
    let error = failed(Probe::with(&select, Some(CHIP), binary, Limits::default()).connect());
    assert!(matches!(error, ProgrammerError::Absent { .. }), "{error}");
    assert_eq!(error.class(), Class::Surroundings);
}

#[test]
fn a_serial_number_that_no_probe_has_is_absent() {
    let select = UsbSelector::Serial("firstlight-has-none".to_owned());
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_firstlight"));
    let error = failed(Probe::with(&select, Some(CHIP), binary, Limits::default()).connect());
    assert!(matches!(error, ProgrammerError::Absent { .. }), "{error}");
}

#[test]
fn a_driver_that_panics_takes_nobody_with_it() {
    let mut bench = Bench::start(&[]);
    let mut probe = bench.probe(Some(CHIP));
    // No power: the debug port acknowledges nothing any more once it was found.
    bench.order("panic 1");
    let error = failed(probe.connect());
    assert!(matches!(&error, ProgrammerError::Broken { .. }), "{error}");
    assert_eq!(error.class(), Class::Surroundings);
    bench.order("panic 0");
    assert_eq!(probe.connect().unwrap().name, CHIP);
}

#[test]
fn a_chip_without_power_is_no_chip() {
    let mut bench = Bench::start(&[]);
    let mut probe = bench.probe(Some(CHIP));
    bench.order("dead 1");
    let error = failed(probe.connect());
    assert!(matches!(&error, ProgrammerError::NoChip { .. }), "{error}");
    bench.order("dead 0");
    assert_eq!(probe.connect().unwrap().name, CHIP);
}

#[test]
fn a_chip_whose_firmware_takes_the_debug_pins_is_caught_under_reset() {
    let (pages, option) = used();
    let mut bench = Bench::start(&[&option]);
    let mut probe = bench.probe(Some(CHIP));
    bench.order("closed 1");
    assert_eq!(probe.connect().unwrap().name, CHIP);
    probe.write(&segments(), &|_, _| {}).unwrap();
    assert_eq!(bench.flash(PAGES, 2048), laid_over(&pages));
    assert_eq!(bench.order("sessions"), "2");
}

#[test]
fn a_chip_that_a_reset_has_locked_is_reset_and_then_lets_nobody_in() {
    let mut bench = Bench::start(&[]);
    let mut probe = bench.probe(Some(CHIP));
    probe.connect().unwrap();
    bench.order("dead 1");
    probe.registers().unwrap().reset().unwrap();
    let error = failed(probe.registers().unwrap().read32(0x1000_0060));
    assert!(matches!(error, ProgrammerError::NoChip { .. }), "{error}");
    probe.release().unwrap();
}

#[test]
fn a_probe_that_never_answers_is_silent_and_given_up() {
    let mut bench = Bench::start(&[]);
    let limits = Limits { connect: Duration::from_secs(3), ..Limits::default() };
    bench.order("silent 1");
    let error = failed(bench.hasty(Some(CHIP), limits).connect());
    assert!(matches!(&error, ProgrammerError::Silent { doing: "connecting", .. }), "{error}");
    assert_eq!(error.class(), Class::Surroundings);
    bench.order("silent 0");
    assert_eq!(bench.probe(Some(CHIP)).connect().unwrap().name, CHIP);
}

#[test]
fn a_probe_that_falls_silent_while_writing_is_given_up_and_the_pages_completed_next_time() {
    let (pages, option) = used();
    let mut bench = Bench::start(&[&option]);
    let limits = Limits { step: Duration::from_secs(3), ..Limits::default() };
    let mut probe = bench.hasty(Some(CHIP), limits);
    probe.connect().unwrap();
    bench.order("silent 160");
    let error = failed(probe.write(&segments(), &|_, _| {}));
    assert!(matches!(&error, ProgrammerError::Silent { doing: "writing", .. }), "{error}");
    probe.connect().unwrap();
    probe.write(&segments(), &|_, _| {}).unwrap();
    assert_eq!(bench.flash(PAGES, 2048), laid_over(&pages));
}

/// The probe is pulled at commands all over the write. Neighbours in an erased page are in our memory only, so the same programmer
/// must bring them back.
#[test]
fn a_probe_pulled_in_mid_write_leaves_a_chip_that_the_next_write_completes() {
    let (pages, option) = used();
    let mut bench = Bench::start(&[&option]);
    let mut probe = bench.probe(Some(CHIP));
    probe.connect().unwrap();
    let before = bench.commands();
    probe.write(&segments(), &|_, _| {}).unwrap();
    let whole = bench.commands() - before;
    assert!(whole > 50, "{whole}");
    // Every command was tried once; each eleventh is enough to notice that something changed.
    for step in (1..whole).step_by(11) {
        let other = (step % 251) as u8;
        let wanted = [Segment::new(AT, vec![other; 1500])];
        bench.order(&format!("die {step}"));
        let error = failed(probe.write(&wanted, &|_, _| {}));
        assert!(matches!(&error, ProgrammerError::Gone { .. } | ProgrammerError::Broken { .. }), "{step}: {error}");
        probe.connect().unwrap();
        probe.write(&wanted, &|_, _| {}).unwrap();
        let mut expected = pages.clone();
        expected[300..1800].fill(other);
        assert_eq!(bench.flash(PAGES, 2048), expected, "pulled at command {step} of {whole}");
    }
}

#[test]
fn another_chip_is_not_given_the_pages_of_the_one_that_was_pulled() {
    let (pages, option) = used();
    let mut bench = Bench::start(&[&option]);
    let mut probe = bench.probe(Some(CHIP));
    probe.connect().unwrap();
    let seen = RefCell::new(0);
    bench.order("die 100");
    failed(probe.write(&segments(), &|done, _| *seen.borrow_mut() = done));
    assert_eq!(seen.into_inner(), 0, "it was pulled too late");
    bench.order("override 0x10000060 0x77777777");
    probe.connect().unwrap();
    let before = bench.flash(PAGES, 1024);
    assert!(before != laid_over(&pages)[..1024]);
    probe.write(&[Segment::new(PAGES + 1024, vec![0; 4])], &|_, _| {}).unwrap();
    assert_eq!(bench.flash(PAGES, 1024), before);
}

#[test]
fn a_bit_that_does_not_hold_is_found() {
    let mut bench = Bench::start(&[]);
    let mut probe = bench.probe(Some(CHIP));
    probe.connect().unwrap();
    bench.order(&format!("flip {:#x} 0x10", AT + 700));
    let error = failed(probe.write(&segments(), &|_, _| {}));
    assert!(matches!(&error, ProgrammerError::Differs { address, .. } if *address == AT + 700), "{error}");
    assert_eq!(error.class(), Class::Differs);
}

/// Variables by which a test tells its station what to do.
const STATION_PORT: &str = "FIRSTLIGHT_TEST_SWD_PORT";
const STATION_SIGN: &str = "FIRSTLIGHT_TEST_SWD_SIGN";

/// The station is killed while it writes: the process that has the probe finishes the pages, neighbours and all.
#[test]
fn a_write_is_finished_when_the_station_is_killed() {
    let (pages, option) = used();
    let mut bench = Bench::start(&[&option]);
    let folder = tempfile::tempdir().unwrap();
    let sign = folder.path().join("sign");
    let mut station = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_station_to_be_killed", "--ignored"])
        .env(STATION_PORT, bench.port.to_string())
        .env(STATION_SIGN, &sign)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    while !sign.exists() {
        assert!(station.try_wait().unwrap().is_none(), "the station ended by itself");
        std::thread::sleep(Duration::from_millis(5));
    }
    station.kill().unwrap();
    station.wait().unwrap();
    // The next session is served when the worker has closed its own.
    let mut probe = bench.probe(Some(CHIP));
    probe.connect().unwrap();
    assert_eq!(bench.flash(PAGES, 2048), laid_over(&pages));
    assert_eq!(bench.order("sessions"), "2");
}

/// No test by itself: what the one above kills at the first sign of progress.
#[test]
#[ignore = "started and killed by a_write_is_finished_when_the_station_is_killed"]
fn a_station_to_be_killed() {
    let (Ok(port), Ok(sign)) = (std::env::var(STATION_PORT), std::env::var(STATION_SIGN)) else { return };
    let select = UsbSelector::Driver(format!("1d50:6018:127.0.0.1:{port}"));
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_firstlight"));
    let mut probe = Probe::with(&select, Some(CHIP), binary, Limits::default());
    probe.connect().unwrap();
    let _ = probe.write(&segments(), &|_, _| {
        std::fs::write(&sign, "").unwrap();
        std::thread::sleep(Duration::from_mins(2));
    });
}

/// Variables by which the lab tells a guest's kernel and this test where the probe is, and what is to be written.
const LAB_BINARY: &str = "FIRSTLIGHT_TEST_BINARY";
const LAB_PROGRAMMER: &str = "FIRSTLIGHT_TEST_PROGRAMMER";
const LAB_BYTE: &str = "FIRSTLIGHT_TEST_BYTE";

/// No test by itself: tests/lab/test_dap.py runs it in a guest, with a CMSIS-DAP probe on the guest's USB.
#[test]
#[ignore = "run by tests/lab/test_dap.py in a guest"]
fn a_probe_on_usb_writes_and_reads_back() {
    let variable = |name| std::env::var(name).expect("tests/lab/test_dap.py sets it");
    let Ok(ProgrammerSelector::Swd(select)) = ProgrammerSelector::parse(&variable(LAB_PROGRAMMER)) else {
        panic!("no debug probe is selected")
    };
    let mut probe = Probe::with(&select, Some(CHIP), PathBuf::from(variable(LAB_BINARY)), Limits::default());
    let chip = probe.connect().unwrap();
    println!("chip {} {}", chip.name, chip.identity().unwrap());
    let link = probe.link();
    println!("link {} {}", link.port.as_deref().unwrap_or("?"), link.serial.as_deref().unwrap_or("?"));
    let wanted = [Segment::new(AT, vec![variable(LAB_BYTE).parse().unwrap(); 1500])];
    let traffic = probe.write(&wanted, &|_, _| {}).unwrap();
    println!("traffic {} {}", traffic.programmed, traffic.unchanged);
    assert!(wanted[0].bytes.expose(|bytes| is(&probe.read(AT..AT + 1500).unwrap(), bytes)));
    assert_eq!(probe.write(&wanted, &|_, _| {}).unwrap().programmed, 0);
    probe.release().unwrap();
}
