//! The wish of a person or the system that we stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::fleet::Class;

/// Remembers SIGINT and SIGTERM. Procedures look between their steps and stop where the ledger can resume; a second signal
/// of the same kind ends the program at once.
#[derive(Clone, Default)]
pub struct Interrupt {
    interrupted: Arc<AtomicBool>,
    terminated: Arc<AtomicBool>,
}

impl Interrupt {
    /// Begins to listen to the two signals.
    pub fn listen() -> io::Result<Self> {
        let this = Self::default();
        remember(SIGINT, Class::Interrupted, &this.interrupted)?;
        remember(SIGTERM, Class::Terminated, &this.terminated)?;
        Ok(this)
    }

    /// Returns why we should stop, if we should.
    pub fn asked(&self) -> Option<Class> {
        if self.interrupted.load(Ordering::Relaxed) {
            Some(Class::Interrupted)
        } else if self.terminated.load(Ordering::Relaxed) {
            Some(Class::Terminated)
        } else {
            None
        }
    }
}

/// Remembers SIGHUP: whoever sends it wants what is configured to be read again.
pub struct Hangup(Arc<AtomicBool>);

impl Hangup {
    /// Begins to listen.
    pub fn listen() -> io::Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal_hook::consts::SIGHUP, Arc::clone(&flag))?;
        Ok(Self(flag))
    }

    /// Returns true once for one or several that came.
    pub fn asked(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}

/// The order matters: the first registered runs first, so the shutdown sees the flag of an earlier signal only.
fn remember(signal: i32, class: Class, flag: &Arc<AtomicBool>) -> io::Result<()> {
    signal_hook::flag::register_conditional_shutdown(signal, i32::from(class.exit_status()), Arc::clone(flag))?;
    signal_hook::flag::register(signal, Arc::clone(flag))?;
    Ok(())
}
