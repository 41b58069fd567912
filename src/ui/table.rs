//! Tables for people: aligned columns that fit the terminal.

use super::plain::printable;

/// Blanks between two columns.
const GAP: usize = 2;
/// No column is narrowed below this.
const NARROWEST: usize = 8;

/// Rows under headings; meaning is in the words, never in colour.
pub struct Table {
    headings: Vec<&'static str>,
    rows: Vec<Vec<String>>,
    right: Vec<bool>,
}

impl Table {
    /// Makes an empty table.
    pub fn new<const N: usize>(headings: [&'static str; N]) -> Self {
        Self { headings: headings.to_vec(), rows: Vec::new(), right: vec![false; N] }
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
        self.rows.push(cells.iter().map(|cell| printable(cell).replace('\n', " ")).collect());
    }

    /// Returns true if there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the text; cells are cut (`...`) to fit `columns`, where a terminal says how many it has.
    pub fn render(&self, columns: Option<usize>) -> String {
        let mut widths: Vec<usize> = (0..self.headings.len()).map(|column| self.widest(column)).collect();
        if let Some(columns) = columns {
            narrow(&mut widths, columns);
        }
        let headings: Vec<String> = self.headings.iter().map(|name| name.to_uppercase()).collect();
        let mut text = self.line(&headings, &widths);
        for row in &self.rows {
            text.push_str(&self.line(row, &widths));
        }
        text
    }

    fn widest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell));
        cells.max().unwrap_or(0).max(width(self.headings[column]))
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, room), right) in cells.iter().zip(widths).zip(&self.right) {
            let cell = cut(cell, *room);
            let blanks = " ".repeat(room.saturating_sub(width(&cell)));
            let padded = if *right { format!("{blanks}{cell}") } else { format!("{cell}{blanks}") };
            line.push_str(&padded);
            line.push_str(&" ".repeat(GAP));
        }
        format!("{}\n", line.trim_end())
    }
}

fn width(text: &str) -> usize {
    text.chars().count()
}

fn cut(text: &str, room: usize) -> String {
    if width(text) <= room {
        return text.to_owned();
    }
    let kept: String = text.chars().take(room.saturating_sub(3)).collect();
    format!("{kept}...")
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
    fn the_widest_column_gives_way_to_a_narrow_terminal() {
        let text = sample().render(Some(32));
        assert!(text.lines().all(|line| line.chars().count() <= 32), "{text}");
        assert!(text.contains("gw-0001") && text.contains("..."), "{text}");
    }
}
