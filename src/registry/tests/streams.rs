//! Long lists come in piece by piece, and go on where they broke off.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{Error, Read};

use crate::fleet::enrolment::Filter;
use crate::registry::{AllowForm, ExchangeError, ExchangeForm, ImportTerms, Registry};

use super::world::{on_both_engines, policy};

/// Rows of the lists, and the one at which the first attempt breaks off.
const ROWS: u64 = 400;
const BROKEN: u64 = 300;
/// What may have been read and not told yet: the rows of one transaction, a row and a buffer.
const MOST_IN_HAND: u64 = (4 << 20) + (128 << 10);

/// A list that is made while it is read: no part of it is there before.
struct Stream<'a> {
    row: &'a dyn Fn(u64) -> String,
    next: u64,
    end: u64,
    line: Vec<u8>,
    read: &'a Cell<u64>,
}

impl Read for Stream<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.line.is_empty() && self.next < ROWS {
            if self.next == self.end {
                return Err(Error::other("the line went dead"));
            }
            self.line = (self.row)(self.next).into_bytes();
            self.next += 1;
        }
        let some = self.line.len().min(into.len());
        into[..some].copy_from_slice(&self.line[..some]);
        self.line.drain(..some);
        self.read.set(self.read.get() + some as u64);
        Ok(some)
    }
}

/// Reads a list whose rows are all equally long, up to `end`; returns how many rows were passed over or told of. No more of
/// it than fits into one transaction was ever in hand.
fn import(
    row: &dyn Fn(u64) -> String,
    (passed, end): (u64, u64),
    import: impl FnOnce(&mut Stream<'_>, &mut dyn FnMut()),
) -> u64 {
    let (read, length) = (Cell::new(0), row(0).len() as u64);
    assert!(length * ROWS > 3 * MOST_IN_HAND, "a list that would be in hand as a whole says nothing");
    let (mut told, mut most) = (passed, 0);
    let mut stream = Stream { row, next: 0, end, line: Vec::new(), read: &read };
    import(&mut stream, &mut || {
        most = most.max(read.get() - told * length);
        told += 1;
    });
    assert!(most <= MOST_IN_HAND, "{most} bytes were in hand");
    told
}

#[test]
fn a_list_of_devices_is_never_in_hand_as_a_whole_and_goes_on_where_it_broke() {
    let row = |number: u64| format!("{{\"id\":\"gw-{number:04}\"{:32768}}}\n", "");
    let terms = |after: Option<String>| ImportTerms {
        form: ExchangeForm::Lines,
        atomic: false,
        after,
        origin: "list".to_owned(),
        actor: "ann".to_owned(),
    };
    on_both_engines(|registry: &Registry| {
        let told = import(&row, (0, BROKEN), |stream, told| {
            let broken = registry.import(&terms(None), stream, &mut |_| told());
            assert!(matches!(broken, Err(ExchangeError::Stream(_))), "{broken:?}");
        });
        assert!(told > 0 && told <= BROKEN, "{told}");
        let all = Filter::parse("").unwrap();
        assert_eq!(registry.count(&all).unwrap(), i64::try_from(told).unwrap(), "what was told is there, and no more");
        let after = Some(format!("gw-{:04}", told - 1));
        import(&row, (told, ROWS), |stream, heard| {
            let tally = registry.import(&terms(after.clone()), stream, &mut |_| heard()).unwrap();
            assert_eq!((tally.passed, tally.made, tally.unchanged), (told, ROWS - told, 0));
        });
        let again = registry.import(&terms(None), &mut row(7).as_bytes(), &mut |_| ()).unwrap();
        assert_eq!((again.made, again.unchanged), (0, 1));
        assert_eq!(registry.count(&all).unwrap(), i64::try_from(ROWS).unwrap());
    });
}

#[test]
fn an_allow_list_is_never_in_hand_as_a_whole_and_may_be_repeated_after_it_broke() {
    let row = |number: u64| {
        let attributes: BTreeMap<_, _> = (0..32).map(|at| (format!("a{at:02}"), "x".repeat(1024))).collect();
        format!("{}\n", serde_json::json!({ "id": format!("gw-{number:04}"), "attributes": attributes }))
    };
    on_both_engines(|registry: &Registry| {
        registry.declare_groups("ann", &BTreeMap::from([("east".to_owned(), policy())])).unwrap();
        let told = import(&row, (0, BROKEN), |stream, told| {
            let broken = registry.import_allow_stream("ann", "east", AllowForm::Lines, stream, &mut |_, _| told());
            assert!(matches!(broken, Err(ExchangeError::Stream(_))), "{broken:?}");
        });
        assert_eq!(told, BROKEN, "the rows before it are taken");
        import(&row, (0, ROWS), |stream, told| {
            let sum =
                registry.import_allow_stream("ann", "east", AllowForm::Lines, stream, &mut |_, _| told()).unwrap();
            assert_eq!((sum.same, sum.added, sum.changed), (BROKEN, ROWS - BROKEN, 0));
        });
        assert_eq!(registry.allow_list("east", "gw-0398", 9).unwrap().len(), 1);
    });
}
