//! `firstlight flash`: per-device data into chips, read back, bound to who they are.

use std::path::PathBuf;

use crate::command::{Context, Status};
use crate::delivery::{Confirm, Sink};
use crate::fleet::{DevicePlan, EndpointName};
use crate::ledger::Again;
use crate::programmer::ProgrammerSelector;
use crate::station::{
    AcceptTarget, ChipConsent, Delivered, Flash, FlashError, Flashed, Gang, Hooks, Queue, Recipes, Station,
    StationError, StationFiles, Verdict, Wish, label, label::PrintError, programmers, rehearse, slots, trust::Trust,
};
use crate::ui::Drawing;
use crate::ui::closing::Closing;
use crate::ui::consent::AskConsent;
use crate::ui::first_article::AskFirstArticle;
use crate::ui::measure::count;

use super::sharing::{Sharing, Wanted};
use super::{opened, selection, write};
use crate::station::Selection as Chosen;

/// Where hooks may leave things: nothing of ours lies there.
pub(super) const HOOKS_HOME: &str = ".firstlight/hooks";

const EXAMPLES: &str = "\
Programmers:
  swd:port=1-4.2         a debug probe in this USB port
  dfu:port=1-4.3         a device in DFU mode
  esp:/dev/ttyUSB0       the ROM loader of an ESP32, also esp:socket://HOST:PORT
  exec:NAME              a program of the fleet file's `programmers:`
  file:chips/{id}        a simulated chip, for CI and rehearsals
  image:out/{id}.hex     a file for a programmer driven by hand; .uf2, .bin
  slot:3                 what the fleet file's `slots:` has at number 3

Examples:
  $ firstlight flash --all --programmer file:chips/{id}
  $ firstlight flash sensor-0001 --programmer esp:/dev/ttyUSB0
  $ firstlight flash --next --programmer esp:port=1-1 --programmer esp:port=1-2
  $ firstlight flash --scan SN-000123 --programmer dfu:
  $ firstlight flash sensor-0002 --programmer esp:port=1-1 --rework 'board swapped'";

/// Arguments of `firstlight flash`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Which devices.
    #[command(flatten)]
    pub selection: selection::Selection,
    /// As many devices as there are programmers: the next ones that lack this delivery
    #[arg(long, conflicts_with_all = ["ids", "all", "scan"])]
    pub next: bool,
    /// The device with this id or serial number, as its label was scanned
    #[arg(long, value_name = "CODE", conflicts_with_all = ["ids", "all"])]
    pub scan: Option<String>,
    /// What reaches the chip; several are used side by side
    #[arg(long, value_name = "PROGRAMMER", required = true)]
    pub programmer: Vec<String>,
    /// Which of the profile's deliveries, where there are several
    #[arg(long, value_name = "NAME")]
    pub delivery: Option<String>,
    /// Give a chip that is another device's to this one, and why
    #[arg(long, value_name = "REASON")]
    pub rework: Option<String>,
    /// Deliver again what is delivered, and why
    #[arg(long, value_name = "WHY", value_enum)]
    pub again: Option<write::Again>,
    /// How many chips at a time [default: one for each programmer, or processor]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    pub jobs: Option<u16>,
    /// Write the label of each unit that passed into this folder, as SVG and ZPL
    #[arg(long, value_name = "DIR")]
    pub labels: Option<PathBuf>,
    /// Overwrite the chip with this accept id, which a refusal named
    #[arg(long, value_name = "ID")]
    pub accept_target: Option<String>,
}

/// Runs `firstlight flash`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let station = opened::station(context, args.selection.inventory.as_deref())?;
    let sharing = if context.globals.plan { None } else { Some(enter(&args, context, &station)?) };
    let flashing = Flashing::of(&args, context, &station)?;
    rehearse::check(station.shelf(), &flashing.devices, &|device| flashing.plan(device))?;
    flashing.check_chips()?;
    if context.globals.plan {
        return Ok(context.would(&format!("flash {}", count(flashing.devices.len(), "device"))));
    }
    flashing.tell_of_new_chips()?;
    let done = flashing.run();
    sharing.iter().for_each(|sharing| sharing.tell(context, &station));
    done
}

/// A code that is scanned names a device of the inventory.
fn enter(args: &Args, context: &Context, station: &Station) -> anyhow::Result<Sharing> {
    if args.next {
        return Sharing::enter(context, station, &Wanted::Line);
    }
    let chosen = match &args.scan {
        Some(code) => Chosen::Named(vec![slots::scanned(&station.folder().fleet, station.ledger(), code)?]),
        None => Chosen::from_words(&args.selection.ids, args.selection.all)?,
    };
    Sharing::enter(context, station, &Wanted::Chosen(&chosen))
}

