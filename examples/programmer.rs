//! Drives one programmer as a session does, and prints what happened as one JSON document: connects, writes a file at an
//! address, reads it back, lets the chip go. The lab's tests run it on a real kernel's USB.
//!
//!     cargo run --example programmer -- dfu:port=1-2 0x08000000 image.bin [wait]
//!
//! With `wait` it waits up to 60 s for a device at the port that is named. The exit status is that of the error's class.
#![allow(clippy::print_stdout, reason = "this is a program")]

use std::process::ExitCode;
use std::time::Duration;

use firstlight::fleet::{Class, Diagnose as _};
use firstlight::format::Segment;
use firstlight::host::Machine;
use firstlight::host::usb::wait_for;
use firstlight::programmer::{Programmer, ProgrammerError, ProgrammerSelector, UsbSelector, dfu};
use serde_json::{Value, json};

const WAITS: Duration = Duration::from_mins(1);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [selector, address, file, more @ ..] = words.as_slice() else {
        println!("usage: programmer SELECTOR ADDRESS FILE [wait]");
        return ExitCode::from(Class::Usage.exit_status());
    };
    let address = u64::from_str_radix(address.trim_start_matches("0x"), 16);
    let (Ok(address), Ok(bytes)) = (address, std::fs::read(file)) else {
        println!("{}", json!({ "error": "no such address or file" }));
        return ExitCode::from(Class::Input.exit_status());
    };
    let mut story = json!({});
    let end = opened(selector, !more.is_empty()).and_then(|mut it| visit(it.as_mut(), address, bytes, &mut story));
    if let Err(error) = &end {
        story["error"] = json!(error.to_string());
        story["class"] = json!(error.class().name());
    }
    println!("{story}");
    ExitCode::from(end.err().map_or(0, |error| error.class().exit_status()))
}

fn opened(text: &str, waits: bool) -> Result<Box<dyn Programmer>, ProgrammerError> {
    let machine = Machine::new();
    let selector = ProgrammerSelector::parse(text)?;
    if let (ProgrammerSelector::Dfu(UsbSelector::Port(port)), true) = (&selector, waits) {
        let arrived = wait_for(&machine, &|it| it.port == *port && !it.interfaces.is_empty(), WAITS, &|| false);
        if !matches!(arrived, Ok(Some(_))) {
            return Err(ProgrammerError::Absent { link: text.to_owned() });
        }
    }
    match &selector {
        ProgrammerSelector::Dfu(select) => dfu::Client::open(select, None, &machine),
        other => Err(ProgrammerError::Unable { link: other.words(), what: "being driven by this example" }),
    }
}

fn visit(it: &mut dyn Programmer, address: u64, bytes: Vec<u8>, story: &mut Value) -> Result<(), ProgrammerError> {
    let range = address..address + bytes.len() as u64;
    story["chip"] = json!(it.connect()?);
    story["link"] = json!(it.link());
    story["capabilities"] = json!(it.capabilities());
    let traffic = it.write(&[Segment::new(address, bytes.clone())], &|_, _| ())?;
    story["traffic"] = json!(traffic);
    if it.capabilities().reads_back {
        story["equal"] = json!(it.read(range)?.expose(|there| *there == bytes));
    }
    it.release()?;
    story["released"] = json!(true);
    Ok(())
}
