//! One checkpoint in all file formats: the outputs are the same, bit by bit.

use std::collections::BTreeMap;

use safetensors::Dtype;
use serde_json::json;

use crate::support::copy::{MODEL, Stored, Tensors};
use crate::support::{CheckpointCopy, Tiny, load, logits};

const INDEX: &str = "model.safetensors.index.json";

fn outputs(copy: &CheckpointCopy) -> Vec<Vec<f32>> {
    logits(&load(copy.dir()), &Tiny::read("single-label").cases)
}

/// Renames all tensors.
pub fn rename(copy: &CheckpointCopy, new: impl Fn(&str) -> String) {
    copy.edit(|tensors| {
        *tensors = tensors.iter().map(|(name, tensor)| (new(name), tensor.clone())).collect();
    });
}

pub fn without_prefix(name: &str) -> String {
    name.trim_start_matches("bert.").to_owned()
}

pub fn with_old_norms(name: &str) -> String {
    name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta")
}

/// Distributes the tensors over three shards with an index.
pub fn shard(copy: &CheckpointCopy) {
    let mut shards = [Tensors::new(), Tensors::new(), Tensors::new()];
    let mut places = BTreeMap::new();
    for (index, (name, tensor)) in copy.tensors(MODEL).into_iter().enumerate() {
        places.insert(name.clone(), shard_name(index % 3));
        shards[index % 3].insert(name, tensor);
    }
    for (index, tensors) in shards.iter().enumerate() {
        copy.write_tensors(&shard_name(index), tensors);
    }
    copy.write(INDEX, json!({"metadata": {}, "weight_map": places}).to_string());
    copy.remove(MODEL);
}

fn shard_name(index: usize) -> String {
    format!("model-{:05}-of-00003.safetensors", index + 1)
}

#[test]
fn all_spellings_of_tensor_names_give_the_same_checkpoint() {
    let whole = outputs(&CheckpointCopy::new("single-label"));
    let spellings: [&dyn Fn(&str) -> String; 3] =
        [&without_prefix, &with_old_norms, &|name| with_old_norms(&without_prefix(name))];
    for spelling in spellings {
        let copy = CheckpointCopy::new("single-label");
        let before: Vec<_> = copy.tensors(MODEL).into_keys().collect();
        rename(&copy, spelling);
        assert_ne!(copy.tensors(MODEL).into_keys().collect::<Vec<_>>(), before);
        assert_eq!(outputs(&copy), whole);
    }
}

#[test]
fn a_sharded_checkpoint_gives_the_same_outputs_as_a_single_file() {
    let whole = outputs(&CheckpointCopy::new("single-label"));
    let copy = CheckpointCopy::new("single-label");
    shard(&copy);
    assert_eq!(outputs(&copy), whole);
    // The index may spell names differently from the shards.
    copy.edit_json(INDEX, |json| {
        let places = json["weight_map"].as_object().unwrap();
        let bare = places.iter().map(|(name, shard)| (without_prefix(name), shard.clone()));
        json["weight_map"] = bare.collect();
    });
    assert_eq!(outputs(&copy), whole);
}

#[test]
fn a_single_file_is_preferred_to_an_index() {
    let copy = CheckpointCopy::new("single-label");
    copy.write(INDEX, json!({"weight_map": {"lost": "lost.safetensors"}}).to_string());
    assert_eq!(outputs(&copy), outputs(&CheckpointCopy::new("single-label")));
}

#[test]
fn unused_tensors_may_have_any_type() {
    let copy = CheckpointCopy::new("single-label");
    copy.edit(|tensors| {
        // Older checkpoints also have position ids, and tensors of the layers for pre-training.
        let positions = (0..64_i64).flat_map(i64::to_le_bytes).collect();
        let positions = Stored { dtype: Dtype::I64, shape: vec![1, 64], bytes: positions };
        tensors.insert("bert.embeddings.position_ids".to_owned(), positions);
        tensors.insert("cls.predictions.bias".to_owned(), Stored::f32(&[3], &[1.0, 2.0, 3.0]));
    });
    assert_eq!(outputs(&copy), outputs(&CheckpointCopy::new("single-label")));
}

