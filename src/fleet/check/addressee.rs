//! The part that each device has in the address of its bundle: the values of the columns that `recipients` and `match` name.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::super::file::{GivenValue, is_age_recipient};
use super::super::inventory::{KNOWN, Row};
use super::super::shape::abridged;
use super::super::{Addressee, Faults, Place, Recipient, SealingPlan, nearest};
use super::fleet::Fleet;
use super::profile::{Addressed, Profile};

/// The longest value of a property, in bytes.
const LONGEST_VALUE: usize = 128;

impl Addressed {
    /// Returns true if the bundle names this column or variable.
    pub(super) fn names(&self, name: &str) -> bool {
        self.columns.iter().any(|column| *column.value == *name)
    }
}

/// What is wrong with a device's value, and where the value stands if it does.
pub(super) struct Unfit {
    place: Option<Place>,
    message: String,
}

/// Checks the columns that are named, then each device's values.
pub(super) fn check(fleet: &Fleet, faults: &mut Faults) {
    for profile in fleet.profiles.values() {
        for column in profile.addressed.iter().flat_map(|bundle| &bundle.columns) {
            if !is_given_somewhere(fleet, profile, &column.value) {
                let message = format!("there is no column or variable {:?}", column.value);
                let columns = fleet.inventory.columns().iter().map(|known| &*known.name);
                match nearest::hint(&column.value, KNOWN.into_iter().chain(columns)) {
                    Some(hint) => faults.add_with_hint(column.place.clone(), message, hint),
                    None => faults.add(column.place.clone(), message),
                }
            }
        }
    }
    for (index, row) in fleet.inventory.rows().iter().enumerate() {
        let Some(profile) = fleet.profile_name(row).and_then(|name| fleet.profiles.get(name)) else { continue };
        check_device(fleet, (index, row), profile, faults);
    }
}

fn is_given_somewhere(fleet: &Fleet, profile: &Profile, name: &str) -> bool {
    KNOWN.contains(&name)
        || fleet.inventory.columns().iter().any(|column| *column.name == *name)
        || fleet.variables.contains_key(name)
        || profile.variables.contains_key(name)
        || fleet.overrides.values().any(|device| device.variables.contains_key(name))
}

/// A fault is noted once, however many bundles name the column.
fn check_device(fleet: &Fleet, (index, row): (usize, &Row), profile: &Profile, faults: &mut Faults) {
    let mut noted = BTreeSet::new();
    for bundle in &profile.addressed {
        if !bundle.columns.iter().all(|column| is_given_somewhere(fleet, profile, &column.value)) {
            continue;
        }
        let Err(unfit) = fleet.addressee((index, row), profile, &bundle.plan) else { continue };
        let device = row.id.as_ref().map_or("", |id| id.as_str());
        for Unfit { place, message } in unfit {
            let message = format!("device {device:?} {message} (bundle {:?})", bundle.bundle);
            let place = place.unwrap_or_else(|| fleet.inventory.place(row.at));
            if noted.insert((place.line, place.column, message.clone())) {
                faults.add(place, message);
            }
        }
    }
}

impl Fleet {
    /// Returns to whom a device's bundle is sealed and what the device must be.
    pub(super) fn addressee(
        &self,
        (index, row): (usize, &Row),
        profile: &Profile,
        plan: &SealingPlan,
    ) -> Result<Addressee, Vec<Unfit>> {
        let mut addressee = Addressee::default();
        let mut unfit = Vec::new();
        for recipient in &plan.recipients {
            match recipient {
                Recipient::Variable(name) => match self.recipient((index, row), profile, name) {
                    Ok(found) => addressee.recipients.push(Recipient::Age(found)),
                    Err(fault) => unfit.push(fault),
                },
                other => addressee.recipients.push(other.clone()),
            }
        }
        for (property, column) in &plan.matching {
            match self.property((index, row), profile, property, column) {
                Ok(values) => {
                    addressee.matching.insert(Arc::clone(property), values);
                }
                Err(fault) => unfit.push(fault),
            }
        }
        if unfit.is_empty() { Ok(addressee) } else { Err(unfit) }
    }

    fn recipient(&self, row: (usize, &Row), profile: &Profile, name: &str) -> Result<Arc<str>, Unfit> {
        let (values, place) = self.values(row, profile, name)?;
        match values.as_slice() {
            [only] if is_age_recipient(only) => Ok(Arc::clone(only)),
            [only] => {
                let shown = abridged(only);
                Err(Unfit { place, message: format!("has {name:?} {shown}, which is no age recipient (age1...)") })
            }
            many => Err(Unfit { place, message: format!("has {} values of {name:?}, 1 is wanted", many.len()) }),
        }
    }

