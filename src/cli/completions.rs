//! `strata completions`: scripts with which a shell completes the command line.

use clap::{Args, Command};
use clap_complete::Shell;

use super::shared::{Failure, print};

const EXAMPLES: &str = "\
Examples:
  # For bash: new shells complete `strata`
  strata completions bash > ~/.local/share/bash-completion/completions/strata
  # For zsh, in a folder of $fpath
  strata completions zsh > ~/.zfunc/_strata";

/// Print a script that completes commands and flags in a shell.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Completions {
    /// The shell that reads the script.
    shell: Shell,
}

impl Completions {
    /// Prints the script for the command line `root`.
    ///
    /// # Errors
    /// Standard output can't be written.
    pub fn run(self, mut root: Command) -> Result<(), Failure> {
        let name = root.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut root, name, &mut script);
        print(String::from_utf8_lossy(&script))
    }
}
