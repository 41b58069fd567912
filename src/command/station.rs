//! `firstlight station`: the technician's screen.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use signal_hook::consts::SIGINT;

use crate::command::{Context, Status};
use crate::delivery::Confirm;
use crate::fleet::check::Fleet;
use crate::fleet::{Carrier, Class, DevicePlan, EndpointName};
use crate::medium::DriveSelector;
use crate::programmer::ProgrammerSelector;
use crate::station::bay::{Bay, Reach};
use crate::station::line::{Line, News};
use crate::station::line_control::Control;
use crate::station::{AcceptPort, AcceptTarget, ChipConsent, Station, StationError, TargetSpec, slots};
use crate::ui::Complaint;
use crate::ui::measure::{count, parse_size};
use crate::ui::station_screen::{Board, Key, Lines, Screen, Typist, raw};

use super::sharing::{Sharing, Wanted};
use super::{flash::HOOKS_HOME, opened};

const EXAMPLES: &str = "\
A slot is a programmer (see: firstlight flash --help) or the port of a drive.
A simulated chip whose path ends in ? may be absent: file:socket1?

Examples:
  $ firstlight station --programmer esp:port=1-1 --programmer esp:port=1-2
  $ firstlight station --programmer slot:1 --scan
  $ firstlight station --to drive:port=1-4.2 --accept-port 1-4.2 \\
      --max-size 64GB
  $ firstlight station --programmer file:socket1? --count 10 --json";

/// Arguments of `firstlight station`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A slot for chips: the programmer that reaches them; once for each slot
    #[arg(long, value_name = "PROGRAMMER", required_unless_present = "to", conflicts_with = "to")]
    pub programmer: Vec<String>,
    /// A slot for sticks and cards: drive:port=PORT or slot:N; once for each
    #[arg(long, value_name = "TARGET", requires = "accept_port")]
    pub to: Vec<String>,
    /// Which of the profile's deliveries, where there are several
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
    /// Wait for a scanned label (id or serial number) before each unit
    #[arg(long)]
    pub scan: bool,
    /// One unit in each slot, then end
    #[arg(long)]
    pub once: bool,
    /// End after N units, passed or failed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub count: Option<u32>,
    /// Write the label of each unit that passed into this folder, as SVG and ZPL
    #[arg(long, value_name = "DIR", conflicts_with = "to")]
    pub labels: Option<PathBuf>,
    /// Overwrite what is in this USB port, if it is blank or finished by this fleet; once for each drive
    #[arg(long, value_name = "PORT", help_heading = "Overwriting without a question", requires = "max_size")]
    pub accept_port: Vec<String>,
    /// ... and not larger than this (32GB, 64GiB)
    #[arg(long, value_name = "SIZE", help_heading = "Overwriting without a question", value_parser = parse_size)]
    #[arg(requires = "accept_port")]
    pub max_size: Option<u64>,
    /// Read the inventory from PATH instead
    #[arg(long, value_name = "PATH")]
    pub inventory: Option<PathBuf>,
}

/// How long between two looks at a slot.
const PAUSE: Duration = Duration::from_secs(1);
/// How long between two looks at signals and the size of the terminal.
const GLANCE: Duration = Duration::from_millis(100);