    fn property(
        &self,
        row: (usize, &Row),
        profile: &Profile,
        property: &str,
        name: &str,
    ) -> Result<Vec<Arc<str>>, Unfit> {
        let (values, place) = self.values(row, profile, name)?;
        let judged = values.iter().map(|value| {
            fitting(property, value).ok_or_else(|| {
                let wanted = wanted(property);
                format!("has {name:?} {}, wanted is {wanted}", abridged(value))
            })
        });
        judged.collect::<Result<Vec<_>, _>>().map_err(|message| Unfit { place, message })
    }

    /// Returns the values of a column or variable, by the precedence of variables, and where they stand.
    fn values(
        &self,
        (index, row): (usize, &Row),
        profile: &Profile,
        name: &str,
    ) -> Result<(Vec<Arc<str>>, Option<Place>), Unfit> {
        let spec = row.id.as_ref().and_then(|id| self.overrides.get(id.as_str()));
        let own = |value: Option<Arc<str>>| {
            let value = value.ok_or_else(|| Unfit { place: None, message: format!("has no {name}") })?;
            Ok((vec![value], None))
        };
        match name {
            "id" => return own(row.id.as_ref().map(|id| Arc::from(id.as_str()))),
            "serial" => {
                let serial = spec.and_then(|spec| spec.serial.as_ref().map(|serial| &serial.value));
                return own(serial.or(row.serial.as_ref()).map(|serial| Arc::from(serial.as_str())));
            }
            "model" => {
                let given = spec.and_then(|spec| spec.model.clone()).or_else(|| row.model.clone());
                return own(given.or_else(|| profile.model.clone()));
            }
            "profile" => return own(self.profile_name(row).cloned()),
            _ => {}
        }
        let cell = self.inventory.variables(index).find(|cell| *cell.column.name == *name);
        let elsewhere = || profile.variables.get(name).or_else(|| self.variables.get(name));
        let given = match (spec.and_then(|spec| spec.variables.get(name)), cell) {
            (Some(given), _) => Some((given.value.clone(), given.value_place.clone())),
            (None, Some(cell)) => Some((cell.value, self.inventory.place(cell.at))),
            (None, None) => elsewhere().map(|given| (given.value.clone(), given.value_place.clone())),
        };
        let Some((value, place)) = given else {
            let place = self.inventory.blank(index, name).map(|at| self.inventory.place(at));
            return Err(Unfit { place, message: format!("has no {name:?}") });
        };
        match texts(&value) {
            Some(texts) if !texts.is_empty() => Ok((texts, Some(place))),
            _ => Err(Unfit { place: Some(place), message: format!("has a {name:?} that is no text in clear") }),
        }
    }
}

/// Returns one or more texts: of a cell those between semicolons.
fn texts(value: &GivenValue) -> Option<Vec<Arc<str>>> {
    match value {
        GivenValue::Cell(text) => Some(text.split(';').map(|part| Arc::from(part.trim())).collect()),
        GivenValue::Clear(Value::String(text)) => Some(vec![Arc::from(text.as_str())]),
        GivenValue::Clear(Value::Array(items)) => items.iter().map(|item| item.as_str().map(Arc::from)).collect(),
        GivenValue::Clear(_) | GivenValue::Secret(_) | GivenValue::Broken => None,
    }
}

/// Returns a property's value in the form that devices compare; `None` if it can be none.
fn fitting(property: &str, value: &str) -> Option<Arc<str>> {
    let is_hex = |digits: usize| value.len() == digits && value.chars().all(|c| c.is_ascii_hexdigit());
    match property {
        "mac" => {
            let parts: Vec<String> = value.split([':', '-']).map(str::to_ascii_lowercase).collect();
            let fits = |part: &String| part.len() == 2 && part.chars().all(|c| c.is_ascii_hexdigit());
            (parts.len() == 6 && parts.iter().all(fits)).then(|| Arc::from(parts.join(":")))
        }
        "machine-id" => is_hex(32).then(|| Arc::from(value.to_ascii_lowercase())),
        "tpm-ek" => is_hex(64).then(|| Arc::from(value.to_ascii_lowercase())),
        _ => {
            let fits = (1..=LONGEST_VALUE).contains(&value.len()) && !value.contains(char::is_control);
            (fits && !value.trim().is_empty()).then(|| Arc::from(value))
        }
    }
}

fn wanted(property: &str) -> &'static str {
    match property {
        "mac" => "the address of a network interface such as 02:00:00:00:00:01",
        "machine-id" => "a machine id of 32 hex digits",
        "tpm-ek" => "a SHA-256 of 64 hex digits",
        _ => "a text of 1 to 128 bytes",
    }
}
