//! SVG: the code with its quiet zone, the lines below it.

use std::fmt::Write as _;

use super::Label;
use super::check::{QUIET, Squares, squares};
use super::error::LabelError;

/// Height of a line's letters, and from line to line, in squares of the code.
const LETTERS: u32 = 3;
const PITCH: u32 = 4;
/// Millimetres of a square.
const SQUARE: f64 = 0.5;

/// Draws the label as SVG: half a millimetre a square, black on white, the lines in the middle below the code.
///
/// # Errors
/// [`LabelError`] if the label breaks one of its bounds.
pub fn qr_svg(label: &Label) -> Result<String, LabelError> {
    let squares = squares(label)?;
    let code = squares.side + 2 * QUIET;
    let longest = label.lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    // Letters of one width are at most two thirds as wide as high.
    let text = u32::try_from(longest).expect("at most 64") * LETTERS * 2 / 3 + 2 * QUIET;
    let lines = u32::try_from(label.lines.len()).expect("at most 8") * PITCH;
    let below = if lines == 0 { 0 } else { lines + QUIET / 2 };
    let (width, height) = (code.max(text), code + below);
    let mut svg = opening(width, height);
    let left = (width - code) / 2 + QUIET;
    write(&mut svg, format_args!("<path d=\"{}\" shape-rendering=\"crispEdges\"/>\n", dark(&squares, left)));
    for (number, line) in (0..).zip(&label.lines) {
        let base = code + number * PITCH + LETTERS;
        write(&mut svg, format_args!("<text x=\"{}\" y=\"{base}\">{}</text>\n", f64::from(width) / 2.0, escaped(line)));
    }
    svg.push_str("</svg>\n");
    Ok(svg)
}

fn write(svg: &mut String, words: std::fmt::Arguments<'_>) {
    svg.write_fmt(words).expect("a text takes everything");
}

fn opening(width: u32, height: u32) -> String {
    let (wide, high) = (f64::from(width) * SQUARE, f64::from(height) * SQUARE);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{wide}mm\" height=\"{high}mm\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"{LETTERS}\" text-anchor=\"middle\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n"
    )
}

/// One rectangle for each run of dark squares in a row.
fn dark(squares: &Squares, left: u32) -> String {
    let mut path = String::new();
    for y in 0..squares.side {
        let mut x = 0;
        while x < squares.side {
            let run = (x..squares.side).take_while(|at| squares.is_dark(*at, y)).count();
            let run = u32::try_from(run).expect("at most 177");
            if run > 0 {
                write(&mut path, format_args!("M{} {}h{run}v1h-{run}z", left + x, QUIET + y));
            }
            x += run + 1;
        }
    }
    path
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
