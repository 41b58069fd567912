//! Ranges of versions: of models, and of what devices call their firmware.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::version::{ModelVersion, VersionError, as_text, shown};

/// Most characters of a range.
const LONGEST_RANGE: usize = 256;
/// Most characters of a firmware string that is compared by its numbers.
const LONGEST_FIRMWARE: usize = 128;

/// A range of versions: `>=1.4 <2`, `1.x`, `*`; comma or space is "and", `||` is "or".
///
/// Firmware strings of real devices are read leniently: `1.4`, `v1.4.2`, `1.4.2-rc1`, `2024.11.1`. Missing numbers are 0; a
/// pre-release comes before its release (and is in `<1.4.2`, not in `>=1.4.2`); build parts after `+` do not count. A text
/// that is no version at all is in `*` only, or in a range that is exactly this text (`=` before it, or nothing).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct VersionRange {
    written: String,
    any_of: Vec<Vec<Bound>>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Bound {
    Any,
    /// Numbers that must be the first ones.
    Prefix(Vec<u64>),
    Compare(Operator, Firmware),
    /// A text that is no version.
    Text(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Operator {
    Less,
    AtMost,
    Equal,
    NotEqual,
    AtLeast,
    More,
}

/// A version as devices write it: some numbers and perhaps a pre-release.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Firmware {
    /// Without zeros at the end, so that 1.4 is 1.4.0.
    numbers: Vec<u64>,
    pre_release: Option<String>,
}

impl VersionRange {
    /// Returns the range as it is written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Returns true if the version that a device reports is in the range.
    pub fn matches(&self, version: &str) -> bool {
        let version = version.trim();
        let firmware = Firmware::read(version);
        self.any_of.iter().any(|all| all.iter().all(|bound| bound.holds(version, firmware.as_ref())))
    }

    /// Returns true if a model's version is in the range.
    pub fn holds(&self, version: ModelVersion) -> bool {
        self.matches(&version.to_string())
    }
}

impl FromStr for VersionRange {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || VersionError::Range(shown(text));
        // Other white space than a space would be lost at the ends.
        let strange = |c: char| c.is_control() || (c.is_whitespace() && c != ' ');
        if text.len() > LONGEST_RANGE || text.chars().any(strange) {
            return Err(wrong());
        }
        let any_of: Option<Vec<Vec<Bound>>> = text.split("||").map(bounds).collect();
        Ok(Self { written: text.trim().to_owned(), any_of: any_of.ok_or_else(wrong)? })
    }
}

/// The bounds of one alternative; an operator may stand apart from its version.
fn bounds(text: &str) -> Option<Vec<Bound>> {
    let mut bounds = Vec::new();
    let mut waiting = None;
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        let (operator, rest) = operator(word);
        let operator = match (operator, waiting.take()) {
            (Some(_), Some(_)) => return None,
            (Some(operator), None) | (None, Some(operator)) => Some(operator),
            (None, None) => None,
        };
        if rest.is_empty() {
            waiting = operator;
        } else {
            bounds.push(bound(operator, rest)?);
        }
    }
    (waiting.is_none() && !bounds.is_empty()).then_some(bounds)
}

fn operator(word: &str) -> (Option<Operator>, &str) {
    let known = [
        (">=", Operator::AtLeast),
        ("<=", Operator::AtMost),
        ("!=", Operator::NotEqual),
        ("==", Operator::Equal),
        (">", Operator::More),
        ("<", Operator::Less),
        ("=", Operator::Equal),
    ];
    known.iter().find_map(|(sign, operator)| Some((Some(*operator), word.strip_prefix(sign)?))).unwrap_or((None, word))
}

fn bound(operator: Option<Operator>, text: &str) -> Option<Bound> {
    if text.contains(['<', '>', '=', '!', '|', '^', '~']) {
        return None;
    }
    if matches!(text, "*" | "x" | "X") {
        return operator.is_none().then_some(Bound::Any);
    }
    match joker(text) {
        Joker::After(numbers) => return operator.is_none().then_some(Bound::Prefix(numbers)),
        Joker::Wrong => return None,
        Joker::None => {}
    }
    match (operator, Firmware::read(text)) {
        (operator, Some(firmware)) => Some(Bound::Compare(operator.unwrap_or(Operator::Equal), firmware)),
        (None | Some(Operator::Equal), None) => Some(Bound::Text(text.to_owned())),
        _ => None,
    }
}

/// What a text with jokers is.
enum Joker {
    /// It has none.
    None,
    /// `1.x`, `1.4.*`, `1.x.x`: these numbers, then anything.
    After(Vec<u64>),
    /// A `*` where it says nothing.
    Wrong,
}

fn joker(text: &str) -> Joker {
    let parts: Vec<&str> = text.strip_prefix(['v', 'V']).unwrap_or(text).split('.').collect();
    let is_joker = |part: &str| matches!(part, "x" | "X" | "*");
    let first = parts.iter().position(|part| is_joker(part)).unwrap_or(parts.len());
    let numbers: Option<Vec<u64>> = parts[..first].iter().map(|part| digits(part)).collect();
    match numbers {
        Some(numbers) if (1..parts.len()).contains(&first) && parts[first..].iter().all(|part| is_joker(part)) => {
            Joker::After(numbers)
        }
        _ if text.contains('*') => Joker::Wrong,
        _ => Joker::None,
    }
}

impl Bound {
    fn holds(&self, text: &str, firmware: Option<&Firmware>) -> bool {
        match (self, firmware) {
            (Bound::Any, _) => true,
            (Bound::Text(wanted), _) => wanted == text,
            (Bound::Prefix(wanted), Some(firmware)) => {
                wanted.iter().enumerate().all(|(index, number)| firmware.number(index) == *number)
            }
            (Bound::Compare(operator, wanted), Some(firmware)) => operator.holds(firmware.compare(wanted)),
            (Bound::Prefix(_) | Bound::Compare(..), None) => false,
        }
    }
}

