//! Checking the ledger: the chain of events, and that the states are those the events vouch for.

use std::collections::HashMap;
use std::path::PathBuf;

use rusqlite::{Connection, Row};
use serde::Serialize;

use crate::fleet::Digest;

use super::chain::{self, Stored};
use super::rows::{self, Table};
use super::{Ledger, LedgerError, contents, credentials, deliveries, schema};

/// Findings that are told; more are only counted.
const MOST_FINDINGS: usize = 100;

/// What a check of the ledger found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ChainReport {
    /// The file.
    pub path: PathBuf,
    /// Rows of the ledger.
    pub events: i64,
    /// State rows compared with what the ledger says of them.
    pub states: u64,
    /// Digest of the last row: whoever noted it elsewhere can tell later whether rows were cut off.
    pub head: Digest,
    /// What is wrong; the first hundred.
    pub findings: Vec<Finding>,
    /// How many things are wrong.
    pub count: u64,
}

impl ChainReport {
    /// Returns true if nothing is wrong.
    pub fn is_sound(&self) -> bool {
        self.count == 0
    }
}

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Finding {
    /// Where: `events 17`, `generations 3`, `ledger`.
    pub place: String,
    /// What.
    pub finding: String,
}

impl Ledger {
    /// Recomputes the whole chain and compares every state row with what the events vouch for. Memory grows with the number
    /// of state rows by some 60 bytes each.
    pub fn verify_chain(&self) -> Result<ChainReport, LedgerError> {
        let path = self.path().to_path_buf();
        self.read(move |conn| Audit::new(path).run(conn))
    }
}

struct Audit {
    report: ChainReport,
    vouched: HashMap<(Table, i64), Digest>,
}

impl Audit {
    fn new(path: PathBuf) -> Self {
        let head = Digest::of(&[]);
        let report = ChainReport { path, events: 0, states: 0, head, findings: Vec::new(), count: 0 };
        Self { report, vouched: HashMap::new() }
    }

    fn run(mut self, conn: &Connection) -> Result<ChainReport, LedgerError> {
        self.check_file(conn)?;
        self.check_events(conn)?;
        self.check_head(conn)?;
        for table in Table::ALL {
            self.check_states(conn, table)?;
        }
        let mut left: Vec<_> = self.vouched.drain().map(|(place, _)| place).collect();
        left.sort();
        for (table, row) in left {
            self.find(format!("{} {row}", table.name()), "the row is missing");
        }
        self.check_contents(conn)?;
        self.check_spools(conn)?;
        Ok(self.report)
    }

    fn find(&mut self, place: String, finding: impl Into<String>) {
        self.report.count += 1;
        if self.report.findings.len() < MOST_FINDINGS {
            self.report.findings.push(Finding { place, finding: finding.into() });
        }
    }

