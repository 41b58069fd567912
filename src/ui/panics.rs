//! A panic is our own fault and says so, without spilling a backtrace.

use std::io::Write as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::fleet::Class;

use super::Failure;

static JSON: AtomicBool = AtomicBool::new(false);

/// From now on a panic prints one message of ours on stderr, in any thread.
pub fn install() {
    panic::set_hook(Box::new(|panic| {
        // The message would vanish with the screen.
        #[cfg(feature = "station")]
        super::station_screen::raw::give_back();
        let failure = Failure::internal(message(panic));
        let text = if JSON.load(Ordering::Relaxed) {
            format!("{}\n", failure.to_json())
        } else {
            format!("firstlight: {}", failure.to_text(&|_, text| text.to_owned()))
        };
        // Nobody is left to tell if stderr fails too.
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }));
}

/// From now on the message is a JSON object.
pub fn speak_json() {
    JSON.store(true, Ordering::Relaxed);
}

/// Runs `work` and returns its exit status; after a panic inside, which the hook has told, that of our own faults.
pub fn caught(work: impl FnOnce() -> u8) -> u8 {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Class::Fault.exit_status())
}

fn message(panic: &PanicHookInfo<'_>) -> String {
    let words = panic.payload_as_str().unwrap_or("no message");
    match panic.location() {
        Some(place) => format!("{words} ({}:{}:{})", place.file(), place.line(), place.column()),
        None => words.to_owned(),
    }
}
