//! The client against a device made of software, with a fault at every transfer.

use std::cell::RefCell;
use std::time::Duration;

use crate::format::Segment;
use crate::programmer::{Programmer as _, ProgrammerError, Registers as _, Traffic};

use super::client::Client;
use super::fake::{FLASH, Fake, Fault, OPTIONS, Shared};
use super::status::State;

const BASE: u64 = 0x0800_0000;

/// Two segments: one within a page, one that crosses the border between two sizes of sectors.
fn segments() -> Vec<Segment> {
    vec![Segment::new(BASE + 10, vec![1, 2, 3]), Segment::new(BASE + 0x7f0, vec![9; 0x900])]
}

/// What a device that held `old` everywhere holds after `segments`.
fn wanted(old: u8) -> Vec<u8> {
    let mut memory = vec![old; 10 << 10];
    memory[10..13].copy_from_slice(&[1, 2, 3]);
    memory[0x7f0..0x7f0 + 0x900].fill(9);
    memory
}

fn content(device: &Shared) -> Vec<u8> {
    device.lock().memory.iter().filter(|zone| zone.len() > 16).flatten().copied().collect()
}

fn used() -> Shared {
    let mut fake = Fake::dfuse(&[FLASH, OPTIONS]);
    fake.memory.iter_mut().take(2).for_each(|zone| zone.fill(0x55));
    fake.memory[2].fill(0xa5);
    Shared::new(fake)
}

/// One whole visit.
fn visit(client: &mut Client, segments: &[Segment]) -> Result<Traffic, ProgrammerError> {
    client.connect()?;
    let traffic = client.write(segments, &|_, _| ())?;
    for segment in segments {
        let there = client.read(segment.address..segment.end().unwrap())?;
        assert!(there.expose(|there| segment.bytes.expose(|wanted| there == wanted)), "what was written reads back");
    }
    client.release()?;
    Ok(traffic)
}

#[test]
fn only_sectors_that_differ_are_erased_by_their_own_size_and_neighbours_are_kept() {
    let device = used();
    let traffic = visit(&mut device.client(), &segments()).unwrap();
    assert_eq!(content(&device), wanted(0x55));
    assert_eq!(device.lock().erased, [BASE, BASE + 0x400, BASE + 0x800, BASE + 0x1000]);
    assert_eq!(traffic, Traffic { erased: 0x1800, programmed: 0x1800, unchanged: 0 });
    assert!(device.lock().left, "it runs its firmware");
}

#[test]
fn what_is_there_already_is_left_alone() {
    let device = used();
    visit(&mut device.client(), &segments()).unwrap();
    device.lock().replug();
    device.lock().erased.clear();
    let traffic = visit(&mut device.client(), &segments()).unwrap();
    assert_eq!((traffic.programmed, traffic.unchanged, device.lock().erased.len()), (0, 0x1800, 0));
}

#[test]
fn the_chip_is_named_by_its_boot_loader_and_its_number_is_the_serial() {
    let device = used();
    let mut client = device.client();
    assert_eq!(client.link().name, "dfu:");
    let chip = client.connect().unwrap();
    assert_eq!((chip.name.as_str(), chip.uid.as_deref()), ("0483:df11", Some("377b35573037")));
    assert_eq!((client.link().name.as_str(), client.link().port.as_deref()), ("dfu:port=1-2", Some("1-2")));
    let can = client.capabilities();
    assert!(can.reads_back && can.locks && can.knows_uid);
    device.lock().serial = None;
    assert_eq!(client.connect().unwrap().uid, None);
    assert!(!client.capabilities().knows_uid);
}

#[test]
fn the_profiles_boot_loader_is_checked() {
    let device = used();
    let on = |chip| Client::on(Box::new(device.clone()), &crate::programmer::UsbSelector::Only, Some(chip));
    assert!(on("stm32f405").connect().is_ok());
    assert!(on("0483:DF11").connect().is_ok());
    assert!(matches!(on("28e9:0189").connect(), Err(ProgrammerError::WrongChip { .. })));
}

