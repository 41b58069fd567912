//! Chips as probe-rs' registry knows them: names, memory.

use probe_rs::config::{CoreType, MemoryRegion, NvmRegion, RawFlashAlgorithm, Registry, RegistryError, Target};

use crate::fleet::nearest;

use super::identity::Core;
use super::order::Failure;

/// The most names that are offered for one that is not known.
const MOST_NEAR: usize = 6;

/// Finds a chip by its name, letter case apart; part of a name is enough where it fits one only.
pub(super) fn by_name(name: &str) -> Result<Target, Failure> {
    let registry = Registry::from_builtin_families();
    registry.get_target_by_name(name).map_err(|error| match error {
        RegistryError::ChipNotFound(_) | RegistryError::ChipNotUnique(..) => {
            Failure::UnknownChip { chip: name.to_owned(), near: near(&registry, name) }
        }
        other => Failure::Broken(other.to_string()),
    })
}

/// Returns names that begin like `name`, else the one that is nearest to it.
fn near(registry: &Registry, name: &str) -> Vec<String> {
    let mut names = registry.search_chips(name);
    names.sort();
    names.dedup();
    names.truncate(MOST_NEAR);
    if names.is_empty() {
        let variants = registry.families().iter().flat_map(|family| &family.variants);
        names.extend(nearest::nearest(name, variants.map(|chip| chip.name.as_str())).map(str::to_owned));
    }
    names
}

/// True if two names mean one chip: equal but for letter case, and an `x` stands for anything.
pub(super) fn is_same(a: &str, b: &str) -> bool {
    let fits = |a: u8, b: u8| a.eq_ignore_ascii_case(&b) || a == b'x' || b == b'x';
    a.bytes().zip(b.bytes()).all(|(a, b)| fits(a, b))
}

/// Asks the chip who it is, by the registers that its maker documents and the registry lists. `None` where no such register is
/// known for the family of `name`, or its value is not listed.
pub(super) fn detected(registry: &Registry, name: &str, word: &mut dyn FnMut(u64) -> Option<u32>) -> Option<String> {
    let has_it = |chip: &probe_rs::config::Chip| chip.package_variants().any(|variant| variant == name);
    let family = registry.families().iter().find(|family| family.variants.iter().any(has_it))?;
    for method in &family.chip_detection {
        if let Some(nordic) = method.as_nordic_ficr() {
            if word(u64::from(nordic.part_address))? == nordic.part {
                return nordic.variants.get(&word(u64::from(nordic.variant_address))?).cloned();
            }
        } else if let Some(nordic) = method.as_nordic_configid() {
            return nordic.hwid.get(&(word(u64::from(nordic.configid_address))? & 0xffff)).cloned();
        }
    }
    None
}

/// Returns the architecture of a chip's first core.
pub(super) fn core(target: &Target) -> Core {
    match target.cores.first().map(|core| core.core_type) {
        Some(CoreType::Armv6m) => Core::Armv6m,
        Some(CoreType::Armv7m) => Core::Armv7m,
        Some(CoreType::Armv7em) => Core::Armv7em,
        _ => Core::Other,
    }
}

/// Returns the regions of non-volatile memory by rising address: start, end, bytes that are erased together, writable.
pub(super) fn memory(target: &Target) -> Vec<(u64, u64, u64, bool)> {
    let mut regions = Vec::new();
    let mut nvm: Vec<&NvmRegion> =
        target.memory_map.iter().filter_map(MemoryRegion::as_nvm_region).filter(|region| !region.is_alias).collect();
    nvm.sort_by_key(|region| region.range.start);
    let mut free = 0;
    for region in nvm.into_iter().filter(|region| region.range.start < region.range.end) {
        // Two descriptions of one place: the first holds.
        if region.range.start < free {
            continue;
        }
        free = region.range.end;
        // The region's own access rights are the core's; the flash algorithm is what writes.
        match algorithm(target, region).filter(|_| !is_once(region)) {
            Some(algorithm) => regions.extend(sectors(algorithm, region)),
            None => regions.push((region.range.start, region.range.end, region.range.end - region.range.start, false)),
        }
    }
    regions
}

/// True for memory that is not for data: it can be written once, or its bits lock the chip.
fn is_once(region: &NvmRegion) -> bool {
    let name = region.name.as_deref().unwrap_or_default().to_ascii_lowercase();
    ["otp", "opt", "fuse"].iter().any(|word| name.contains(word))
}

