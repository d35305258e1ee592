//! What is made of a text, by tokenizers that are read from small folders.

use serde_json::json;

use super::{Folder, VOCAB, ids, input};
use crate::text::{LongText, Text, TokenizeError, TruncationSide};

#[test]
fn a_template_may_take_a_text_twice_and_lengths_are_as_they_are() {
    let text = json!({"Sequence": {"id": "A", "type_id": 0}});
    let twice = json!({"post_processor": {"type": "TemplateProcessing", "special_tokens": {},
        "single": [text, text], "pair": [text, {"Sequence": {"id": "B", "type_id": 1}}]}});
    let config = json!({"tokenizer_class": "TokenizersBackend"});
    let tokenizer = Folder::new(VOCAB, &config).with_json(&twice).load().unwrap();
    assert_eq!(ids(&tokenizer, "the cat"), [5, 6, 5, 6]);
    let long = input("the cat dog", None);
    let error = tokenizer.encode(&long, 5, LongText::Truncate(None)).unwrap_err();
    assert_eq!(error, TokenizeError::TooLong { tokens: 6, limit: 5 });
    let windows = tokenizer.encode_windows(&long, 4).unwrap();
    let found: Vec<_> = windows.iter().map(|window| &window.encoded.sequence.ids[..]).collect();
    assert_eq!(found, [[5, 6, 5, 6], [6, 7, 6, 7]]);
    let pair = tokenizer.encode(&input("the", Some("cat")), 5, LongText::Truncate(None)).unwrap();
    assert_eq!((pair.sequence.type_ids, pair.second), (vec![0, 0], vec![false, true]));
}

#[test]
fn a_side_goes_over_the_one_that_the_file_names() {
    let long = input("the cat dog red", None);
    for (named, own) in [("right", [2, 5, 6, 3]), ("left", [2, 7, 8, 3])] {
        let tokenizer = Folder::new(VOCAB, &json!({"truncation_side": named})).load().unwrap();
        let cut = |side| tokenizer.encode(&long, 4, LongText::Truncate(side)).unwrap();
        assert_eq!(cut(None).sequence.ids, own, "{named}");
        assert_eq!(cut(Some(TruncationSide::Left)).sequence.ids, [2, 7, 8, 3], "{named}");
        let right = cut(Some(TruncationSide::Right));
        assert_eq!((right.sequence.ids, right.full_tokens), (vec![2, 5, 6, 3], 6), "{named}");
    }
}

#[test]
fn a_whole_text_has_all_tokens_with_special_tokens_or_without() {
    let tokenizer = Folder::new(VOCAB, &json!({})).load().unwrap();
    let text = Text::parse("the [SEP] cat".to_owned(), 100).unwrap();
    let own = tokenizer.encode_whole(&text, false).unwrap();
    assert_eq!((own.sequence.ids, own.special), (vec![5, 3, 6], vec![false; 3]));
    assert_eq!(own.spans, [(0, 3), (4, 9), (10, 13)]);
    let whole = tokenizer.encode_whole(&text, true).unwrap();
    assert_eq!(whole.sequence.ids, [2, 5, 3, 6, 3]);
    assert_eq!(whole.special, [true, false, false, false, true]);
}

#[test]
fn tokens_are_joined_as_the_class_or_the_file_does_it() {
    let vocab = VOCAB.replace("dog\n", "##s\n").replace("red\n", ".\n");
    let bert = Folder::new(&vocab, &json!({})).load().unwrap();
    let ids = ids(&bert, "The cats.");
    assert_eq!(ids, [2, 5, 6, 7, 8, 3]);
    assert_eq!(bert.decode(&ids, true).unwrap(), "the cats.");
    assert_eq!(bert.decode(&ids, false).unwrap(), "[CLS] the cats. [SEP]");
    let parts = json!({"decoder": {"type": "Strip", "content": "t", "start": 1, "stop": 0}});
    let whole = json!({"tokenizer_class": "PreTrainedTokenizerFast"});
    let whole = Folder::new(VOCAB, &whole).with_json(&parts).load().unwrap();
    assert_eq!(whole.decode(&[5, 6], true).unwrap(), "hecat");
}

#[test]
fn a_text_of_which_nothing_is_left_has_no_tokens() {
    let config = json!({"tokenizer_class": "TokenizersBackend"});
    let strip = json!({"normalizer": {"type": "BertNormalizer", "clean_text": true,
        "handle_chinese_chars": true, "strip_accents": null, "lowercase": true}});
    let tokenizer = Folder::new(VOCAB, &config).with_json(&strip).load().unwrap();
    for nothing in [input("\u{200b}", None), input("\u{ad}", Some("\u{feff}"))] {
        let truncated = tokenizer.encode(&nothing, 5, LongText::Truncate(None));
        assert_eq!(truncated, Err(TokenizeError::NoTokens));
        assert_eq!(tokenizer.encode_windows(&nothing, 5), Err(TokenizeError::NoTokens));
    }
    let half =
        tokenizer.encode(&input("\u{200b}", Some("cat")), 5, LongText::Truncate(None)).unwrap();
    assert_eq!(half.sequence.ids, [6]);
}
