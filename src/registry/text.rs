//! Texts that both engines keep as they are.

use super::RegistryError;

/// Longest text of one column that an operator or a list brings, in bytes.
const LONGEST: usize = 1024;

/// Returns the text if it can be stored: bounded, without NUL and other control characters but line breaks and tabs.
pub(super) fn storable(what: &'static str, text: &str) -> Result<String, RegistryError> {
    let is_odd = |letter: char| letter.is_control() && !matches!(letter, '\n' | '\t');
    let reason = if text.len() > LONGEST {
        format!("it is {} bytes long, at most {LONGEST} are kept", text.len())
    } else if text.contains(is_odd) {
        "it holds control characters".to_owned()
    } else {
        return Ok(text.to_owned());
    };
    let name = text.chars().take(40).filter(|letter| !letter.is_control()).collect();
    Err(RegistryError::Refused { what, name, reason })
}
