//! Help fits 80 columns, and every command shows examples that its own parser takes.

use clap::{Command, CommandFactory as _, Parser as _};
use firstlight::command::Cli;

/// Columns of the narrowest terminal we write for.
const COLUMNS: usize = 80;

/// Every command with its full name, `help` left out.
fn commands() -> Vec<(String, Command)> {
    fn walk(command: &Command, name: String, all: &mut Vec<(String, Command)>) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            walk(inner, format!("{name} {}", inner.get_name()), all);
        }
        all.push((name, command.clone()));
    }
    let mut top = Cli::command();
    top.build();
    let mut all = Vec::new();
    walk(&top, "firstlight".into(), &mut all);
    all
}

/// The command lines shown after `$`, continued lines joined.
fn examples(command: &Command) -> Vec<String> {
    let shown = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let joined: Vec<&str> = shown.split("\\\n").map(str::trim_start).collect();
    let joined = joined.join(" ");
    joined.lines().filter_map(|line| line.trim().strip_prefix("$ ")).map(str::to_owned).collect()
}

/// The words of the `firstlight` part of a shell line: quotes removed, ended by a pipe, redirection, comment, or the two
/// blanks before a remark.
fn words(line: &str) -> Vec<String> {
    let start = line.find("firstlight").expect("an example calls firstlight");
    let line = line[start..].split("   ").next().unwrap_or_default();
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for c in line.chars() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, ' ') => words.push(std::mem::take(&mut word)),
            _ => word.push(c),
        }
    }
    words.push(word);
    let ends = ["|", ">", "<", "&&", "||", "#"];
    let is_redirection = |word: &String| word.ends_with('<') || word.ends_with('>');
    words.retain(|word| !word.is_empty());
    words.into_iter().take_while(|word| !ends.contains(&word.as_str()) && !is_redirection(word)).collect()
}

#[test]
fn help_fits_eighty_columns() {
    let mut wide = Vec::new();
    for (name, mut command) in commands() {
        for help in [command.render_help().to_string(), command.render_long_help().to_string()] {
            let lines = help.lines().filter(|line| line.chars().count() > COLUMNS);
            wide.extend(lines.map(|line| format!("{name}: {line}")));
        }
    }
    assert!(wide.is_empty(), "{}", wide.join("\n"));
}

#[test]
fn every_command_shows_two_examples_that_its_parser_takes() {
    for (name, command) in commands() {
        let examples = examples(&command);
        assert!(examples.len() >= 2, "{name} shows {} examples", examples.len());
        for example in examples {
            assert!(example.contains(&name), "{name}: {example:?} shows another command");
            let parsed = Cli::try_parse_from(words(&example));
            assert!(parsed.is_ok(), "{name}: {example:?}: {}", parsed.unwrap_err());
        }
    }
}

#[test]
fn every_command_and_every_argument_is_described() {
    let mut silent = Vec::new();
    for (name, command) in commands() {
        if command.get_about().is_none() {
            silent.push(name.clone());
        }
        let arguments = command.get_arguments().filter(|argument| argument.get_help().is_none());
        silent.extend(arguments.map(|argument| format!("{name} {}", argument.get_id())));
    }
    assert!(silent.is_empty(), "without help: {}", silent.join(", "));
}

#[test]
fn the_parser_is_sound() {
    Cli::command().debug_assert();
}