/// Runs `firstlight station`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, args.inventory.as_deref())?;
    let sharing = if context.globals.plan { None } else { Some(Sharing::enter(context, &station, &Wanted::Line)?) };
    let stock = Stock::of(&args, &station)?;
    let bays = bays(&args, context, &station)?;
    let Some(usual) = stock.usual.clone() else { return Err(StationError::NothingNext.into()) };
    if stock.waiting.is_empty() && !args.scan {
        return Err(StationError::NothingNext.into());
    }
    if context.globals.plan {
        let words = format!("make {} at {}", count(stock.waiting.len(), "device"), count(bays.len(), "slot"));
        return Ok(context.would(&words));
    }
    station.resolve_secrets(&stock.secrets)?;
    let home = station.folder().root.join(HOOKS_HOME);
    std::fs::create_dir_all(&home)?;
    let machine = context.machine();
    let line = Line {
        station: &station,
        machine: &machine,
        plan: &|device| stock.plan(device),
        bays,
        usual,
        attended: context.printer.can_ask(),
        labels: args.labels.clone(),
        home,
        batch: station.ledger().open_batch()?.map(|batch| batch.name).unwrap_or_default(),
        pause: PAUSE,
    };
    let most = args.count.map(|count| count as usize);
    let control = Control::new(stock.waiting.clone(), args.scan, most, args.once);
    let front = Front { context, station: &station, line: &line, control: &control };
    let ran = front.run();
    sharing.iter().for_each(|sharing| sharing.tell(context, &station));
    ran?;
    let verdict = control.verdict();
    let words = format!("{} passed, {} failed, {} left", verdict.made, verdict.failures.len(), control.left());
    context.printer.talk(words);
    Ok(match context.interrupt.asked().or_else(|| verdict.class(None)) {
        Some(class) => Status::Ended(class),
        None => Status::Done,
    })
}

/// What is to be made.
struct Stock<'a> {
    fleet: &'a Fleet,
    delivery: Option<&'a str>,
    chips: bool,
    waiting: Vec<EndpointName>,
    usual: Option<EndpointName>,
    secrets: BTreeSet<Arc<str>>,
}

impl<'a> Stock<'a> {
    fn of(args: &'a Args, station: &'a Station) -> Result<Self, StationError> {
        let (fleet, chips) = (&station.folder().fleet, args.to.is_empty());
        let delivery = args.delivery.as_deref();
        let (waiting, usual, secrets) = (Vec::new(), None, BTreeSet::new());
        let mut stock = Self { fleet, delivery, chips, waiting, usual, secrets };
        let hardware = !args.programmer.iter().all(|text| text.starts_with("file:"));
        for device in fleet.devices() {
            let Some(plan) = stock.own(device)? else { continue };
            stock.secrets.extend(plan.secrets().cloned());
            stock.usual.get_or_insert_with(|| device.clone());
            if station.ledger().next_undelivered([device], &plan.delivery.name, hardware || !chips)?.is_some() {
                stock.waiting.push(device.clone());
            }
        }
        Ok(stock)
    }

    /// Returns the device's plan for this kind of slot, if it has exactly one.
    fn own(&self, device: &EndpointName) -> Result<Option<DevicePlan>, StationError> {
        let names = match self.delivery {
            Some(name) => vec![Arc::from(name)],
            None => self.fleet.deliveries(device),
        };
        let mut own = None;
        for name in names {
            let plan = self.fleet.plan(device, Some(&name))?;
            if matches!(plan.delivery.carrier, Carrier::Factory(_)) != self.chips {
                continue;
            }
            if own.replace(plan).is_some() {
                return Ok(None);
            }
        }
        Ok(own)
    }

    fn plan(&self, device: &EndpointName) -> Result<DevicePlan, StationError> {
        match self.own(device)? {
            Some(plan) => Ok(plan),
            None => Ok(self.fleet.plan(device, self.delivery)?),
        }
    }
}

