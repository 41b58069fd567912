//! What may stand on a label, and the code's dark and light squares.

use qrcode::{Color, EcLevel, QrCode};

use crate::fleet::label::{LONGEST_CODE, LONGEST_LINE, MOST_LINES};

use super::Label;
use super::error::LabelError;

/// Squares that stay light around the code (ISO/IEC 18004, section 6.3.8).
pub(super) const QUIET: u32 = 4;

/// A code's squares.
pub(super) struct Squares {
    /// Squares of a side, without the quiet zone.
    pub(super) side: u32,
    dark: Vec<bool>,
}

impl Squares {
    pub(super) fn is_dark(&self, x: u32, y: u32) -> bool {
        let at = usize::try_from(y * self.side + x).expect("a code has 177 squares a side at most");
        self.dark[at]
    }
}

/// Checks the label and makes its code.
pub(super) fn squares(label: &Label) -> Result<Squares, LabelError> {
    check(label)?;
    let most = LONGEST_CODE;
    let too_much = |_| LabelError::TooMuch { what: "bytes in its code", found: label.code.len(), most };
    let code = QrCode::with_error_correction_level(&label.code, EcLevel::M).map_err(too_much)?;
    let side = u32::try_from(code.width()).expect("177 at most");
    Ok(Squares { side, dark: code.to_colors().into_iter().map(|color| color == Color::Dark).collect() })
}

fn check(label: &Label) -> Result<(), LabelError> {
    if label.code.is_empty() {
        return Err(LabelError::Empty);
    }
    bounded("bytes in its code", label.code.len(), LONGEST_CODE)?;
    bounded("lines", label.lines.len(), MOST_LINES)?;
    if let Some(found) = label.code.chars().find(|c| !matches!(c, ' '..='~')) {
        return Err(LabelError::Character { place: "code".into(), found });
    }
    for (number, line) in label.lines.iter().enumerate() {
        bounded("characters in a line", line.chars().count(), LONGEST_LINE)?;
        if let Some(found) = line.chars().find(|c| disguises(*c)) {
            return Err(LabelError::Character { place: format!("line {}", number + 1), found });
        }
    }
    Ok(())
}

fn bounded(what: &'static str, found: usize, most: usize) -> Result<(), LabelError> {
    if found > most { Err(LabelError::TooMuch { what, found, most }) } else { Ok(()) }
}

/// Control characters, those that change the direction or are not seen, and those that XML forbids.
fn disguises(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}'..='\u{ffff}')
}
