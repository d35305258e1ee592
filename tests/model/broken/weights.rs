//! Weights that are missing, damaged, of the wrong shape, or not in the shard that the index lists.

use safetensors::Dtype;
use serde_json::Value;

use super::{NAME, message, refused};
use crate::formats::shard;
use crate::support::CheckpointCopy;
use crate::support::copy::{MODEL, Stored};

const INDEX: &str = "model.safetensors.index.json";

#[test]
fn a_missing_tensor_is_named() {
    let tensors = [
        ("bert.embeddings.token_type_embeddings.weight", "[2, 32]"),
        ("bert.embeddings.LayerNorm.bias", "[32]"),
        ("bert.encoder.layer.1.attention.self.key.bias", "[32]"),
        ("bert.encoder.layer.2.intermediate.dense.weight", "[64, 32]"),
        ("bert.encoder.layer.2.output.LayerNorm.weight", "[32]"),
        // Tensors of the classifier.
        ("bert.pooler.dense.weight", "[32, 32]"),
        ("classifier.weight", "[11, 32]"),
        ("classifier.bias", "[11]"),
    ];
    for (tensor, shape) in tensors {
        let copy = CheckpointCopy::new(NAME);
        copy.edit(|tensors| assert!(tensors.remove(tensor).is_some()));
        let name = format!("tensor \"{}\": found nothing", tensor.trim_start_matches("bert."));
        refused(&copy, MODEL, &[&name, &format!("expected F64, F32, F16 or BF16 {shape}")]);
    }
}

#[test]
fn a_tensor_of_the_wrong_shape_is_named_with_both_shapes() {
    let tensors: [(&str, &[usize], &str); 4] = [
        ("bert.encoder.layer.0.output.dense.weight", &[64, 32], "[32, 64]"),
        ("bert.encoder.layer.0.attention.output.LayerNorm.bias", &[31], "[32]"),
        ("bert.pooler.dense.bias", &[1, 32], "[32]"),
        ("classifier.weight", &[2, 32], "[11, 32]"),
    ];
    for (tensor, shape, expected) in tensors {
        let copy = CheckpointCopy::new(NAME);
        copy.edit(|tensors| {
            let changed = Stored::f32(shape, &vec![0.5; shape.iter().product()]);
            assert!(tensors.insert(tensor.to_owned(), changed).is_some());
        });
        let name = format!("tensor \"{}\"", tensor.trim_start_matches("bert."));
        let found = format!("found F32 {shape:?}; expected F64, F32, F16 or BF16 {expected}");
        refused(&copy, MODEL, &[&name, &found]);
    }
}

#[test]
fn a_tensor_of_another_type_is_named_with_its_type() {
    let query = "encoder.layer.0.attention.self.query.weight";
    let tables = "embeddings.word_embeddings.weight";
    let types = [(Dtype::I32, 4, query), (Dtype::U8, 1, tables), (Dtype::F8_E4M3, 1, query)];
    for (dtype, bytes, name) in types {
        let copy = CheckpointCopy::new(NAME);
        let mut shape = Vec::new();
        copy.edit(|tensors| {
            let tensor = tensors.get_mut(&format!("bert.{name}")).unwrap();
            shape.clone_from(&tensor.shape);
            let bytes = vec![1; bytes * shape.iter().product::<usize>()];
            *tensor = Stored { dtype, shape: shape.clone(), bytes };
        });
        let found = format!("found {dtype:?} {shape:?}; expected F64, F32, F16 or BF16 {shape:?}");
        refused(&copy, MODEL, &[&format!("\"{name}\""), &found]);
    }
}

#[test]
fn weights_that_would_be_read_beside_or_instead_are_refused() {
    for (name, said) in [
        ("adapter_config.json", "adapters can't be served"),
        ("shard-00001-model-00001-of-00001.safetensors", "a distributed checkpoint can't be"),
    ] {
        let copy = CheckpointCopy::new(NAME);
        copy.write(name, "{}");
        refused(&copy, name, &[said]);
    }
}

