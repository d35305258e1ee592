//! The clients that people have, unchanged: those that install in seconds. `make clients` runs the others.
//!
//! `make test` creates the environment with them (`make .venv-clients-quick/installed`).

use std::process::Command;

use crate::support::root;

#[test]
fn clients_of_other_services_work_with_another_base_url() {
    let python = root().join(".venv-clients-quick/bin/python");
    let missing = "run `make .venv-clients-quick/installed`";
    assert!(python.is_file(), "{} isn't there: {missing}", python.display());
    let output = Command::new(&python)
        .arg("-B")
        .arg(root().join("tests/clients/run.py"))
        .args([env!("CARGO_BIN_EXE_strata"), "quick"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    print!("{said}");
}
