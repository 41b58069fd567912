//! Times as the ledger writes them: RFC 3339 in UTC with six digits of a second, so that text order is time order.

use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime, UtcOffset};

use super::LedgerError;

const FORMAT: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// Writes a time; what is finer than a microsecond is cut off.
pub(super) fn to_text(at: OffsetDateTime) -> String {
    at.to_offset(UtcOffset::UTC).format(&FORMAT).expect("every time of the common era has this form")
}

/// Reads what [`to_text`] wrote.
pub(super) fn from_text(text: &str) -> Result<OffsetDateTime, LedgerError> {
    PrimitiveDateTime::parse(text, &FORMAT)
        .map(PrimitiveDateTime::assume_utc)
        .map_err(|_| LedgerError::unreadable(format!("{text:?} is no time")))
}
