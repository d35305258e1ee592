//! Heads that were trained by other libraries, saved with the code in the README, and served.
//!
//! `make test` creates the environment with scikit-learn (`make .venv-judge/installed`). PyTorch takes a
//! few GB, so only `make heads-elsewhere` tests it too.

use std::env;
use std::process::Command;

use crate::support::process::Strata;
use crate::support::root;

#[test]
fn a_head_trained_by_another_library_answers_as_that_library_does() {
    let python = env::var("JUDGE_PYTHON").unwrap_or(".venv-judge/bin/python".to_owned());
    let python = root().join(python);
    assert!(python.is_file(), "{} isn't there: run `make .venv-judge/installed`", python.display());
    let libraries = env::var("HEADS_FROM").unwrap_or("scikit-learn".to_owned());
    for library in libraries.split(',') {
        let folder = tempfile::tempdir().unwrap();
        let heads = folder.path().join("heads");
        std::fs::create_dir(&heads).unwrap();
        let running = Strata::serve("sentence")
            .arg("--heads")
            .arg(heads.to_str().unwrap())
            .env("STRATA_LOG_FILTER", "warn")
            .start();
        let output = Command::new(&python)
            .arg("-B")
            .arg(root().join("tests/api/elsewhere.py"))
            .args([library, &running.url(""), heads.to_str().unwrap()])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{library}: {said}");
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
}