#[test]
fn addresses_that_are_not_there_are_refused_before_anything_is_erased() {
    for address in [0, BASE - 1, BASE + (10 << 10) - 1, 0x1fff_f800, u64::from(u32::MAX), u64::MAX - 1] {
        let device = used();
        let mut client = device.client();
        client.connect().unwrap();
        let before = device.lock().transfers;
        let wrong = [Segment::new(BASE, vec![1]), Segment::new(address, vec![1, 2])];
        let refused = client.write(&wrong, &|_, _| ());
        assert!(matches!(refused, Err(ProgrammerError::Range { .. })), "{address:#x}");
        let device = device.lock();
        assert_eq!((device.transfers, device.erased.len()), (before, 0));
    }
}

/// Returns the sectors of 1 KiB (the first two) or 2 KiB whose bytes are not as they should be. Neighbours that were erased when
/// the cable was pulled are lost; what was to be written must be there.
fn lost(there: &[u8], wanted: &[u8]) -> Vec<usize> {
    let different = (0..wanted.len()).filter(|at| there[*at] != wanted[*at]);
    let mut sectors: Vec<usize> = different
        .inspect(|at| assert!(there[*at] == 0xff && wanted[*at] == 0x55, "at {at}: {:02x}", there[*at]))
        .map(|at| if at < 0x800 { at / 0x400 } else { 1 + at / 0x800 })
        .collect();
    sectors.dedup();
    sectors
}

/// Runs a visit with a fault at each transfer; then the same visit without. Returns how many transfers a visit has.
fn with_a_fault_at_every_transfer(
    make: impl Fn() -> Shared,
    segments: &[Segment],
    after: &[u8],
    fault: Fault,
    right: impl Fn(&ProgrammerError) -> bool,
) -> usize {
    let whole = make();
    visit(&mut whole.client(), segments).unwrap();
    let transfers = whole.lock().transfers;
    let mut failed = 0;
    for at in 1..=transfers {
        let device = make();
        device.lock().fault = Some((at, fault));
        let mut client = device.client();
        if let Err(error) = visit(&mut client, segments) {
            assert!(right(&error), "{fault:?} at {at}: {error}");
            failed += 1;
        }
        device.lock().fault = None;
        if !device.lock().there {
            device.lock().replug();
            device.lock().left = false;
        }
        visit(&mut client, segments).unwrap_or_else(|error| panic!("after {fault:?} at {at}: {error}"));
        let lost = lost(&content(&device), after);
        assert!(lost.len() <= usize::from(!device.lock().map.0.is_empty()), "{fault:?} at {at}: {lost:?}");
    }
    failed
}

#[test]
fn after_any_fault_at_any_transfer_the_same_visit_ends_well() {
    use ProgrammerError as E;
    let run =
        |fault, right: fn(&E) -> bool| with_a_fault_at_every_transfer(used, &segments(), &wanted(0x55), fault, right);
    assert!(run(Fault::Silent, |error| matches!(error, E::Silent { .. })) > 50);
    assert!(run(Fault::Vanish, |error| matches!(error, E::Gone { .. })) > 50);
    assert!(run(Fault::Stall, |error| matches!(error, E::Protocol { .. } | E::Device { .. })) > 20);
    assert!(run(Fault::Nonsense, |error| matches!(error, E::Protocol { .. })) > 20);
    assert!(run(Fault::Status(8), |error| error.to_string().contains("errADDRESS (8)")) > 20);
    assert!(run(Fault::Status(11), |error| matches!(error, E::Locked { .. })) > 20);
}

#[test]
fn after_any_fault_a_plain_device_is_written_the_second_time() {
    use ProgrammerError as E;
    let image = [Segment::new(0, vec![7; 700])];
    let after = [&[7; 700][..], &[0xff; 8192 - 700]].concat();
    let run = |fault, right: fn(&E) -> bool| {
        with_a_fault_at_every_transfer(|| Shared::new(Fake::plain(7)), &image, &after, fault, right)
    };
    assert!(run(Fault::Silent, |error| matches!(error, E::Silent { .. })) > 10);
    assert!(run(Fault::Vanish, |error| matches!(error, E::Gone { .. })) > 10);
    assert!(run(Fault::Stall, |error| matches!(error, E::Protocol { .. } | E::Device { .. })) > 5);
    assert!(run(Fault::Status(7), |error| error.to_string().contains("errVERIFY (7)")) > 5);
}