/// From a number to the bits of a shorter format, and the number that these represent.
type Truncate = fn(f32) -> (u16, f32);

/// Truncates a number to bf16, which has 7 bits of fraction: the upper half of an f32.
fn bf16(x: f32) -> (u16, f32) {
    let bits = (x.to_bits() >> 16) as u16;
    (bits, f32::from_bits(u32::from(bits) << 16))
}

/// Truncates a number to f16, which has 10 bits of fraction; a number that is too small becomes 0.
fn f16(x: f32) -> (u16, f32) {
    let bits = x.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let exponent = (bits >> 23 & 0xff) as i32 - 127;
    assert!(exponent <= 15, "{x} is too large for f16");
    if exponent < -14 {
        return (sign, f32::from_bits(u32::from(sign) << 16));
    }
    let fraction = (bits >> 13) as u16 & 0x3ff;
    (sign | ((exponent + 15) as u16) << 10 | fraction, f32::from_bits(bits >> 13 << 13))
}

#[test]
fn f16_and_bf16_files_give_the_outputs_of_f32_files_with_the_same_numbers() {
    let exact = outputs(&CheckpointCopy::new("single-label"));
    let types: [(Dtype, Truncate); 2] = [(Dtype::F16, f16), (Dtype::BF16, bf16)];
    for (dtype, truncate) in types {
        let (short, long) =
            (CheckpointCopy::new("single-label"), CheckpointCopy::new("single-label"));
        short.edit(|tensors| {
            for tensor in tensors.values_mut() {
                let bytes = tensor.numbers().into_iter().flat_map(|x| truncate(x).0.to_le_bytes());
                *tensor = Stored { dtype, shape: tensor.shape.clone(), bytes: bytes.collect() };
            }
        });
        long.edit(|tensors| {
            for tensor in tensors.values_mut() {
                *tensor = tensor.map(|x| truncate(x).1);
            }
        });
        assert_eq!(outputs(&short), outputs(&long), "{dtype:?}");
        assert_ne!(outputs(&short), exact, "{dtype:?}");
    }
}

/// The same numbers in f64.
fn widen(tensor: &Stored) -> Stored {
    let bytes = tensor.numbers().into_iter().flat_map(|x| f64::from(x).to_le_bytes()).collect();
    Stored { dtype: Dtype::F64, shape: tensor.shape.clone(), bytes }
}

#[test]
fn f64_files_give_the_outputs_of_f32_files_with_the_same_numbers() {
    let exact = outputs(&CheckpointCopy::new("single-label"));
    let whole = CheckpointCopy::new("single-label");
    whole.edit(|tensors| tensors.values_mut().for_each(|tensor| *tensor = widen(tensor)));
    assert_eq!(outputs(&whole), exact);
    shard(&whole);
    assert_eq!(outputs(&whole), exact);
    // A file may mix types.
    for part in ["embeddings", "encoder.layer.1", "classifier"] {
        let mixed = CheckpointCopy::new("single-label");
        mixed.edit(|tensors| {
            let chosen = tensors.iter_mut().filter(|(name, _)| name.contains(part));
            chosen.for_each(|(_, tensor)| *tensor = widen(tensor));
        });
        assert_eq!(outputs(&mixed), exact, "{part}");
    }
}

#[test]
fn f64_numbers_are_rounded_once() {
    let copy = CheckpointCopy::new("single-label");
    copy.edit(|tensors| {
        for tensor in tensors.values_mut() {
            let near = |x: f32| f64::from(x) * (1.0 + 1e-9);
            let bytes = tensor.numbers().into_iter().flat_map(|x| near(x).to_le_bytes()).collect();
            *tensor = Stored { dtype: Dtype::F64, shape: tensor.shape.clone(), bytes };
        }
    });
    assert_eq!(outputs(&copy), outputs(&CheckpointCopy::new("single-label")));
}
