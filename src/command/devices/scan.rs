//! `firstlight devices scan`: looks for devices on the network, asks them, and takes them in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::json;

use crate::command::{Context, Status, registry};
use crate::fleet::{Class, quantity};
use crate::host::datagram::UdpPort;
use crate::registration::found::discovery::{Findings, Found, Intake, Search, TakenIn, search};
use crate::registry::Registry;
use crate::ui::Complaint;
use crate::ui::measure::count;

use super::facts::with_group;
use super::watch::is_stopped;

const EXAMPLES: &str = "\
Asks by CoAP for /.well-known/core. An address is HOST[:PORT], a group like
224.0.1.187, or a network like 192.0.2.0/28; without one all CoAP devices of
the local network are asked. A device says its name with ep=\"..\" in its links,
or at the path of --name-at. What was found waits for a person (approval list).
With --every it looks again and again, and tells of a device once.

Examples:
  $ firstlight devices scan --group field
  $ firstlight devices scan 192.0.2.0/28 '[2001:db8::7]:5683' --look
  $ firstlight devices scan --group field --every 10m
  $ firstlight devices scan sensor.example --group field --name-at /id \\
      --approve --reason \"installed today\"";

/// All CoAP nodes of the local network (RFC 7252, section 12.8).
const ALL_NODES: Ipv4Addr = Ipv4Addr::new(224, 0, 1, 187);
/// The port of CoAP.
const PORT: u16 = 5683;
/// Most devices that are asked one by one.
const MOST: usize = 4_096;

/// Arguments of `firstlight devices scan`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Whom to ask
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// The group they are taken into; the only one there is without
    #[arg(long, value_name = "NAME", conflicts_with = "look")]
    pub group: Option<String>,
    /// Only tell who answers; nobody is taken in
    #[arg(long)]
    pub look: bool,
    /// Where a device tells its name, if its links do not
    #[arg(long, value_name = "PATH")]
    pub name_at: Option<String>,
    /// For how many seconds a device may answer
    #[arg(long, value_name = "SECONDS", default_value_t = 8)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=300))]
    pub wait: u64,
    /// Look again after this time, until a signal ends it; only news are told
    #[arg(long, value_name = "TIME", value_parser = pause)]
    pub every: Option<Duration>,
    /// Agree to all that are taken in, at once
    #[arg(long, requires = "reason", conflicts_with = "look")]
    pub approve: bool,
    /// Why, for the audit trail
    #[arg(long, value_name = "TEXT", requires = "approve")]
    pub reason: Option<String>,
}

/// Runs `firstlight devices scan`.
pub fn run(args: Args, context: &Context) -> anyhow::Result<Status> {
    let peers = peers(&args.addresses)?;
    if context.globals.plan {
        return Ok(context.would(&format!("ask {}", count(peers.len(), "address"))));
    }
    let registry = if args.look { None } else { Some(with_group(context, args.group.as_deref())?) };
    let Some(every) = args.every else {
        let round = round(&args, &peers, registry.as_ref(), context)?;
        round.tell(context);
        return Ok(context.interrupt.asked().map_or(Status::Done, Status::Ended));
    };
    let mut known = Known::default();
    context.printer.event(&json!({ "event": "scanning", "every": every.as_secs() }));
    loop {
        let began = Instant::now();
        match round(&args, &peers, registry.as_ref(), context) {
            Ok(round) => known.news(round).tell(context),
            // What is wrong with the request itself was found before the first round, or is found in it.
            Err(error) if known.is_begun && !is_ours(&error) => {
                context.printer.warn(format_args!("{error:#}; it goes on"));
            }
            Err(error) => return Err(error),
        }
        known.is_begun = true;
        if is_stopped(every.saturating_sub(began.elapsed()), context) {
            return Ok(Status::Done);
        }
    }
}

/// What one search brought.
#[derive(Default)]
struct Round {
    found: Vec<(Found, Option<TakenIn>)>,
    silent: Vec<(SocketAddr, String)>,
    answered: usize,
}

fn round(args: &Args, peers: &[SocketAddr], registry: Option<&Registry>, context: &Context) -> anyhow::Result<Round> {
    // The group's policy is read each time: it may have changed.
    let intake = registry.map(|registry| intake(registry, args.group.as_deref())).transpose()?;
    let terms = Search { peers, name_at: args.name_at.as_deref(), patience: Duration::from_secs(args.wait) };
    let mut net = UdpPort::open().context("opening a UDP port")?;
    let stop = || context.interrupt.asked().is_some();
    let Findings { found, silent } = search(&mut net, &*context.random, &terms, &stop).context("asking around")?;
    let mut round = Round { answered: found.len(), silent, ..Round::default() };
    for device in found {
        let taken = intake.as_ref().map(|intake| intake.take(&device, &*context.random, context.clock.now()));
        let mut taken = taken.transpose()?;
        if let (Some(taken), Some(registry), Some(reason)) = (&mut taken, registry, &args.reason) {
            approve(registry, taken, reason, context)?;
        }
        round.found.push((device, taken));
    }
    Ok(round)
}

impl Round {
    fn tell(&self, context: &Context) {
        for (device, taken) in &self.found {
            tell(device, taken.as_ref(), context);
        }
        for (address, why) in &self.silent {
            context.printer.event(&json!({ "event": "silent", "address": address, "says": why }));
            context.printer.talk(format_args!("{address}: {why}"));
        }
        let pending = |taken: &TakenIn| taken.decision == "pending";
        let waiting = self.found.iter().filter(|(_, taken)| taken.as_ref().is_some_and(pending)).count();
        let waits = if waiting > 0 { "; decide about them: firstlight approval list" } else { "" };
        let answered = count(self.answered, "device");
        context.printer.talk(format_args!("{answered} answered, {waiting} wait for a person{waits}"));
    }
}

