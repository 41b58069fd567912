//! ZPL II: the code at the left, the lines to its right.
//!
//! Everything that comes from outside is written by `^FH`: each byte that is no letter, digit or harmless mark as `_` and two hex
//! digits, so no text can end its field or be a command.

use std::fmt::Write as _;

use crate::fleet::label::{LabelStock, Resolution};

use super::Label;
use super::check::{QUIET, squares};
use super::error::LabelError;

/// The largest magnification of `^BQ`.
const LARGEST_MAGNIFICATION: u32 = 10;
/// Printers set the code this many dots lower than `^FO` says.
const DROP: u32 = 10;
/// Height of letters in hundredths of a millimetre: as small as is read at arm's length, and as large as is useful.
const LEAST_LETTERS: u32 = 130;
const MOST_LETTERS: u32 = 400;

/// Writes the label for a printer with that stock. The code takes at most two thirds of the width.
///
/// # Errors
/// [`LabelError`] if the label breaks one of its bounds; [`LabelError::Stock`] if code or lines cannot be read at that size.
pub fn zpl(label: &Label, stock: &LabelStock) -> Result<String, LabelError> {
    let side = squares(label)?.side + 2 * QUIET;
    let resolution = stock.resolution;
    let (width, height) = (resolution.dots(stock.width), resolution.dots(stock.height));
    let magnification = magnification(side, width, height, resolution)?;
    let quiet = QUIET * magnification;
    let mut zpl = format!("^XA\n^CI28\n^PW{width}\n^LL{height}\n^LH0,0\n");
    let code = escaped(&label.code);
    write(&mut zpl, format_args!("^FO{quiet},{quiet}^BQN,2,{magnification}^FH_^FDMA,{code}^FS\n"));
    let left = side * magnification;
    let letters = letters(label, width - left, height - 2 * quiet, resolution)?;
    for (number, line) in (0..).zip(&label.lines) {
        let top = quiet + number * pitch(letters);
        write(&mut zpl, format_args!("^FO{left},{top}^A0N,{letters},{letters}^FH_^FD{}^FS\n", escaped(line)));
    }
    zpl.push_str("^XZ\n");
    Ok(zpl)
}

fn write(zpl: &mut String, words: std::fmt::Arguments<'_>) {
    zpl.write_fmt(words).expect("a text takes everything");
}

/// Dots of a square: as many as fit, never less than a quarter of a millimetre.
fn magnification(side: u32, width: u32, height: u32, resolution: Resolution) -> Result<u32, LabelError> {
    let least = match resolution {
        Resolution::Dpi203 => 2,
        Resolution::Dpi300 => 3,
    };
    let room = width * 2 / 3;
    let fits = (room / side).min(height.saturating_sub(DROP) / side).min(LARGEST_MAGNIFICATION);
    if fits >= least {
        return Ok(fits);
    }
    if room < side * least {
        return Err(LabelError::Stock { side: "width", need: (side * least * 3).div_ceil(2), have: width });
    }
    Err(LabelError::Stock { side: "height", need: side * least + DROP, have: height })
}

/// Height of the letters: a letter of the font 0 is about six tenths as wide.
fn letters(label: &Label, width: u32, height: u32, resolution: Resolution) -> Result<u32, LabelError> {
    let of = |hundredths: u32| hundredths * resolution.dpi() / 2540;
    let (least, most) = (of(LEAST_LETTERS), of(MOST_LETTERS));
    let lines = u32::try_from(label.lines.len()).expect("at most 8");
    let longest = label.lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    let longest = u32::try_from(longest).expect("at most 64");
    if lines == 0 {
        return Ok(most);
    }
    let wide = if longest == 0 { most } else { width * 10 / (6 * longest) };
    let fits = (most.min(wide), most.min(height * 4 / (5 * lines)));
    match fits {
        (wide, _) if wide < least => Err(LabelError::Stock {
            side: "width beside its code",
            need: (longest * least * 6).div_ceil(10),
            have: width,
        }),
        (_, high) if high < least => {
            Err(LabelError::Stock { side: "height for its lines", need: (lines * least * 5).div_ceil(4), have: height })
        }
        (wide, high) => Ok(wide.min(high)),
    }
}

/// From line to line.
fn pitch(letters: u32) -> u32 {
    letters * 5 / 4
}

/// Writes each byte but letters, digits, blanks and a few marks as `_` and two hex digits; UTF-8, as `^CI28` says.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut escaped, byte| {
        if byte.is_ascii_alphanumeric() || b" .:/-+=?&#@,;()".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            write(&mut escaped, format_args!("_{byte:02X}"));
        }
        escaped
    })
}
