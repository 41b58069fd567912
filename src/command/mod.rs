//! The subcommands: one file each, with its arguments (`Args`) and its `run`.
//!
//! A command resolves what was typed, calls the procedures of the floors below and prints through [`crate::ui`]. It holds no
//! rule of its own: whatever a second command could need belongs to a lower floor.

use std::ffi::OsString;

#[cfg(feature = "station")]
use clap::CommandFactory as _;
use clap::{Parser, Subcommand, error::ErrorKind};

use crate::fleet::Class;
use crate::ui::{Failure, Format, Level, Printer, Terminal, panics};

pub mod client;
pub mod context;
pub mod globals;
#[cfg(feature = "station")]
mod hook_ground;
pub mod media;
pub mod noun;

#[cfg(feature = "station")]
pub mod acl;
#[cfg(feature = "station")]
pub mod approval;
#[cfg(feature = "station")]
pub mod backup;
#[cfg(feature = "station")]
pub mod batch;
#[cfg(feature = "station")]
pub mod bootstrap;
#[cfg(feature = "station")]
pub mod ca;
#[cfg(feature = "station")]
pub mod card;
#[cfg(feature = "station")]
pub mod check;
#[cfg(feature = "station")]
pub mod completions;
#[cfg(feature = "station")]
pub mod delivering;
#[cfg(feature = "station")]
pub mod devices;
#[cfg(feature = "station")]
pub mod doctor;
#[cfg(feature = "station")]
pub mod flash;
#[cfg(feature = "station")]
pub mod founded;
#[cfg(feature = "station")]
pub mod group;
#[cfg(feature = "station")]
pub mod init;
#[cfg(feature = "station")]
pub mod issue;
#[cfg(feature = "station")]
pub mod keys;
#[cfg(feature = "station")]
pub mod label;
#[cfg(feature = "station")]
pub mod ledger;
#[cfg(feature = "station")]
pub mod man;
#[cfg(feature = "station")]
pub mod model;
#[cfg(feature = "station")]
pub mod opened;
#[cfg(feature = "station")]
pub mod pick;
#[cfg(feature = "station")]
pub mod place;
#[cfg(feature = "station")]
pub mod planning;
#[cfg(feature = "station")]
pub mod policy;
#[cfg(feature = "probe")]
pub mod probe_worker;
#[cfg(feature = "station")]
pub mod programmers;
#[cfg(feature = "station")]
pub mod recipe;
#[cfg(feature = "station")]
pub mod registry;
#[cfg(feature = "station")]
pub mod render;
#[cfg(feature = "station")]
pub mod restore;
#[cfg(feature = "station")]
pub mod rollout;
#[cfg(feature = "station")]
pub mod schema;
#[cfg(feature = "station")]
pub mod seal;
#[cfg(feature = "station")]
pub mod selection;
#[cfg(feature = "server")]
pub mod serve;
#[cfg(feature = "station")]
pub mod sharing;
#[cfg(feature = "station")]
pub mod station;
#[cfg(feature = "station")]
pub mod token;
#[cfg(feature = "station")]
pub mod trust;
#[cfg(feature = "station")]
pub mod write;

pub use context::{Context, Status};
pub use globals::Globals;

/// What the first screen of help says after the list of commands.
#[cfg(feature = "station")]
const TASKS: &str = "\
Tasks:
  $ firstlight init my-fleet              a fleet that works at once
  $ firstlight check                      is everything right? writes nothing
  $ firstlight write --all --to image:out/
                                          a bootable image for each device
  $ firstlight write gw-0007              one stick or card: lists drives, asks
  $ firstlight devices why gw-0007        where a device stands, what comes next
  $ firstlight doctor                     what this machine lacks, and the fix

Exit status: 0 done or nothing left to do, 1 wrong input, 2 usage, 3 a batch
failed in part, 4 surroundings (try again), 5 read-back differs (reject the
unit), 6 refused (a person must act), 7 nothing next, 70 our fault,
130 interrupted, 143 terminated.";
/// What the first screen of help says in the build for devices.
#[cfg(not(feature = "station"))]
const TASKS: &str = "\
Tasks:
  $ firstlight client ingest              take the bundle from the medium
  $ firstlight client status              what is in force, what came last
  $ firstlight media inspect /dev/sda     what is on this medium?
  $ firstlight media verify /dev/sda      does it hold what its manifest says?";

