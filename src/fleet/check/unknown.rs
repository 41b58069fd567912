//! Names that nothing has.

use std::sync::Arc;

use super::super::file::Located;
use super::super::{Faults, nearest};

/// Notes a name that nothing has.
pub(super) fn unknown<'a>(
    what: &str,
    named: &Located<Arc<str>>,
    known: impl Iterator<Item = &'a Arc<str>> + Clone,
    faults: &mut Faults,
) {
    let message = format!("there is no {what} {:?}", named.value);
    match nearest::hint(&named.value, known.map(|name| &**name)) {
        Some(hint) => faults.add_with_hint(named.place.clone(), message, hint),
        None => faults.add(named.place.clone(), message),
    }
}