/// What was asked for, resolved.
struct Flashing<'a> {
    args: &'a Args,
    context: &'a Context,
    station: &'a Station,
    devices: Vec<EndpointName>,
    programmers: Vec<ProgrammerSelector>,
    /// True if one pattern names a chip for each device.
    each_its_own: bool,
}

impl<'a> Flashing<'a> {
    fn of(args: &'a Args, context: &'a Context, station: &'a Station) -> anyhow::Result<Self> {
        let parsed = args.programmer.iter().map(|text| ProgrammerSelector::parse(text));
        let programmers: Vec<ProgrammerSelector> = parsed.collect::<Result<_, _>>()?;
        let each_its_own = args.programmer.len() == 1 && args.programmer[0].contains("{id}");
        let devices = devices(args, station, programmers.len())?;
        if !each_its_own && !args.next && devices.len() != programmers.len() {
            return Err(StationError::Pairing { devices: devices.len(), targets: programmers.len() }.into());
        }
        Ok(Self { args, context, station, devices, programmers, each_its_own })
    }

    fn plan(&self, device: &EndpointName) -> Result<DevicePlan, StationError> {
        let fleet = &self.station.folder().fleet;
        match &self.args.delivery {
            Some(name) => Ok(fleet.plan(device, Some(name))?),
            None => Ok(fleet.plan(device, slots::factory_delivery(fleet, device).as_deref())?),
        }
    }

    /// Every chip's name is tried on its programmer before the first device.
    fn check_chips(&self) -> Result<(), StationError> {
        let mut seen = std::collections::BTreeSet::new();
        for (index, device) in self.devices.iter().enumerate() {
            let plan = self.plan(device)?;
            let chip = chip_of(&plan);
            if seen.insert((chip.clone(), if self.each_its_own { 0 } else { index })) {
                self.open(if self.each_its_own { 0 } else { index }, device, chip.as_deref())?;
            }
        }
        self.check_one_kind()
    }

    /// Whichever slot is ready takes the next device: all of them must be for the chip that the programmers are told of.
    fn check_one_kind(&self) -> Result<(), StationError> {
        let Some(first) = self.devices.first().filter(|_| self.args.next) else { return Ok(()) };
        let here = chip_of(&self.plan(first)?).unwrap_or_default();
        for device in &self.devices {
            let wants = chip_of(&self.plan(device)?).unwrap_or_default();
            if !wants.eq_ignore_ascii_case(&here) {
                return Err(FlashError::OtherKind { device: device.to_string(), wants, here }.into());
            }
        }
        Ok(())
    }

    /// What a simulated chip is born with was never proved on one: that is said.
    fn tell_of_new_chips(&self) -> Result<(), StationError> {
        for (index, device) in self.devices.iter().enumerate() {
            let plan = self.plan(device)?;
            let has_table = plan.delivery.carrier.factory().is_some_and(|factory| factory.partition_table.is_some());
            let selector = &self.programmers[if self.each_its_own { 0 } else { index.min(self.programmers.len() - 1) }];
            if has_table && programmers::makes_chip(self.station, selector, device, &self.context.machine())? {
                let words = "simulated chips that are not there yet are made with the fleet's partition table on them";
                self.context.printer.talk(words);
                break;
            }
        }
        Ok(())
    }

    fn open(&self, index: usize, device: &EndpointName, chip: Option<&str>) -> Result<Box<dyn Sink>, StationError> {
        let index = if self.each_its_own { 0 } else { index.min(self.programmers.len() - 1) };
        programmers::open(self.station, &self.programmers[index], device, chip, &self.context.machine())
    }

