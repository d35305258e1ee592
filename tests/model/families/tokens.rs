//! Each family's tokenizer, compared with transformers.

use std::path::Path;

use serde_json::Value;
use strata::app::Parts;
use strata::text::LongText;

use super::golden::{FAMILIES, Family, Tokenizing, family};
use crate::support::fixtures::input;
use crate::support::{CheckpointCopy, load};

fn check(dir: &Path, golden: &Family) {
    let Parts { tokenizer, sequence_tokens, .. } = load(dir);
    assert_eq!(sequence_tokens, golden.tiny.max_tokens, "{}", dir.display());
    for case in &golden.tiny.cases {
        let input = input(&case.text, case.pair.as_deref());
        let found = tokenizer.encode(&input, sequence_tokens, LongText::Truncate(None)).unwrap();
        assert_eq!(found.sequence.ids, case.ids, "{}: {:?}", dir.display(), case.text);
        assert_eq!(found.sequence.type_ids, case.type_ids, "{}: {:?}", dir.display(), case.text);
    }
}

#[test]
fn tokens_are_those_of_transformers() {
    for name in FAMILIES {
        check(&family(name), &Family::read(name));
    }
}

#[test]
fn tokens_with_other_settings_are_those_of_transformers() {
    for (name, settings) in [("deberta-v2", 4), ("albert", 3), ("albert-inner", 1)] {
        let golden = Family::read(name);
        assert_eq!(golden.tokenizing.len(), settings);
        for Tokenizing { fields, ids } in &golden.tokenizing {
            let copy = CheckpointCopy::from_folder(&family(name));
            copy.edit_json("tokenizer_config.json", |json| {
                json.as_object_mut().unwrap().extend(fields.clone());
            });
            let Parts { tokenizer, sequence_tokens, .. } = load(copy.dir());
            for (case, expected) in golden.tiny.cases.iter().zip(ids) {
                let input = input(&case.text, case.pair.as_deref());
                let long = LongText::Truncate(None);
                let found = tokenizer.encode(&input, sequence_tokens, long).unwrap();
                assert_eq!(found.sequence.ids, *expected, "{name} {fields:?}: {:?}", case.text);
            }
        }
    }
}

#[test]
fn pairs_of_bytes_may_lie_in_vocab_json_and_merges_txt() {
    let (golden, copy) = (Family::read("roberta"), CheckpointCopy::from_folder(&family("roberta")));
    let json: Value = serde_json::from_slice(&copy.bytes("tokenizer.json")).unwrap();
    let merge = |merge: &Value| match merge {
        Value::Array(two) => format!("{} {}", two[0].as_str().unwrap(), two[1].as_str().unwrap()),
        other => other.as_str().unwrap().to_owned(),
    };
    let merges = json["model"]["merges"].as_array().unwrap().iter().map(merge);
    let merges: Vec<String> = merges.collect();
    copy.write("vocab.json", json["model"]["vocab"].to_string());
    copy.write("merges.txt", format!("#version: 0.2\n{}\n", merges.join("\n")));
    let whole = load(copy.dir()).fingerprint;
    copy.remove("tokenizer.json");
    check(copy.dir(), &golden);
    let apart = load(copy.dir()).fingerprint;
    assert_ne!(apart, whole);
    // A merge less is another tokenizer.
    copy.write("merges.txt", format!("#version: 0.2\n{}\n", merges[1..].join("\n")));
    assert_ne!(load(copy.dir()).fingerprint, apart);
}
