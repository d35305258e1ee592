//! One checkpoint in every form that files come in: the same answers, to the bit.

use std::collections::BTreeMap;

use safetensors::Dtype;
use serde_json::json;

use crate::support::copy::{MODEL, Stored, Tensors};
use crate::support::{Copy, Tiny, load, logits};

const INDEX: &str = "model.safetensors.index.json";

fn answers(copy: &Copy) -> Vec<Vec<f32>> {
    logits(&load(copy.dir()), &Tiny::read("single-label").cases)
}

/// The same tensors under other names.
pub fn rename(copy: &Copy, new: impl Fn(&str) -> String) {
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

/// Deals the tensors out to three files, with an index.
pub fn shard(copy: &Copy) {
    let mut shards = [Tensors::new(), Tensors::new(), Tensors::new()];
    let mut places = BTreeMap::new();
    for (at, (name, tensor)) in copy.tensors(MODEL).into_iter().enumerate() {
        places.insert(name.clone(), shard_name(at % 3));
        shards[at % 3].insert(name, tensor);
    }
    for (at, tensors) in shards.iter().enumerate() {
        copy.write_tensors(&shard_name(at), tensors);
    }
    copy.write(INDEX, json!({"metadata": {}, "weight_map": places}).to_string());
    copy.remove(MODEL);
}

fn shard_name(at: usize) -> String {
    format!("model-{:05}-of-00003.safetensors", at + 1)
}

#[test]
fn names_with_and_without_prefix_and_norms_by_either_name_are_the_same_checkpoint() {
    let whole = answers(&Copy::of("single-label"));
    let spellings: [&dyn Fn(&str) -> String; 3] =
        [&without_prefix, &with_old_norms, &|name| with_old_norms(&without_prefix(name))];
    for spelling in spellings {
        let copy = Copy::of("single-label");
        let before: Vec<_> = copy.tensors(MODEL).into_keys().collect();
        rename(&copy, spelling);
        assert_ne!(copy.tensors(MODEL).into_keys().collect::<Vec<_>>(), before);
        assert_eq!(answers(&copy), whole);
    }
}

#[test]
fn a_sharded_checkpoint_is_the_same_as_a_whole_one() {
    let whole = answers(&Copy::of("single-label"));
    let copy = Copy::of("single-label");
    shard(&copy);
    assert_eq!(answers(&copy), whole);
    // An index may spell names otherwise than its shards do.
    copy.edit_json(INDEX, |json| {
        let places = json["weight_map"].as_object().unwrap();
        let bare = places.iter().map(|(name, shard)| (without_prefix(name), shard.clone()));
        json["weight_map"] = bare.collect();
    });
    assert_eq!(answers(&copy), whole);
}

#[test]
fn a_whole_file_is_read_where_an_index_lies_beside_it() {
    let copy = Copy::of("single-label");
    copy.write(INDEX, json!({"weight_map": {"lost": "lost.safetensors"}}).to_string());
    assert_eq!(answers(&copy), answers(&Copy::of("single-label")));
}

#[test]
fn tensors_that_nobody_needs_may_be_of_any_type() {
    let copy = Copy::of("single-label");
    copy.edit(|tensors| {
        // Older checkpoints carry the positions along, and those for training other heads.
        let positions = (0..64_i64).flat_map(i64::to_le_bytes).collect();
        let positions = Stored { dtype: Dtype::I64, shape: vec![1, 64], bytes: positions };
        tensors.insert("bert.embeddings.position_ids".to_owned(), positions);
        tensors.insert("cls.predictions.bias".to_owned(), Stored::f32(&[3], &[1.0, 2.0, 3.0]));
    });
    assert_eq!(answers(&copy), answers(&Copy::of("single-label")));
}

/// From a number to the bits of a shorter one, and what these stand for.
type Cut = fn(f32) -> (u16, f32);

/// Cuts a number to the 7 bits after the point that bf16 has: the upper half of an f32.
fn bf16(x: f32) -> (u16, f32) {
    let bits = (x.to_bits() >> 16) as u16;
    (bits, f32::from_bits(u32::from(bits) << 16))
}

/// Cuts a number to the 10 bits after the point that f16 has; what is too small for it becomes 0.
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
fn f16_and_bf16_files_give_what_f32_files_of_the_same_numbers_give() {
    let exact = answers(&Copy::of("single-label"));
    let types: [(Dtype, Cut); 2] = [(Dtype::F16, f16), (Dtype::BF16, bf16)];
    for (dtype, cut) in types {
        let (short, long) = (Copy::of("single-label"), Copy::of("single-label"));
        short.edit(|tensors| {
            for tensor in tensors.values_mut() {
                let bytes = tensor.numbers().into_iter().flat_map(|x| cut(x).0.to_le_bytes());
                *tensor = Stored { dtype, shape: tensor.shape.clone(), bytes: bytes.collect() };
            }
        });
        long.edit(|tensors| {
            for tensor in tensors.values_mut() {
                *tensor = tensor.map(|x| cut(x).1);
            }
        });
        assert_eq!(answers(&short), answers(&long), "{dtype:?}");
        assert_ne!(answers(&short), exact, "{dtype:?}");
    }
}
