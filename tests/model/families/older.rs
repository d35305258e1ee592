//! Tensors by the names that a family's first checkpoints have, and transformers when it saves them.

use strata::model::checkpoint::Checkpoint;

use super::golden::{FAMILIES, Family, family};
use crate::support::CheckpointCopy;
use crate::support::copy::{MODEL, Stored, Tensors};
use crate::support::load;
use crate::support::pass::{main_output, rows};

/// The tensors by their older names, with `prefix` in place of the family's own.
fn older(golden: &Family, tensors: &Tensors, prefix: &str) -> Tensors {
    let mut renamed = tensors.clone();
    for (name, parts) in &golden.older {
        let parts: Vec<Stored> = parts.iter().map(|part| renamed.remove(part).unwrap()).collect();
        let rows = parts.iter().map(|part| part.shape[0]).sum();
        let shape = [&[rows], &parts[0].shape[1..]].concat();
        let numbers: Vec<f32> = parts.iter().flat_map(Stored::numbers).collect();
        renamed.insert(name.clone(), Stored::f32(&shape, &numbers));
    }
    let with_prefix = |name: String| match name.split_once('.') {
        Some((_, rest)) if !name.starts_with("classifier.") => format!("{prefix}{rest}"),
        _ => name,
    };
    renamed.into_iter().map(|(name, tensor)| (with_prefix(name), tensor)).collect()
}

#[test]
fn older_names_give_the_same_encoder() {
    let mut seen = Vec::new();
    for name in FAMILIES {
        let golden = Family::read(name);
        if golden.older.is_empty() {
            continue;
        }
        seen.push(name);
        let copy = CheckpointCopy::from_folder(&family(name));
        let whole = copy.tensors(MODEL);
        let logits = || {
            let (model, output) = main_output(&Checkpoint::open(copy.dir()).unwrap()).unwrap();
            rows(&model, &output, &golden.tiny.cases)
        };
        let (fingerprint, expected) = (load(copy.dir()).fingerprint, logits());
        for prefix in ["", if name == "gte" { "new." } else { "nomic_bert." }] {
            copy.write_tensors(MODEL, &older(&golden, &whole, prefix));
            assert_eq!(logits(), expected, "{name} {prefix}");
            assert_eq!(load(copy.dir()).fingerprint, fingerprint, "{name} {prefix}");
        }
    }
    assert_eq!(seen, ["nomic_bert", "gte"]);
}

#[test]
fn rows_that_can_t_be_divided_are_refused() {
    let (golden, copy) = (Family::read("gte"), CheckpointCopy::from_folder(&family("gte")));
    let mut tensors = older(&golden, &copy.tensors(MODEL), "new.");
    let name = "new.encoder.layer.1.attention.qkv_proj.bias";
    tensors.insert(name.to_owned(), Stored::f32(&[95], &[0.0; 95]));
    copy.write_tensors(MODEL, &tensors);
    let refused = Checkpoint::open(copy.dir()).err().unwrap().to_string();
    assert!(refused.contains(name) && refused.contains("F32 [95]"), "{refused}");
    assert!(refused.contains("rows that can be divided by 3"), "{refused}");
}
