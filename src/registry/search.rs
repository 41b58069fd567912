//! Looking for devices: a filter becomes a statement in which every text of the asker's is a bound value.

use crate::fleet::enrolment::{Condition, Field, Filter, Matching};

use super::devices::{COLUMNS, DeviceRow};
use super::handle::Reading;
use super::sql::query_in;
use super::{Registry, RegistryError, Value};

/// The most devices of a page.
pub const LARGEST_PAGE: usize = 1_000;

/// The most candidates that are looked at for one page; few in our own tests, which have few devices.
const MOST_CANDIDATES: i64 = if cfg!(test) { 12 } else { 4_000 };
/// The most candidates of one statement that names them.
const MOST_AT_ONCE: usize = 256;

/// Some of the devices that were looked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// The devices, by folded name.
    pub devices: Vec<DeviceRow>,
    /// Where the next page begins; none on the last one. A page may be short, even empty, and still have a next one: only
    /// so many candidates are looked at at a time.
    pub next: Option<String>,
}

impl Registry {
    /// Returns up to `limit` (1 to 1,000) devices after `cursor`, in the order of their folded names. What it costs is
    /// bounded, whatever the filter and however large the registry.
    pub fn search(&self, filter: &Filter, cursor: Option<&str>, limit: usize) -> Result<Page, RegistryError> {
        let limit = limit.clamp(1, LARGEST_PAGE);
        self.read(|reading| match few(reading, filter)? {
            Some((leads, names)) => page_of_few(reading, filter, leads, names, cursor, limit),
            None => page_in_order(reading, filter, cursor, limit),
        })
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
        let mut question = Question::on("1", self.tenant(), filter, narrowest(filter));
        let limit = question.bind(most);
        let text = format!("SELECT count(*) FROM ({} LIMIT {limit}) n", question.text);
        self.read(|reading| {
            let row = reading.sql.maybe_row(&text, &question.values)?;
            row.map_or(Ok(0), |row| row.integer(0))
        })
    }
}

/// Looks for a condition that few devices fulfil; returns its number and their names.
fn few(reading: &mut Reading<'_>, filter: &Filter) -> Result<Option<(usize, Vec<String>)>, RegistryError> {
    for (at, condition) in filter.conditions.iter().enumerate() {
        let mut question = Question::empty(reading.tenant);
        let Some(set) = question.set(condition) else { continue };
        let most = question.bind(MOST_CANDIDATES + 1);
        let text = format!("SELECT count(*) FROM (SELECT 1 FROM ({set}) s LIMIT {most}) n");
        let row = reading.sql.maybe_row(&text, &question.values)?;
        if row.map_or(Ok(0), |row| row.integer(0))? <= MOST_CANDIDATES {
            question.values.pop();
            let rows = reading.sql.query(&set, &question.values)?;
            let names = rows.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
            return Ok(Some((at, names)));
        }
    }
    Ok(None)
}

/// Looks at all of a few devices, in their order, until the page is full.
fn page_of_few(
    reading: &mut Reading<'_>,
    filter: &Filter,
    leads: usize,
    mut names: Vec<String>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page, RegistryError> {
    names.sort_unstable();
    names.dedup();
    let keys: Vec<Value> =
        names.into_iter().filter(|name| cursor.is_none_or(|cursor| name.as_str() > cursor)).map(Value::from).collect();
    let question = Question::of_few(reading.tenant, filter, leads);
    let mut devices = Vec::new();
    for some in keys.chunks(MOST_AT_ONCE) {
        let rows = query_in(reading.sql, &question.text, &question.values, some)?;
        let mut found = rows.iter().map(DeviceRow::read).collect::<Result<Vec<_>, _>>()?;
        found.sort_by(|a, b| a.folded.cmp(&b.folded));
        devices.append(&mut found);
        if devices.len() > limit {
            break;
        }
    }
    Ok(page(devices, limit, None))
}

/// Looks at devices in the order of their names, up to the end of a window, until the page is full.
fn page_in_order(
    reading: &mut Reading<'_>,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page, RegistryError> {
    let end = window(reading, filter, cursor)?;
    let question = Question::page(reading.tenant, filter, cursor, end.as_deref(), limit + 1);
    let rows = reading.sql.query(&question.text, &question.values)?;
    Ok(page(rows.iter().map(DeviceRow::read).collect::<Result<_, _>>()?, limit, end))
}

fn page(mut devices: Vec<DeviceRow>, limit: usize, end: Option<String>) -> Page {
    let is_more = devices.len() > limit;
    devices.truncate(limit);
    let next = if is_more { devices.last().map(|device| device.folded.clone()) } else { end };
    Page { devices, next }
}

/// The index by which devices are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Lead {
    /// The one of attributes, for the attribute of this condition.
    Attribute(usize),
    /// The one of the column of this condition.
    Column(usize),
    /// The one of names.
    Name,
}