/// Brings IoT devices to their first connection.
///
/// From one fleet file and one record for each device it makes the device's credentials, renders its bootstrap bundle,
/// writes it to the medium the device reads, and reads it back.
#[derive(Parser, Debug)]
#[command(name = "firstlight", version, after_help = TASKS, max_term_width = 80, help_expected = true)]
#[command(arg_required_else_help = true, subcommand_required = true, infer_long_args = false)]
pub struct Cli {
    /// Options that every command takes.
    #[command(flatten)]
    pub globals: Globals,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Set up a fleet that works at once.
    #[cfg(feature = "station")]
    Init(init::Args),
    /// Check the fleet file, the inventory and the templates.
    #[cfg(feature = "station")]
    Check(check::Args),
    /// Make, show or export the fleet's certificate authority.
    #[cfg(feature = "station")]
    #[command(after_help = ca::EXAMPLES)]
    Ca(noun::Noun<ca::Action>),
    /// Show, change and export the keys that seal bundles.
    #[cfg(feature = "station")]
    #[command(after_help = seal::EXAMPLES)]
    Seal(noun::Noun<seal::Action>),
    /// Bring the pre-shared keys of devices to a server of its own.
    #[cfg(feature = "station")]
    #[command(after_help = keys::EXAMPLES)]
    Keys(noun::Noun<keys::Action>),
    /// Sign and check lock recipes: steps that cannot be taken back.
    #[cfg(feature = "station")]
    #[command(after_help = recipe::EXAMPLES)]
    Recipe(noun::Noun<recipe::Action>),
    /// Allow this fleet's programs (vendor programmers, hooks), by digest.
    #[cfg(feature = "station")]
    Trust(trust::Args),
    /// Serve the registry: devices register by themselves.
    #[cfg(feature = "server")]
    Serve(serve::Args),
    /// Many devices take a changed configuration, paced.
    #[cfg(feature = "station")]
    #[command(after_help = rollout::EXAMPLES)]
    Rollout(noun::Noun<rollout::Action>),
    /// Make, list and revoke tokens of devices and of people.
    #[cfg(feature = "station")]
    #[command(after_help = token::EXAMPLES)]
    Token(noun::Noun<token::Action>),
    /// Show what registered devices may publish and read, as mosquitto takes it.
    #[cfg(feature = "station")]
    Acl(acl::Args),
    /// Enrolment groups, their allow lists, and the block list.
    #[cfg(feature = "station")]
    #[command(after_help = group::EXAMPLES)]
    Group(noun::Noun<group::Action>),
    /// Remote Bootstrap of LwM2M: foretell it, ask for it, find out what failed.
    #[cfg(feature = "station")]
    #[command(after_help = bootstrap::EXAMPLES)]
    Bootstrap(noun::Noun<bootstrap::Action>),
    /// What the rules of enrolment would decide.
    #[cfg(feature = "station")]
    #[command(after_help = policy::EXAMPLES)]
    Policy(noun::Noun<policy::Action>),
    /// Decide about devices that wait for a person.
    #[cfg(feature = "station")]
    #[command(after_help = approval::EXAMPLES)]
    Approval(noun::Noun<approval::Action>),
    /// Models: what kinds of devices there are, and which device is which.
    #[cfg(feature = "station")]
    Model(model::Args),
    /// Save keys and records to one encrypted file.
    #[cfg(feature = "station")]
    Backup(backup::Args),
    /// Bring keys and records back from a backup.
    #[cfg(feature = "station")]
    Restore(restore::Args),
    /// Issue the credentials of devices.
    #[cfg(feature = "station")]
    #[command(visible_alias = "generate")]
    Issue(issue::Args),
    /// Render bootstrap bundles as plain files.
    #[cfg(feature = "station")]
    Render(render::Args),
    /// Write bootstrap media: image files, folders, sticks, cards.
    #[cfg(feature = "station")]
    Write(write::Args),
    /// Write, read and verify smartcards with LwM2M bootstrap information.
    #[cfg(feature = "station")]
    #[command(after_help = card::EXAMPLES)]
    Card(noun::Noun<card::Action>),
    /// Write per-device data into chips through a programmer.
    #[cfg(feature = "station")]
    Flash(flash::Args),
    /// The technician's screen: unit after unit, several slots side by side.
    #[cfg(feature = "station")]
    Station(station::Args),
    /// Open and close batches: frozen inputs, a signed report.
    #[cfg(feature = "station")]
    #[command(after_help = batch::EXAMPLES)]
    Batch(noun::Noun<batch::Action>),
    /// Write a finished device's label once more.
    #[cfg(feature = "station")]
    Label(label::Args),
    /// Take bundles from media, on the device itself.
    Client(client::Args),
    /// List drives; look at media and verify them.
    #[command(after_help = media::EXAMPLES)]
    Media(noun::Noun<media::Action>),
    /// List programmers and boot loaders on USB.
    #[cfg(feature = "station")]
    #[command(after_help = programmers::EXAMPLES)]
    Programmers(noun::Noun<programmers::Action>),
    /// List devices, show their records, retire them.
    #[cfg(feature = "station")]
    #[command(after_help = devices::EXAMPLES)]
    Devices(noun::Noun<devices::Action>),
    /// Read and verify what this station did.
    #[cfg(feature = "station")]
    #[command(after_help = ledger::EXAMPLES)]
    Ledger(noun::Noun<ledger::Action>),
    /// Check this machine, each fault with its fix.
    #[cfg(feature = "station")]
    Doctor(doctor::Args),
    /// Print the JSON Schema of the fleet file.
    #[cfg(feature = "station")]
    Schema(schema::Args),
    /// Print completions for a shell.
    #[cfg(feature = "station")]
    Completions(completions::Args),
    /// Print manual pages.
    #[cfg(feature = "station")]
    Man(man::Args),
}