/// Returns the flash algorithm that probe-rs will take for a region.
fn algorithm<'a>(target: &'a Target, region: &NvmRegion) -> Option<&'a RawFlashAlgorithm> {
    let core = region.cores.first()?;
    let fits = |algorithm: &&RawFlashAlgorithm| {
        let range = &algorithm.flash_properties.address_range;
        range.start <= region.range.start
            && region.range.end <= range.end
            && (algorithm.cores.is_empty() || algorithm.cores.contains(core))
    };
    let fitting: Vec<&RawFlashAlgorithm> = target.flash_algorithms.iter().filter(fits).collect();
    match fitting[..] {
        [] => None,
        [only] => Some(only),
        _ => {
            let mut defaults = fitting.into_iter().filter(|algorithm| algorithm.default);
            defaults.next().filter(|_| defaults.next().is_none())
        }
    }
}

/// Cuts a region where the size of its sectors changes.
fn sectors(algorithm: &RawFlashAlgorithm, region: &NvmRegion) -> Vec<(u64, u64, u64, bool)> {
    let flash = &algorithm.flash_properties;
    let mut cuts = Vec::new();
    for (at, sector) in flash.sectors.iter().enumerate() {
        let next =
            flash.sectors.get(at + 1).map_or(flash.address_range.end, |next| flash.address_range.start + next.address);
        let first = flash.address_range.start + sector.address;
        let (start, end) = (first.max(region.range.start), next.min(region.range.end));
        let size = sector.size.max(1);
        if start >= end || !(start - first).is_multiple_of(size) {
            continue;
        }
        // A sector that the region holds only in part would erase what is not its own.
        let whole = start + (end - start) / size * size;
        if start < whole {
            cuts.push((start, whole, size, true));
        }
        if whole < end {
            cuts.push((whole, end, end - whole, false));
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_is_found_by_name_and_a_near_miss_is_told() {
        assert_eq!(by_name("nRF51822_xxAA").unwrap().name, "nRF51822_xxAA");
        assert_eq!(by_name("nrf51822_XXaa").unwrap().name, "nRF51822_xxAA");
        let Err(Failure::UnknownChip { near, .. }) = by_name("nRF51822_xx").map(|_| ()) else { panic!("known") };
        assert!(near.iter().any(|name| name == "nRF51822_xxAB"), "{near:?}");
        let Err(Failure::UnknownChip { near, .. }) = by_name("nRF51282_xxAA").map(|_| ()) else { panic!("known") };
        assert_eq!(near.len(), 1, "{near:?}");
        let Err(Failure::UnknownChip { near, .. }) = by_name("teapot").map(|_| ()) else { panic!("known") };
        assert!(near.is_empty(), "{near:?}");
    }

    #[test]
    fn memory_has_the_sectors_of_the_data_sheet() {
        let of = |name| memory(&by_name(name).unwrap());
        assert!(of("nRF51822_xxAA").contains(&(0, 0x4_0000, 0x400, true)));
        // RM0090, table 5: four sectors of 16 KiB, one of 64, seven of 128.
        let f405 = of("STM32F405RGTx");
        let sectors: Vec<_> = f405.iter().filter(|region| (0x800_0000..0x810_0000).contains(&region.0)).collect();
        let want = [
            (0x800_0000, 0x801_0000, 0x4000, true),
            (0x801_0000, 0x802_0000, 0x1_0000, true),
            (0x802_0000, 0x810_0000, 0x2_0000, true),
        ];
        assert_eq!(sectors, want.iter().collect::<Vec<_>>());
        let once: Vec<_> = f405.iter().filter(|region| region.0 == 0x1fff_7800).collect();
        assert!(matches!(once[..], [(.., false)]), "{once:?}");
    }

    #[test]
    fn every_chip_of_the_registry_has_memory_that_keeps_the_contract() {
        let registry = Registry::from_builtin_families();
        let chips: Vec<&String> =
            registry.families().iter().flat_map(|family| family.variants.iter().map(|chip| &chip.name)).collect();
        assert!(chips.len() > 1000, "{}", chips.len());
        for family in registry.families() {
            let Some(name) = family.variants.first().map(|chip| chip.name.clone()) else { continue };
            let Ok(target) = registry.get_target_by_name(&name) else { continue };
            let mut free = 0;
            for (start, end, page, _) in memory(&target) {
                assert!(start >= free && start < end && page > 0 && (end - start) % page == 0, "{name}: {start:#x}");
                free = end;
            }
        }
    }

    #[test]
    fn a_chip_that_says_it_is_another_is_told() {
        let registry = Registry::from_builtin_families();
        let says = |value| detected(&registry, "nRF51822_xxAA", &mut |_| Some(value));
        assert_eq!(says(0x1d).as_deref(), Some("nRF51822_xxAA"));
        assert_eq!(says(0x26).as_deref(), Some("nRF51822_xxAB"));
        assert_eq!(says(0xffff), None);
        assert!(is_same("nRF51822_xxAA", "nrf51822_XXaa"));
        assert!(!is_same("nRF51822_xxAA", "nRF51822_xxAB"));
        assert!(is_same("STM32F405RGTx", "STM32F405RG"));
    }
}
