//! The `strata` binary: parse the command line, run it, choose the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    strata::cli::main()
}
