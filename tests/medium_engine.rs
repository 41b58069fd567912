//! The write engine against media that fail: after every fault the medium is untouched, visibly nothing, or whole.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod media;

use std::io;
use std::sync::{Mutex, OnceLock};

use firstlight::delivery::{Cargo, Content, Extent, TargetImage};
use firstlight::fleet::{Filesystem, PartitionTable, Secret};
use firstlight::medium::engine::{self, BlockTarget, CHUNK, EngineError, Moment, SECTOR};
use proptest::prelude::*;

const SIZE: u64 = 6 << 20;

/// How a medium misbehaves.
#[derive(Clone, Copy, Default)]
struct Faults {
    /// The n-th request (reads, writes, syncs counted together) and all after it fail.
    unplugged_at: Option<usize>,
    /// Only the n-th request fails.
    error_at: Option<usize>,
    /// Offsets wrap at this size.
    wraps_at: Option<u64>,
    /// One bit of this byte reads back wrong.
    flips: Option<u64>,
    /// Writes of this and later bytes are dropped.
    drops_from: Option<u64>,
    /// Written sectors at this place read back as all ones.
    erased: Option<u64>,
}

struct State {
    durable: Vec<u8>,
    /// Writes since the last sync.
    pending: Vec<(usize, Vec<u8>)>,
    requests: usize,
    writes: Vec<(u64, usize)>,
}

/// A medium with a volatile cache.
struct Fake {
    faults: Faults,
    state: Mutex<State>,
}

impl Fake {
    fn new(content: u8, faults: Faults) -> Self {
        let durable = vec![content; usize::try_from(SIZE).unwrap()];
        Self { faults, state: Mutex::new(State { durable, pending: vec![], requests: 0, writes: vec![] }) }
    }

    fn request(&self, state: &mut State) -> io::Result<()> {
        state.requests += 1;
        let number = state.requests;
        if self.faults.unplugged_at.is_some_and(|at| number >= at) || self.faults.error_at == Some(number) {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(())
    }

    fn place(&self, offset: u64) -> usize {
        usize::try_from(self.faults.wraps_at.map_or(offset, |size| offset % size)).unwrap()
    }

    /// What is on the medium if the writes since the last sync survive only where `survives` says so.
    fn after_power_cut(&self, survives: &dyn Fn(usize) -> bool) -> Vec<u8> {
        let state = self.state.lock().unwrap();
        let mut bytes = state.durable.clone();
        for (number, (at, data)) in state.pending.iter().enumerate() {
            if survives(number) {
                bytes[*at..at + data.len()].copy_from_slice(data);
            }
        }
        bytes
    }

    fn content(&self) -> Vec<u8> {
        self.after_power_cut(&|_| true)
    }

    fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }
}

fn assert_aligned(offset: u64, bytes: &[u8]) {
    assert!(offset.is_multiple_of(SECTOR) && (bytes.len() as u64).is_multiple_of(SECTOR));
    assert_eq!(bytes.as_ptr().align_offset(512), 0);
}

impl BlockTarget for Fake {
    fn size(&self) -> u64 {
        SIZE
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        assert_aligned(offset, bytes);
        let state = &mut *self.state.lock().unwrap();
        self.request(state)?;
        let at = self.place(offset);
        bytes.copy_from_slice(&state.durable[at..at + bytes.len()]);
        for (start, data) in &state.pending {
            let (from, to) = (at.max(*start), (at + bytes.len()).min(start + data.len()));
            if from < to {
                bytes[from - at..to - at].copy_from_slice(&data[from - start..to - start]);
            }
        }
        if let Some(flip) = self.faults.flips.filter(|flip| (offset..offset + bytes.len() as u64).contains(flip)) {
            bytes[usize::try_from(flip - offset).unwrap()] ^= 4;
        }
        let written = state.writes.iter().any(|(from, length)| (*from..from + *length as u64).contains(&offset));
        if self.faults.erased == Some(offset) && written {
            bytes[..512].fill(0xFF);
        }
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        assert_aligned(offset, bytes);
        let state = &mut *self.state.lock().unwrap();
        self.request(state)?;
        state.writes.push((offset, bytes.len()));
        if self.faults.drops_from.is_none_or(|from| offset < from) {
            state.pending.push((self.place(offset), bytes.to_vec()));
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let state = &mut *self.state.lock().unwrap();
        self.request(state)?;
        for (at, data) in state.pending.drain(..) {
            state.durable[at..at + data.len()].copy_from_slice(&data);
        }
        Ok(())
    }

    fn forget(&self) -> io::Result<()> {
        Ok(())
    }
}

fn data(offset: u64, length: usize, seed: u8) -> Extent {
    let bytes: Vec<u8> = (0..length).map(|n| (n * 31 + n / 512 * 7).to_le_bytes()[0].wrapping_add(seed) | 1).collect();
    Extent { offset, length: length as u64, content: Content::Data(Secret::new(bytes)) }
}

fn zero(offset: u64, length: u64) -> Extent {
    Extent { offset, length, content: Content::Zero }
}

/// A first sector, zeros, data over a chunk's end, zeros, don't-care, more data, zeros at the end.
fn image() -> &'static TargetImage {
    static IMAGE: OnceLock<TargetImage> = OnceLock::new();
    IMAGE.get_or_init(make_image)
}