    fn run(&self) -> anyhow::Result<Status> {
        let Some(first) = self.devices.first() else { return Err(StationError::NothingNext.into()) };
        let plan = self.plan(first)?;
        self.resolve_secrets()?;
        let batch = self.station.ledger().open_batch()?.map(|batch| batch.name).unwrap_or_default();
        let ask = AskFirstArticle { printer: self.context.printer.clone() };
        let home = self.station.folder().root.join(HOOKS_HOME);
        std::fs::create_dir_all(&home)?;
        let hooks = Hooks {
            station: self.station,
            trust: Trust::new(&self.station.folder().root, &self.context.machine())?,
            home: &home,
            batch: batch.clone(),
        };
        let recipes = Recipes::new(&batch, &ask);
        for device in &self.devices {
            recipes.of(self.station, &self.plan(device)?)?;
        }
        let confirm = self.consent();
        let drawing = Drawing::new(&self.context.printer);
        let make_plan = |device: &EndpointName| self.plan(device);
        let flash = Flash {
            station: self.station,
            plan: &make_plan,
            again: self.args.again.map(Again::from),
            rework: self.args.rework.as_deref(),
            confirm: &confirm,
            recipes: &recipes,
            hooks: Some(&hooks),
            progress: &drawing,
        };
        let queue = Queue::of(self.devices.iter().cloned());
        let wish = |device: &EndpointName| {
            if self.args.next { Wish::Next(&queue) } else { Wish::Device(device.clone()) }
        };
        let wishes: Vec<Wish<'_>> = self.devices.iter().map(wish).collect();
        let gang = Gang {
            flash: &flash,
            wishes: &wishes,
            open: &|index| {
                let device = &self.devices[index];
                let chip = chip_of(&self.plan(device)?);
                self.open(index, device, chip.as_deref())
            },
            delivery: &plan.delivery.name,
            jobs: self.jobs(),
        };
        let mut closing = Closing::new(&self.context.printer, wishes.len());
        let (verdict, unlabelled) = self.flash_all(&gang, &mut closing);
        drop(drawing);
        closing.end(&verdict);
        if let Some(error) = unlabelled {
            return Err(anyhow::Error::new(error).context("writing the label; the unit itself is done"));
        }
        if verdict.untouched > 0 {
            self.context.printer.warn("interrupted; the same command goes on from here");
        }
        Ok(verdict.class(self.context.interrupt.asked()).map_or(Status::Done, Status::Ended))
    }

    /// Files of this station need their own rule; of chips those that are blank or ours are taken, any other is asked about.
    fn consent(&self) -> ChipConsent {
        let ledger = self.station.ledger();
        let files = self.programmers.iter().all(|selector| matches!(selector, ProgrammerSelector::Image(_)));
        let otherwise: Box<dyn Confirm> = match &self.args.accept_target {
            _ if files => {
                let fleet = self.station.folder().fleet.name().to_string();
                Box::new(StationFiles { ledger: ledger.clone(), fleet })
            }
            Some(id) => Box::new(AcceptTarget { ids: vec![id.clone()] }),
            None => Box::new(AskConsent { printer: self.context.printer.clone() }),
        };
        ChipConsent { ledger: ledger.clone(), rework: self.args.rework.is_some(), otherwise }
    }

    /// Flashes, tells of each outcome and labels what passed; returns the last label that could not be written.
    fn flash_all(&self, gang: &Gang<'_>, closing: &mut Closing<'_>) -> (Verdict, Option<PrintError>) {
        let mut unlabelled = None;
        let verdict = gang.run(&mut |outcome, flashed| {
            let made = matches!(outcome.result, Ok(Delivered::Now { .. }));
            closing.outcome(outcome);
            if let Some(flashed) = flashed.filter(|_| made) {
                unlabelled = self.label(&flashed).err().or(unlabelled.take());
            }
        });
        (verdict, unlabelled)
    }

    /// Writes the label of a unit that passed, where labels are wanted.
    fn label(&self, flashed: &Flashed) -> Result<(), PrintError> {
        let Some(folder) = &self.args.labels else { return Ok(()) };
        let printed = label::print(self.station.ledger(), &flashed.plan, &flashed.target, folder)?;
        let device = &flashed.device;
        if self.context.printer.is_json() {
            let record = serde_json::json!({ "event": "label", "device": device, "label": printed });
            self.context.printer.record(&record);
        }
        Ok(())
    }

    fn resolve_secrets(&self) -> Result<(), StationError> {
        let mut wanted = std::collections::BTreeSet::new();
        for device in &self.devices {
            wanted.extend(self.plan(device)?.secrets().cloned());
        }
        self.station.resolve_secrets(&wanted)
    }

    fn jobs(&self) -> usize {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let usual = if self.each_its_own { 4 * processors } else { self.programmers.len() };
        self.args.jobs.map_or(usual, usize::from)
    }
}

fn chip_of(plan: &DevicePlan) -> Option<String> {
    plan.delivery.carrier.factory().map(|factory| factory.chip.to_string())
}

/// Returns the devices asked for; of the next ones, as many as there are programmers.
fn devices(args: &Args, station: &Station, slots: usize) -> Result<Vec<EndpointName>, StationError> {
    let fleet = &station.folder().fleet;
    if let Some(code) = &args.scan {
        return slots::scanned(fleet, station.ledger(), code).map(|device| vec![device]);
    }
    if args.next {
        let hardware = !args.programmer.iter().all(|text| text.starts_with("file:") || text.starts_with("image:"));
        return slots::waiting(fleet, station.ledger(), args.delivery.as_deref(), slots, hardware);
    }
    let chosen = Chosen::from_words(&args.selection.ids, args.selection.all)?;
    chosen.devices(fleet, Some(station.ledger()), args.delivery.as_deref())
}