/// Returns the index that has the fewest devices to count.
fn narrowest(filter: &Filter) -> Lead {
    let exactly = |wanted: fn(&Field) -> bool| {
        filter.conditions.iter().position(|one| wanted(&one.field) && matches!(one.matching, Matching::Exactly(_)))
    };
    let column = || exactly(|field| matches!(field, Field::State | Field::Group | Field::Model));
    exactly(|field| matches!(field, Field::Attribute(_)))
        .map(Lead::Attribute)
        .or_else(|| column().map(Lead::Column))
        .unwrap_or(Lead::Name)
}

/// Returns the last candidate that is looked at after `cursor`; none where few enough are left.
fn window(reading: &mut Reading<'_>, filter: &Filter, cursor: Option<&str>) -> Result<Option<String>, RegistryError> {
    if filter.conditions.iter().all(|condition| condition.field == Field::Id) {
        return Ok(None);
    }
    let question = Question::window(reading.tenant, filter, cursor);
    let row = reading.sql.maybe_row(&question.text, &question.values)?;
    row.map(|row| row.text(0)).transpose()
}

/// A statement and its values.
struct Question {
    text: String,
    values: Vec<Value>,
}

impl Question {
    fn empty(tenant: &str) -> Self {
        Self { text: String::new(), values: vec![tenant.into()] }
    }

    fn page(tenant: &str, filter: &Filter, cursor: Option<&str>, end: Option<&str>, limit: usize) -> Self {
        let mut question = Self::on(COLUMNS, tenant, filter, Lead::Name);
        if let Some(cursor) = cursor {
            let cursor = question.bind(cursor);
            question.text.push_str(&format!(" AND d.folded > {cursor}"));
        }
        if let Some(end) = end {
            let end = question.bind(end);
            question.text.push_str(&format!(" AND d.folded <= {end}"));
        }
        let limit = question.bind(i64::try_from(limit).unwrap_or(i64::MAX));
        question.text.push_str(&format!(" ORDER BY d.folded LIMIT {limit}"));
        question
    }

    fn count(tenant: &str, filter: &Filter) -> Self {
        Self::on("count(*)", tenant, filter, narrowest(filter))
    }

    /// The candidate at which a page ends, by nothing but the index of names.
    fn window(tenant: &str, filter: &Filter, cursor: Option<&str>) -> Self {
        let text = "SELECT d.folded FROM device d WHERE d.tenant = $1".to_owned();
        let mut question = Self { text, ..Self::empty(tenant) };
        for condition in filter.conditions.iter().filter(|condition| condition.field == Field::Id) {
            let condition = question.condition(condition, true);
            question.text.push_str(&format!(" AND {condition}"));
        }
        if let Some(cursor) = cursor {
            let cursor = question.bind(cursor);
            question.text.push_str(&format!(" AND d.folded > {cursor}"));
        }
        let skipped = question.bind(MOST_CANDIDATES);
        question.text.push_str(&format!(" ORDER BY d.folded LIMIT 1 OFFSET {skipped}"));
        question
    }

    fn on(columns: &str, tenant: &str, filter: &Filter, lead: Lead) -> Self {
        let mut question = Self::empty(tenant);
        question.text = match lead {
            // SQLite keeps the order of a cross join: the attribute first.
            Lead::Attribute(_) => format!(
                "SELECT {columns} FROM attribute a CROSS JOIN device d WHERE a.tenant = $1 AND d.tenant = $1 AND d.folded = a.device"
            ),
            Lead::Column(_) | Lead::Name => format!("SELECT {columns} FROM device d WHERE d.tenant = $1"),
        };
        for (at, condition) in filter.conditions.iter().enumerate() {
            let leads = match lead {
                Lead::Attribute(leads) => leads == at,
                Lead::Column(leads) => leads == at || condition.field == Field::Id,
                Lead::Name => condition.field == Field::Id,
            };
            let text = question.condition(condition, leads);
            question.text.push_str(&format!(" AND {text}"));
        }
        question
    }

    /// Every condition but the one that leads; the names of the candidates follow.
    fn of_few(tenant: &str, filter: &Filter, leads: usize) -> Self {
        let mut question = Self::empty(tenant);
        question.text = format!("SELECT {COLUMNS} FROM device d WHERE d.tenant = $1");
        for (_, condition) in filter.conditions.iter().enumerate().filter(|(at, _)| *at != leads) {
            let text = question.condition(condition, false);
            question.text.push_str(&format!(" AND {text}"));
        }
        question.text.push_str(" AND d.folded IN");
        question
    }

    fn bind(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }

    /// Returns the statement that gives the names of all devices that fulfil a condition, where an index serves it.
    fn set(&mut self, condition: &Condition) -> Option<String> {
        let matching = &condition.matching;
        let of_column = |question: &mut Self, column: &str, matching: &Matching| {
            let condition = question.compare(column, matching);
            format!("SELECT x.folded FROM device x WHERE x.tenant = $1 AND {condition}")
        };
        Some(match &condition.field {
            Field::Id => of_column(self, "x.folded", &folded(matching)),
            Field::State => of_column(self, "x.state", matching),
            Field::Group => of_column(self, "x.grp", matching),
            Field::Model => of_column(self, "x.model", matching),
            Field::Serial => self.by_serial(matching),
            Field::Word => {
                let names = of_column(self, "x.folded", &folded(matching));
                let serials = self.by_serial(matching);
                format!("{names} UNION ALL {serials}")
            }
            Field::Attribute(name) => {
                let name = self.bind(name.as_str());
                let value = self.compare("x.value", matching);
                format!("SELECT x.device FROM attribute x WHERE x.tenant = $1 AND x.name = {name} AND {value}")
            }
            Field::Version | Field::Vendor | Field::Hardware | Field::Firmware | Field::Protocol | Field::Origin => {
                return None;
            }
        })
    }

    /// Returns a condition on a candidate. One that does not lead is put so that no index of its own is taken for it:
    /// neither engine is to leave the way that was chosen.
    fn condition(&mut self, condition: &Condition, leads: bool) -> String {
        let matching = &condition.matching;
        let column = |name: &str| if leads { name.to_owned() } else { format!("({name} || '')") };
        match &condition.field {
            Field::Id => self.compare(&column("d.folded"), &folded(matching)),
            Field::State => self.compare(&column("d.state"), matching),
            Field::Group => self.compare(&column("d.grp"), matching),
            Field::Model => self.compare(&column("d.model"), matching),
            Field::Version => self.compare("d.model_version", matching),
            Field::Vendor => self.compare("d.vendor", matching),
            Field::Hardware => self.compare("d.hardware", matching),
            Field::Firmware => self.compare("d.firmware", matching),
            Field::Protocol => self.compare("d.protocol", matching),
            Field::Origin => self.compare("d.origin", matching),
            Field::Serial => self.compare(&column("d.serial"), matching),
            Field::Word => {
                let names = self.compare("(d.folded || '')", &folded(matching));
                let serials = self.compare("(d.serial || '')", matching);
                format!("({names} OR {serials})")
            }
            Field::Attribute(name) => {
                let name = self.bind(name.as_str());
                if leads {
                    let value = self.compare("a.value", matching);
                    return format!("a.name = {name} AND {value}");
                }
                let value = self.compare("(b.value || '')", matching);
                // A value, not EXISTS: PostgreSQL would make a join of that, and begin it with all who have the attribute.
                format!(
                    "(SELECT 1 FROM attribute b WHERE b.tenant = $1 AND b.device = d.folded AND b.name = {name} AND {value}) = 1"
                )
            }
        }
    }

    /// The index of serial numbers holds devices in service only, another one the retired.
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

    /// A join may begin with everybody who has the attribute, and compiling takes longer than a page: then what a search costs
    /// has no bound any more.
    #[cfg(feature = "postgres")]
    #[test]
    fn postgresql_looks_at_candidates_only_and_compiles_nothing() {
        use crate::registry::tests::{cluster::empty_postgres, world::open};

        let registry = open(&empty_postgres());
        let filter = Filter::parse("vendor=Nobody attributes.line=a attributes.line=b*").unwrap();
        let question = Question::page("t", &filter, None, Some("gw-9"), 9);
        let text = |question: &str, values: &[Value]| {
            let rows = registry.read(|reading| reading.sql.query(question, values)).unwrap();
            rows.iter().map(|row| row.text(0).unwrap() + "\n").collect::<String>()
        };
        let plan = text(&format!("EXPLAIN {}", question.text), &question.values);
        assert!(plan.contains("SubPlan 2"), "{plan}");
        assert!(!plan.contains("Join") && !plan.contains("Nested Loop"), "{plan}");
        assert_eq!(text("SHOW jit", &[]), "off\n");
    }

    proptest! {
        #[test]
        fn no_text_of_the_askers_gets_into_the_statement(value in "[^\"\\\\\\pC]{1,20}", star in any::<bool>()) {
            let word = |value: &str| {
                let star = if star { "*" } else { "" };
                let text = format!("\"{value}\"{star} firmware=\"{value}\"{star} serial=\"{value}\"{star} attributes.x=\"{value}\"");
                let filter = Filter::parse(&text).unwrap();
                let counts = [Lead::Attribute(3), Lead::Name].map(|lead| Question::on("1", "t", &filter, lead).text);
                let page = Question::page("t", &filter, Some(value), Some(value), 9).text;
                let window = Question::window("t", &filter, Some(value)).text;
                let few = [0, 2, 3].map(|at| Question::of_few("t", &filter, at).text);
                let sets = [0, 2, 3].map(|at| Question::empty("t").set(&filter.conditions[at]).unwrap());
                [&counts[..], &[page, window], &few, &sets].concat()
            };
            let asked = word(&value);
            prop_assert_eq!(asked, word("harmless"));
            let name = format!("x{}", value.replace(|c: char| c == '=' || c.is_whitespace(), ""));
            let named = Filter::parse(&format!("attributes.{name}=v")).unwrap();
            prop_assert_eq!(Question::count("t", &named).text, Question::count("t", &Filter::parse("attributes.y=v").unwrap()).text);
        }
    }
}