    fn check_file(&mut self, conn: &Connection) -> Result<(), LedgerError> {
        for question in ["PRAGMA integrity_check(10)", "PRAGMA foreign_key_check"] {
            let mut statement = conn.prepare(question)?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let words: String = row.get(0)?;
                if words != "ok" {
                    self.find("file".into(), words);
                }
            }
        }
        Ok(())
    }

    fn check_events(&mut self, conn: &Connection) -> Result<(), LedgerError> {
        let fleet: String = conn.query_row("SELECT fleet FROM ledger", [], |row| row.get(0))?;
        let mut before = schema::genesis(&fleet);
        let mut time = String::new();
        let mut statement = conn.prepare(&format!("SELECT {} FROM events ORDER BY seq", chain::COLUMNS))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let event = Stored::read(row)?;
            self.check_event(&event, &before, &time);
            before = event.computed();
            time.clone_from(&event.at);
        }
        self.report.head = before;
        Ok(())
    }

    fn check_event(&mut self, event: &Stored, before: &Digest, time: &str) {
        let place = || format!("events {}", event.seq);
        self.report.events += 1;
        if event.seq != self.report.events {
            self.find(place(), format!("row {} is missing before it", self.report.events));
            self.report.events = event.seq;
        }
        if event.previous != before.as_bytes() {
            self.find(place(), "it does not follow the row before");
        }
        if event.digest != event.computed().as_bytes() {
            self.find(place(), "its content was altered");
        }
        if event.at.as_str() < time {
            self.find(place(), "its time is earlier than that of the row before");
        }
        for line in event.states.lines() {
            match vouched(line) {
                Some((place, digest)) => drop(self.vouched.insert(place, digest)),
                None => self.find(place(), "it vouches for something unreadable"),
            }
        }
    }

    fn check_head(&mut self, conn: &Connection) -> Result<(), LedgerError> {
        let (events, head): (i64, Vec<u8>) =
            conn.query_row("SELECT events, head FROM ledger", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        if events != self.report.events || head != self.report.head.as_bytes() {
            self.find("ledger".into(), format!("it notes {events} rows, {} are there", self.report.events));
        }
        Ok(())
    }

    fn check_states(&mut self, conn: &Connection, table: Table) -> Result<(), LedgerError> {
        let mut statement = conn.prepare(&format!("SELECT * FROM {} ORDER BY row", table.name()))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let number: i64 = row.get("row")?;
            self.report.states += 1;
            match self.vouched.remove(&(table, number)) {
                Some(digest) if digest == rows::digest_row(row)? => self.check_references(conn, table, row)?,
                Some(_) => self.find(format!("{} {number}", table.name()), "its content is not what the ledger says"),
                None => self.find(format!("{} {number}", table.name()), "the ledger does not know it"),
            }
        }
        Ok(())
    }

    /// What a sound row names by its digest must be there.
    fn check_references(&mut self, conn: &Connection, table: Table, row: &Row<'_>) -> Result<(), LedgerError> {
        let missing = match table {
            Table::Versions => contents::unfold(conn, &row.get::<_, String>("summary")?).is_err(),
            Table::Generations => {
                let public: String = row.get("public")?;
                credentials::unfold_public(conn, &public, row.get("certificate")?).is_err()
            }
            Table::Deliveries => {
                let spool = deliveries::spool(conn, row.get("row")?)?;
                spool.as_ref().map(deliveries::spool_digest)
                    != row.get::<_, Option<_>>("spool")?.map(Digest::from_bytes)
            }
            Table::Devices
            | Table::Chips
            | Table::Serials
            | Table::Locks
            | Table::Labels
            | Table::Batches
            | Table::Confirmations => false,
        };
        if missing {
            let place = format!("{} {}", table.name(), row.get::<_, i64>("row")?);
            self.find(place, "what it refers to is missing or altered");
        }
        Ok(())
    }

    /// A spool without a delivery; that a delivery's spool is the right one, its own row says.
    fn check_spools(&mut self, conn: &Connection) -> Result<(), LedgerError> {
        let mut statement =
            conn.prepare("SELECT delivery FROM spools WHERE delivery NOT IN (SELECT row FROM deliveries)")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            self.find(format!("spools {}", row.get::<_, i64>(0)?), "the ledger does not know it");
        }
        Ok(())
    }

    fn check_contents(&mut self, conn: &Connection) -> Result<(), LedgerError> {
        let mut statement = conn.prepare("SELECT digest, body FROM contents")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (digest, body): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
            if Digest::of(&body).as_bytes() != digest.as_slice() {
                self.find(format!("contents {}", hex::encode(digest)), "its content was altered");
            }
        }
        Ok(())
    }
}

fn vouched(line: &str) -> Option<((Table, i64), Digest)> {
    let mut words = line.split(' ');
    let (table, row, digest) = (words.next()?, words.next()?, words.next()?);
    let table = Table::ALL.into_iter().find(|known| known.name() == table)?;
    Some(((table, row.parse().ok()?), digest.parse().ok()?))
}
