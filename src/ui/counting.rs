//! Counts rows while they go by: a line that is drawn anew on a terminal, now and then an event for a program.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::{Level, Printer};

/// How many rows lie between two events for a program.
const STRIDE: u64 = 10_000;

/// Counts; the drawing is taken away when this is dropped.
pub struct Counting {
    printer: Printer,
    what: &'static str,
    bar: Option<ProgressBar>,
    rows: u64,
}

impl Counting {
    /// Begins to count `what`, a noun in the plural.
    pub fn new(printer: &Printer, what: &'static str) -> Self {
        let wants_bar = printer.terminal().stderr && printer.level() == Level::Normal && !printer.is_json();
        let bar = wants_bar.then(|| bar(what));
        if let Some(bar) = bar.clone() {
            printer.set_suspend(Some(Arc::new(move |print| bar.suspend(print))));
        }
        Self { printer: printer.clone(), what, bar, rows: 0 }
    }

    /// One more went by.
    pub fn one(&mut self) {
        self.up_to(self.rows + 1);
    }

    /// So many have gone by.
    pub fn up_to(&mut self, rows: u64) {
        let is_news = rows / STRIDE > self.rows / STRIDE;
        self.rows = rows;
        match &self.bar {
            Some(bar) => bar.set_position(rows),
            None if is_news => {
                self.printer.event(&json!({ "event": "progress", "what": self.what, "rows": rows }));
                self.printer.detail(format_args!("{rows} {}", self.what));
            }
            None => {}
        }
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            self.printer.set_suspend(None);
            bar.finish_and_clear();
        }
    }
}

fn bar(what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{spinner} {human_pos} {msg}, {per_sec}");
    let style = style.expect("the template above is well formed");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style).with_message(what);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::printer::tests::on_paper;
    use crate::ui::{Format, Terminal};

    #[test]
    fn a_program_hears_once_every_ten_thousand_rows_and_a_pipe_nothing() {
        let run = |format| {
            let (printer, data, talk) = on_paper(format, Level::Normal, Terminal::NONE);
            let mut counting = Counting::new(&printer, "rows");
            (0..25_000).for_each(|_| counting.one());
            counting.up_to(39_000);
            drop(counting);
            printer.close().unwrap();
            assert_eq!(data.text(), "");
            talk.text()
        };
        assert_eq!(run(Format::Text), "");
        let lines: Vec<serde_json::Value> =
            run(Format::Json).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let rows: Vec<_> = lines.iter().map(|line| line["rows"].as_u64().unwrap()).collect();
        assert_eq!(rows, [10_000, 20_000, 39_000]);
    }
}
