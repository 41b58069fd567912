//! What a definition says about the values of a resource: a text for people, read where it is clear.

use serde_json::Number;

use super::resource_type::ResourceType;

/// The values that a resource takes.
#[derive(Clone, PartialEq, Debug)]
pub struct Range {
    /// The text as it stands in the file, without space around it.
    pub text: String,
    /// What it says.
    pub shape: Shape,
}

/// What the text of a range says.
#[derive(Clone, PartialEq, Debug)]
pub enum Shape {
    /// Nothing: every value.
    Any,
    /// Numbers from the first to the second.
    Between(Number, Number),
    /// A length from the first to the second: bytes.
    Length(u64, u64),
    /// One of these numbers; true in front if names stood beside them.
    Numbers(bool, Vec<Number>),
    /// One of these words.
    Words(Vec<String>),
    /// Something only a person understands.
    Unclear,
}

impl Range {
    /// No limits.
    pub fn any() -> Range {
        Range { text: String::new(), shape: Shape::Any }
    }

    /// Reads `text` as the range of a resource of type `kind`.
    pub fn parse(text: &str, kind: Option<ResourceType>) -> Range {
        let text = text.trim();
        let shape = match kind {
            _ if text.is_empty() => Shape::Any,
            Some(kind) if kind.is_number() => numbers(text),
            Some(ResourceType::String) => length(text).or_else(|| words(text)).unwrap_or(Shape::Unclear),
            Some(ResourceType::Opaque) => length(text).unwrap_or(Shape::Unclear),
            // A boolean is 0 or 1 in any case.
            Some(ResourceType::Boolean) if ["0..1", "0,1", "0-1"].contains(&text) => Shape::Any,
            _ => Shape::Unclear,
        };
        Range { text: text.to_owned(), shape }
    }
}

/// Reads a number so that 64 bits keep all of them.
fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    let plain = text.strip_prefix(['-', '+']).unwrap_or(text);
    if !plain.starts_with(|letter: char| letter.is_ascii_digit()) || plain.contains(['e', 'E', 'x']) {
        return None;
    }
    let whole = text.parse::<u64>().map(Number::from).or_else(|_| text.parse::<i64>().map(Number::from));
    // Longer than 64 bits would be rounded.
    let float = || text.contains('.').then(|| text.parse().ok().and_then(Number::from_f64)).flatten();
    whole.ok().or_else(float)
}

/// Splits `0..100`, `0...100`, `[0:100]` and `0-100` into its ends.
fn ends(text: &str) -> Option<(&str, &str)> {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.split_once(':');
    }
    if let Some((low, high)) = text.split_once("..") {
        return Some((low, high.strip_prefix('.').unwrap_or(high)));
    }
    // A minus in front is a sign.
    let (low, high) = text.split_once('-')?;
    (!low.is_empty() && !high.contains('-')).then_some((low, high))
}

fn numbers(text: &str) -> Shape {
    if let Some((low, high)) = ends(text) {
        return match (number(low), number(high)) {
            (Some(low), Some(high)) if not_above(&low, &high) => Shape::Between(low, high),
            _ => labelled(text).unwrap_or(Shape::Unclear),
        };
    }
    let listed: Option<Vec<Number>> = text.split([',', ';']).map(number).collect();
    match listed {
        Some(list) if list.len() > 1 => Shape::Numbers(false, list),
        _ => labelled(text).unwrap_or(Shape::Unclear),
    }
}

fn not_above(low: &Number, high: &Number) -> bool {
    match (low.as_i128(), high.as_i128()) {
        (Some(low), Some(high)) => low <= high,
        _ => low.as_f64() <= high.as_f64(),
    }
}

/// Reads lines such as `0: off`.
fn labelled(text: &str) -> Option<Shape> {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let listed = lines.iter().map(|line| number(line.split_once(':')?.0)).collect::<Option<Vec<_>>>()?;
    (listed.len() > 1).then_some(Shape::Numbers(true, listed))
}

/// Reads `0..255`, `0..255 bytes`.
fn length(text: &str) -> Option<Shape> {
    let lower = text.to_ascii_lowercase();
    let bare = lower.strip_suffix("bytes").or_else(|| lower.strip_suffix("byte")).unwrap_or(&lower).trim();
    let (low, high) = ends(bare)?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some(Shape::Length(low, high))
}

/// Reads `ON;OFF`.
fn words(text: &str) -> Option<Shape> {
    let list: Vec<&str> = text.split([',', ';']).map(str::trim).collect();
    let word = |text: &&str| !text.is_empty() && text.chars().all(|each| each.is_ascii_alphanumeric() || each == '_');
    // Numbers in a list may be lengths or values.
    let clear = list.len() > 1 && list.iter().all(word) && !list.iter().all(|each| number(each).is_some());
    clear.then(|| Shape::Words(list.into_iter().map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str, kind: ResourceType) -> Shape {
        Range::parse(text, Some(kind)).shape
    }

    fn between(low: &str, high: &str) -> Shape {
        Shape::Between(number(low).unwrap(), number(high).unwrap())
    }

    #[test]
    fn ranges_of_numbers_are_read_in_every_clear_writing() {
        for text in ["0..100", " 0..100 ", "0...100", "0-100", "[0:100]", "0 .. 100"] {
            assert_eq!(shape(text, ResourceType::Integer), between("0", "100"), "{text}");
        }
        assert_eq!(shape("-10..-2", ResourceType::Float), between("-10", "-2"));
        assert_eq!(shape("0.000001..1.0", ResourceType::Float), between("0.000001", "1.0"));
        assert_eq!(
            shape("0..18446744073709551615", ResourceType::UnsignedInteger),
            between("0", "18446744073709551615")
        );
    }

    #[test]
    fn lists_are_read_with_and_without_names() {
        let list =
            |labels, texts: &[&str]| Shape::Numbers(labels, texts.iter().map(|text| number(text).unwrap()).collect());
        assert_eq!(shape("1,2, 3", ResourceType::Integer), list(false, &["1", "2", "3"]));
        assert_eq!(shape("0: off\r\n\t 1: on\n", ResourceType::Integer), list(true, &["0", "1"]));
        assert_eq!(shape("ON;OFF", ResourceType::String), Shape::Words(vec!["ON".into(), "OFF".into()]));
    }

    #[test]
    fn lengths_belong_to_texts_and_bytes() {
        assert_eq!(shape("0..255", ResourceType::String), Shape::Length(0, 255));
        assert_eq!(shape("1..64 Bytes", ResourceType::Opaque), Shape::Length(1, 64));
        assert_eq!(shape("0-255 bytes", ResourceType::Opaque), Shape::Length(0, 255));
    }

    #[test]
    fn what_is_not_clear_is_left_to_a_person() {
        for text in [
            "8-Bits",
            "0..3, 99",
            "255",
            "-30..-120",
            "see above",
            "0; 3.8..20.5",
            "2 Instances",
            "1e3..1e4",
            "..",
            "-",
            "1-2-3",
            "0..99999999999999999999",
        ] {
            assert_eq!(shape(text, ResourceType::Integer), Shape::Unclear, "{text}");
        }
        for text in ["16,32,48", "64", "0 or 26 Bytes", "16-32-48 bytes", "9..1"] {
            assert_eq!(shape(text, ResourceType::Opaque), Shape::Unclear, "{text}");
        }
    }
}
