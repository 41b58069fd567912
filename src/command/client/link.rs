//! Arguments and patience of every command that talks with the device's server.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use crate::client::registration::link::LinkWish;
use crate::command::Context;
use crate::fleet::{Class, quantity};

/// How often a signal is looked for.
const LOOK: Duration = Duration::from_millis(200);

/// How the server is reached.
#[derive(clap::Args, Debug)]
pub struct LinkArgs {
    /// What the device was told of its registration
    /// [default: /etc/firstlight.d/registration.json]
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
    /// How long to try, and to wait for a decision
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = duration)]
    pub within: Duration,
    /// Go through the proxy that the environment names (HTTPS_PROXY)
    #[arg(long)]
    pub proxy: bool,
}

impl LinkArgs {
    /// Returns the same as the client's own words.
    pub fn wish(&self) -> LinkWish<'_> {
        LinkWish { order: self.config.as_deref(), within: self.within, environment_proxy: self.proxy }
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    quantity::duration(text).map(Duration::from_secs).ok_or_else(|| "it is no time such as 90s, 5m or 1h".to_owned())
}

/// Returns how time passes: until it is over, or a signal ends it.
pub fn waiting(context: &Context) -> impl Fn(Duration) -> Option<Class> + '_ {
    |pause: Duration| {
        context.printer.detail(format_args!("waiting {} s", pause.as_secs()));
        let until = Instant::now() + pause;
        while Instant::now() < until {
            if let Some(class) = context.interrupt.asked() {
                return Some(class);
            }
            thread::sleep(LOOK.min(until.saturating_duration_since(Instant::now())));
        }
        context.interrupt.asked()
    }
}
