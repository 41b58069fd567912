//! Draws the way of a batch: a bar on a terminal, lines when verbose, JSON lines for a program, nothing in a pipe.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use crate::delivery::{Event, Progress};
use crate::fleet::EndpointName;

use super::{Level, Printer};

/// Listens to a batch and draws it; the drawing is taken away when this is dropped.
pub struct Drawing {
    printer: Printer,
    bar: Option<ProgressBar>,
    told: Mutex<BTreeMap<EndpointName, u64>>,
}

impl Drawing {
    /// Begins to draw, in the way that suits who reads.
    pub fn new(printer: &Printer) -> Self {
        let wants_bar = printer.terminal().stderr && printer.level() == Level::Normal && !printer.is_json();
        let bar = wants_bar.then(|| bar(printer));
        if let Some(bar) = bar.clone() {
            printer.set_suspend(Some(Arc::new(move |print| bar.suspend(print))));
        }
        Self { printer: printer.clone(), bar, told: Mutex::default() }
    }

    /// Draws how far one long piece of work is, in bytes.
    pub fn amount(&self, what: &str, done: u64, total: u64) {
        match &self.bar {
            Some(bar) => {
                bar.set_length(total);
                bar.set_position(done);
                bar.set_message(format!("{what} {} %", percent(done, total)));
            }
            None => self.printer.event(&json!({ "event": "bytes", "what": what, "done": done, "total": total })),
        }
    }

    fn tell(&self, event: Event<'_>) {
        if !self.printer.is_json() && self.printer.level() < Level::Verbose {
            return;
        }
        match event {
            Event::Batch { total } => self.printer.event(&json!({ "event": "batch", "total": total })),
            Event::Step { device, step } => {
                self.printer.detail(format_args!("{device}: {}", step.name()));
                self.printer.event(&json!({ "event": "step", "device": device, "step": step.name() }));
            }
            Event::Bytes { device, done, total } => {
                if self.is_news(device, percent(done, total) / 10) {
                    self.printer.event(&json!({ "event": "bytes", "device": device, "done": done, "total": total }));
                }
            }
            Event::Device { device, ok } => {
                self.told.lock().unwrap_or_else(PoisonError::into_inner).remove(device);
                self.printer.detail(format_args!("{device}: {}", if ok { "done" } else { "failed" }));
                self.printer.event(&json!({ "event": "device", "device": device, "ok": ok }));
            }
        }
    }

    /// A program hears of bytes once each tenth of the way.
    fn is_news(&self, device: &EndpointName, tenth: u64) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(device.clone(), tenth) != Some(tenth)
    }
}

impl Progress for Drawing {
    fn event(&self, event: Event<'_>) {
        match &self.bar {
            Some(bar) => draw(bar, event),
            None => self.tell(event),
        }
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            self.printer.set_suspend(None);
            bar.finish_and_clear();
        }
    }
}

fn draw(bar: &ProgressBar, event: Event<'_>) {
    match event {
        Event::Batch { total } => {
            bar.set_length(total as u64);
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Event::Step { device, step } => bar.set_message(format!("{device} {}", step.name())),
        Event::Bytes { device, done, total } => bar.set_message(format!("{device} {} %", percent(done, total))),
        Event::Device { .. } => bar.inc(1),
    }
}

fn bar(printer: &Printer) -> ProgressBar {
    let template = if printer.terminal().stderr_colour {
        "{bar:30.green} {pos}/{len} {wide_msg}"
    } else {
        "{bar:30} {pos}/{len} {wide_msg}"
    };
    let style =
        ProgressStyle::with_template(template).expect("the template above is well formed").progress_chars("=> ");
    ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_style(style)
}

fn percent(done: u64, total: u64) -> u64 {
    u128::from(done).saturating_mul(100).checked_div(u128::from(total)).map_or(100, |percent| percent.min(100) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::Step;
    use crate::ui::printer::tests::on_paper;
    use crate::ui::{Format, Terminal};

    fn run(format: Format, level: Level) -> (String, String) {
        let (printer, data, talk) = on_paper(format, level, Terminal::NONE);
        let device = EndpointName::new("gw-1").unwrap();
        let drawing = Drawing::new(&printer);
        drawing.event(Event::Batch { total: 1 });
        drawing.event(Event::Step { device: &device, step: Step::Sealed });
        for done in 0..=100 {
            drawing.event(Event::Bytes { device: &device, done, total: 100 });
        }
        drawing.event(Event::Device { device: &device, ok: true });
        drop(drawing);
        printer.close().unwrap();
        (data.text(), talk.text())
    }

    #[test]
    fn a_pipe_hears_nothing_and_verbose_hears_the_steps() {
        assert_eq!(run(Format::Text, Level::Normal), (String::new(), String::new()));
        assert_eq!(run(Format::Text, Level::Verbose), (String::new(), "gw-1: sealed\ngw-1: done\n".into()));
    }

    #[test]
    fn a_program_hears_one_json_object_a_line_on_stderr() {
        let (data, talk) = run(Format::Json, Level::Normal);
        assert_eq!(data, "");
        let lines: Vec<serde_json::Value> = talk.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0], json!({ "event": "batch", "total": 1 }));
        assert_eq!(lines[1], json!({ "event": "step", "device": "gw-1", "step": "sealed" }));
        assert_eq!(lines.len(), 2 + 11 + 1);
        assert_eq!(lines[13], json!({ "event": "device", "device": "gw-1", "ok": true }));
    }

    #[test]
    fn percent_never_divides_by_nothing_nor_overflows() {
        assert_eq!([percent(0, 0), percent(1, 3), percent(u64::MAX, u64::MAX), percent(9, 3)], [100, 33, 100, 100]);
    }
}
