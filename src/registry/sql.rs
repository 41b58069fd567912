//! The little of SQL that both engines share: values, rows, statements with `$1`, `$2` ...

use std::borrow::Cow;
use std::fmt::Write as _;

use super::RegistryError;

/// A value of a column: whole numbers, texts and bytes are all there is.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Value {
    /// Nothing.
    Null,
    /// A whole number.
    Integer(i64),
    /// A text; never holds NUL, which PostgreSQL cannot store.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Value::Integer(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Value::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Value::Text(value)
    }
}

impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Value::Text(value.clone())
    }
}

impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Value::Bytes(value.to_vec())
    }
}

impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Value::Bytes(value)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// One row of an answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Row {
    values: Vec<Value>,
}

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self { values }
    }

    /// Returns the number in a column; another value counts as a fault of the tables.
    pub(super) fn integer(&self, column: usize) -> Result<i64, RegistryError> {
        self.maybe_integer(column)?.ok_or_else(|| unexpected(column, "a number"))
    }

    /// Returns the number in a column, or none where nothing stands.
    pub(super) fn maybe_integer(&self, column: usize) -> Result<Option<i64>, RegistryError> {
        match self.values.get(column) {
            Some(Value::Integer(value)) => Ok(Some(*value)),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected(column, "a number")),
        }
    }

    /// Returns the text in a column.
    pub(super) fn text(&self, column: usize) -> Result<String, RegistryError> {
        self.maybe_text(column)?.ok_or_else(|| unexpected(column, "a text"))
    }

    /// Returns the text in a column, or none where nothing stands.
    pub(super) fn maybe_text(&self, column: usize) -> Result<Option<String>, RegistryError> {
        match self.values.get(column) {
            Some(Value::Text(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected(column, "a text")),
        }
    }

    /// Returns the bytes in a column.
    pub(super) fn bytes(&self, column: usize) -> Result<Vec<u8>, RegistryError> {
        self.maybe_bytes(column)?.ok_or_else(|| unexpected(column, "bytes"))
    }

    /// Returns the bytes in a column, or none where nothing stands.
    pub(super) fn maybe_bytes(&self, column: usize) -> Result<Option<Vec<u8>>, RegistryError> {
        match self.values.get(column) {
            Some(Value::Bytes(value)) => Ok(Some(value.clone())),
            Some(Value::Null) => Ok(None),
            _ => Err(unexpected(column, "bytes")),
        }
    }

    /// Returns the values.
    pub(super) fn values(&self) -> &[Value] {
        &self.values
    }
}

fn unexpected(column: usize, wanted: &str) -> RegistryError {
    RegistryError::damaged("", format!("column {column} of an answer is not {wanted}"))
}

/// What runs statements: a connection, within a transaction of the caller's.
///
/// One text serves both engines. It names its values `$1`, `$2` ... in the order of their first use, and keeps to what both
/// understand the same way.
pub(super) trait Sql {
    /// Runs a statement and returns how many rows it changed.
    fn execute(&mut self, text: &str, values: &[Value]) -> Result<u64, RegistryError>;

    /// Runs a statement and returns its rows.
    fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, RegistryError>;

    /// Inserts many rows, by few statements; `ending` is what follows the values, such as `ON CONFLICT DO NOTHING`.
    ///
    /// Few numbers of rows are used, so that few different statements are prepared.
    fn insert(&mut self, into: &str, rows: &[Vec<Value>], ending: &str) -> Result<u64, RegistryError> {
        let (mut changed, mut rest) = (0, rows);
        while let Some(first) = rest.first() {
            let (some, after) = rest.split_at(rows_at_once(rest.len()));
            let text = format!("INSERT INTO {into} VALUES {} {ending}", places(some.len(), first.len()));
            changed += self.execute_rows(&text, some)?;
            rest = after;
        }
        Ok(changed)
    }

    /// Runs a statement whose values are those of some rows, one after the other.
    fn execute_rows(&mut self, text: &str, rows: &[Vec<Value>]) -> Result<u64, RegistryError> {
        self.execute(text, &rows.concat())
    }

    /// Runs a statement that gives at most one row.
    fn maybe_row(&mut self, text: &str, values: &[Value]) -> Result<Option<Row>, RegistryError> {
        Ok(self.query(text, values)?.into_iter().next())
    }
}

