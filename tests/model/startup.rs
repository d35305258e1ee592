//! The binary: it ends with exit code 2 and one line if the checkpoint can't be used.

use std::path::Path;
use std::process::Command;

use crate::support::CheckpointCopy;
use crate::support::copy::MODEL;

/// The one line that `strata serve` writes for a checkpoint that it can't serve.
fn refusal(model: &Path) -> String {
    // A folder without a `config/`.
    let elsewhere = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_strata"))
        .args(["serve", "--port", "0", "--model"])
        .arg(model)
        .current_dir(elsewhere.path())
        .env_clear()
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(output.stdout.is_empty(), "{:?}", output.stdout);
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    stderr.trim_end().to_owned()
}

#[test]
fn serving_a_checkpoint_without_a_tensor_exits_2_and_names_file_and_tensor() {
    let copy = CheckpointCopy::new("multi-label");
    copy.edit(|tensors| {
        assert!(tensors.remove("bert.encoder.layer.1.output.dense.bias").is_some())
    });
    let expected = format!(
        "error: {}: tensor \"encoder.layer.1.output.dense.bias\": found nothing; expected F64, \
         F32, F16 or BF16 [32]",
        copy.file(MODEL).display()
    );
    assert_eq!(refusal(copy.dir()), expected);
}

#[test]
fn serving_a_truncated_checkpoint_exits_2_and_names_the_expected_length() {
    let copy = CheckpointCopy::new("regression");
    let whole = copy.bytes(MODEL);
    copy.write(MODEL, &whole[..whole.len() / 2]);
    let expected = format!(
        "error: {}: its header describes {} bytes; the file has {}: it is truncated or \
         damaged; download it again",
        copy.file(MODEL).display(),
        whole.len(),
        whole.len() / 2
    );
    assert_eq!(refusal(copy.dir()), expected);
}

#[test]
fn serving_a_classifier_without_its_last_layer_exits_2() {
    let copy = CheckpointCopy::new("cross-encoder");
    copy.edit(|tensors| assert!(tensors.remove("classifier.weight").is_some()));
    let said = refusal(copy.dir());
    assert!(
        said.ends_with(
            "\"classifier.weight\": found nothing; expected F64, F32, F16 or BF16 [1, 32]"
        ),
        "{said}"
    );
}

#[test]
fn serving_a_missing_folder_exits_2() {
    let said = refusal(Path::new("no-such-folder"));
    assert!(said.starts_with("error: no-such-folder: no such folder; "), "{said}");
}
