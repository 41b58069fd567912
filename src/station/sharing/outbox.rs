//! Tells the registry what this station did: entry after entry, each made once and kept until the registry has it.

use serde::Serialize;

use crate::ledger::{Ledger, LedgerError};
use crate::registry::{Registry, RegistryError, StationEntry};
use crate::station::Station;

use super::{SharingError, contact, place, told};

/// Rows of the ledger that become entries at a time, and entries that are sent at a time.
const BATCH: u32 = 500;
/// How often entries are made anew because another process made them first.
const TRIES: usize = 8;

/// What came of telling.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Synced {
    /// Rows that the registry has heard now.
    pub told: u64,
    /// Entries that it keeps but could not act upon: number and why.
    pub conflicts: Vec<(i64, String)>,
}

/// Tells the registry all it has not heard. Interrupted at any point it goes on there the next time; nothing is told twice.
/// A registry that is shared is checked in with first.
pub fn sync(station: &Station, registry: &Registry, shared: bool) -> Result<Synced, SharingError> {
    let (ledger, private) = (station.ledger(), contact::private(station));
    ledger.share(shared)?;
    if shared {
        contact::check_place(ledger, &private)?;
    }
    let turn = place::take_turn(&private)?;
    if shared {
        contact::check_in(station, registry, &turn)?;
    }
    agree(ledger, registry, station.keys().station_name())?;
    let mut synced = Synced::default();
    loop {
        if !send(station, registry, &mut synced)? && !make(station)? {
            return Ok(synced);
        }
    }
}

/// Checks that the last entry the registry has is one of this ledger's. A registry that was itself put back to an older copy
/// is told again what it lost.
fn agree(ledger: &Ledger, registry: &Registry, station: &str) -> Result<(), SharingError> {
    let (head, digest) = registry.station_head(station)?;
    let ours = if head == 0 { Some(told::beginning(station)) } else { ledger.outgoing_digest(head)? };
    if ours == Some(digest) {
        return Ok(ledger.tell_again_after(head)?);
    }
    let reason = format!("its entry {head} is not one of this ledger: the ledger is a copy, or an older one");
    Err(RegistryError::Forked { station: station.to_owned(), reason }.into())
}

/// Sends entries that are made; returns false if there are none.
fn send(station: &Station, registry: &Registry, synced: &mut Synced) -> Result<bool, SharingError> {
    let outgoing = station.ledger().outgoing(BATCH)?;
    if outgoing.is_empty() {
        return Ok(false);
    }
    let entries = outgoing
        .into_iter()
        .map(|outgoing| StationEntry { seq: outgoing.seq, entry: outgoing.entry, digest: outgoing.digest })
        .collect();
    let merged = registry.merge(station.keys().station_name(), entries)?;
    station.ledger().delivered_to_registry(merged.head, merged.conflicts.len())?;
    synced.told += merged.taken + merged.known;
    synced.conflicts.extend(merged.conflicts);
    Ok(true)
}

/// Makes entries of the next rows; returns false if there are none.
fn make(station: &Station) -> Result<bool, SharingError> {
    for _ in 0..TRIES {
        let unsent = station.ledger().unsent(BATCH)?;
        if unsent.rows.is_empty() {
            return Ok(false);
        }
        let entries = told::entries(station.keys().station_name(), &station.folder().fleet, unsent);
        match station.ledger().put_outgoing(entries) {
            Err(LedgerError::ToldMeanwhile { .. }) => {}
            put => return Ok(put.map(|()| true)?),
        }
    }
    Err(LedgerError::ToldMeanwhile { seq: 0 }.into())
}
