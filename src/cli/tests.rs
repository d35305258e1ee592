//! The command line as a whole: it is consistent, and the examples in its help can be run.

use std::fs;
use std::path::Path;

use clap::{Command, CommandFactory, Parser};

use super::Cli;
use super::man::page;

/// Each command with the lines of its examples: commands of a shell, continued lines joined.
fn examples() -> Vec<(String, Vec<String>)> {
    let root = Cli::command();
    let lines = |command: &Command| {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        let joined = help.replace("\\\n", " ");
        let lines = joined.lines().map(str::trim).filter(|line| line.starts_with("strata"));
        lines.map(str::to_owned).collect()
    };
    let commands = root.get_subcommands();
    commands.map(|command| (command.get_name().to_owned(), lines(command))).collect()
}

/// The words of an example, up to where a shell writes or passes on the output.
fn words(example: &str) -> Vec<String> {
    let words = shlex::split(example).expect("its quotes are closed");
    words.into_iter().take_while(|word| word != ">" && word != "|").collect()
}

#[test]
fn the_command_line_is_consistent() {
    Cli::command().debug_assert();
}

#[test]
fn every_command_has_one_to_three_examples_of_itself_that_parse() {
    for (command, examples) in examples() {
        assert!((1..=3).contains(&examples.len()), "{command}: {examples:?}");
        for example in examples {
            let words = words(&example);
            assert_eq!(words[1], command, "{example}");
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{example}: {error}");
            }
        }
    }
}

#[test]
fn the_whole_description_of_a_command_is_in_its_help_and_on_its_page() {
    for (command, sentence) in [
        ("calibrate", "The file should have a thousand texts or more"),
        ("compare", "The recipes are each layer alone"),
    ] {
        let mut root = Cli::command();
        let command = root.find_subcommand_mut(command).unwrap();
        assert!(command.render_long_help().to_string().contains(sentence), "{command}");
        assert!(!command.render_help().to_string().contains(sentence), "{command}");
        let page = page(command).unwrap();
        assert!(String::from_utf8(page).unwrap().contains(sentence), "{command}");
    }
    for command in Cli::command().get_subcommands() {
        assert!(command.get_about().is_some(), "{}", command.get_name());
    }
}

#[test]
fn help_fits_into_80_columns_with_its_examples() {
    for command in Cli::command().get_subcommands() {
        let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert!(help.starts_with("Examples:\n"), "{}", command.get_name());
        let wide = help.lines().find(|line| line.chars().count() > 80);
        assert_eq!(wide, None, "{}", command.get_name());
    }
}

#[test]
fn the_data_files_in_examples_are_those_that_make_data_brings() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/fetch_data.py");
    let script = fs::read_to_string(script).unwrap();
    let words = examples().into_iter().flat_map(|(_, examples)| examples).flat_map(|e| words(&e));
    let named: Vec<_> = words.filter(|word| word.starts_with("data/")).collect();
    assert!(!named.is_empty());
    for file in named {
        let name = file.trim_start_matches("data/");
        assert!(script.contains(&format!("\"{name}\": ")), "{name}");
    }
}
