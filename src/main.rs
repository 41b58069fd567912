//! Parses the command line, runs the command, ends with its exit status.

use std::ffi::OsString;
use std::process::ExitCode;

use firstlight::command::{Cli, Context, parse};
use firstlight::fleet::Class;
use firstlight::ui::{Failure, Printer, Terminal, panics};

fn main() -> ExitCode {
    panics::install();
    ExitCode::from(panics::caught(|| start(std::env::args_os().collect())))
}

fn start(arguments: Vec<OsString>) -> u8 {
    #[cfg(feature = "probe")]
    if firstlight::command::probe_worker::is_meant(&arguments) {
        return firstlight::command::probe_worker::run();
    }
    match parse(arguments) {
        Ok(cli) => run(cli),
        Err(status) => status,
    }
}

fn run(cli: Cli) -> u8 {
    let printer = Printer::new(cli.globals.format(), cli.globals.level(), Terminal::look());
    let outcome = Context::new(printer.clone(), cli.globals).and_then(|context| cli.command.run(&context));
    let status = match outcome {
        Ok(status) => status.exit_status(),
        Err(error) => {
            let failure = Failure::of(&error);
            printer.failure(&failure);
            failure.class().exit_status()
        }
    };
    match printer.close() {
        // What was asked for is done, but nobody could be told: a script must know.
        Err(_) if status == 0 => Class::Surroundings.exit_status(),
        _ => status,
    }
}
