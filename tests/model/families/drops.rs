//! Every part of each family's forward pass matters: each is left out in turn, and the logits must
//! change as those of transformers do.

use strata::model::checkpoint::Checkpoint;

use super::golden::{FAMILIES, Family, family};
use crate::support::compare::largest_difference;
use crate::support::copy::MODEL;
use crate::support::pass::{main_output, rows};
use crate::support::{CheckpointCopy, Worst};

/// Leaving a part out changes some logit by at least this much. Smallest change seen: 2.6e-3, for the
/// last weights of queries in `xlm-roberta`.
const CHANGE: f64 = 1e-3;
/// The tolerance to the logits of transformers with the same part left out. Largest difference seen:
/// 1.45e-5, with AVX2 for `modernbert`, where without its norms the roundings of small rows grow.
const TOLERANCE: f64 = 2e-5;

/// The bias of keys adds the same to all scores of a query, unless keys are rotated after it or have
/// scores for distances; that of the keys of distances always does.
fn cannot_matter(tensor: &str) -> bool {
    [".key.bias", ".k.bias", ".k_lin.bias", ".pos_key_proj.bias"]
        .iter()
        .any(|end| tensor.ends_with(end))
}

fn is_norm(tensor: &str) -> bool {
    let module = tensor.strip_suffix(".weight").and_then(|module| module.rsplit('.').next());
    module.is_some_and(|module| module.to_lowercase().ends_with("norm"))
}

/// Compares the logits of a copy with those of the fixture for the same omission. Returns the largest
/// change of a logit.
fn check_drop(copy: &CheckpointCopy, golden: &Family, dropped: &str, worst: &mut Worst) -> f64 {
    let (model, output) = main_output(&Checkpoint::open(copy.dir()).unwrap()).unwrap();
    let found = rows(&model, &output, &golden.tiny.cases);
    for (index, (found, expected)) in found.iter().zip(&golden.tiny.dropped[dropped]).enumerate() {
        worst.compare(found, expected, TOLERANCE, &format!("text {index} without {dropped}"));
    }
    largest_difference(&found, &golden.tiny.expected())
}

#[test]
fn every_tensor_and_every_setting_of_each_family_matters() {
    for name in FAMILIES {
        let (golden, copy) = (Family::read(name), CheckpointCopy::from_folder(&family(name)));
        let (mut worst, mut smallest) = (Worst::default(), (f64::INFINITY, String::new()));
        let mut changes = Vec::new();
        let whole = copy.tensors(MODEL);
        for tensor in whole.keys() {
            let mut reduced = whole.clone();
            let left = f32::from(u8::from(is_norm(tensor)));
            reduced.insert(tensor.clone(), whole[tensor].map(|_| left));
            copy.write_tensors(MODEL, &reduced);
            changes.push((tensor.clone(), check_drop(&copy, &golden, tensor, &mut worst)));
        }
        copy.write_tensors(MODEL, &whole);
        let config = copy.bytes("config.json");
        for (part, fields) in &golden.config {
            copy.edit_json("config.json", |json| {
                json.as_object_mut().unwrap().extend(fields.clone());
            });
            changes.push((part.clone(), check_drop(&copy, &golden, part, &mut worst)));
            copy.write("config.json", &config);
        }
        assert_eq!(changes.len(), golden.tiny.dropped.len());
        for (part, change) in changes {
            if cannot_matter(&part) {
                assert!(change < TOLERANCE, "{name}: {part} changes a logit by {change:e}");
            } else if change < smallest.0 {
                smallest = (change, part);
            }
        }
        worst.check(name);
        println!("{name}: smallest change {:.1e}, without {}", smallest.0, smallest.1);
        assert!(smallest.0 > CHANGE, "{name}: without {} {:e}", smallest.1, smallest.0);
    }
}
