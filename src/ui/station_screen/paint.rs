//! From the board to the grid: a pure function of the state and the size of the screen.

use super::board::{Board, Face, Slot};
use super::canvas::{Area, Canvas, Paint, wrapped};
use super::letters::{self, DOTS};

/// Rows below and above the slots.
const HEAD: usize = 1;
const FOOT: usize = 3;
/// The narrowest block with another one beside it.
const NARROWEST: usize = 38;
/// Columns and rows of a dot, the largest first.
const SCALES: [(usize, usize); 6] = [(8, 4), (6, 3), (4, 2), (3, 2), (2, 1), (1, 1)];
/// What a person may do.
const KEYS: &str = "Enter: next unit   scan or type an id: this device next   q: end";
/// The same where there is less room.
const FEW_KEYS: &str = "Enter: next   q: end";

/// Draws the board; `dot` is the character that letters are made of.
pub fn draw(board: &Board, columns: usize, rows: usize, dot: char) -> Canvas {
    let mut canvas = Canvas::new(columns, rows);
    canvas.fill(Area { left: 0, top: 0, columns, rows: 1 }, ' ', Paint::Strong);
    canvas.text(1, 0, columns.saturating_sub(2), &board.title, Paint::Strong);
    let room = Area { left: 0, top: HEAD, columns, rows: rows.saturating_sub(HEAD + FOOT) };
    for (slot, area) in board.slots.iter().zip(areas(board.slots.len(), room)) {
        block(&mut canvas, slot, area, dot);
    }
    foot(&mut canvas, board, columns, rows);
    canvas
}

/// Returns the rectangles of `count` slots: the grid in which the letters come out largest.
fn areas(count: usize, room: Area) -> Vec<Area> {
    let grid = |across: usize| {
        let down = count.div_ceil(across);
        (across, room.columns / across, room.rows / down.max(1))
    };
    let score = |&(across, columns, rows): &(usize, usize, usize)| {
        let dots =
            scale("PASS", columns.saturating_sub(2), rows.saturating_sub(4)).map_or(0, |(wide, high)| wide * high);
        (across == 1 || columns >= NARROWEST, dots, rows.min(8), columns)
    };
    let best = (1..=count.max(1)).map(grid).max_by_key(score);
    let Some((across, columns, rows)) = best else { return Vec::new() };
    let place = |index: usize| Area {
        left: room.left + index % across * columns,
        top: room.top + index / across * rows,
        // One column is left between two blocks.
        columns: if across == 1 { columns } else { columns - 1 },
        rows,
    };
    (0..count).map(place).collect()
}

/// Returns the largest dots with which a word fits.
fn scale(word: &str, columns: usize, rows: usize) -> Option<(usize, usize)> {
    SCALES.into_iter().find(|(wide, high)| letters::width(word, *wide) <= columns && DOTS * high <= rows)
}

fn block(canvas: &mut Canvas, slot: &Slot, area: Area, dot: char) {
    let (word, paint) = face(slot);
    let (left, room) = (area.left + 1, area.columns.saturating_sub(2));
    canvas.fill(area, ' ', paint);
    let below = below(slot, room, area.rows.saturating_sub(1 + DOTS).max(2));
    let for_letters = area.rows.saturating_sub(1 + below.len());
    if let Some((wide, high)) = scale(&word, room, for_letters) {
        // The heading parts two blocks of one colour.
        canvas.fill(Area { rows: 1, ..area }, ' ', Paint::Strong);
        canvas.text(left, area.top, room, &slot.name, Paint::Strong);
        let top = area.top + 1 + (for_letters - DOTS * high) / 2;
        large(canvas, &word, (left + (room - letters::width(&word, wide)) / 2, top), (wide, high), (dot, paint));
        for (index, line) in below.iter().enumerate() {
            canvas.text(left, area.top + area.rows - below.len() + index, room, line, paint);
        }
    } else {
        canvas.text(left, area.top, room, &format!("{word}  {}", slot.name), paint);
        for (index, line) in below.iter().enumerate().take(area.rows.saturating_sub(1)) {
            canvas.text(left, area.top + 1 + index, room, line, paint);
        }
    }
}

fn face(slot: &Slot) -> (String, Paint) {
    let (word, paint) = match (slot.face, slot.percent) {
        (Face::Insert, _) => ("INSERT", Paint::Plain),
        (Face::Scan, _) => ("SCAN", Paint::Plain),
        (Face::Busy, Some(percent)) => return (format!("{percent}%"), Paint::Work),
        (Face::Busy, None) => ("BUSY", Paint::Work),
        (Face::Pass, _) => ("PASS", Paint::Good),
        (Face::Fail, _) => ("FAIL", Paint::Bad),
        (Face::Remove, _) => ("OUT", Paint::Heed),
        (Face::Check, _) => ("CHECK", Paint::Heed),
        (Face::Over, _) => ("END", Paint::Plain),
    };
    (word.to_owned(), paint)
}

/// Returns at most `most` lines below the letters: the first line of what to do comes before the second of why.
fn below(slot: &Slot, room: usize, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Some(slot.device.clone()).filter(|device| !device.is_empty()).into_iter().collect();
    if slot.face == Face::Busy {
        lines.push(bar(slot.percent.unwrap_or(0), room.min(60)));
        lines.push(slot.step.to_owned());
        lines.truncate(most);
        return lines;
    }
    let left = most.saturating_sub(lines.len());
    let needed = wrapped(&slot.advice, room, 2).len();
    let advice = needed.min(if left > 3 { 2 } else { 1 }).min(left);
    lines.extend(wrapped(&slot.reason, room, 2.min(left - advice)));
    lines.extend(wrapped(&slot.advice, room, advice));
    lines
}

fn bar(percent: u8, room: usize) -> String {
    let inside = room.saturating_sub(2);
    let done = inside * usize::from(percent) / 100;
    format!("[{}{}]", "=".repeat(done), " ".repeat(inside - done))
}

fn large(
    canvas: &mut Canvas,
    word: &str,
    (left, top): (usize, usize),
    (wide, high): (usize, usize),
    (dot, paint): (char, Paint),
) {
    for (index, letter) in word.chars().enumerate() {
        for (row, bits) in letters::rows(letter).into_iter().enumerate() {
            for column in (0..DOTS).filter(|column| bits >> (DOTS - 1 - column) & 1 == 1) {
                let left = left + (index * (DOTS + 1) + column) * wide;
                canvas.fill(Area { left, top: top + row * high, columns: wide, rows: high }, dot, paint);
            }
        }
    }
}

fn foot(canvas: &mut Canvas, board: &Board, columns: usize, rows: usize) {
    let Some(top) = rows.checked_sub(FOOT) else { return };
    let room = columns.saturating_sub(2);
    let note = if board.ending { "ending: the units at work are finished" } else { &board.note };
    canvas.text(1, top, room, note, Paint::Strong);
    let next = board.next.as_ref().map(|next| format!("   next {next}")).unwrap_or_default();
    let Board { passed, failed, left, .. } = board;
    canvas.text(1, top + 1, room, &format!("passed {passed}   failed {failed}   left {left}{next}"), Paint::Strong);
    let keys = if room >= KEYS.len() { KEYS } else { FEW_KEYS };
    let last = if board.typed.is_empty() { keys.to_owned() } else { format!("> {}", board.typed) };
    canvas.text(1, top + 2, room, &last, Paint::Plain);
}

#[cfg(test)]
mod tests;