impl Operator {
    fn holds(self, order: Ordering) -> bool {
        match self {
            Operator::Less => order.is_lt(),
            Operator::AtMost => order.is_le(),
            Operator::Equal => order.is_eq(),
            Operator::NotEqual => order.is_ne(),
            Operator::AtLeast => order.is_ge(),
            Operator::More => order.is_gt(),
        }
    }
}

impl Firmware {
    /// Reads a version; none if it is not numbers with points, a pre-release behind them.
    fn read(text: &str) -> Option<Self> {
        if text.len() > LONGEST_FIRMWARE {
            return None;
        }
        let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
        let text = text.split_once('+').map_or(text, |(before, _)| before);
        let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, rest) = text.split_at(end);
        let mut numbers: Vec<u64> = numbers.split('.').map(digits).collect::<Option<_>>()?;
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        let pre_release = match rest.strip_prefix(['-', '~', '_']).unwrap_or(rest) {
            "" if rest.is_empty() => None,
            "" => return None,
            pre_release => Some(pre_release.to_ascii_lowercase()),
        };
        Some(Self { numbers, pre_release })
    }

    fn number(&self, index: usize) -> u64 {
        self.numbers.get(index).copied().unwrap_or(0)
    }

    fn compare(&self, other: &Self) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (&self.pre_release, &other.pre_release) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(own), Some(other)) => compare_words(own, other),
        })
    }
}

/// Compares pre-releases part by part, runs of digits as numbers, so that rc10 comes after rc9.
fn compare_words(own: &str, other: &str) -> Ordering {
    let (mut own, mut other) = (runs(own).into_iter(), runs(other).into_iter());
    loop {
        let order = match (own.next(), other.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(own), Some(other)) => match (digits(own), digits(other)) {
                (Some(own), Some(other)) => own.cmp(&other),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => own.cmp(other),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Splits into runs of digits and of anything else; points separate.
fn runs(text: &str) -> Vec<&str> {
    text.split('.')
        .flat_map(|part| {
            let mut runs = Vec::new();
            let mut rest = part;
            while let Some(first) = rest.chars().next() {
                let digit = first.is_ascii_digit();
                let end = rest.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(rest.len());
                let (run, after) = rest.split_at(end);
                runs.push(run);
                rest = after;
            }
            runs
        })
        .collect()
}

fn digits(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

as_text!(VersionRange);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_holds_what_its_words_say() {
        for (range, inside, outside) in [
            ("*", &["1.0", "garbage", ""][..], &[][..]),
            (">=1.4 <2", &["1.4", "1.4.0", "v1.4.2", "1.99", "1.5-rc1"], &["1.3.9", "2", "2.0.0", "1.4-rc1", "R1"]),
            (">=1.4,<2", &["1.4"], &["2"]),
            (">= 1.4 < 2", &["1.4"], &["2"]),
            ("1.x", &["1", "1.0.7", "v1.9"], &["2", "0.9", "11"]),
            ("1.4.*", &["1.4", "1.4.9"], &["1.5", "1.40"]),
            ("0.x", &["0.1", "0"], &["1"]),
            ("1.4", &["1.4", "1.4.0", "v1.4", "1.4+build7"], &["1.4.1", "1.4-rc1"]),
            ("=1.4.2-rc1", &["1.4.2-rc1", "1.4.2rc1", "1.4.2-RC1"], &["1.4.2"]),
            (">1.4.2-rc9 <=1.4.2", &["1.4.2-rc10", "1.4.2"], &["1.4.2-rc9", "1.4.2-beta", "1.4.3"]),
            ("!=1.4", &["1.5"], &["1.4.0", "unknown"]),
            ("<1.0 || >=2024.11", &["0.9", "2024.11.1", "2025.1"], &["1.0", "2024.10.30"]),
            ("R7B2", &["R7B2", " R7B2 "], &["r7b2", "R7B3", "7"]),
        ] {
            let parsed: VersionRange = range.parse().expect(range);
            for version in inside {
                assert!(parsed.matches(version), "{version:?} in {range:?}");
            }
            for version in outside {
                assert!(!parsed.matches(version), "{version:?} in {range:?}");
            }
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for range in [
            "", " ", "||", "1 ||", ">=", ">= <2", ">>1", "^1.2", "~1.2", ">=x", ">=1.x", "a*", ">R7", "1\n2",
            "\u{2000}",
        ] {
            assert!(range.parse::<VersionRange>().is_err(), "{range:?}");
        }
        assert!("1,".repeat(200).parse::<VersionRange>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn a_version_is_in_exactly_one_of_below_equal_and_above(
            a in "[0-9]{1,3}(\\.[0-9]{1,3}){0,3}(-[a-z]{1,3}[0-9]{0,2})?",
            b in "v?[0-9]{1,3}(\\.[0-9]{1,3}){0,3}(-[a-z]{1,3}[0-9]{0,2})?",
        ) {
            let hits = ["<", "=", ">"].iter().filter(|sign| {
                format!("{sign}{a}").parse::<VersionRange>().expect("a range").matches(&b)
            });
            proptest::prop_assert_eq!(hits.count(), 1);
        }

        #[test]
        fn no_text_panics(range in "\\PC{0,40}", version in "\\PC{0,40}") {
            if let Ok(range) = range.parse::<VersionRange>() {
                let _ = range.matches(&version);
                proptest::prop_assert_eq!(range.to_string().parse::<VersionRange>().expect("printed as read"), range);
            }
        }
    }
}