/// The most rows of one statement: PostgreSQL and SQLite both take 32,767 values at least.
const MOST_ROWS: usize = 256;

/// Inserts many rows; `ending` is what follows the values, such as `ON CONFLICT DO NOTHING`.
pub(super) fn insert<'a>(
    sql: &mut dyn Sql,
    into: &str,
    rows: impl Into<Cow<'a, [Vec<Value>]>>,
    ending: &str,
) -> Result<u64, RegistryError> {
    sql.insert(into, &rows.into(), ending)
}

/// Asks for the rows of many keys: `text` ends where the list in parentheses is to stand, `before` are the values before it.
pub(super) fn query_in(
    sql: &mut dyn Sql,
    text: &str,
    before: &[Value],
    keys: &[Value],
) -> Result<Vec<Row>, RegistryError> {
    let mut rows = Vec::new();
    for some in keys.chunks(MOST_ROWS) {
        let wanted = some.len().next_power_of_two();
        let list = (0..wanted).map(|at| format!("${}", before.len() + at + 1)).collect::<Vec<_>>().join(",");
        let filler = some.last().cloned().unwrap_or(Value::Null);
        let mut values = [before, some].concat();
        values.resize(before.len() + wanted, filler);
        rows.extend(sql.query(&format!("{text} ({list})"), &values)?);
    }
    Ok(rows)
}

/// Returns the number of rows of the next statement: up to 8 as they are, then whole eights, then powers of two. So hardly
/// any batch takes more than two statements for a table.
fn rows_at_once(rows: usize) -> usize {
    match rows.min(MOST_ROWS) {
        few @ ..8 => few,
        some @ 8..64 => some / 8 * 8,
        many => 1 << many.ilog2(),
    }
}

/// Returns the places of the values of some rows, `($1,$2),($3,$4)`.
pub(super) fn places(rows: usize, columns: usize) -> String {
    let mut text = String::with_capacity(rows * (columns * 6 + 3));
    for number in 1..=rows * columns {
        text.push_str(match number {
            1 => "(",
            _ if number % columns == 1 || columns == 1 => "),(",
            _ => ",",
        });
        let _ = write!(text, "${number}");
    }
    text.push(')');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Heard(Vec<(String, usize)>);

    impl Sql for Heard {
        fn execute(&mut self, text: &str, values: &[Value]) -> Result<u64, RegistryError> {
            self.0.push((text.to_owned(), values.len()));
            Ok(1)
        }

        fn query(&mut self, text: &str, values: &[Value]) -> Result<Vec<Row>, RegistryError> {
            self.0.push((text.to_owned(), values.len()));
            Ok(Vec::new())
        }
    }

    #[test]
    fn many_rows_go_by_few_kinds_of_statement() {
        let mut heard = Heard::default();
        let rows = vec![vec![Value::Integer(1), Value::Null]; 259];
        insert(&mut heard, "t (a, b)", &rows, "").unwrap();
        assert_eq!(heard.0.iter().map(|(_, values)| *values).collect::<Vec<_>>(), [512, 6]);
        assert_eq!(heard.0[1].0, "INSERT INTO t (a, b) VALUES ($1,$2),($3,$4),($5,$6) ");
        let kinds: std::collections::BTreeSet<_> = (1..10_000).map(rows_at_once).collect();
        assert_eq!((kinds.len(), kinds.last()), (17, Some(&MOST_ROWS)));
    }

    #[test]
    fn a_list_of_keys_is_filled_up_with_its_last() {
        let mut heard = Heard::default();
        query_in(&mut heard, "SELECT a FROM t WHERE x = $1 AND y IN", &["x".into()], &[1.into(), 2.into(), 3.into()])
            .unwrap();
        assert_eq!(heard.0, [("SELECT a FROM t WHERE x = $1 AND y IN ($2,$3,$4,$5)".to_owned(), 5)]);
    }

    #[test]
    fn no_rows_are_no_statement() {
        let mut heard = Heard::default();
        insert(&mut heard, "t", &[], "").unwrap();
        query_in(&mut heard, "", &[], &[]).unwrap();
        assert!(heard.0.is_empty());
    }
}
