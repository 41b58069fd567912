//! Questions to a person at the terminal.

use dialoguer::{Confirm, Input, Password, Select, theme::ColorfulTheme, theme::SimpleTheme, theme::Theme};
use zeroize::Zeroize as _;

use crate::fleet::{Class, Secret};

use super::{Complaint, Printer};

/// Asks on stderr, hears on stdin. Without a terminal every question becomes a refusal that names what to say instead.
pub struct Prompt<'a> {
    printer: &'a Printer,
    theme: Box<dyn Theme>,
}

impl<'a> Prompt<'a> {
    /// Makes questions ready; nothing is asked yet.
    pub fn new(printer: &'a Printer) -> Self {
        let theme: Box<dyn Theme> =
            if printer.terminal().stderr_colour { Box::new(ColorfulTheme::default()) } else { Box::new(SimpleTheme) };
        Self { printer, theme }
    }

    /// Lets pick one of `items`; returns its index. There is no default choice. `instead` is what a script says.
    pub fn select(&self, question: &str, items: &[String], instead: &str) -> Result<usize, Complaint> {
        self.need_terminal(question, instead)?;
        let answer = Select::with_theme(&*self.theme).with_prompt(question).items(items).interact_opt();
        answer.map_err(|error| stopped(error, question, instead))?.ok_or_else(|| declined(question))
    }

    /// Asks yes or no, default no.
    pub fn confirm(&self, question: &str, instead: &str) -> Result<bool, Complaint> {
        self.need_terminal(question, instead)?;
        let ask =
            || Confirm::with_theme(&*self.theme).with_prompt(question).default(false).show_default(true).interact();
        let mut answer = None;
        // A bar that is drawn anew every moment would wipe the question off the screen.
        self.printer.undisturbed(|| answer = Some(ask()));
        answer.expect("the question was put").map_err(|error| stopped(error, question, instead))
    }

    /// Asks for a line; an empty answer means `default`, where there is one.
    pub fn text(
        &self,
        question: &str,
        default: Option<&str>,
        check: &dyn Fn(&str) -> Result<(), String>,
        instead: &str,
    ) -> Result<String, Complaint> {
        self.need_terminal(question, instead)?;
        let mut input = Input::<String>::with_theme(&*self.theme)
            .with_prompt(question)
            .validate_with(|answer: &String| check(answer));
        if let Some(default) = default {
            input = input.default(default.to_owned());
        }
        input.interact_text().map_err(|error| stopped(error, question, instead))
    }

    /// Asks for a secret; it is not shown. With `again` it is asked twice.
    pub fn secret(&self, question: &str, again: bool, instead: &str) -> Result<Secret, Complaint> {
        self.need_terminal(question, instead)?;
        let mut password = Password::with_theme(&*self.theme).with_prompt(question);
        if again {
            password = password.with_confirmation(format!("{question}, once more"), "the two differ");
        }
        let mut answer = password.interact().map_err(|error| stopped(error, question, instead))?;
        let secret = Secret::new(answer.as_bytes().to_vec());
        answer.zeroize();
        Ok(secret)
    }

    fn need_terminal(&self, question: &str, instead: &str) -> Result<(), Complaint> {
        if self.printer.can_ask() { Ok(()) } else { Err(nobody_there(question, instead)) }
    }
}

fn nobody_there(question: &str, instead: &str) -> Complaint {
    Complaint::new(Class::Refused, format!("cannot ask {question:?}: there is no terminal")).with_hint(instead)
}

fn declined(question: &str) -> Complaint {
    Complaint::new(Class::Refused, format!("no answer to {question:?}: nothing was changed"))
}

fn stopped(error: dialoguer::Error, question: &str, instead: &str) -> Complaint {
    // A list hides the cursor and leaves it hidden when it is interrupted.
    let _ = dialoguer::console::Term::stderr().show_cursor();
    let dialoguer::Error::IO(error) = error;
    match error.kind() {
        std::io::ErrorKind::Interrupted => Complaint::new(Class::Interrupted, "interrupted at a question"),
        std::io::ErrorKind::NotConnected => nobody_there(question, instead),
        _ => Complaint::new(Class::Surroundings, format!("asking {question:?} failed: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Diagnose as _;
    use crate::ui::printer::tests::on_paper;
    use crate::ui::{Format, Level, Terminal};

    #[test]
    fn without_a_terminal_each_question_names_what_to_say_instead() {
        let (printer, _, talk) = on_paper(Format::Text, Level::Normal, Terminal::NONE);
        let prompt = Prompt::new(&printer);
        let say = "say it with --template NAME";
        let refusals = [
            prompt.select("Which?", &["a".into()], say).err(),
            prompt.confirm("Sure?", say).err(),
            prompt.text("Name?", None, &|_| Ok(()), say).err(),
            prompt.secret("Passphrase", true, say).err(),
        ];
        for refusal in refusals {
            let refusal = refusal.unwrap();
            assert_eq!((refusal.class(), refusal.hint().as_deref()), (Class::Refused, Some(say)));
            assert!(refusal.to_string().ends_with("there is no terminal"), "{refusal}");
        }
        assert_eq!(talk.text(), "");
    }
}
