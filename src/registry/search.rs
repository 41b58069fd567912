//! Looking for devices: a filter becomes a statement in which every text of the asker's is a bound value.

use crate::fleet::enrolment::{Condition, Field, Filter, Matching};

use super::devices::{COLUMNS, DeviceRow};
use super::{Registry, RegistryError, Value};

/// The most devices of a page.
pub const LARGEST_PAGE: usize = 1_000;

/// Some of the devices that were looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The devices, by folded name.
    pub devices: Vec<DeviceRow>,
    /// Where the next page begins; none on the last one.
    pub next: Option<String>,
}

impl Registry {
    /// Returns up to `limit` (1 to 1,000) devices after `cursor`, in the order of their folded names.
    pub fn search(&self, filter: &Filter, cursor: Option<&str>, limit: usize) -> Result<Page, RegistryError> {
        let limit = limit.clamp(1, LARGEST_PAGE);
        let question = Question::page(self.tenant(), filter, cursor, limit + 1);
        let rows = self.read(|reading| reading.sql.query(&question.text, &question.values))?;
        let mut devices = rows.iter().map(DeviceRow::read).collect::<Result<Vec<_>, _>>()?;
        let is_more = devices.len() > limit;
        devices.truncate(limit);
        let next = devices.last().filter(|_| is_more).map(|device| device.folded.clone());
        Ok(Page { devices, next })
    }

    /// Returns how many devices there are.
    pub fn count(&self, filter: &Filter) -> Result<i64, RegistryError> {
        let question = Question::count(self.tenant(), filter);
        self.read(|reading| {
            let row = reading.sql.maybe_row(&question.text, &question.values)?;
            row.map_or(Ok(0), |row| row.integer(0))
        })
    }

    /// Returns how many devices there are, at most `most`: so much is looked at.
    pub fn count_up_to(&self, filter: &Filter, most: i64) -> Result<i64, RegistryError> {
        let mut question = Question::on("1", self.tenant(), filter);
        let limit = question.bind(most);
        let text = format!("SELECT count(*) FROM ({} LIMIT {limit}) AS some", question.text);
        self.read(|reading| {
            let row = reading.sql.maybe_row(&text, &question.values)?;
            row.map_or(Ok(0), |row| row.integer(0))
        })
    }
}

/// A statement and its values.
struct Question {
    text: String,
    values: Vec<Value>,
    /// The column that orders: of the table that leads.
    key: &'static str,
}

impl Question {
    fn page(tenant: &str, filter: &Filter, cursor: Option<&str>, limit: usize) -> Self {
        let mut question = Self::on(COLUMNS, tenant, filter);
        if let Some(cursor) = cursor {
            let cursor = question.bind(cursor);
            question.text.push_str(&format!(" AND {} > {cursor}", question.key));
        }
        let limit = question.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        question.text.push_str(&format!(" ORDER BY {} LIMIT {limit}", question.key));
        question
    }

    fn count(tenant: &str, filter: &Filter) -> Self {
        Self::on("count(*)", tenant, filter)
    }

