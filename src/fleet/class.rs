//! What kind of failure an error is: the division that the exit status tells a script.

/// The kind of a failure. The numbers are the exit statuses of the command line and stay as they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The input is wrong (fleet file, inventory, template, a named device): mend it and run again.
    Input = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Some devices of a batch failed, or several failed in several ways.
    Partial = 3,
    /// The surroundings failed (no medium, busy, I/O error, disk full): trying again makes sense.
    Surroundings = 4,
    /// Read-back or verification differs: reject the unit.
    Differs = 5,
    /// Refused: a person must act (consent, safety, permission, trust).
    Refused = 6,
    /// `--next` found nothing to do.
    NothingNext = 7,
    /// Our own fault.
    Fault = 70,
    /// Interrupted by a person (SIGINT); the state is resumable.
    Interrupted = 130,
    /// Terminated (SIGTERM); the state is resumable.
    Terminated = 143,
}

impl Class {
    /// Returns the exit status for this class.
    pub fn exit_status(self) -> u8 {
        self as u8
    }

    /// Returns the stable lower-case name used in `--json` output.
    pub fn name(self) -> &'static str {
        match self {
            Class::Input => "input",
            Class::Usage => "usage",
            Class::Partial => "partial",
            Class::Surroundings => "surroundings",
            Class::Differs => "differs",
            Class::Refused => "refused",
            Class::NothingNext => "nothing-next",
            Class::Fault => "fault",
            Class::Interrupted => "interrupted",
            Class::Terminated => "terminated",
        }
    }
}

/// An error that knows its class and can say what to do next.
///
/// Every error enum of the floors below the edge implements it; the edge prints `hint:` lines from it.
pub trait Diagnose: std::error::Error {
    /// Returns the class, hence the exit status.
    fn class(&self) -> Class;
    /// Returns a line that a person can act on (best: type), where there is one.
    fn hint(&self) -> Option<String> {
        None
    }
}