#[test]
fn a_device_left_in_any_state_is_brought_to_rest() {
    for state in [State::Error, State::DownloadIdle, State::UploadIdle, State::DownloadSync, State::ManifestSync] {
        let device = used();
        device.lock().state = state;
        device.client().connect().unwrap_or_else(|error| panic!("{state:?}: {error}"));
        let device = device.lock();
        assert_eq!((device.state, device.erased.len(), device.left), (State::Idle, 0, false));
    }
    for state in [State::AppIdle, State::ManifestWaitReset] {
        let device = used();
        device.lock().state = state;
        assert!(matches!(device.client().connect(), Err(ProgrammerError::NoChip { .. })), "{state:?}");
    }
}

#[test]
fn a_device_that_is_busy_for_ever_is_given_up() {
    for (times, poll) in [(u32::MAX, 0), (u32::MAX, 0x00ff_ffff), (u32::MAX, 300)] {
        let device = used();
        device.lock().busy = (times, poll);
        let mut client = device.client();
        client.connect().unwrap();
        let silent = client.write(&segments(), &|_, _| ());
        assert!(matches!(silent, Err(ProgrammerError::Silent { .. })), "{silent:?}");
        let waited = device.lock().clock;
        assert!(waited < Duration::from_mins(1), "{waited:?}");
    }
}

#[test]
fn a_bit_that_turns_and_a_protected_sector_are_found() {
    let device = used();
    device.lock().flips = true;
    let mut client = device.client();
    client.connect().unwrap();
    let differs = client.write(&segments(), &|_, _| ());
    assert!(matches!(differs, Err(ProgrammerError::Differs { address: BASE, .. })), "{differs:?}");

    let device = used();
    device.lock().protected = Some(BASE + 0x800);
    let mut client = device.client();
    client.connect().unwrap();
    let differs = client.write(&segments(), &|_, _| ());
    assert!(matches!(differs, Err(ProgrammerError::Differs { .. })), "{differs:?}");
}

#[test]
fn a_locked_chip_is_recognised_and_can_still_be_let_go() {
    let device = used();
    device.lock().locked = true;
    let mut client = device.client();
    client.connect().unwrap();
    assert!(matches!(client.read(BASE..BASE + 4), Err(ProgrammerError::Locked { .. })));
    assert!(matches!(client.write(&segments(), &|_, _| ()), Err(ProgrammerError::Locked { .. })));
    client.release().unwrap();
    assert!(device.lock().left);
}

#[test]
fn a_word_of_the_option_bytes_is_written_with_all_of_them_and_locks() {
    let device = used();
    device.lock().memory[2] = (0..16).map(|byte| if byte == 0 { 0xa5 } else { byte }).collect();
    let mut client = device.client();
    client.connect().unwrap();
    let registers = client.registers().unwrap();
    assert_eq!(registers.read32(0x1fff_f804).unwrap(), 0x0706_0504);
    registers.write32(0x1fff_f800, 0x0302_01bb).unwrap();
    registers.reset().unwrap();
    assert!(matches!(registers.read32(BASE), Err(ProgrammerError::Locked { .. })), "the lock holds");
    let wanted: Vec<u8> = (0..16).map(|byte| if byte == 0 { 0xbb } else { byte }).collect();
    assert_eq!(device.lock().memory[2], wanted, "the other option bytes are kept");
    client.release().unwrap();
}

#[test]
fn words_are_written_only_where_the_map_allows() {
    let device = used();
    let mut client = device.client();
    client.connect().unwrap();
    for address in [0, 0x1fff_f80e, u64::MAX] {
        let refused = client.write32(address, 1);
        assert!(matches!(refused, Err(ProgrammerError::Range { .. })), "{address:#x}: {refused:?}");
    }
    client.write32(BASE + 4, 0x0403_0201).unwrap();
    assert_eq!(client.read32(BASE + 4).unwrap(), 0x0403_0201);
}

