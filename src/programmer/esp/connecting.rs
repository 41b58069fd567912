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
/// How often a chip has to answer at another speed before it is believed.
const PROOFS: usize = 8;

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
            Err(fault @ Fault::Wire(_)) => return Err(fault),
            Err(fault) => last = fault,
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
            Err(fault @ Fault::Wire(_)) => return Err(fault),
            Err(fault) => last = fault,
        }
    }
    Err(last)
}

/// Talks faster where that can be taken back: a chip that does not follow is reset to the first speed.
pub(super) fn hasten(rom: &mut Rom, family: &Family) -> Result<(), Fault> {
    if rom.wire.is_chips_usb() || rom.wire.lines().is_none() || !family.keeps_speed {
        return Ok(());
    }
    let told = told_speed(rom, family)?;
    let followed =
        rom.change_speed(told, SPEED).and_then(|()| (0..PROOFS).try_for_each(|_| rom.read32(MAGIC).map(drop)));
    match followed {
        Ok(()) => Ok(()),
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

/// Returns the speed to tell the ROM so that the line gets [`SPEED`]: the first of the family reckons from a frequency that it
/// measured itself, by an oscillator of eight megahertz that drifts, and its crystal has 26 or 40.
fn told_speed(rom: &mut Rom, family: &Family) -> Result<u32, Fault> {
    /// Periods that the ROM counted, in bits 7 to 31 (technical reference manual, `TIMG_RTCCALICFG1`).
    const COUNTED: u32 = 0x3ff5_f06c;
    if !family.is_first() {
        return Ok(SPEED);
    }
    // The fourth word of the fuses: the oscillator's frequency as the factory found it.
    let (counted, factory) = (rom.read32(COUNTED)? >> 7, rom.read32(family.mac - 4 + 4 * 4)? & 0xff);
    Ok(compensated(u64::from(counted) * 15_625 * u64::from(factory) / 40))
}

fn compensated(reckoned: u64) -> u32 {
    let crystal = if reckoned > 33_000_000 { 40_000_000 } else { 26_000_000 };
    let told = u64::from(SPEED) * reckoned / crystal;
    // A ROM that counted nothing, or nonsense, is told the plain speed.
    u32::try_from(told).ok().filter(|told| (SPEED / 2..SPEED * 2).contains(told)).unwrap_or(SPEED)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rom_whose_oscillator_drifts_is_told_another_speed() {
        assert_eq!(compensated(40_000_000), SPEED);
        assert_eq!(compensated(26_000_000), SPEED);
        assert_eq!(compensated(41_000_000), 472_320);
        assert_eq!(compensated(0), SPEED);
        assert_eq!(compensated(u64::MAX / u64::from(SPEED)), SPEED);
    }
}
