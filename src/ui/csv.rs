//! CSV for spreadsheets and scripts (RFC 4180), a row at a time.

use super::Printer;
use super::plain::printable;

/// A cell that begins with one of these would be run by a spreadsheet as a formula, or hides one behind it.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// Prints rows of CSV as data; each is on its way before the next is asked for.
pub struct Csv<'a> {
    printer: &'a Printer,
}

impl<'a> Csv<'a> {
    /// Prints the row of headings.
    pub fn begin<const N: usize>(printer: &'a Printer, headings: [&str; N]) -> Self {
        let csv = Self { printer };
        csv.row(headings);
        csv
    }

    /// Prints a row. A cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return gets an apostrophe in front of it; at a
    /// terminal control characters are escaped.
    pub fn row<const N: usize>(&self, cells: [&str; N]) {
        let line = line(&cells);
        if self.printer.terminal().stdout {
            self.printer.raw(format!("{}\r\n", printable(line.trim_end_matches("\r\n"))).as_bytes());
        } else {
            self.printer.raw(line.as_bytes());
        }
    }
}

fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell)).collect();
    format!("{}\r\n", cells.join(","))
}

/// Quotes what needs it: separators, quotes, line ends, and blanks at the ends, which some readers take away.
fn quoted(cell: &str) -> String {
    let defused = if cell.starts_with(FORMULA) { format!("'{cell}") } else { cell.to_owned() };
    if defused.contains([',', '"', '\r', '\n']) || defused.trim() != defused {
        return format!("\"{}\"", defused.replace('"', "\"\""));
    }
    defused
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_quoted_where_they_must_be() {
        assert_eq!(line(&["a", "", "b c", "7"]), "a,,b c,7\r\n");
        assert_eq!(
            line(&["a,b", "say \"x\"", "two\nlines", " x"]),
            "\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",\" x\"\r\n"
        );
    }

    #[test]
    fn no_cell_begins_like_a_formula() {
        for cell in ["=1+1", "+49", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(quoted(cell).trim_start_matches('"').chars().next(), Some('\''), "{cell:?}");
        }
        assert_eq!(quoted("a=1"), "a=1");
    }

    proptest! {
        #[test]
        fn another_reader_reads_every_cell_back(cells in proptest::collection::vec(any::<String>(), 5)) {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            let text = line(&cells);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
            let row = reader.records().next().unwrap().unwrap();
            for (found, cell) in row.iter().zip(&cells) {
                let defused = if cell.starts_with(FORMULA) { format!("'{cell}") } else { (*cell).to_owned() };
                prop_assert_eq!(found, defused);
            }
            prop_assert_eq!(row.len(), 5);
        }
    }
}