fn bays<'a>(args: &Args, context: &Context, station: &'a Station) -> anyhow::Result<Vec<Bay<'a>>> {
    let ledger = || station.ledger().clone();
    let bay = |name: String, reach: Reach, consent: Box<dyn Confirm>| Bay {
        station,
        machine: context.machine(),
        name,
        reach,
        consent,
    };
    let mut bays = Vec::new();
    for text in &args.programmer {
        if text.contains("{id}") {
            let words = format!("{text:?} is another programmer for each device; a slot is one for all");
            return Err(Complaint::new(Class::Usage, words).with_hint("name a folder: file:socket1?").into());
        }
        let selector = ProgrammerSelector::parse(text)?;
        let otherwise = Box::new(AcceptTarget { ids: Vec::new() });
        let consent = Box::new(ChipConsent { ledger: ledger(), rework: false, otherwise });
        bays.push(bay(text.trim_end_matches('?').to_owned(), Reach::Programmer(selector), consent));
    }
    for text in &args.to {
        let port = port(text, station)?;
        if !args.accept_port.contains(&port) {
            let words = format!("nobody agreed to overwrite what is plugged into port {port}");
            let hint = format!("if the port is for that only: --accept-port {port} --max-size SIZE");
            return Err(Complaint::new(Class::Refused, words).with_hint(hint).into());
        }
        let (max_size, fleet) = (args.max_size.unwrap_or(0), station.folder().fleet.name().to_string());
        let consent = Box::new(AcceptPort { port: port.clone(), max_size, ledger: ledger(), fleet });
        bays.push(bay(format!("port {port}"), Reach::Port(port), consent));
    }
    let mut seen = BTreeSet::new();
    match bays.iter().find(|bay| !seen.insert(bay.name.clone())) {
        Some(twice) => Err(Complaint::new(Class::Usage, format!("slot {:?} is there twice", twice.name)).into()),
        None => Ok(bays),
    }
}

/// A slot for drives is a port: only there can be told that another one came.
fn port(text: &str, station: &Station) -> Result<String, StationError> {
    let wrong = |reason: &str| StationError::Target { text: text.to_owned(), reason: reason.to_owned() };
    match TargetSpec::parse(text, false)? {
        TargetSpec::Drive(DriveSelector::Port(port)) => Ok(port),
        TargetSpec::Slot(slot) => {
            let named = station.folder().fleet.slots().get(&slot).map(ToString::to_string);
            named.ok_or_else(|| wrong("the fleet file's `slots:` does not name it"))
        }
        _ => Err(wrong("a slot is drive:port=PORT or slot:N")),
    }
}

/// What the loop in front hears.
enum Message {
    News(usize, News),
    Key(Key),
}

/// The loop in front of the slots: draws and takes keys.
struct Front<'a> {
    context: &'a Context,
    station: &'a Station,
    line: &'a Line<'a>,
    control: &'a Control,
}

/// How what happens is shown.
enum View {
    Screen(Box<Screen>),
    Lines(Lines),
}