    /// The rarest thing asked for leads: an attribute, whose index gives the devices in their order.
    fn on(columns: &str, tenant: &str, filter: &Filter) -> Self {
        let leads = filter.conditions.iter().position(|condition| {
            matches!((&condition.field, &condition.matching), (Field::Attribute(_), Matching::Exactly(_)))
        });
        let mut question = Self { text: String::new(), values: vec![tenant.into()], key: "d.folded" };
        if leads.is_some() {
            question.key = "a.device";
            // SQLite keeps the order of a cross join: the attribute first.
            question.text = format!(
                "SELECT {columns} FROM attribute a CROSS JOIN device d WHERE a.tenant = $1 AND d.tenant = $1 AND d.folded = a.device"
            );
        } else {
            question.text = format!("SELECT {columns} FROM device d WHERE d.tenant = $1");
        }
        for (at, condition) in filter.conditions.iter().enumerate() {
            question.add(condition, leads == Some(at));
        }
        question
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    fn add(&mut self, condition: &Condition, leads: bool) {
        let matching = &condition.matching;
        let text = match &condition.field {
            Field::Id => self.compare("d.folded", &folded(matching)),
            Field::State => self.compare("d.state", matching),
            Field::Group => self.compare("d.grp", matching),
            Field::Model => self.compare("d.model", matching),
            Field::Version => self.compare("d.model_version", matching),
            Field::Vendor => self.compare("d.vendor", matching),
            Field::Hardware => self.compare("d.hardware", matching),
            Field::Firmware => self.compare("d.firmware", matching),
            Field::Protocol => self.compare("d.protocol", matching),
            Field::Origin => self.compare("d.origin", matching),
            Field::Serial => {
                let serials = self.by_serial(matching);
                format!("d.folded IN ({serials})")
            }
            Field::Word => {
                let names = self.compare("n.folded", &folded(matching));
                let serials = self.by_serial(matching);
                format!(
                    "d.folded IN (SELECT n.folded FROM device n WHERE n.tenant = $1 AND {names} UNION ALL {serials})"
                )
            }
            Field::Attribute(name) => {
                let name = self.bind(name.as_str());
                let table = if leads { "a" } else { "b" };
                let value = self.compare(&format!("{table}.value"), matching);
                if leads {
                    format!("a.name = {name} AND {value}")
                } else {
                    format!(
                        "EXISTS (SELECT 1 FROM attribute b WHERE b.tenant = $1 AND b.device = d.folded AND b.name = {name} AND {value})"
                    )
                }
            }
        };
        self.text.push_str(" AND ");
        self.text.push_str(&text);
    }

    /// The index of serial numbers holds devices in service only; the retired ones are few.
    fn by_serial(&mut self, matching: &Matching) -> String {
        let serial = self.compare("s.serial", matching);
        format!(
            "SELECT s.folded FROM device s WHERE s.tenant = $1 AND s.state <> 'retired' AND s.serial IS NOT NULL AND {serial}
             UNION ALL SELECT s.folded FROM device s WHERE s.tenant = $1 AND s.state = 'retired' AND {serial}"
        )
    }

    /// Texts that begin alike stand next to each other: they are a range, which an index serves.
    fn compare(&mut self, column: &str, matching: &Matching) -> String {
        match matching {
            Matching::Exactly(text) => {
                let value = self.bind(text.as_str());
                format!("{column} = {value}")
            }
            Matching::Prefix(text) => {
                let low = self.bind(text.as_str());
                match after(text) {
                    Some(high) => {
                        let high = self.bind(high);
                        format!("({column} >= {low} AND {column} < {high})")
                    }
                    None => format!("{column} >= {low}"),
                }
            }
        }
    }
}

fn folded(matching: &Matching) -> Matching {
    match matching {
        Matching::Exactly(text) => Matching::Exactly(text.to_ascii_lowercase()),
        Matching::Prefix(text) => Matching::Prefix(text.to_ascii_lowercase()),
    }
}

/// Returns the first text after all that begin with `text`: UTF-8 orders as its characters do.
fn after(text: &str) -> Option<String> {
    let mut chars = text.chars().collect::<Vec<_>>();
    while let Some(last) = chars.pop() {
        if let Some(next) = (u32::from(last) + 1..=0x0010_FFFF).find_map(char::from_u32) {
            chars.push(next);
            return Some(chars.into_iter().collect());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_after_all_that_begin_alike() {
        assert_eq!(after("1."), Some("1/".to_owned()));
        assert_eq!(after("a\u{10FFFF}"), Some("b".to_owned()));
        assert_eq!(after("\u{D7FF}"), Some("\u{E000}".to_owned()));
        assert_eq!((after(""), after("\u{10FFFF}")), (None, None));
    }

    proptest! {
        #[test]
        fn no_text_of_the_askers_gets_into_the_statement(value in "[^\"\\\\\\pC]{1,20}", star in any::<bool>()) {
            let word = |value: &str| {
                let star = if star { "*" } else { "" };
                let text = format!("\"{value}\"{star} firmware=\"{value}\"{star} serial=\"{value}\"{star} attributes.x=\"{value}\"");
                Question::page("t", &Filter::parse(&text).unwrap(), Some(value), 9)
            };
            let asked = word(&value);
            prop_assert_eq!(&asked.text, &word("harmless").text);
            let name = format!("x{}", value.replace(|c: char| c == '=' || c.is_whitespace(), ""));
            let named = Filter::parse(&format!("attributes.{name}=v")).unwrap();
            prop_assert_eq!(Question::count("t", &named).text, Question::count("t", &Filter::parse("attributes.y=v").unwrap()).text);
        }
    }
}