fn make_image() -> TargetImage {
    let extents = vec![
        data(0, 1024, 1),
        zero(1024, 64 << 10),
        data(CHUNK - (1 << 19), 1 << 20, 2),
        zero(CHUNK + (1 << 19), 4096),
        data(5 << 20, 512, 3),
        zero(SIZE - 8192, 8192),
    ];
    TargetImage::new(SIZE, extents)
}

fn is_complete(bytes: &[u8], image: &TargetImage) -> bool {
    image.extents().iter().all(|extent| {
        let start = usize::try_from(extent.offset).unwrap();
        let found = &bytes[start..start + usize::try_from(extent.length).unwrap()];
        match &extent.content {
            Content::Zero => found == vec![0; found.len()],
            Content::Data(wanted) => wanted.expose(|wanted| wanted == found),
        }
    })
}

fn assert_torn_or_whole(bytes: &[u8], old: u8, image: &TargetImage, when: &str) {
    let untouched = bytes == vec![old; bytes.len()];
    let invalid = bytes[..512].iter().all(|byte| *byte == 0);
    assert!(untouched || invalid || is_complete(bytes, image), "a half medium that looks whole: {when}");
}

/// A stick with three devices' bundles.
fn stick_of_three() -> TargetImage {
    let artifacts = ["gw-1", "gw-2", "urn:dev:3"].map(media::small_artifact_of);
    let cargo = Cargo::together(&artifacts).unwrap();
    let plan = media::plan(PartitionTable::Mbr, Filesystem::Fat, Some(SIZE));
    firstlight::medium::encode(&cargo, &plan, Some(SIZE)).unwrap()
}

fn write(fake: &Fake) -> Result<engine::Outcome, EngineError> {
    engine::write(fake, image(), &|_| ())
}

#[test]
fn a_good_medium_holds_the_image_and_nothing_else_changes() {
    for old in [0, 0xFF, 0xA5] {
        let fake = Fake::new(old, Faults::default());
        let image = image();
        let moments = Mutex::new(Vec::new());
        let outcome = engine::write(&fake, image, &|moment| moments.lock().unwrap().push(moment)).unwrap();
        let content = fake.after_power_cut(&|_| false);
        assert!(is_complete(&content, image), "it is durable");
        assert!(
            content[(5 << 20) + 512..(5 << 20) + 65536].iter().all(|byte| *byte == old),
            "don't-care is left alone"
        );
        assert_eq!(outcome.read_back, image.digest());
        assert_eq!(outcome.compared, image.extents().iter().map(|extent| extent.length).sum::<u64>());
        let moments = moments.into_inner().unwrap();
        assert!(matches!(moments[moments.len() - 2], Moment::Bytes { done, total } if done == total));
        assert_eq!(moments.last(), Some(&Moment::ReadBack));
        assert!(moments.contains(&Moment::Written));
    }
}

#[test]
fn a_blank_medium_gets_the_data_and_no_zeros() {
    let fake = Fake::new(0, Faults::default());
    let outcome = write(&fake).unwrap();
    assert_eq!(outcome.written, image().data_bytes());
    assert_eq!(fake.state.lock().unwrap().writes.len(), 5);
}

#[test]
fn writes_ascend_after_the_first_sector_is_made_zero_and_it_comes_last() {
    let fake = Fake::new(0xFF, Faults::default());
    write(&fake).unwrap();
    let writes = fake.state.lock().unwrap().writes.clone();
    assert_eq!(writes[0], (0, 512));
    assert_eq!(writes[writes.len() - 1], (0, 512));
    let between = &writes[1..writes.len() - 1];
    assert!(between.windows(2).all(|pair| pair[0].0 + pair[0].1 as u64 <= pair[1].0));
    assert!(between.iter().all(|(offset, length)| *offset > 0 && *length as u64 <= CHUNK));
}

