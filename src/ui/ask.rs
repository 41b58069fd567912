//! A yes or no at the terminal, in every build.

use std::io::{self, BufRead as _, Write as _};

use crate::fleet::Class;

use super::{Complaint, Printer};

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64;

/// Asks yes or no on stderr, default no. Without a terminal the question becomes a refusal; `instead` is what a script says.
pub fn confirm(printer: &Printer, question: &str, instead: &str) -> Result<bool, Complaint> {
    if !printer.can_ask() {
        let words = format!("cannot ask {question:?}: there is no terminal");
        return Err(Complaint::new(Class::Refused, words).with_hint(instead));
    }
    let failed = |error: io::Error| Complaint::new(Class::Surroundings, format!("asking {question:?} failed: {error}"));
    let mut asked = Ok(());
    printer.undisturbed(|| asked = write!(io::stderr(), "{question} [y/N] "));
    asked.map_err(failed)?;
    let mut answer = String::new();
    io::Read::take(io::stdin().lock(), LONGEST).read_line(&mut answer).map_err(failed)?;
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Diagnose as _;
    use crate::ui::{Format, Level, Terminal};

    #[test]
    fn without_a_terminal_the_question_is_a_refusal_that_names_what_to_say() {
        let printer = Printer::new(Format::Text, Level::Normal, Terminal::NONE);
        let complaint = confirm(&printer, "really?", "--yes").unwrap_err();
        assert_eq!(complaint.class(), Class::Refused);
        assert_eq!(complaint.hint().as_deref(), Some("--yes"));
    }
}
