//! Locks and other steps that cannot be taken back: what was intended, what was done, what was seen.

use rusqlite::{Connection, params};
use serde::Serialize;
use serde_json::json;

use crate::fleet::Digest;
use crate::fleet::factory::HookStep;

use super::LedgerError;
use super::held;
use super::rows::Table;
use super::work::Work;

/// How far a lock is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LockState {
    /// To be applied: perhaps it was, and the power went before that was noted.
    Intended,
    /// Applied, not yet looked at.
    Applied,
    /// Seen to hold.
    Observed,
    /// Applied, and nothing can show that it holds.
    Unobservable,
}

impl LockState {
    fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Applied => "applied",
            Self::Observed => "observed",
            Self::Unobservable => "unobservable",
        }
    }

    fn parse(text: &str) -> Result<Self, LedgerError> {
        let all = [Self::Intended, Self::Applied, Self::Observed, Self::Unobservable];
        let found = all.into_iter().find(|state| state.name() == text);
        found.ok_or_else(|| LedgerError::unreadable(format!("lock state {text:?}")))
    }

    /// Returns true if nothing is left to be done or seen.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Observed | Self::Unobservable)
    }
}

/// One lock of a delivery.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LockRecord {
    /// Its place in the recipe, from 0.
    pub step: usize,
    /// Its name.
    pub name: String,
    /// Digest of the recipe it stands in.
    pub recipe: Digest,
    /// How far it is.
    pub state: LockState,
}

impl LockRecord {
    /// Returns true for a hook's row, which is no step of a recipe.
    pub fn is_hook(&self) -> bool {
        HookStep::ALL.iter().any(|step| step.row_name() == self.name)
    }
}

/// The locks a delivery is to have: the recipe's digest and the names of its steps.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LockPlan {
    /// Digest of the recipe.
    pub recipe: Digest,
    /// Names of its steps, in order.
    pub steps: Vec<String>,
}

/// Notes that a person confirmed the first article of a batch.
pub(super) fn confirm(work: &mut Work<'_>, delivery: i64, recipe: &str, batch: &str) -> Result<(), LedgerError> {
    let ours = held::held(work, delivery)?;
    work.conn
        .prepare_cached(
            "INSERT OR IGNORE INTO confirmations (recipe, batch, operator, device, changed) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![recipe, batch, work.around.provenance.operator, ours.id.as_str(), work.now_text()])?;
    if work.conn.changes() > 0 {
        let row = work.conn.last_insert_rowid();
        work.touch(Table::Confirmations, row);
        let body = json!({ "recipe": recipe, "batch": batch });
        work.record("first-article", ours.id.as_str(), Some(delivery), body)?;
    }
    Ok(())
}

/// Returns true if a simulated chip was locked by the recipe.
pub(super) fn is_rehearsed(conn: &Connection, recipe: &str) -> Result<bool, LedgerError> {
    let mut statement = conn.prepare_cached(
        "SELECT 1 FROM deliveries AS d WHERE d.hardware = 0 AND d.state = 'finished'
         AND EXISTS (SELECT 1 FROM locks WHERE delivery = d.row AND recipe = ?1) LIMIT 1",
    )?;
    Ok(statement.exists([recipe])?)
}

pub(super) fn of(conn: &Connection, delivery: i64) -> Result<Vec<LockRecord>, LedgerError> {
    let mut statement =
        conn.prepare_cached("SELECT step, name, state, recipe FROM locks WHERE delivery = ?1 ORDER BY step")?;
    let mut rows = statement.query([delivery])?;
    let mut locks = Vec::new();
    while let Some(row) = rows.next()? {
        let state = LockState::parse(row.get_ref(2)?.as_str().unwrap_or_default())?;
        let step = usize::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
        let recipe = row.get_ref(3)?.as_str().unwrap_or_default().parse();
        let recipe = recipe.map_err(|_| LedgerError::unreadable("the digest of a lock recipe"))?;
        locks.push(LockRecord { step, name: row.get(1)?, recipe, state });
    }
    Ok(locks)
}

/// Notes the locks that a delivery is to have, in the transaction of its proof: from then on it is not done without them.
pub(super) fn intend(work: &mut Work<'_>, delivery: i64, plan: &LockPlan) -> Result<(), LedgerError> {
    for (step, name) in plan.steps.iter().enumerate() {
        work.conn
            .prepare_cached(
                "INSERT INTO locks (delivery, step, name, recipe, state, changed) VALUES (?1, ?2, ?3, ?4, 'intended', ?5)",
            )?
            .execute(params![delivery, number(step), name, plan.recipe.to_string(), work.now_text()])?;
        let row = work.conn.last_insert_rowid();
        work.touch(Table::Locks, row);
    }
    Ok(())
}

/// Returns the name of the first lock of a delivery that is not settled.
pub(super) fn first_open(conn: &Connection, delivery: i64) -> Result<Option<String>, LedgerError> {
    Ok(of(conn, delivery)?.into_iter().find(|lock| !lock.state.is_settled()).map(|lock| lock.name))
}

/// Notes how far a lock is.
pub(super) fn note(work: &mut Work<'_>, delivery: i64, step: usize, state: LockState) -> Result<(), LedgerError> {
    let ours = held::held(work, delivery)?;
    let row: i64 = work
        .conn
        .prepare_cached("SELECT row FROM locks WHERE delivery = ?1 AND step = ?2")?
        .query_row(params![delivery, number(step)], |row| row.get(0))?;
    work.conn.prepare_cached("UPDATE locks SET state = ?2, changed = ?3 WHERE row = ?1")?.execute(params![
        row,
        state.name(),
        work.now_text()
    ])?;
    work.touch(Table::Locks, row);
    let body = json!({ "step": step, "state": state.name() });
    work.record("lock", ours.id.as_str(), Some(delivery), body)
}

fn number(step: usize) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}
