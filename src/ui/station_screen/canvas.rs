//! A grid of characters with paint: nothing drawn on it is wider or higher than the screen.

/// How a character is painted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Paint {
    /// As the terminal has it.
    #[default]
    Plain,
    /// A heading.
    Strong,
    /// Good: on green.
    Good,
    /// Bad: on red.
    Bad,
    /// At work: on blue.
    Work,
    /// A person has to do something: on yellow.
    Heed,
}

impl Paint {
    /// Returns the SGR code.
    pub fn code(self) -> &'static str {
        match self {
            Paint::Plain => "0",
            Paint::Strong => "0;1",
            Paint::Good => "0;30;42",
            Paint::Bad => "0;1;97;41",
            Paint::Work => "0;97;44",
            Paint::Heed => "0;30;43",
        }
    }
}

/// The grid.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Canvas {
    columns: usize,
    cells: Vec<Vec<(char, Paint)>>,
}

/// A rectangle of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Area {
    /// First column.
    pub left: usize,
    /// First row.
    pub top: usize,
    /// Columns.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
}

impl Canvas {
    /// Makes a blank grid.
    pub fn new(columns: usize, rows: usize) -> Self {
        Self { columns, cells: vec![vec![(' ', Paint::Plain); columns]; rows] }
    }

    /// Paints a rectangle.
    pub fn fill(&mut self, area: Area, character: char, paint: Paint) {
        for row in area.top..area.top + area.rows {
            for column in area.left..area.left + area.columns {
                self.set(column, row, character, paint);
            }
        }
    }

    /// Writes a line of text, of at most `room` columns; what is longer ends in dots.
    pub fn text(&mut self, column: usize, row: usize, room: usize, text: &str, paint: Paint) {
        for (at, character) in shortened(text, room).chars().enumerate() {
            self.set(column + at, row, character, paint);
        }
    }

    fn set(&mut self, column: usize, row: usize, character: char, paint: Paint) {
        if let Some(cell) = self.cells.get_mut(row).and_then(|row| row.get_mut(column)) {
            *cell = (character, paint);
        }
    }

    /// Returns the rows as text without paint, blanks at their ends left out.
    pub fn plain(&self) -> Vec<String> {
        let text = |row: &Vec<(char, Paint)>| row.iter().map(|(character, _)| *character).collect::<String>();
        self.cells.iter().map(|row| text(row).trim_end().to_owned()).collect()
    }

    /// Returns the paint of one cell.
    pub fn paint_at(&self, column: usize, row: usize) -> Option<Paint> {
        self.cells.get(row).and_then(|row| row.get(column)).map(|cell| cell.1)
    }

    /// Returns the rows with SGR codes, or without where colour is not wanted.
    pub fn rows(&self, colour: bool) -> Vec<String> {
        self.cells
            .iter()
            .map(|row| if colour { coloured(row) } else { row.iter().map(|cell| cell.0).collect() })
            .collect()
    }

    /// Returns how many columns there are.
    pub fn columns(&self) -> usize {
        self.columns
    }
}

fn coloured(row: &[(char, Paint)]) -> String {
    let (mut text, mut last) = (String::new(), None);
    for (character, paint) in row {
        if last != Some(*paint) {
            text.push_str("\x1b[");
            text.push_str(paint.code());
            text.push('m');
            last = Some(*paint);
        }
        text.push(*character);
    }
    text.push_str("\x1b[0m");
    text
}

/// Returns `text` on one line of at most `room` columns.
pub fn shortened(text: &str, room: usize) -> String {
    let text: Vec<char> = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.len() <= room {
        return text.into_iter().collect();
    }
    let dots = if room >= 8 { 3 } else { 0 };
    text.into_iter().take(room - dots).chain(std::iter::repeat_n('.', dots)).collect()
}

/// Breaks a text into lines of at most `room` columns, at most `most` of them; what does not fit ends in dots.
pub fn wrapped(text: &str, room: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let fits = |line: &String| line.chars().count() + 1 + word.chars().count() <= room;
        let last = lines.len() == most;
        match lines.last_mut() {
            Some(line) if last || fits(line) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.truncate(most);
    lines.iter().map(|line| shortened(line, room)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_between_words_and_what_is_too_long_ends_in_dots() {
        assert_eq!(wrapped("the chip is locked", 10, 2), ["the chip", "is locked"]);
        assert_eq!(wrapped("the chip is locked for good", 10, 2), ["the chip", "is lock..."]);
        assert_eq!(wrapped("extraordinarily", 10, 2), ["extraor..."]);
        assert_eq!(wrapped("", 10, 2), Vec::<String>::new());
        assert_eq!(wrapped("a b", 10, 0), Vec::<String>::new());
        assert_eq!(shortened("a\x1b[2Jb", 5), "a [2J");
    }

    #[test]
    fn nothing_is_drawn_beyond_the_edge() {
        let mut canvas = Canvas::new(4, 2);
        canvas.text(2, 1, 9, "abcdef", Paint::Bad);
        canvas.fill(Area { left: 3, top: 1, columns: 9, rows: 9 }, '#', Paint::Good);
        assert_eq!(canvas.plain(), ["", "  a#"]);
        assert_eq!(canvas.rows(true)[1], "\x1b[0m  \x1b[0;1;97;41ma\x1b[0;30;42m#\x1b[0m");
    }
}
