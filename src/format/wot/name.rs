//! The shapes of names that a document uses: addresses, times, languages, versions.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Tags that predate the grammar and stay valid (RFC 5646, section 2.1).
const GRANDFATHERED: [&str; 26] = [
    "en-gb-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-be-fr",
    "sgn-be-nl",
    "sgn-ch-de",
    "art-lojban",
    "cel-gaulish",
    "no-bok",
    "no-nyn",
    "zh-guoyu",
    "zh-hakka",
    "zh-min",
    "zh-min-nan",
    "zh-xiang",
];

/// Returns whether `text` is an address with a scheme (RFC 3986, section 3).
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let mut letters = scheme.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic())
        && letters.all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
        && !rest.is_empty()
        && is_uri_reference(rest)
}

/// Returns whether `text` may be an address, with or without a scheme (RFC 3986, section 4.1).
pub(super) fn is_uri_reference(text: &str) -> bool {
    let bytes = text.as_bytes();
    text.matches('#').count() <= 1
        && bytes.iter().enumerate().all(|(at, byte)| match byte {
            b'%' => bytes.get(at + 1..at + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)),
            b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}' => false,
            byte => byte.is_ascii_graphic(),
        })
}

/// Returns whether `text` is a point in time with its offset (RFC 3339, section 5.6).
pub(super) fn is_date_time(text: &str) -> bool {
    OffsetDateTime::parse(text, &Rfc3339).is_ok()
}

/// Returns whether `text` is a language tag (RFC 5646, section 2.1).
pub(super) fn is_language(text: &str) -> bool {
    let tag = text.to_ascii_lowercase();
    if GRANDFATHERED.contains(&tag.as_str()) {
        return true;
    }
    let parts: Vec<&str> = tag.split('-').collect();
    let plain = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    parts.iter().all(|part| plain(part)) && (is_private(&parts) || is_tag(&parts))
}

fn is_private(parts: &[&str]) -> bool {
    parts.len() > 1 && parts[0] == "x"
}

fn letters(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn digits(part: &str) -> bool {
    part.bytes().all(|byte| byte.is_ascii_digit())
}

/// Language, extended languages, script, region, variants, extensions, private use, in this order.
fn is_tag(parts: &[&str]) -> bool {
    let Some((language, mut rest)) = parts.split_first() else { return false };
    if !letters(language) || language.len() < 2 {
        return false;
    }
    if language.len() <= 3 {
        rest = skip(rest, 3, |part| part.len() == 3 && letters(part));
    }
    rest = skip(rest, 1, |part| part.len() == 4 && letters(part));
    rest = skip(rest, 1, |part| (part.len() == 2 && letters(part)) || (part.len() == 3 && digits(part)));
    rest = skip(rest, usize::MAX, |part| part.len() >= 5 || (part.len() == 4 && digits(&part[..1])));
    while let Some((singleton, after)) = rest.split_first() {
        if *singleton == "x" {
            return !after.is_empty();
        }
        let left = skip(after, usize::MAX, |part| part.len() >= 2);
        if singleton.len() != 1 || left.len() == after.len() {
            return false;
        }
        rest = left;
    }
    true
}

fn skip<'a, 'p>(parts: &'a [&'p str], most: usize, fits: impl Fn(&str) -> bool) -> &'a [&'p str] {
    let count = parts.iter().take(most).take_while(|part| fits(part)).count();
    &parts[count..]
}

/// Returns whether `text` is a semantic version (Semantic Versioning 2.0.0, without checking for leading zeros of
/// what follows the three numbers).
pub(super) fn is_semantic_version(text: &str) -> bool {
    let core_end = text.find(['-', '+']).unwrap_or(text.len());
    let (core, rest) = text.split_at(core_end);
    let number = |part: &str| !part.is_empty() && digits(part) && (part == "0" || !part.starts_with('0'));
    let parts: Vec<&str> = core.split('.').collect();
    let identifier =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let (before, build) = match rest.split_once('+') {
        Some((before, build)) => (before, Some(build)),
        None => (rest, None),
    };
    parts.len() == 3
        && parts.into_iter().all(number)
        && before.strip_prefix('-').map_or(before.is_empty(), |label| label.split('.').all(identifier))
        && build.is_none_or(|build| build.split('.').all(identifier))
}

/// Writes `text` so that it can be one segment of a path (RFC 3986, section 3.3).
pub(super) fn segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_tag_is_one_of_rfc_5646() {
        for tag in [
            "de",
            "en-GB",
            "zh-Hant-TW",
            "sl-rozaj-biske",
            "de-CH-1901",
            "en-a-bbb-x-a",
            "x-home",
            "i-klingon",
            "es-419",
        ] {
            assert!(is_language(tag), "{tag}");
        }
        for tag in ["", "d", "de_DE", "de-", "en-a", "x", "english-language-of-this", "123", "de-DE-DE"] {
            assert!(!is_language(tag), "{tag}");
        }
    }

    #[test]
    fn a_version_is_semantic_or_it_is_not() {
        for text in ["0.0.0", "1.2.3", "1.0.0-rc.1", "1.0.0-a-b+c.d", "10.20.30+build"] {
            assert!(is_semantic_version(text), "{text}");
        }
        for text in ["1", "1.0", "01.0.0", "1.0.0-", "1.0.0+", "1.0.x", "v1.0.0", "1.0.0.0", "", "1.0.0-a..b"] {
            assert!(!is_semantic_version(text), "{text}");
        }
    }

    #[test]
    fn an_address_has_a_scheme_and_no_spaces() {
        for text in ["urn:a", "https://a.example/b?c#d", "a+b-c.d:x"] {
            assert!(is_uri(text), "{text}");
        }
        for text in ["", "a", ":a", "1a:b", "urn:", "urn:a b", "urn:%zz", "urn:a#b#c", "urn:{a}"] {
            assert!(!is_uri(text), "{text}");
        }
    }
}
