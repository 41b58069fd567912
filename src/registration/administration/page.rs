//! Pages: how much is asked, after what, and where the next one begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::{Value, json};

use super::super::exchange::Asked;
use super::super::request::{Refused, malformed};

/// Most rows of one page, and how many come unasked.
const LARGEST: u32 = 1_000;
const USUAL: u32 = 100;
/// Longest cursor, in characters.
const LONGEST_CURSOR: usize = 512;

/// Which page is asked for.
pub(super) struct Asking {
    /// The key of the last row of the page before; "" for the first page.
    pub(super) after: String,
    pub(super) limit: u32,
}

impl Asking {
    /// Reads `after` and `limit`.
    pub(super) fn read(asked: &Asked) -> Result<Self, Refused> {
        let after = match query(asked, "after").filter(|cursor| !cursor.is_empty()) {
            None => String::new(),
            Some(cursor) => key_of(&cursor).ok_or_else(|| malformed("\"after\" is no \"next\" of a page"))?,
        };
        Ok(Self { after, limit: limit(asked)? })
    }

    /// Returns how many rows to look for: one more than is shown tells whether there are more.
    pub(super) fn rows(&self) -> u32 {
        self.limit + 1
    }

    /// Returns the page of rows that came, whose keys `key` tells.
    pub(super) fn page<T: Serialize>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> &str) -> Value {
        let limit = self.limit as usize;
        let is_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| is_more).map(|row| cursor_of(key(row)));
        json!({ "items": rows, "next": next })
    }
}

/// Reads `limit`.
pub(super) fn limit(asked: &Asked) -> Result<u32, Refused> {
    number(asked, "limit", USUAL, 1, LARGEST)
}

/// Reads a number of the query.
pub(super) fn number(asked: &Asked, name: &str, usual: u32, least: u32, most: u32) -> Result<u32, Refused> {
    let Some(text) = query(asked, name) else { return Ok(usual) };
    let is_plain = (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_plain && (least..=most).contains(number));
    number.ok_or_else(|| malformed(format!("{name:?} is a number from {least} to {most}")))
}

/// Reads `true` or `false` of the query; false where it says nothing.
pub(super) fn flag(asked: &Asked, name: &str) -> Result<bool, Refused> {
    match query(asked, name).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(malformed(format!("{name:?} is true or false"))),
    }
}

/// Returns a value of the query.
pub(super) fn query(asked: &Asked, name: &str) -> Option<String> {
    asked.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

/// Refuses a query that says twice what is asked once, or what is not known.
pub(super) fn check_query(asked: &Asked, names: &[&str]) -> Result<(), Refused> {
    for (at, (name, _)) in asked.query.iter().enumerate() {
        if !names.contains(&name.as_str()) {
            let shown: String = name.chars().filter(|letter| !letter.is_control()).take(40).collect();
            return Err(malformed(format!("{shown:?} is no part of this query")));
        }
        if asked.query[..at].iter().any(|(before, _)| before == name) {
            return Err(malformed(format!("{name:?} is there twice")));
        }
    }
    Ok(())
}

/// A cursor says nothing to who gets it: what it is made of may change.
pub(super) fn cursor_of(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("1{key}"))
}

fn key_of(cursor: &str) -> Option<String> {
    if cursor.len() > LONGEST_CURSOR {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))?;
    text.strip_prefix('1').map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_and_anything_else_is_refused() {
        assert_eq!(key_of(&cursor_of("gw-1")).as_deref(), Some("gw-1"));
        for wrong in ["gw-1", "MA", "%", "MQ==", &"A".repeat(600), &URL_SAFE_NO_PAD.encode("1a\0")] {
            assert_eq!(key_of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_page_says_where_the_next_begins_only_if_there_is_one() {
        let asking = Asking { after: String::new(), limit: 2 };
        let rows = |count: usize| vec!["a", "b", "c"].into_iter().take(count).collect::<Vec<_>>();
        let page = asking.page(rows(3), |row| row);
        assert_eq!((&page["items"], &page["next"]), (&json!(["a", "b"]), &json!(cursor_of("b"))));
        assert_eq!(asking.page(rows(2), |row| row)["next"], Value::Null);
    }
}
