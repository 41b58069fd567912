//! How text is quoted for the syntax of the file it stands in.

use crate::fleet::template::Syntax;

/// A character that the file's syntax has no way to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("holds {found:?}, which {} file cannot hold", article(*.syntax))]
pub(super) struct Unquotable {
    /// The character.
    pub(super) found: char,
    /// The file's syntax.
    pub(super) syntax: Syntax,
}

fn article(syntax: Syntax) -> &'static str {
    match syntax {
        Syntax::Yaml => "a YAML",
        Syntax::Json => "a JSON",
        Syntax::Toml | Syntax::TomlLine => "a TOML",
        Syntax::Shell => "a shell",
        Syntax::Text => "a text",
    }
}

/// Writes `text` as one scalar of `syntax`, piece by piece, so that a secret needs no buffer of ours.
pub(super) fn scalar(syntax: Syntax, text: &str, push: &mut dyn FnMut(&str)) -> Result<(), Unquotable> {
    match syntax {
        Syntax::Yaml | Syntax::Json => json(text, push),
        Syntax::Toml => toml(text, push),
        Syntax::TomlLine => return toml_line(text, push),
        Syntax::Shell => return shell(text, push),
        Syntax::Text => return plain(text, push),
    }
    Ok(())
}

/// Returns the most bytes that `bytes` of text become when quoted for any syntax.
pub(super) fn longest_scalar(bytes: usize) -> usize {
    bytes.saturating_mul(6).saturating_add(2)
}

/// Writes a finite number with fraction so that JSON, TOML and YAML 1.1 (which wants a point and a signed exponent) all
/// read the same number; `None` for infinities and NaN, which JSON has not.
pub(super) fn float(number: f64) -> Option<String> {
    if !number.is_finite() {
        return None;
    }
    let text = format!("{number:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return Some(text) };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with('-') { "" } else { "+" };
    Some(format!("{mantissa}{point}e{sign}{exponent}"))
}

/// A JSON string that YAML 1.1 and 1.2 readers take for the same text: what YAML holds for a line break or not printable
/// (C1 controls, U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF) is escaped, everything beyond the first plane is not, for YAML
/// does not join surrogates.
fn json(text: &str, push: &mut dyn FnMut(&str)) {
    push("\"");
    for c in text.chars() {
        match c {
            '"' => push("\\\""),
            '\\' => push("\\\\"),
            '\n' => push("\\n"),
            '\r' => push("\\r"),
            '\t' => push("\\t"),
            '\u{0}'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{2028}'
            | '\u{2029}'
            | '\u{feff}'
            | '\u{fffe}'
            | '\u{ffff}' => {
                unicode(c, push);
            }
            _ => push(c.encode_utf8(&mut [0; 4])),
        }
    }
    push("\"");
}

/// A basic string (TOML 1.0, section String).
fn toml(text: &str, push: &mut dyn FnMut(&str)) {
    push("\"");
    for c in text.chars() {
        match c {
            '"' => push("\\\""),
            '\\' => push("\\\\"),
            '\n' => push("\\n"),
            '\r' => push("\\r"),
            '\t' => push("\\t"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' => unicode(c, push),
            _ => push(c.encode_utf8(&mut [0; 4])),
        }
    }
    push("\"");
}

/// A basic string whose only escapes are those of quote and backslash.
fn toml_line(text: &str, push: &mut dyn FnMut(&str)) -> Result<(), Unquotable> {
    if let Some(found) = text.chars().find(|c| c.is_control()) {
        return Err(Unquotable { found, syntax: Syntax::TomlLine });
    }
    toml(text, push);
    Ok(())
}

/// A single-quoted word (POSIX shell, section 2.2.2): nothing in it means anything, the quote itself excepted.
fn shell(text: &str, push: &mut dyn FnMut(&str)) -> Result<(), Unquotable> {
    push("'");
    for c in text.chars() {
        match c {
            '\0' => return Err(Unquotable { found: c, syntax: Syntax::Shell }),
            '\'' => push("'\\''"),
            _ => push(c.encode_utf8(&mut [0; 4])),
        }
    }
    push("'");
    Ok(())
}

/// Text as it is; a line break or control character could end the line it stands in, so none is let through.
fn plain(text: &str, push: &mut dyn FnMut(&str)) -> Result<(), Unquotable> {
    for c in text.chars() {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            return Err(Unquotable { found: c, syntax: Syntax::Text });
        }
        push(c.encode_utf8(&mut [0; 4]));
    }
    Ok(())
}

fn unicode(c: char, push: &mut dyn FnMut(&str)) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let code = u32::from(c);
    push("\\u");
    for shift in [12, 8, 4, 0] {
        let digit = DIGITS[(code >> shift & 0xf) as usize];
        push(char::from(digit).encode_utf8(&mut [0; 4]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(syntax: Syntax, text: &str) -> Result<String, Unquotable> {
        let mut out = String::new();
        scalar(syntax, text, &mut |piece| out.push_str(piece))?;
        Ok(out)
    }

    #[test]
    fn every_character_survives_json_yaml_and_toml() {
        for code in (0..=0xffff).chain([0x1f600, 0x10_ffff, 0x1_fffe]) {
            let Some(c) = char::from_u32(code) else { continue };
            let text = format!("a{c}b");
            let json = quoted(Syntax::Json, &text).unwrap();
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text, "json {code:x}");
            let yaml = quoted(Syntax::Yaml, &text).unwrap();
            assert_eq!(serde_yaml::from_str::<String>(&yaml).unwrap(), text, "yaml {code:x}");
            let toml = format!("k = {}", quoted(Syntax::Toml, &text).unwrap());
            let table: toml::Table = toml::from_str(&toml).unwrap();
            assert_eq!(table["k"].as_str(), Some(&*text), "toml {code:x}");
        }
    }

    #[test]
    fn toml_for_a_poor_reader_has_no_other_escape() {
        assert_eq!(quoted(Syntax::TomlLine, "a\\\"b\u{e4}").unwrap(), "\"a\\\\\\\"b\u{e4}\"");
        for text in ["a\tb", "a\nb", "\u{7f}", "\u{85}"] {
            assert!(quoted(Syntax::TomlLine, text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn text_and_shell_refuse_what_they_cannot_hold() {
        for text in ["a\nb", "a\rb", "\u{1b}[0m", "\u{85}", "\u{2028}"] {
            assert!(quoted(Syntax::Text, text).is_err(), "{text:?}");
        }
        assert_eq!(
            quoted(Syntax::Shell, "a\0").unwrap_err().to_string(),
            "holds '\\0', which a shell file cannot hold"
        );
        assert_eq!(quoted(Syntax::Shell, "it's $(x) `y` \n").unwrap(), "'it'\\''s $(x) `y` \n'");
    }

    #[test]
    fn floats_are_read_as_numbers_by_yaml_1_1_too() {
        assert_eq!(float(1e100).unwrap(), "1.0e+100");
        assert_eq!(float(1.5e-9).unwrap(), "1.5e-9");
        assert_eq!(float(2.0).unwrap(), "2.0");
        assert_eq!(float(f64::NAN), None);
    }

    #[test]
    fn no_text_grows_beyond_the_bound() {
        for text in ["\u{0}\u{1}", "'''", "\"\"", "\u{7f}", ""] {
            for syntax in [Syntax::Json, Syntax::Toml, Syntax::TomlLine, Syntax::Yaml, Syntax::Shell] {
                if let Ok(quoted) = quoted(syntax, text) {
                    assert!(quoted.len() <= longest_scalar(text.len()));
                }
            }
        }
    }
}
