//! Tables for people: aligned columns that fit the terminal.

use std::borrow::Cow;

use super::Printer;
use super::plain::printable;

/// Blanks between two columns.
const GAP: usize = 2;
/// No column is narrowed below this.
const NARROWEST: usize = 8;

/// The most rows that are held for the sake of alignment: a fleet has 100,000.
const MOST_HELD: usize = 1_000;

/// Rows under headings; meaning is in the words, never in colour.
pub struct Table {
    headings: Vec<&'static str>,
    headed: bool,
    /// All cells held, one after the other.
    text: String,
    /// Where each cell ends in the text, row by row.
    ends: Vec<usize>,
    widths: Vec<usize>,
    right: Vec<bool>,
}

impl Table {
    /// Makes an empty table.
    pub fn new<const N: usize>(headings: [&'static str; N]) -> Self {
        let widths = headings.iter().map(|heading| width(heading)).collect();
        let (text, ends) = (String::new(), Vec::new());
        Self { headings: headings.to_vec(), headed: false, text, ends, widths, right: vec![false; N] }
    }

    /// Sets the column with this heading flush right, as numbers want.
    #[must_use]
    pub fn right(mut self, heading: &str) -> Self {
        if let Some(column) = self.headings.iter().position(|name| *name == heading) {
            self.right[column] = true;
        }
        self
    }

    /// Adds a row with one cell for each heading.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        debug_assert_eq!(N, self.headings.len(), "a row has a cell for each heading");
        for (cell, widest) in cells.iter().zip(&mut self.widths) {
            let cell = printable(cell).replace('\n', " ");
            *widest = width(&cell).max(*widest);
            self.text.push_str(&cell);
            self.ends.push(self.text.len());
        }
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty() && !self.headed
    }

    /// Adds a row of a table that may be very long: the first thousand rows set the widths, then they are printed.
    pub fn pour<const N: usize>(&mut self, cells: [String; N], printer: &Printer) {
        self.row(cells);
        if self.ends.len() >= MOST_HELD * self.headings.len() {
            self.print(printer);
        }
    }

    /// Prints the rows held, the headings once, as data.
    pub fn print(&mut self, printer: &Printer) {
        let text = self.lines(printer.terminal().columns, !self.headed);
        printer.raw(text.as_bytes());
        self.headed = true;
        self.text.clear();
        self.ends.clear();
    }

    /// Returns the text; cells are cut (`...`) to fit `columns`, where a terminal says how many it has.
    pub fn render(&self, columns: Option<usize>) -> String {
        self.lines(columns, true)
    }

    fn lines(&self, columns: Option<usize>, headed: bool) -> String {
        let mut widths = self.widths.clone();
        if let Some(columns) = columns {
            narrow(&mut widths, columns);
        }
        let mut out = String::with_capacity(self.text.len() + self.ends.len() * GAP);
        if headed {
            let headings: Vec<String> = self.headings.iter().map(|name| name.to_uppercase()).collect();
            self.line(headings.iter().map(String::as_str), &widths, &mut out);
        }
        let mut start = 0;
        for row in self.ends.chunks(self.headings.len()) {
            let cells = row.iter().map(|end| &self.text[std::mem::replace(&mut start, *end)..*end]);
            self.line(cells, &widths, &mut out);
        }
        out
    }

    fn line<'a>(&self, cells: impl Iterator<Item = &'a str>, widths: &[usize], out: &mut String) {
        let begun = out.len();
        for ((cell, room), right) in cells.zip(widths).zip(&self.right) {
            let cell = cut(cell, *room);
            let blanks = std::iter::repeat_n(' ', room.saturating_sub(width(&cell)));
            if *right {
                out.extend(blanks);
                out.push_str(&cell);
            } else {
                out.push_str(&cell);
                out.extend(blanks);
            }
            out.extend([' '; GAP]);
        }
        out.truncate(begun + out[begun..].trim_end().len());
        out.push('\n');
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, room: usize) -> Cow<'_, str> {
    if width(text) <= room {
        return Cow::Borrowed(text);
    }
    let kept: String = text.chars().take(room.saturating_sub(3)).collect();
    Cow::Owned(format!("{kept}..."))
}

/// Takes columns from the widest until all fit, or none can give more.
fn narrow(widths: &mut [usize], columns: usize) {
    let gaps = GAP * widths.len().saturating_sub(1);
    while widths.iter().sum::<usize>() + gaps > columns {
        match widths.iter_mut().max() {
            Some(widest) if *widest > NARROWEST => *widest -= 1,
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Table {
        let mut table = Table::new(["device", "size", "target"]).right("size");
        table.row(["gw-0001".into(), "64".into(), "out/a-rather-long-name-of-a-file.img".into()]);
        table.row(["gw\x1b2".into(), "1024".into(), "x".into()]);
        table
    }

    #[test]
    fn columns_are_aligned() {
        assert_eq!(
            sample().render(None),
            "DEVICE     SIZE  TARGET\n\
             gw-0001      64  out/a-rather-long-name-of-a-file.img\n\
             gw\\u{1b}2  1024  x\n"
        );
    }

    #[test]
    fn a_very_long_table_is_printed_on_the_way_under_one_heading() {
        use crate::ui::printer::tests::on_paper;
        use crate::ui::{Format, Level, Terminal};
        let (printer, data, _) = on_paper(Format::Text, Level::Normal, Terminal::NONE);
        let mut table = Table::new(["device", "size"]).right("size");
        for number in 0..=2 * MOST_HELD {
            table.pour([format!("gw-{number}"), number.to_string()], &printer);
            assert!(table.ends.len() < 2 * MOST_HELD, "{number}: what was printed is not held");
        }
        assert!(!table.is_empty());
        table.print(&printer);
        printer.close().unwrap();
        let text = data.text();
        assert_eq!(text.lines().filter(|line| line.starts_with("DEVICE")).count(), 1);
        assert_eq!(text.lines().count(), 1 + 2 * MOST_HELD + 1);
        assert_eq!(text.lines().last(), Some("gw-2000  2000"));
        assert_eq!(text.lines().nth(1), Some("gw-0       0"));
    }

    #[test]
    fn the_widest_column_gives_way_to_a_narrow_terminal() {
        let text = sample().render(Some(32));
        assert!(text.lines().all(|line| line.chars().count() <= 32), "{text}");
        assert!(text.contains("gw-0001") && text.contains("..."), "{text}");
    }
}
