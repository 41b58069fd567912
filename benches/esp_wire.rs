//! Writes a file to a chip of the ESP32 family, as benches/esp_wire.py has esptool do it.
//!
//! usage: esp_wire esp:socket://HOST:PORT ADDRESS FILE     one line of JSON: bytes erased, programmed and left alone
#![allow(clippy::print_stdout, reason = "a bench says what it found")]

use std::error::Error;

use firstlight::format::Segment;
use firstlight::host::Machine;
use firstlight::programmer::ProgrammerSelector;
use firstlight::programmer::esp::Loader;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let [programmer, address, file] = &arguments[..] else {
        return Err("usage: esp_wire esp:socket://HOST:PORT ADDRESS FILE".into());
    };
    let ProgrammerSelector::Esp(line) = ProgrammerSelector::parse(programmer)? else {
        return Err("not the ROM loader of an ESP32".into());
    };
    let address = u64::from_str_radix(address.trim_start_matches("0x"), 16)?;
    let mut chip = Loader::open(&line, None, &Machine::new())?;
    chip.connect()?;
    let traffic = chip.write(&[Segment::new(address, std::fs::read(file)?)], &|_, _| {})?;
    chip.release()?;
    println!("{}", serde_json::to_string(&traffic)?);
    Ok(())
}
