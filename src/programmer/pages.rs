//! Which pages a write touches: only those that differ, and all that lies in them beside the segments is kept.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::fleet::Secret;
use crate::format::Segment;

use super::{Memory, ProgrammerError, Traffic};

/// A run of whole pages, to be erased and programmed with `bytes`.
pub struct Run {
    /// Address of its first byte, the first of a page.
    pub address: u64,
    /// The pages' bytes.
    pub bytes: Secret,
}

/// Pages to be written, by rising address, and what was found to be right already.
pub struct Pages {
    /// Runs of neighbouring pages that differ, each within one region.
    pub runs: Vec<Run>,
    /// Bytes of all these runs.
    pub bytes: u64,
    /// Bytes of pages touched by the segments that hold what they should.
    pub unchanged: u64,
}

/// How pages are looked at: a link that can tell a page's digest need not read it.
pub trait Look {
    /// Returns true if the page holds exactly `wanted`.
    fn holds(&mut self, page: Range<u64>, wanted: &[u8]) -> Result<bool, ProgrammerError>;

    /// Reads the page; asked only for those that the segments do not cover whole.
    fn read(&mut self, page: Range<u64>) -> Result<Secret, ProgrammerError>;
}

/// Looks by reading.
struct Reading<'a>(&'a mut dyn FnMut(Range<u64>) -> Result<Secret, ProgrammerError>);

impl Look for Reading<'_> {
    fn holds(&mut self, page: Range<u64>, wanted: &[u8]) -> Result<bool, ProgrammerError> {
        Ok((self.0)(page)?.expose(|bytes| bytes == wanted))
    }

    fn read(&mut self, page: Range<u64>) -> Result<Secret, ProgrammerError> {
        (self.0)(page)
    }
}

impl Pages {
    /// Compares `segments` with what `read` finds, page by page. Fails, before anything is read, where a segment lies outside
    /// of the writable memory, and where two overlap.
    pub fn plan(
        memory: &Memory,
        segments: &[Segment],
        read: &mut dyn FnMut(Range<u64>) -> Result<Secret, ProgrammerError>,
    ) -> Result<Self, ProgrammerError> {
        Self::compare(memory, segments, &mut Reading(read))
    }

    /// As [`Pages::plan`], for a link that need not read every page to tell whether it is right.
    pub fn compare(memory: &Memory, segments: &[Segment], look: &mut dyn Look) -> Result<Self, ProgrammerError> {
        let touched = touched(memory, segments)?;
        let mut pages = Self { runs: Vec::new(), bytes: 0, unchanged: 0 };
        let mut open: Option<(u64, Zeroizing<Vec<u8>>)> = None;
        for page in touched {
            let length = page.end - page.start;
            let (new, same) = looked_at(&page, segments, look)?;
            if same {
                pages.unchanged += length;
                pages.close(&mut open);
                continue;
            }
            pages.bytes += length;
            let joins = open.as_ref().is_some_and(|(start, bytes)| {
                start + bytes.len() as u64 == page.start && memory.region(*start) == memory.region(page.start)
            });
            if !joins {
                pages.close(&mut open);
            }
            let (_, bytes) = open.get_or_insert_with(|| (page.start, Zeroizing::new(Vec::new())));
            append(bytes, &new);
        }
        pages.close(&mut open);
        Ok(pages)
    }

    fn close(&mut self, open: &mut Option<(u64, Zeroizing<Vec<u8>>)>) {
        if let Some((address, mut bytes)) = open.take() {
            self.runs.push(Run { address, bytes: Secret::new(std::mem::take(&mut *bytes)) });
        }
    }

    /// Returns what writing these pages moves.
    pub fn traffic(&self) -> Traffic {
        Traffic { erased: self.bytes, programmed: self.bytes, unchanged: self.unchanged }
    }
}

/// Grows without leaving a copy of a key behind.
fn append(bytes: &mut Zeroizing<Vec<u8>>, more: &[u8]) {
    let mut grown = Zeroizing::new(Vec::with_capacity(bytes.len() + more.len()));
    grown.extend_from_slice(bytes);
    grown.extend_from_slice(more);
    *bytes = grown;
}

/// Returns the pages that hold a byte of a segment, by rising address, each once.
fn touched(memory: &Memory, segments: &[Segment]) -> Result<Vec<Range<u64>>, ProgrammerError> {
    let mut ranges = Vec::new();
    for segment in segments.iter().filter(|segment| !segment.bytes.is_empty()) {
        let Some(end) = segment.end() else {
            let range = segment.address..u64::MAX;
            return Err(ProgrammerError::Range { range, at: u64::MAX, reason: "is the last address there is" });
        };
        ranges.push(segment.address..end);
    }
    ranges.sort_by_key(|range| range.start);
    let mut pages: Vec<Range<u64>> = Vec::new();
    let mut free = 0;
    for range in ranges {
        let wrong = |at, reason| ProgrammerError::Range { range: range.clone(), at, reason };
        if range.start < free {
            return Err(wrong(range.start, "is wanted twice"));
        }
        free = range.end;
        if let Some(at) = memory.first_unwritable(range.clone()) {
            let reason = if memory.region(at).is_some() { "is write-protected" } else { "is not in the chip's memory" };
            return Err(wrong(at, reason));
        }
        let mut at = range.start;
        while at < range.end {
            let Some(page) = memory.page(at) else { return Err(wrong(at, "is not in the chip's memory")) };
            at = page.end;
            if pages.last() != Some(&page) {
                pages.push(page);
            }
        }
    }
    Ok(pages)
}

