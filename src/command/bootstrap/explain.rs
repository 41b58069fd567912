//! `firstlight bootstrap explain`: says what a device would be told.

use crate::bootstrap::{Explained, Explanation, explain};
use crate::command::{Context, Status};
use crate::fleet::Class;
use crate::fleet::lwm2m::Enabler;

use super::wanted::configuration;

const EXAMPLES: &str = "\
No network is used and nothing is issued. The messages are those that a client
gets which does as the standard says; keys are shown as their lengths. It exits
with 6 where the device would not be told Finish.

Examples:
  $ firstlight bootstrap explain gw-0007
  $ firstlight bootstrap explain gw-0007 --client 1.0 --json";

/// Arguments of `firstlight bootstrap explain`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The device
    #[arg(value_name = "ID")]
    pub device: String,
    /// Version of the client's LwM2M
    #[arg(long, value_name = "VERSION", value_enum, default_value = "1.1")]
    pub client: Version,
}

/// Versions of LwM2M.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Version {
    /// TLV, no Read
    #[value(name = "1.0")]
    V1_0,
    /// SenML, Read
    #[value(name = "1.1")]
    V1_1,
    /// LwM2M CBOR, Bootstrap-Pack
    #[value(name = "1.2")]
    V1_2,
}

impl From<Version> for Enabler {
    fn from(version: Version) -> Self {
        match version {
            Version::V1_0 => Self::V1_0,
            Version::V1_1 => Self::V1_1,
            Version::V1_2 => Self::V1_2,
        }
    }
}

/// Runs `firstlight bootstrap explain`.
pub fn run(args: &Args, context: &Context) -> anyhow::Result<Status> {
    let configuration = configuration(&args.device, context)?;
    let explanation = explain(&configuration, args.client.into());
    context.printer.report(&explanation, || text(&explanation));
    Ok(if explanation.good { Status::Done } else { Status::Ended(Class::Refused) })
}

fn text(explanation: &Explanation) -> String {
    let mut text = format!("{}, a client of LwM2M {}\n", explanation.device, explanation.client);
    for message in &explanation.messages {
        text.push_str(&line(message));
    }
    text.push_str(&format!("{}\n", explanation.result));
    for remark in &explanation.remarks {
        text.push_str(&format!("note: {remark}\n"));
    }
    let (datagrams, bytes) = (explanation.datagrams, explanation.bytes);
    text.push_str(&format!("{datagrams} datagrams, {bytes} bytes (without DTLS)\n"));
    text
}

fn line(message: &Explained) -> String {
    let Some(asked) = &message.asked else { return format!("  {:<9} {}\n", message.step, message.answer) };
    let format = asked.format.map_or(String::new(), |format| format!(" [{format}: {} bytes]", asked.bytes));
    let size = format!("{} datagrams, {} bytes", message.datagrams, message.bytes);
    let mut text =
        format!("  {:<9} {} {}{format} -> {}  ({size})\n", message.step, asked.method, asked.path, message.answer);
    for (path, value) in &asked.values {
        text.push_str(&format!("            {path} = {value}\n"));
    }
    text
}