#[test]
fn large_and_small_transfer_sizes_work() {
    for transfer in [8, 100, 1024, 2048, 4096, 0xffff] {
        let device = used();
        device.lock().transfer = transfer;
        visit(&mut device.client(), &segments()).unwrap();
        assert_eq!(content(&device), wanted(0x55), "{transfer}");
    }
}

#[test]
fn progress_rises_to_the_whole() {
    let device = used();
    let mut client = device.client();
    client.connect().unwrap();
    let seen = RefCell::new(Vec::new());
    client.write(&segments(), &|done, of| seen.borrow_mut().push((done, of))).unwrap();
    let seen = seen.into_inner();
    assert!(seen.windows(2).all(|pair| pair[0].0 < pair[1].0));
    assert_eq!((seen[0], seen.last().copied()), ((0, 0x1800), Some((0x1800, 0x1800))));
}

#[test]
fn a_broken_map_or_descriptor_is_no_chip_of_ours() {
    for names in [&["@Internal Flash/0x0/"][..], &["@A/0x0/1*1Kg", "@B/0x0/1*1Kg"], &["flash"]] {
        let device = Shared::new(Fake::dfuse(names));
        assert!(matches!(device.client().connect(), Err(ProgrammerError::Protocol { .. })), "{names:?}");
    }
    let device = used();
    device.lock().transfer = 4;
    assert!(matches!(device.client().connect(), Err(ProgrammerError::Protocol { .. })));
}

#[test]
fn plain_dfu_writes_one_image_once_and_reads_it_back() {
    let device = Shared::new(Fake::plain(7));
    let mut client = device.client();
    let image = [Segment::new(300, vec![2; 700]), Segment::new(0, vec![1; 300])];
    let traffic = visit(&mut client, &image).unwrap();
    assert_eq!(traffic.programmed, 1000);
    assert_eq!(device.lock().memory[0][299..301], [1, 2]);
    assert_eq!(device.lock().resets, 1, "it is reset at release and not before");
    assert_eq!(visit(&mut client, &image).unwrap(), Traffic { erased: 0, programmed: 0, unchanged: 1000 });
    for wrong in [vec![Segment::new(1, vec![1])], vec![Segment::new(0, vec![1, 2]), Segment::new(1, vec![3])]] {
        client.connect().unwrap();
        assert!(matches!(client.write(&wrong, &|_, _| ()), Err(ProgrammerError::Range { .. })));
    }
    client.write(&[Segment::new(0, vec![1; 9000])], &|_, _| ()).unwrap_err();
    assert!(client.read(0..9000).is_err());
}

#[test]
fn a_plain_device_that_leaves_by_the_end_of_the_download_is_ended_at_release() {
    let device = Shared::new(Fake::plain(3));
    let mut client = device.client();
    client.connect().unwrap();
    assert!(!client.capabilities().reads_back, "it cannot be read back before it leaves");
    client.write(&[Segment::new(0, vec![1; 700])], &|_, _| ()).unwrap();
    assert!(matches!(client.read(0..4), Err(ProgrammerError::Unable { .. })));
    assert_eq!(device.lock().memory[0][0], 0xff, "nothing is in force yet");
    client.release().unwrap();
    assert_eq!(device.lock().memory[0][..700], [1; 700]);
    assert_eq!(device.lock().state, State::ManifestWaitReset);
}

#[test]
fn what_a_device_cannot_do_it_does_not_claim() {
    let device = Shared::new(Fake::plain(5));
    let mut client = device.client();
    client.connect().unwrap();
    assert!(!client.capabilities().reads_back && !client.capabilities().locks);
    assert!(matches!(client.read(0..4), Err(ProgrammerError::Unable { .. })));
    assert!(client.registers().is_none());
    client.write(&[Segment::new(0, vec![1; 700])], &|_, _| ()).unwrap();
    client.release().unwrap();
    assert!(client.read(0..4).is_err(), "the link is closed");
    client.release().unwrap();
}