#[test]
fn a_tensor_under_two_spellings_is_named() {
    let copy = CheckpointCopy::new(NAME);
    copy.edit(|tensors| {
        let norm = tensors["bert.embeddings.LayerNorm.weight"].clone();
        tensors.insert("embeddings.LayerNorm.gamma".to_owned(), norm);
    });
    refused(&copy, MODEL, &["embeddings.LayerNorm.", "exists twice"]);
}

#[test]
fn a_truncated_file_is_recognised_by_its_length() {
    let copy = CheckpointCopy::new(NAME);
    let whole = copy.bytes(MODEL);
    let lengths = format!("describes {} bytes; the file has {}", whole.len(), whole.len() - 7);
    copy.write(MODEL, &whole[..whole.len() - 7]);
    refused(&copy, MODEL, &["its header ", &lengths, "truncated or damaged"]);

    let longer = [whole.as_slice(), &[0; 5]].concat();
    let lengths = format!("describes {} bytes; the file has {}", whole.len(), longer.len());
    copy.write(MODEL, longer);
    refused(&copy, MODEL, &[&lengths]);

    // In the middle of the header.
    copy.write(MODEL, &whole[..100]);
    refused(&copy, MODEL, &["its header should have ", " bytes; the file has 100"]);
}

#[test]
fn an_invalid_header_is_explained() {
    let whole = CheckpointCopy::new(NAME).bytes(MODEL);
    let long = (whole.len() as u64 + 1).to_le_bytes();
    let huge = u64::MAX.to_le_bytes();
    let text = |header: &str| [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat();
    let overlapping = r#"{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}"#;
    let files: [(Vec<u8>, &str); 7] = [
        (
            Vec::new(),
            "it has 0 bytes; a safetensors file begins with 8 bytes for the size of its header",
        ),
        (vec![1; 7], "7 bytes; a safetensors file begins with"),
        ([&long, &whole[8..]].concat(), "its header should have "),
        ([&huge, &whole[8..]].concat(), "its header should have 18446744073709551615 bytes"),
        (text("not JSON"), "its header is invalid"),
        (text("\u{1}"), "its header is invalid"),
        ([text(overlapping), vec![0; 4]].concat(), "its header is invalid"),
    ];
    for (bytes, message) in files {
        let copy = CheckpointCopy::new(NAME);
        copy.write(MODEL, bytes);
        refused(&copy, MODEL, &[message]);
    }
}

#[test]
fn a_missing_weights_file_is_named() {
    let copy = CheckpointCopy::new(NAME);
    copy.remove(MODEL);
    let expected =
        "not found; expected model.safetensors, or its shards with an index, or pytorch_model.bin";
    refused(&copy, MODEL, &[expected]);
}

#[test]
fn an_index_must_list_the_right_shard_for_each_tensor() {
    let tensor = "bert.encoder.layer.1.output.dense.bias";
    let place = |copy: &CheckpointCopy, shard: &str| {
        copy.edit_json(INDEX, |json| json["weight_map"][tensor] = shard.into());
    };
    let copy = CheckpointCopy::new(NAME);
    shard(&copy);
    let index: Value = serde_json::from_slice(&copy.bytes(INDEX)).unwrap();
    let here = index["weight_map"][tensor].as_str().unwrap().to_owned();
    let first = "model-00001-of-00003.safetensors";
    let other = if here == first { "model-00002-of-00003.safetensors" } else { first };

    place(&copy, other);
    refused(&copy, other, &[tensor, "found nothing", "as model.safetensors.index.json says"]);
    place(&copy, "../model.safetensors");
    refused(&copy, INDEX, &["shard \"../model.safetensors\"", "a file name without a folder"]);
    place(&copy, "/etc/passwd");
    refused(&copy, INDEX, &["shard \"/etc/passwd\"", "a file name without a folder"]);
    place(&copy, "lost.safetensors");
    refused(&copy, "lost.safetensors", &["not found"]);
    place(&copy, &here);
    let (shape, twice) = (copy.tensors(&here)[tensor].clone(), other);
    let mut tensors = copy.tensors(twice);
    tensors.insert(tensor.to_owned(), shape);
    copy.write_tensors(twice, &tensors);
    let message = message(copy.dir());
    assert!(message.contains(tensor) && message.contains("exists twice"), "{message}");
    copy.write(INDEX, "{}");
    refused(&copy, INDEX, &["weight_map"]);
}
