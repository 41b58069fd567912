//! Facts about the terminal, looked up once.

use std::io::IsTerminal;

/// What the three streams are, and whether colour is wanted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact about one stream")]
pub struct Terminal {
    /// True if standard input is a terminal.
    pub stdin: bool,
    /// True if standard output is a terminal.
    pub stdout: bool,
    /// True if standard error is a terminal.
    pub stderr: bool,
    /// Columns of the terminal, where there is one.
    pub columns: Option<usize>,
    /// True if standard output takes colour.
    pub stdout_colour: bool,
    /// True if standard error takes colour.
    pub stderr_colour: bool,
}

impl Terminal {
    /// No terminal anywhere: a pipe, a cron job, a test.
    pub const NONE: Terminal = Terminal {
        stdin: false,
        stdout: false,
        stderr: false,
        columns: None,
        stdout_colour: false,
        stderr_colour: false,
    };

    /// Looks at the streams and at `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR` and `TERM`.
    pub fn look() -> Self {
        let (stdin, stdout, stderr) =
            (std::io::stdin().is_terminal(), std::io::stdout().is_terminal(), std::io::stderr().is_terminal());
        let read = |name: &str| std::env::var(name).ok();
        Self {
            stdin,
            stdout,
            stderr,
            columns: columns(stdout, stderr),
            stdout_colour: colour(stdout, &read),
            stderr_colour: colour(stderr, &read),
        }
    }

    /// Returns true if a question can be asked: it is shown on standard error and answered on standard input.
    pub fn can_ask(&self) -> bool {
        self.stdin && self.stderr
    }
}

/// Decides on colour as <https://no-color.org> and <https://bixense.com/clicolors> say: a set `NO_COLOR` wins, then
/// `CLICOLOR_FORCE`, then whether the stream is a terminal that can.
pub fn colour(is_terminal: bool, read: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| read(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    if read("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") {
        return true;
    }
    let declined =
        read("CLICOLOR").is_some_and(|value| value == "0") || read("TERM").is_some_and(|term| term == "dumb");
    is_terminal && !declined
}

fn columns(stdout: bool, stderr: bool) -> Option<usize> {
    let size = if stdout {
        rustix::termios::tcgetwinsize(std::io::stdout())
    } else if stderr {
        rustix::termios::tcgetwinsize(std::io::stderr())
    } else {
        return None;
    };
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decide(is_terminal: bool, variables: &[(&str, &str)]) -> bool {
        let read = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        colour(is_terminal, &read)
    }

    #[test]
    fn colour_follows_no_color_then_force_then_the_terminal() {
        assert!(decide(true, &[]));
        assert!(!decide(false, &[]));
        assert!(!decide(true, &[("NO_COLOR", "1")]));
        assert!(decide(true, &[("NO_COLOR", "")]));
        assert!(!decide(true, &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]));
        assert!(decide(false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!decide(false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!decide(true, &[("CLICOLOR", "0")]));
        assert!(!decide(true, &[("TERM", "dumb")]));
    }
}