/// Returns what the page is to hold, and whether it does.
fn looked_at(
    page: &Range<u64>,
    segments: &[Segment],
    look: &mut dyn Look,
) -> Result<(Zeroizing<Vec<u8>>, bool), ProgrammerError> {
    if let Some(new) = covered(page, segments) {
        let same = look.holds(page.clone(), &new)?;
        return Ok((new, same));
    }
    let old = look.read(page.clone())?;
    Ok(old.expose(|old| {
        let new = overlaid(page, old, segments);
        let same = *new == old;
        (new, same)
    }))
}

/// Returns the page's bytes if the segments, which do not overlap, leave no byte of it out.
fn covered(page: &Range<u64>, segments: &[Segment]) -> Option<Zeroizing<Vec<u8>>> {
    let part = |segment: &Segment| {
        let end = segment.end().unwrap_or(u64::MAX).min(page.end);
        end.saturating_sub(segment.address.max(page.start))
    };
    let length = page.end - page.start;
    let blank = vec![0; usize::try_from(length).ok()?];
    (segments.iter().map(part).sum::<u64>() == length).then(|| overlaid(page, &blank, segments))
}

/// Returns the page's bytes with the segments laid over them.
fn overlaid(page: &Range<u64>, old: &[u8], segments: &[Segment]) -> Zeroizing<Vec<u8>> {
    let mut new = Zeroizing::new(old.to_vec());
    for segment in segments {
        let end = segment.end().unwrap_or(u64::MAX);
        let (start, end) = (segment.address.max(page.start), end.min(page.end));
        if start >= end {
            continue;
        }
        let within = |address: u64, base: u64| usize::try_from(address - base).expect("a page fits in memory");
        segment.bytes.expose(|bytes| {
            let part = &bytes[within(start, segment.address)..within(end, segment.address)];
            new[within(start, page.start)..within(end, page.start)].copy_from_slice(part);
        });
    }
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programmer::Region;

    fn memory() -> Memory {
        let region = |range: Range<u64>, page| Region { range, page, writable: true };
        Memory(vec![region(0..64, 16), region(64..128, 32)])
    }

    fn plan(flash: &[u8], segments: &[Segment]) -> Result<Pages, ProgrammerError> {
        let at = |address: u64| usize::try_from(address).unwrap();
        let cut = |range: Range<u64>| flash[at(range.start)..at(range.end)].to_vec();
        Pages::plan(&memory(), segments, &mut |range| Ok(Secret::new(cut(range))))
    }

    #[test]
    fn neighbours_in_a_page_are_kept_and_equal_pages_left_alone() {
        let flash = [7; 128];
        let segments = [Segment::new(20, vec![1, 2]), Segment::new(40, vec![7, 7])];
        let pages = plan(&flash, &segments).unwrap();
        assert_eq!((pages.runs.len(), pages.bytes, pages.unchanged), (1, 16, 16));
        assert_eq!(pages.runs[0].address, 16);
        let wanted = [7, 7, 7, 7, 1, 2, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
        assert!(pages.runs[0].bytes.expose(|bytes| bytes == wanted));
    }

    #[test]
    fn pages_that_touch_are_one_run_within_a_region() {
        let pages = plan(&[0; 128], &[Segment::new(30, vec![9; 60])]).unwrap();
        let runs: Vec<(u64, usize)> = pages.runs.iter().map(|run| (run.address, run.bytes.len())).collect();
        assert_eq!(runs, [(16, 48), (64, 32)]);
    }

    #[test]
    fn a_page_is_read_only_where_the_segments_leave_bytes_out() {
        struct Digests(Vec<String>);
        impl Look for Digests {
            fn holds(&mut self, page: Range<u64>, wanted: &[u8]) -> Result<bool, ProgrammerError> {
                self.0.push(format!("{page:?} holds {wanted:?}"));
                Ok(page.start == 16)
            }
            fn read(&mut self, page: Range<u64>) -> Result<Secret, ProgrammerError> {
                self.0.push(format!("read {page:?}"));
                Ok(Secret::new(vec![7; 16]))
            }
        }
        let segments = [Segment::new(0, vec![1; 20]), Segment::new(20, vec![2; 20])];
        let mut look = Digests(Vec::new());
        let pages = Pages::compare(&memory(), &segments, &mut look).unwrap();
        let second = [[1; 4].as_slice(), &[2; 12]].concat();
        assert_eq!(
            look.0,
            [format!("0..16 holds {:?}", [1; 16]), format!("16..32 holds {second:?}"), "read 32..48".into()]
        );
        assert_eq!((pages.bytes, pages.unchanged), (32, 16));
        assert!(pages.runs[1].bytes.expose(|bytes| bytes == [[2; 8], [7; 8]].concat()));
    }

    #[test]
    fn what_does_not_fit_or_overlaps_is_refused_before_anything_is_read() {
        for segments in [
            vec![Segment::new(120, vec![0; 9])],
            vec![Segment::new(u64::MAX, vec![0; 2])],
            vec![Segment::new(0, vec![1; 4]), Segment::new(3, vec![1])],
        ] {
            let read = &mut |_: Range<u64>| -> Result<Secret, ProgrammerError> { panic!("nothing is to be read") };
            let refused = Pages::plan(&memory(), &segments, read).err();
            assert!(matches!(refused, Some(ProgrammerError::Range { .. })), "{refused:?}");
        }
    }
}
