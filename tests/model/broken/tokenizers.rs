//! Tokenizers that are missing, invalid or too large, and limits that are too small.

use super::{NAME, message, refused};
use crate::support::{CheckpointCopy, Tiny};

#[test]
fn a_vocabulary_larger_than_the_embedding_table_is_refused() {
    let copy = CheckpointCopy::new(NAME);
    copy.edit_json("tokenizer.json", |json| json["model"]["vocab"]["extra"] = 171.into());
    let expected = "embeddings.word_embeddings.weight has 171 rows";
    refused(&copy, "tokenizer.json", &["token \"extra\" has the id 171", expected]);

    let copy = CheckpointCopy::new("null-softmax");
    let more = [copy.bytes("vocab.txt").as_slice(), b"extra\n"].concat();
    copy.write("vocab.txt", more);
    refused(&copy, "vocab.txt", &["token \"extra\" has the id 171", "has 171 rows"]);
}

#[test]
fn a_tokenizer_that_is_missing_or_unusable_is_refused() {
    let copy = CheckpointCopy::new(NAME);
    copy.write("tokenizer.json", "{}");
    refused(&copy, "tokenizer.json", &["not a tokenizer"]);
    copy.write("tokenizer_config.json", "{");
    refused(&copy, "tokenizer_config.json", &["EOF"]);
    copy.write("tokenizer_config.json", "{}");
    copy.remove("tokenizer.json");
    let message = message(copy.dir());
    let dir = copy.dir().display();
    let needed = "the class BertTokenizer needs a tokenizer.json, or a vocab.txt";
    assert_eq!(message, format!("{dir}: {needed}, and the folder has none of these"));

    let copy = CheckpointCopy::new("null-softmax");
    let vocab = String::from_utf8(copy.bytes("vocab.txt")).unwrap();
    copy.write("vocab.txt", vocab.replace("[SEP]\n", "[END]\n"));
    refused(&copy, "vocab.txt", &["token \"[SEP]\" has the id 171", "has 171 rows"]);
    copy.write("vocab.txt", vocab.replace("[UNK]\n", "[END]\n"));
    refused(&copy, "vocab.txt", &["it lacks \"[UNK]\", the unk_token"]);
}

#[test]
fn a_file_at_which_the_tokenizers_crate_panics_is_refused() {
    let copy = CheckpointCopy::new(NAME);
    copy.edit_json("tokenizer_config.json", |json| {
        json["tokenizer_class"] = "PreTrainedTokenizerFast".into();
    });
    let good = copy.bytes("tokenizer.json");
    copy.edit_json("tokenizer.json", |json| {
        json["normalizer"] =
            serde_json::json!({"type": "Precompiled", "precompiled_charsmap": "AAAA"});
    });
    refused(&copy, "tokenizer.json", &["not a tokenizer: reading it panicked at ", "mod.rs"]);
    // Nothing but that crate reads what decodes tokens.
    let text = String::from_utf8(good).unwrap();
    let at = text.find("\"decoder\"").unwrap();
    copy.write("tokenizer.json", format!("{}\"\\ud800\": 1, {}", &text[..at], &text[at..]));
    refused(&copy, "tokenizer.json", &["not a tokenizer", "download it again"]);
}

#[test]
fn a_limit_that_leaves_no_room_for_a_text_is_refused() {
    let copy = CheckpointCopy::new(Tiny::SENTENCE);
    copy.edit_json("sentence_bert_config.json", |json| json["max_seq_length"] = 3.into());
    let message = message(copy.dir());
    assert!(
        message.contains("sentence_bert_config.json: max_seq_length is 3; a pair needs 3"),
        "{message}"
    );
}