#[test]
fn after_a_fault_at_any_request_the_medium_is_untouched_nothing_or_whole() {
    for old in [0, 0xFF] {
        let good = Fake::new(old, Faults::default());
        write(&good).unwrap();
        for number in 1..=good.requests() {
            for faults in [
                Faults { unplugged_at: Some(number), ..Faults::default() },
                Faults { error_at: Some(number), ..Faults::default() },
            ] {
                let fake = Fake::new(old, faults);
                let error = write(&fake).unwrap_err();
                assert!(matches!(error, EngineError::Io { .. }), "request {number}: {error}");
                let survivors: [&dyn Fn(usize) -> bool; 4] = [&|_| true, &|_| false, &|n| n % 2 == 0, &|n| n > 0];
                for survives in survivors {
                    let content = fake.after_power_cut(survives);
                    assert_torn_or_whole(&content, old, image(), &format!("request {number}"));
                }
            }
        }
    }
}

#[test]
fn after_a_fault_at_any_request_a_stick_of_three_shows_all_bundles_or_none() {
    let image = stick_of_three();
    for old in [0, 0xFF] {
        let good = Fake::new(old, Faults::default());
        engine::write(&good, &image, &|_| ()).unwrap();
        assert!(is_complete(&good.after_power_cut(&|_| false), &image), "it is durable");
        for number in 1..=good.requests() {
            let fake = Fake::new(old, Faults { unplugged_at: Some(number), ..Faults::default() });
            engine::write(&fake, &image, &|_| ()).unwrap_err();
            let survivors: [&dyn Fn(usize) -> bool; 4] = [&|_| true, &|_| false, &|n| n % 2 == 0, &|n| n > 0];
            for survives in survivors {
                let content = fake.after_power_cut(survives);
                assert_torn_or_whole(&content, old, &image, &format!("request {number}"));
                let shown = firstlight::medium::inspect("stick", &content.as_slice()).unwrap().bundles().count();
                assert!([0, 3].contains(&shown), "request {number}: {shown} bundles");
            }
        }
    }
}

#[test]
fn a_wrapping_medium_is_found_named_and_left_invalid() {
    let fake = Fake::new(0, Faults { wraps_at: Some(4 << 20), ..Faults::default() });
    let error = write(&fake).unwrap_err().to_string();
    assert!(error.contains("its capacity is false"), "{error}");
    assert_eq!(fake.content()[..512], [0; 512]);
}

#[test]
fn each_kind_of_bad_medium_gets_its_own_words_and_stays_invalid() {
    let cases = [
        (Faults { flips: Some((4 << 20) + 700), ..Faults::default() }, "byte 4195004 .*single bit"),
        (Faults { drops_from: Some(5 << 20), ..Faults::default() }, "byte 5242880 .*was there before"),
        (Faults { erased: Some(4 << 20), ..Faults::default() }, "byte 4194304 .*all bits set"),
    ];
    for (faults, words) in cases {
        let fake = Fake::new(0x5A, faults);
        let error = write(&fake).unwrap_err();
        assert!(matches!(error, EngineError::Differs { .. }), "{error}");
        let (place, finding) = words.split_once(".*").unwrap();
        let error = error.to_string();
        assert!(error.contains(place) && error.contains(finding), "{error}");
        assert_eq!(fake.content()[..512], [0; 512]);
    }
}

#[test]
fn a_first_sector_that_does_not_hold_is_made_zero_again() {
    let fake = Fake::new(0, Faults { flips: Some(3), ..Faults::default() });
    let error = write(&fake).unwrap_err();
    assert!(matches!(error, EngineError::Differs { offset: 3, .. }), "{error}");
    assert_eq!(fake.content()[..512], [0; 512]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_dirt_ends_up_as_the_image_and_dont_care_stays(
        dirt in proptest::collection::btree_map(0..SIZE, any::<u8>(), 0..200),
    ) {
        let fake = Fake::new(0, Faults::default());
        for (place, byte) in &dirt {
            fake.state.lock().unwrap().durable[usize::try_from(*place).unwrap()] = *byte;
        }
        write(&fake).unwrap();
        let content = fake.content();
        let image = image();
        prop_assert!(is_complete(&content, image));
        let covered = |place: u64| {
            image.extents().iter().any(|extent| (extent.offset..extent.offset + extent.length).contains(&place))
        };
        for (place, byte) in dirt.iter().filter(|(place, _)| !covered(**place)) {
            prop_assert_eq!(content[usize::try_from(*place).unwrap()], *byte);
        }
    }
}