/// What was told in the rounds before.
#[derive(Default)]
struct Known {
    /// By name, or by address where it says none: the address, and the decision or the code of the refusal.
    devices: BTreeMap<String, (SocketAddr, Option<&'static str>)>,
    silent: BTreeSet<SocketAddr>,
    is_begun: bool,
}

impl Known {
    /// Keeps what is new, or what became something else; a device that is registered already is no news.
    fn news(&mut self, mut round: Round) -> Round {
        round.found.retain(|(device, taken)| {
            self.silent.remove(&device.address);
            let name = device.id.as_ref().map_or_else(|| device.address.to_string(), |id| id.to_ascii_lowercase());
            let word = taken.as_ref().map(|taken| taken.code.unwrap_or(taken.decision));
            let told = self.devices.insert(name, (device.address, word));
            told != Some((device.address, word)) && word != Some("same")
        });
        round.silent.retain(|(address, _)| self.silent.insert(*address));
        round
    }
}

/// Returns true for what the next round would meet again: an error in what we were told to do.
fn is_ours(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Complaint>().is_some()
}

fn intake(registry: &Registry, group: Option<&str>) -> anyhow::Result<Intake> {
    if let Some(group) = group {
        return Ok(Intake::open(registry, group)?);
    }
    let groups = registry.groups("", 1_000)?;
    let mut declared = groups.iter().filter(|group| group.declared);
    match (declared.next(), declared.next()) {
        (Some(only), None) => Ok(Intake::open(registry, &only.id)?),
        _ => Err(Complaint::new(Class::Usage, "it is not clear into which group")
            .with_hint("name it with --group NAME, or only look: --look")
            .into()),
    }
}

fn approve(registry: &Registry, taken: &mut TakenIn, reason: &str, context: &Context) -> anyhow::Result<()> {
    let (Some(registration), "pending") = (&taken.registration, taken.decision) else { return Ok(()) };
    let actor = registry::actor(context);
    registry.approve(&actor, registration, reason)?;
    taken.decision = "assigned";
    Ok(())
}

fn tell(device: &Found, taken: Option<&TakenIn>, context: &Context) {
    if context.printer.is_json() {
        let mut line = json!({ "event": "found", "address": device.address, "id": device.id, "links": device.links });
        line["taken"] = json!(taken);
        return context.printer.record(&line);
    }
    let id = device.id.as_deref().unwrap_or("(no name)");
    let links = count(device.links.len(), "link");
    let decision = taken.map(|taken| match &taken.says {
        Some(says) => format!(": {} ({says})", taken.code.unwrap_or(taken.decision)),
        None => format!(": {}", taken.decision),
    });
    context.printer.line(format_args!("{id}  {}  {links}{}", device.address, decision.unwrap_or_default()));
}

fn pause(text: &str) -> Result<Duration, String> {
    quantity::duration(text).map(Duration::from_secs).ok_or_else(|| "it is no time such as 30s, 10m or 1h".to_owned())
}

/// Reads addresses; all CoAP nodes without one.
fn peers(texts: &[String]) -> anyhow::Result<Vec<SocketAddr>> {
    if texts.is_empty() {
        return Ok(vec![(ALL_NODES, PORT).into()]);
    }
    let mut peers = Vec::new();
    for text in texts {
        peers.extend(peer(text)?);
        if peers.len() > MOST {
            let words = format!("these are more than {MOST} addresses");
            return Err(Complaint::new(Class::Input, words).with_hint("ask a smaller network").into());
        }
    }
    peers.sort();
    peers.dedup();
    Ok(peers)
}

fn peer(text: &str) -> anyhow::Result<Vec<SocketAddr>> {
    if let Some((network, length)) = text.split_once('/') {
        let wrong = || Complaint::new(Class::Input, format!("{text:?} is no IPv4 network of at most {MOST} addresses"));
        let network = network.parse::<Ipv4Addr>().map_err(|_| wrong())?;
        let length = length.parse::<u32>().ok().filter(|length| (20..=32).contains(length)).ok_or_else(wrong)?;
        let size = 1_u32 << (32 - length);
        let first = network.to_bits() & !(size - 1);
        // The first and the last of a network are no devices, where it has more than two.
        let devices = if size > 2 { first + 1..first + size - 1 } else { first..first + size };
        return Ok(devices.map(|bits| (Ipv4Addr::from_bits(bits), PORT).into()).collect());
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![(address, PORT).into()]);
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Ok(vec![address]);
    }
    let has_port = text.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let named = if has_port { text.to_owned() } else { format!("{text}:{PORT}") };
    let found = named.to_socket_addrs().with_context(|| format!("looking up {text:?}"))?;
    Ok(found.take(1).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Vec<String> {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        peers(&texts).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn addresses_networks_and_groups_are_read_once_each() {
        assert_eq!(read(&[]), ["224.0.1.187:5683"]);
        assert_eq!(read(&["192.0.2.9/30", "192.0.2.9"]), ["192.0.2.9:5683", "192.0.2.10:5683"]);
        assert_eq!(read(&["192.0.2.1/32", "192.0.2.1:99"]), ["192.0.2.1:99", "192.0.2.1:5683"]);
        assert_eq!(read(&["[2001:db8::1]:7", "2001:db8::2", "[ff02::fd%2]:5683"]).len(), 3);
        assert_eq!(read(&["192.0.2.0/20"]).len(), 4094);
        for wrong in ["192.0.2.0/19", "192.0.2.0/33", "192.0.2/30", "2001:db8::/64"] {
            assert!(peers(&[wrong.to_owned()]).is_err(), "{wrong}");
        }
    }
}
