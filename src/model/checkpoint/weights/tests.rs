use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::Weights;
use crate::model::checkpoint::names::TensorNames;

const BERT: TensorNames = TensorNames::prefixed(&["bert."]);

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

/// A file of `generate_pytorch.py`.
fn saved(name: &str) -> PathBuf {
    fixtures().join("pytorch").join(name)
}

/// The tensors that all of its files have.
fn source() -> Weights {
    let file = fixtures().join("checkpoints/weights/plain_float16.safetensors");
    Weights::open_file(&file).unwrap()
}

/// Shape and bytes of each tensor.
fn contents(weights: &Weights) -> BTreeMap<String, (Vec<usize>, Vec<u8>)> {
    let content = |tensor: super::StoredTensor<'_>| (tensor.shape.to_vec(), tensor.bytes.to_vec());
    weights.iter().map(|tensor| (tensor.name.to_owned(), content(tensor))).collect()
}

/// A folder with files of `generate_pytorch.py` under these names.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (from, to) in files {
        fs::copy(saved(from), folder.path().join(to)).unwrap();
    }
    folder
}

fn refusal(path: &Path) -> String {
    let opened = if path.is_dir() { Weights::open(path, BERT) } else { Weights::open_file(path) };
    opened.err().expect("it should be refused").to_string()
}

#[test]
fn each_way_to_save_tensors_has_the_bytes_of_safetensors() {
    let expected = contents(&source());
    assert!(expected.len() > 15);
    for name in
        ["ordered.bin", "dict.pt", "parameters.bin", "one-storage.bin", "inner.pt", "command.bin"]
    {
        let weights = Weights::open_file(&saved(name)).unwrap();
        assert_eq!(contents(&weights), expected, "{name}");
    }
    let folder = folder(&[
        ("pytorch_model.bin.index.json", "pytorch_model.bin.index.json"),
        ("pytorch_model-00001-of-00002.bin", "pytorch_model-00001-of-00002.bin"),
        ("pytorch_model-00002-of-00002.bin", "pytorch_model-00002-of-00002.bin"),
    ]);
    assert_eq!(contents(&Weights::open(folder.path(), BERT).unwrap()), expected);
}

#[test]
fn other_types_have_the_same_numbers() {
    let source = source();
    for name in ["float32.bin", "float64.bin"] {
        let weights = Weights::open_file(&saved(name)).unwrap();
        for tensor in source.iter() {
            let read =
                |weights: &Weights| weights.read(tensor.name, tensor.shape).unwrap().into_owned();
            assert_eq!(read(&weights), read(&source), "{name}: {}", tensor.name);
        }
    }
    let rounded = Weights::open_file(&saved("bfloat16.bin")).unwrap();
    for tensor in source.iter() {
        let exact = source.read(tensor.name, tensor.shape).unwrap();
        let found = rounded.read(tensor.name, tensor.shape).unwrap();
        let expected = exact.iter().map(|&x| half::bf16::from_f32(x).to_f32()).collect::<Vec<_>>();
        assert_eq!(found, expected, "{}", tensor.name);
    }
}

#[test]
fn a_command_in_a_file_is_not_run() {
    Weights::open_file(&saved("command.bin")).unwrap();
    assert!(!Path::new("pytorch-file-ran-a-command").exists());
    let bytes = fs::read(saved("command.bin")).unwrap();
    let touch = b"touch pytorch-file-ran-a-command";
    assert!(bytes.windows(touch.len()).any(|window| window == touch));
}

#[test]
fn files_that_cannot_be_read_in_place_are_refused_with_a_remedy() {
    for (name, words) in [
        (
            "transposed.bin",
            ["tensor \"", "its rows don't follow each other; save it after .contiguous()"],
        ),
        ("old.bin", ["PyTorch older than 1.6 wrote it", "save it again, best as safetensors"]),
        ("no-tensors.bin", ["it has no tensors by name", "save a state_dict"]),
        ("list.bin", ["it has no tensors by name", "save a state_dict"]),
    ] {
        let file = saved(name);
        let message = refusal(&file);
        assert!(message.starts_with(&format!("{}: ", file.display())), "{message}");
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
    }
}

/// With a changed byte a file is refused, or has tensors within its bytes.
#[test]
fn a_changed_byte_is_never_followed_out_of_the_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("pytorch_model.bin");
    let whole = fs::read(saved("inner.pt")).unwrap();
    for at in (0..whole.len()).step_by(3) {
        let mut changed = whole.clone();
        changed[at] ^= 0x85;
        fs::write(&file, &changed).unwrap();
        match Weights::open(folder.path(), BERT) {
            Ok(weights) => assert!(weights.iter().all(|tensor| tensor.bytes.len() <= whole.len())),
            Err(error) => assert!(error.to_string().starts_with(file.to_str().unwrap()), "{error}"),
        }
    }
}

#[test]
fn damaged_files_are_refused() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("pytorch_model.bin");
    let whole = fs::read(saved("ordered.bin")).unwrap();
    for length in [0, 1, 4, 100, 1_000, whole.len() / 2, whole.len() - 22, whole.len() - 1] {
        fs::write(&file, &whole[..length]).unwrap();
        assert!(refusal(folder.path()).starts_with(file.to_str().unwrap()), "{length}");
    }
    fs::write(&file, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")
        .unwrap();
    assert!(refusal(folder.path()).contains("fetch it with `git lfs pull`"));
    fs::write(&file, "<html>not found</html>").unwrap();
    assert!(refusal(folder.path()).contains("not a file of torch.save; download it again"));
}

#[test]
fn safetensors_are_preferred_and_what_is_missing_is_named() {
    let folder = folder(&[("float64.bin", "pytorch_model.bin"), ("old.bin", "model.pt")]);
    assert_eq!(
        Weights::open(folder.path(), BERT).unwrap().iter().next().unwrap().dtype,
        safetensors::Dtype::F64
    );
    fs::copy(
        fixtures().join("checkpoints/weights/plain_float16.safetensors"),
        folder.path().join("model.safetensors"),
    )
    .unwrap();
    assert_eq!(
        Weights::open(folder.path(), BERT).unwrap().iter().next().unwrap().dtype,
        safetensors::Dtype::F16
    );

    let empty = TempDir::new().unwrap();
    let missing = refusal(empty.path());
    assert!(
        missing.ends_with(
            "expected model.safetensors, or its shards with an index, or pytorch_model.bin"
        ),
        "{missing}"
    );
    for name in ["model.onnx", "tf_model.h5"] {
        fs::write(empty.path().join(name), "").unwrap();
    }
    let missing = refusal(empty.path());
    let advice = "; model.onnx, tf_model.h5 can't be served: take the PyTorch model that it was made from, \
                  and save it with save_pretrained";
    assert!(missing.ends_with(advice), "{missing}");
}