impl Front<'_> {
    fn run(&self) -> anyhow::Result<()> {
        let (sender, messages) = mpsc::channel();
        let closed = AtomicBool::new(false);
        let view = self.view()?;
        let at_terminal = matches!(view, View::Screen(_));
        std::thread::scope(|scope| {
            for slot in 0..self.line.bays.len() {
                let sender = sender.clone();
                scope.spawn(move || {
                    let _ended = Ended { slot, sender: &sender };
                    let tell = |slot, news| drop(sender.send(Message::News(slot, news)));
                    self.line.work(slot, self.control, &tell);
                });
            }
            if at_terminal {
                let closed = &closed;
                scope.spawn(move || read_keys(&sender, closed));
            } else {
                // It ends with the program: nobody can be made to stop reading from a pipe.
                std::thread::spawn(move || read_lines(&sender));
            }
            self.show(view, &messages);
            self.control.end();
            closed.store(true, Ordering::Relaxed);
        });
        Ok(())
    }

    fn view(&self) -> anyhow::Result<View> {
        let printer = &self.context.printer;
        if printer.can_ask() {
            return Ok(View::Screen(Box::new(Screen::take(printer.terminal().stderr_colour)?)));
        }
        Ok(View::Lines(self.lines()))
    }

    fn lines(&self) -> Lines {
        Lines::new(&self.context.printer, self.line.bays.iter().map(|bay| bay.name.clone()).collect())
    }

    /// Shows what comes until every slot has ended.
    fn show(&self, mut view: View, messages: &Receiver<Message>) {
        let names = self.line.bays.iter().enumerate().map(|(index, bay)| format!("{}  {}", index + 1, bay.name));
        let mut board = Board::new(self.title(), names);
        let mut at_work = self.line.bays.len();
        while at_work > 0 {
            board.next = self.control.next().map(|device| device.to_string());
            board.left = self.control.left();
            board.ending = self.control.is_ending();
            if let View::Screen(screen) = &mut view {
                screen.draw(&board);
            }
            // The next signal ends the program at once: by then the terminal must be as it was.
            if self.context.interrupt.asked().is_some() && matches!(view, View::Screen(_)) {
                view = View::Lines(self.lines());
            }
            let first = match messages.recv_timeout(GLANCE) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            for message in std::iter::once(first).chain(messages.try_iter()) {
                match message {
                    Message::Key(key) => self.key(key, &mut board, &view),
                    Message::News(slot, news) => {
                        at_work -= usize::from(matches!(news, News::Over));
                        match &mut view {
                            View::Screen(_) => board.hear(slot, news),
                            View::Lines(lines) => lines.hear(slot, news),
                        }
                    }
                }
            }
        }
    }

    fn title(&self) -> String {
        let fleet = self.station.folder().fleet.name();
        match &*self.line.batch {
            "" => format!("firstlight   {fleet}"),
            batch => format!("firstlight   {fleet}   batch {batch}"),
        }
    }

    fn key(&self, key: Key, board: &mut Board, view: &View) {
        match key {
            Key::Typing(typed) => board.typed = typed,
            Key::Quit => self.control.end(),
            Key::Stop if !self.control.is_ending() => self.control.end(),
            // Once more: units stop at their next step. And once more: at once, with the terminal as it was.
            Key::Stop => {
                if self.context.interrupt.asked().is_some() {
                    raw::give_back();
                }
                let _ = signal_hook::low_level::raise(SIGINT);
            }
            Key::Line(text) => {
                board.typed.clear();
                board.note = self.line_typed(&text);
                if let (View::Lines(_), false) = (view, board.note.is_empty()) {
                    self.context.printer.talk(&board.note);
                }
            }
        }
    }

    /// Takes a line that was typed or scanned; returns what there is to say about it.
    fn line_typed(&self, text: &str) -> String {
        if !text.is_empty() && self.control.answer(text) {
            return String::new();
        }
        if text.is_empty() {
            self.control.press(self.line.bays.len());
            return String::new();
        }
        match slots::scanned(&self.station.folder().fleet, self.station.ledger(), text) {
            Ok(device) => {
                let words = format!("the next unit becomes {device}");
                self.control.choose(device);
                words
            }
            Err(error) => error.to_string(),
        }
    }
}

/// Says that a slot has ended if it breaks down: else the loop in front would wait for it for ever.
struct Ended<'a> {
    slot: usize,
    sender: &'a Sender<Message>,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = self.sender.send(Message::News(self.slot, News::Over));
        }
    }
}

/// Reads keys from the terminal, whose reads return after a moment at the latest.
fn read_keys(sender: &Sender<Message>, closed: &AtomicBool) {
    let (mut typist, mut bytes) = (Typist::default(), [0; 256]);
    while !closed.load(Ordering::Relaxed) && raw::is_taken() {
        let keys = match rustix::io::read(std::io::stdin(), &mut bytes) {
            Ok(0) => typist.pause().into_iter().collect(),
            Ok(length) => typist.feed(&bytes[..length]),
            Err(rustix::io::Errno::INTR) => Vec::new(),
            Err(_) => return,
        };
        for key in keys {
            if sender.send(Message::Key(key)).is_err() {
                return;
            }
        }
    }
}

fn read_lines(sender: &Sender<Message>) {
    let mut typist = Typist::default();
    let mut bytes = [0; 256];
    while let Ok(length @ 1..) = rustix::io::read(std::io::stdin(), &mut bytes) {
        for key in typist.feed(&bytes[..length]) {
            let is_line = !matches!(key, Key::Typing(_));
            if is_line && sender.send(Message::Key(key)).is_err() {
                return;
            }
        }
    }
}
