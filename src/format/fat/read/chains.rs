//! Chains of clusters, each cluster in at most one.

use std::collections::BTreeMap;

use crate::format::ReadAt;
use crate::format::fat::geometry::FatType;

use super::ReadError;
use super::parameters::Parameters;

/// Most fragments of a volume, all chains together.
const MOST_FRAGMENTS: usize = 1 << 18;
/// Bytes of the table that are held at a time.
const WINDOW: u64 = 16 << 10;

/// Clusters in a row: first number and how many.
pub(super) type Run = (u32, u32);

/// How long a chain has to be.
#[derive(Clone, Copy)]
pub(super) enum Length {
    /// Exactly so many clusters.
    Exactly(u64),
    /// Not more than so many.
    AtMost(u64),
}

/// Follows chains and remembers which clusters were met.
pub(super) struct Chains<'a> {
    source: &'a dyn ReadAt,
    parameters: &'a Parameters,
    window: Vec<u8>,
    window_offset: u64,
    /// First cluster of each run met, and the cluster behind it.
    met: BTreeMap<u32, u32>,
}

impl<'a> Chains<'a> {
    pub(super) fn new(source: &'a dyn ReadAt, parameters: &'a Parameters) -> Self {
        Self { source, parameters, window: Vec::new(), window_offset: 0, met: BTreeMap::new() }
    }

    /// Follows the chain that begins at `first` and belongs to `place`.
    ///
    /// Work is bounded by the clusters of the volume over all calls: a cluster met twice, by this chain or another, is an
    /// error at once.
    pub(super) fn follow(&mut self, first: u32, length: Length, place: &str) -> Result<Vec<Run>, ReadError> {
        let mut runs = Vec::new();
        let mut run: Run = (first, 0);
        let mut count = 0;
        let mut next = Some(first);
        while let Some(cluster) = next {
            if !self.parameters.is_cluster(cluster) {
                return Err(ReadError::damaged(place, format!("its chain leads to cluster {cluster}")));
            }
            if cluster != run.0 + run.1 {
                self.meet(run, place)?;
                runs.push(run);
                run = (cluster, 0);
            }
            run.1 += 1;
            count += 1;
            check_length(count, length, place)?;
            next = self.next(cluster)?;
        }
        self.meet(run, place)?;
        runs.push(run);
        match length {
            Length::Exactly(wanted) if count != wanted => {
                Err(ReadError::damaged(place, format!("its chain has {count} clusters, its size needs {wanted}")))
            }
            _ => Ok(runs),
        }
    }

    fn meet(&mut self, (first, count): Run, place: &str) -> Result<(), ReadError> {
        let end = first + count;
        let before = self.met.range(..end).next_back();
        if before.is_some_and(|(_, &behind)| behind > first) {
            return Err(ReadError::damaged(place, format!("cluster {first} or one behind it is in two chains")));
        }
        if self.met.len() >= MOST_FRAGMENTS {
            return Err(ReadError::TooMuch { what: "fragments", most: MOST_FRAGMENTS as u64 });
        }
        self.met.insert(first, end);
        Ok(())
    }

    /// Returns the cluster after `cluster`, or none at the end of a chain; a bad or free entry comes back as no cluster.
    fn next(&mut self, cluster: u32) -> Result<Option<u32>, ReadError> {
        let number = self.entry(cluster)?;
        let end = self.parameters.fat_type.end_of_chain() & !7;
        Ok((number < end).then_some(number))
    }

    /// Returns true if the volume's marks say that it was left cleanly.
    pub(super) fn is_clean(&mut self) -> Result<bool, ReadError> {
        let marks = self.entry(1)?;
        Ok(match self.parameters.fat_type {
            FatType::Fat12 => true,
            FatType::Fat16 => marks & 0xC000 == 0xC000,
            FatType::Fat32 => marks & 0x0C00_0000 == 0x0C00_0000,
        })
    }

    fn entry(&mut self, number: u32) -> Result<u32, ReadError> {
        let place = u64::from(number) * self.parameters.fat_type.bits() / 8;
        let bytes = self.bytes_at(place)?;
        Ok(match self.parameters.fat_type {
            FatType::Fat12 if number.is_multiple_of(2) => bytes & 0xFFF,
            FatType::Fat12 => bytes >> 4 & 0xFFF,
            FatType::Fat16 => bytes & 0xFFFF,
            FatType::Fat32 => bytes & 0x0FFF_FFFF,
        })
    }

    /// Returns four bytes of the table; zeros behind its end.
    fn bytes_at(&mut self, place: u64) -> Result<u32, ReadError> {
        let inside = place.checked_sub(self.window_offset).filter(|inside| inside + 4 <= self.window.len() as u64);
        let inside = match inside {
            Some(inside) => inside,
            None => self.move_window(place)?,
        };
        let start = usize::try_from(inside).expect("inside the window");
        let bytes = self.window[start..start + 4].try_into().expect("four bytes");
        Ok(u32::from_le_bytes(bytes))
    }

    fn move_window(&mut self, place: u64) -> Result<u64, ReadError> {
        let start = place / WINDOW * WINDOW;
        let length = (self.parameters.table_bytes - start).min(WINDOW + 4);
        let mut window = vec![0; usize::try_from(length).expect("16 KiB")];
        let offset = self.parameters.table_offset + start;
        self.source.read_at(offset, &mut window).map_err(|source| ReadError::Io { offset, source })?;
        if length < WINDOW + 4 {
            // The table ends here: its last entry is shorter than what is read at a time.
            window.resize(window.len() + 4, 0);
        }
        (self.window, self.window_offset) = (window, start);
        Ok(place - start)
    }
}

fn check_length(count: u64, length: Length, place: &str) -> Result<(), ReadError> {
    let (Length::Exactly(most) | Length::AtMost(most)) = length;
    if count > most {
        return Err(ReadError::damaged(place, format!("its chain has more than {most} clusters")));
    }
    Ok(())
}
