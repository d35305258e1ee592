//! `strata man`: pages for `man`, one for `strata` and one for each command.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args, Command};
use clap_mangen::Man as Page;
use clap_mangen::roff::{Roff, roman};

use super::shared::{Failure, print};

const EXAMPLES: &str = "\
Examples:
  # Read the page of `strata serve`
  strata man serve | man -l -
  # Write all pages, for a package
  strata man --out target/man";

/// Print the page of a command for `man`, or write all pages to a folder.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Man {
    /// The command, such as serve [default: strata itself]
    command: Option<String>,
    /// Write all pages to this folder instead, as strata.1, strata-serve.1 and so on.
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

impl Man {
    /// Prints or writes pages of the command line `root`.
    ///
    /// # Errors
    /// There is no such command, or a page can't be written.
    pub fn run(self, root: Command) -> Result<(), Failure> {
        let mut root = root.disable_help_subcommand(true);
        // Gives each command its whole name, such as `strata-serve`.
        root.build();
        if let Some(folder) = self.out {
            return write_all(&root, &folder).map_err(|error| {
                let folder = folder.display();
                Failure::Failed(anyhow!(
                    "--out {folder}: {error}; choose a folder that can be written"
                ))
            });
        }
        let command = match &self.command {
            None => &root,
            Some(name) => root.find_subcommand(name).ok_or_else(|| unknown(&root, name))?,
        };
        let page = page(command).map_err(Failure::failed)?;
        print(String::from_utf8_lossy(&page))
    }
}

fn unknown(root: &Command, name: &str) -> Failure {
    let names: Vec<_> = root.get_subcommands().map(Command::get_name).collect();
    let names = names.join(", ");
    Failure::Unusable(anyhow!("no command is called \"{name}\"; the commands are {names}"))
}

fn write_all(root: &Command, folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    for command in std::iter::once(root).chain(root.get_subcommands()) {
        let file = Page::new(command.clone()).get_filename();
        fs::write(folder.join(file), page(command)?)?;
    }
    Ok(())
}

/// One page in roff. clap_mangen would fill the lines of the examples and call them "extra".
pub(super) fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut written = Vec::new();
    let source = concat!("strata ", env!("CARGO_PKG_VERSION"));
    Page::new(command.clone().after_help(None)).source(source).render(&mut written)?;
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    // Without the heading, which the section has.
    let lines: Vec<_> = examples.lines().skip(1).collect();
    if !lines.is_empty() {
        let mut section = Roff::new();
        section.control("SH", ["EXAMPLES"]).control("nf", []);
        lines.iter().for_each(|line| {
            section.text([roman(*line)]);
        });
        section.control("fi", []).to_writer(&mut written)?;
    }
    Ok(written)
}