impl Command {
    /// Runs the command that was asked for.
    pub fn run(self, context: &Context) -> anyhow::Result<Status> {
        match self {
            #[cfg(feature = "station")]
            Command::Init(args) => init::run(args, context),
            #[cfg(feature = "station")]
            Command::Check(args) => check::run(args, context),
            #[cfg(feature = "station")]
            Command::Ca(args) => ca::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Seal(args) => seal::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Bootstrap(args) => bootstrap::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Keys(args) => keys::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Recipe(args) => recipe::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Trust(args) => trust::run(args, context),
            #[cfg(feature = "server")]
            Command::Serve(args) => serve::run(args, context),
            #[cfg(feature = "station")]
            Command::Token(args) => token::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Card(args) => card::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Acl(args) => acl::run(args, context),
            #[cfg(feature = "station")]
            Command::Group(args) => group::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Policy(args) => policy::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Approval(args) => approval::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Rollout(args) => rollout::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Model(args) => model::run(args, context),
            #[cfg(feature = "station")]
            Command::Backup(args) => backup::run(args, context),
            #[cfg(feature = "station")]
            Command::Restore(args) => restore::run(args, context),
            #[cfg(feature = "station")]
            Command::Issue(args) => issue::run(args, context),
            #[cfg(feature = "station")]
            Command::Render(args) => render::run(args, context),
            #[cfg(feature = "station")]
            Command::Write(args) => write::run(args, context),
            #[cfg(feature = "station")]
            Command::Flash(args) => flash::run(args, context),
            #[cfg(feature = "station")]
            Command::Station(args) => station::run(args, context),
            #[cfg(feature = "station")]
            Command::Batch(args) => batch::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Label(args) => label::run(args, context),
            Command::Client(args) => client::run(args, context),
            Command::Media(args) => media::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Programmers(args) => programmers::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Devices(args) => devices::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Ledger(args) => ledger::run(args.action, context),
            #[cfg(feature = "station")]
            Command::Doctor(args) => doctor::run(args, context),
            #[cfg(feature = "station")]
            Command::Schema(args) => schema::run(args, context),
            #[cfg(feature = "station")]
            Command::Completions(args) => completions::run(args, Cli::command(), context),
            #[cfg(feature = "station")]
            Command::Man(args) => man::run(args, Cli::command(), context),
        }
    }
}

/// Reads the command line. Help, version and complaints are printed here; `Err` holds the exit status then.
pub fn parse(arguments: Vec<OsString>) -> Result<Cli, u8> {
    let json = arguments.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    if json {
        panics::speak_json();
    }
    Cli::try_parse_from(arguments).map_err(|error| explain(&error, json))
}

/// Prints what clap has to say and returns the exit status.
fn explain(error: &clap::Error, json: bool) -> u8 {
    let asked_for = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let format = if json { Format::Json } else { Format::Text };
    let printer = Printer::new(format, Level::Normal, Terminal::look());
    if json && !asked_for {
        let words = error.render().to_string();
        printer.failure(&Failure::usage(words.trim().trim_start_matches("error: ")));
        return Class::Usage.exit_status();
    }
    let told = match error.print() {
        Err(failure) if failure.kind() != std::io::ErrorKind::BrokenPipe => Class::Surroundings.exit_status(),
        _ => 0,
    };
    if asked_for { told } else { Class::Usage.exit_status() }
}
