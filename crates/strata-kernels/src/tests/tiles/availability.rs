//! Says in one line whether there are tiles. Without them, their model alone was tested.

use std::io::{Write, stderr};

use crate::instruction_set::InstructionSet;

/// Whether Linux lists all features of tiles that the kernels need.
fn listed() -> bool {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    ["amx_tile", "amx_bf16", "amx_int8"].iter().all(|feature| info.contains(feature))
}

#[test]
fn the_test_run_says_whether_there_are_tiles() {
    let available = InstructionSet::Amx.is_available();
    let line = match (available, listed()) {
        (true, _) => "AMX is there: its instructions and their model were tested",
        (false, true) => "AMX is there, but not permitted: only the model was tested",
        (false, false) => "not on this machine: only the model of the instructions was tested",
    };
    // Unlike that of `eprintln!`, this output is shown if the test passes, too.
    writeln!(stderr(), "tiles: {line}").unwrap();
    if cfg!(target_os = "linux") {
        assert!(listed() || !available, "tiles that Linux does not list");
    }
}
