//! Rules that assign models: those of the fleet file, and those that a person set.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;

use crate::fleet::model::ModelRule;

use super::handle::{Registry, Writing};
use super::models::touch;
use super::text::storable;
use super::{Event, RegistryError, Row, Sql, Value};

/// Most rules of a fleet.
const MOST: usize = 4096;

/// A rule as it lies in the store.
#[derive(Clone, PartialEq, Debug)]
pub struct StoredRule {
    /// The rule.
    pub rule: ModelRule,
    /// True if the fleet file declares it.
    pub declared: bool,
}

/// What declaring the rules changed: their names.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct DeclaredRules {
    /// Rules that are new or say something else than before.
    pub put: Vec<String>,
    /// Rules that the fleet file does not name any more.
    pub withdrawn: Vec<String>,
}

impl Registry {
    /// Makes the rules of the fleet file what it declares, all at once; rules that a person set stay. Nothing is written
    /// where nothing changed.
    ///
    /// # Errors
    ///
    /// Conflict where a person set a rule of that name.
    pub fn declare_rules(&self, actor: &str, wanted: &[ModelRule]) -> Result<DeclaredRules, RegistryError> {
        let actor = storable("operator", actor)?;
        let found = self.model_rules()?;
        if is_declared(&found, wanted) {
            return Ok(DeclaredRules::default());
        }
        let wanted = wanted.to_vec();
        self.write(move |writing| {
            let found = rules(writing.sql, writing.tenant)?;
            let known: BTreeMap<&str, &StoredRule> =
                found.iter().map(|stored| (stored.rule.name.as_str(), stored)).collect();
            let mut declared = DeclaredRules::default();
            for rule in &wanted {
                match known.get(rule.name.as_str()) {
                    Some(stored) if !stored.declared => return Err(set_by_hand(&rule.name)),
                    Some(stored) if stored.rule.to_json() == rule.to_json() => {}
                    _ => {
                        put(writing, rule, true)?;
                        declared.put.push(rule.name.clone());
                    }
                }
            }
            let names: BTreeSet<&str> = wanted.iter().map(|rule| rule.name.as_str()).collect();
            for stored in found.iter().filter(|stored| stored.declared && !names.contains(stored.rule.name.as_str())) {
                remove(writing, &stored.rule.name)?;
                declared.withdrawn.push(stored.rule.name.clone());
            }
            check_number(writing)?;
            let detail = json!({ "put": declared.put, "withdrawn": declared.withdrawn });
            if declared != DeclaredRules::default() {
                writing.note(Event { what: "model-rules-declared", device: None, actor: actor.clone(), detail });
            }
            Ok(declared)
        })
    }

    /// Sets a rule, in place of one of that name.
    ///
    /// # Errors
    ///
    /// Conflict where the fleet file declares one of that name.
    pub fn put_rule(&self, actor: &str, rule: &ModelRule) -> Result<(), RegistryError> {
        let actor = storable("operator", actor)?;
        storable("rule", &rule.name)?;
        let rule = rule.clone();
        self.write(move |writing| {
            refuse_declared(writing, &rule.name)?;
            put(writing, &rule, false)?;
            check_number(writing)?;
            let detail = json!({ "rule": rule.to_json() });
            writing.note(Event { what: "model-rule-set", device: None, actor: actor.clone(), detail });
            Ok(())
        })
    }

    /// Takes a rule away that a person set.
    ///
    /// # Errors
    ///
    /// Not found; conflict where the fleet file declares it.
    pub fn remove_rule(&self, actor: &str, name: &str) -> Result<(), RegistryError> {
        let actor = storable("operator", actor)?;
        let name = storable("rule", name)?;
        self.write(move |writing| {
            refuse_declared(writing, &name)?;
            if remove(writing, &name)? == 0 {
                return Err(RegistryError::NotFound { what: "rule", name: name.clone() });
            }
            let detail = json!({ "rule": name });
            writing.note(Event { what: "model-rule-removed", device: None, actor: actor.clone(), detail });
            Ok(())
        })
    }

    /// Returns all rules, greatest priority first.
    pub fn model_rules(&self) -> Result<Vec<StoredRule>, RegistryError> {
        self.read(|reading| rules(reading.sql, reading.tenant))
    }
}

fn is_declared(found: &[StoredRule], wanted: &[ModelRule]) -> bool {
    let json = |rule: &ModelRule| (rule.name.clone(), rule.to_json().to_string());
    let found: BTreeMap<_, _> = found.iter().filter(|stored| stored.declared).map(|each| json(&each.rule)).collect();
    found == wanted.iter().map(json).collect()
}

fn rules(sql: &mut dyn Sql, tenant: &str) -> Result<Vec<StoredRule>, RegistryError> {
    let text = "SELECT rule, declared FROM model_rule WHERE tenant = $1 ORDER BY priority DESC, id";
    sql.query(text, &[tenant.into()])?.iter().map(stored).collect()
}

fn stored(row: &Row) -> Result<StoredRule, RegistryError> {
    let value = serde_json::from_str(&row.text(0)?).map_err(|error| error.to_string());
    let rule = value.and_then(|value| ModelRule::from_json(&value));
    let rule = rule.map_err(|error| RegistryError::damaged("", format!("a rule in it: {error}")))?;
    Ok(StoredRule { rule, declared: row.integer(1)? != 0 })
}

fn put(writing: &mut Writing<'_>, rule: &ModelRule, declared: bool) -> Result<(), RegistryError> {
    touch(writing)?;
    let row = vec![
        writing.tenant.into(),
        Value::from(&rule.name),
        rule.priority.into(),
        rule.to_json().to_string().into(),
        i64::from(declared).into(),
        writing.millis().into(),
    ];
    let again = "ON CONFLICT (tenant, id) DO UPDATE SET priority = excluded.priority, rule = excluded.rule,
        declared = excluded.declared, changed = excluded.changed";
    let into = "model_rule (tenant, id, priority, rule, declared, changed)";
    super::sql::insert(writing.sql, into, &[row], again).map(|_| ())
}

fn remove(writing: &mut Writing<'_>, name: &str) -> Result<u64, RegistryError> {
    touch(writing)?;
    let text = "DELETE FROM model_rule WHERE tenant = $1 AND id = $2";
    writing.sql.execute(text, &[writing.tenant.into(), name.into()])
}

fn check_number(writing: &mut Writing<'_>) -> Result<(), RegistryError> {
    let text = "SELECT COUNT(*) FROM model_rule WHERE tenant = $1";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into()])?;
    let found = row.map_or(Ok(0), |row| row.integer(0))?;
    if found <= MOST as i64 {
        return Ok(());
    }
    let reason = format!("there would be {found}, at most {MOST} are kept");
    Err(RegistryError::Refused { what: "rules", name: writing.tenant.to_owned(), reason })
}

fn refuse_declared(writing: &mut Writing<'_>, name: &str) -> Result<(), RegistryError> {
    let text = "SELECT declared FROM model_rule WHERE tenant = $1 AND id = $2";
    let row = writing.sql.maybe_row(text, &[writing.tenant.into(), name.into()])?;
    if row.map_or(Ok(0), |row| row.integer(0))? == 0 {
        return Ok(());
    }
    let reason = "is declared by the fleet file: change it there".to_owned();
    Err(RegistryError::Conflict { what: "rule", name: name.to_owned(), reason })
}

fn set_by_hand(name: &str) -> RegistryError {
    let reason = "was set by hand: remove it, or give the fleet file's rule another name".to_owned();
    RegistryError::Conflict { what: "rule", name: name.to_owned(), reason }
}
