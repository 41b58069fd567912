//! Getting a chip to answer, asking what its fuses say, and letting it go.

use std::time::Duration;

use super::super::Mac;
use super::family::{Family, MAGIC, Watchdogs};
use super::lines::{into_firmware, into_loader, ways};
use super::rom::{Fault, Rom};
use super::serial::FIRST_SPEED;
use super::wire::Wire;

/// The speed of a real serial port once the chip is known; adapters of every make have it.
const SPEED: u32 = 460_800;
/// How long each greeting waits; the line may be slow, and a loader that is busy answers late.
const GREETINGS: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
];
/// Resets the chip into its loader, where the line can, and greets it until it answers.
pub(super) fn greeted(wire: Box<dyn Wire>) -> Result<Rom, Fault> {
    let mut rom = Rom::new(wire);
    if rom.wire.lines().is_none() {
        return greet(&mut rom).map(|()| rom);
    }
    let mut last = Fault::Silent;
    for way in ways(rom.wire.is_chips_usb()) {
        rom.wire.set_speed(FIRST_SPEED)?;
        if let Some(lines) = rom.wire.lines() {
            into_loader(lines, *way)?;
        }
        match greet(&mut rom) {
            Ok(()) => return Ok(rom),
            Err(fault @ (Fault::Silent | Fault::Odd(_))) => last = fault,
            Err(fault) => return Err(fault),
        }
    }
    Err(last)
}

fn greet(rom: &mut Rom) -> Result<(), Fault> {
    let mut last = Fault::Silent;
    for limit in GREETINGS {
        rom.empty()?;
        match rom.sync(limit) {
            Ok(()) => return Ok(()),
            Err(fault @ (Fault::Silent | Fault::Odd(_) | Fault::Refused(_))) => last = fault,
            Err(fault) => return Err(fault),
        }
    }
    Err(last)
}

/// Talks faster where that can be taken back: a chip that does not follow is reset to the first speed.
pub(super) fn hasten(rom: &mut Rom, family: &Family) -> Result<(), Fault> {
    if rom.wire.is_chips_usb() || rom.wire.lines().is_none() || !family.keeps_speed {
        return Ok(());
    }
    let followed = rom.change_speed(SPEED).and_then(|()| rom.read32(MAGIC));
    match followed {
        Ok(_) => Ok(()),
        Err(fault @ Fault::Wire(_)) => Err(fault),
        Err(_) => {
            rom.wire.set_speed(FIRST_SPEED)?;
            if let Some(lines) = rom.wire.lines() {
                into_loader(lines, ways(false)[1])?;
            }
            greet(rom)
        }
    }
}

/// Keeps the watchdogs from resetting a chip that is reached by its own USB port.
pub(super) fn let_be(rom: &mut Rom, dogs: Watchdogs) -> Result<(), Fault> {
    rom.write32(dogs.protect, dogs.key)?;
    rom.write32(dogs.config, 0)?;
    rom.write32(dogs.protect, 0)?;
    rom.write32(dogs.super_protect, dogs.super_key)?;
    let config = rom.read32(dogs.super_config)?;
    rom.write32(dogs.super_config, config | dogs.super_feeds_itself)?;
    rom.write32(dogs.super_protect, 0)
}

/// Reads the factory MAC address from its fuses.
pub(super) fn mac(rom: &mut Rom, family: &Family) -> Result<Mac, Fault> {
    let (low, high) = (rom.read32(family.mac)?, rom.read32(family.mac + 4)?);
    let mut mac = [0; 6];
    mac[..2].copy_from_slice(&high.to_be_bytes()[2..]);
    mac[2..].copy_from_slice(&low.to_be_bytes());
    if mac == [0; 6] || mac == [0xff; 6] {
        return Err(Fault::Odd(format!("its fuses have no MAC address ({})", Mac(mac))));
    }
    Ok(Mac(mac))
}

/// Reads the unique number of 128 bits that the factory burns into most chips.
pub(super) fn unique(rom: &mut Rom, family: &Family) -> Result<Option<String>, Fault> {
    let Some(first) = family.unique else { return Ok(None) };
    let mut bytes = [0; 16];
    for (word, address) in bytes.chunks_exact_mut(4).zip((first..).step_by(4)) {
        word.copy_from_slice(&rom.read32(address)?.to_le_bytes());
    }
    Ok((bytes != [0; 16]).then(|| hex::encode(bytes)))
}

/// Asks for a few bytes of flash: some ROMs refuse.
pub(super) fn reads_back(rom: &mut Rom) -> Result<bool, Fault> {
    match rom.read_flash(0..4) {
        Ok(_) => Ok(true),
        Err(fault) if fault.is_unknown_command() => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Lets the firmware run.
pub(super) fn leave(rom: &mut Rom, family: &Family) -> Result<(), Fault> {
    if rom.wire.lines().is_none() {
        return rom.end(family);
    }
    if let Some(register) = family.forces_download {
        rom.write_masked(register, 0, 1)?;
    }
    if let Some(lines) = rom.wire.lines() {
        into_firmware(lines)?;
    }
    Ok(())
}
