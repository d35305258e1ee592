//! Tokenizers that are read from small folders of files.

mod encoding;

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Input, Limit, LongText, Text, Tokenizer, TokenizerArguments, TokenizerError, TokenizerHints,
};

const VOCAB: &str = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\ncat\ndog\nred\n";

/// A folder with a vocabulary of nine pieces.
struct Folder(TempDir);

impl Folder {
    fn new(vocab: &str, config: &Value) -> Self {
        let folder = Self(TempDir::new().unwrap());
        fs::write(folder.0.path().join("vocab.txt"), vocab).unwrap();
        folder.write("tokenizer_config.json", config);
        folder
    }

    fn write(&self, name: &str, content: &Value) {
        fs::write(self.0.path().join(name), content.to_string()).unwrap();
    }

    /// Writes a `tokenizer.json` with the pieces of [`VOCAB`] and these parts.
    fn with_json(self, parts: &Value) -> Self {
        let vocab: serde_json::Map<String, Value> =
            VOCAB.lines().enumerate().map(|(id, piece)| (piece.to_owned(), id.into())).collect();
        let model = json!({
            "type": "WordPiece", "vocab": vocab, "unk_token": "[UNK]",
            "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
        });
        let mut content = json!({
            "version": "1.0", "model": model, "added_tokens": [],
            "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"},
        });
        for (name, part) in parts.as_object().unwrap() {
            content[name] = part.clone();
        }
        self.write("tokenizer.json", &content);
        self
    }

    fn load(&self) -> Result<Tokenizer, TokenizerError> {
        Tokenizer::load(self.0.path(), &TokenizerHints::default())
    }

    fn refusal(&self) -> String {
        self.load().err().unwrap().to_string()
    }

    fn ids(&self, text: &str) -> Vec<u32> {
        ids(&self.load().unwrap(), text)
    }
}

fn input(text: &str, pair: Option<&str>) -> Input {
    let parse = |text: &str| Text::parse(text.to_owned(), 1_000).unwrap();
    Input { text: parse(text), pair: pair.map(parse) }
}

fn ids(tokenizer: &Tokenizer, text: &str) -> Vec<u32> {
    tokenizer.encode(&input(text, None), 12, LongText::Truncate(None)).unwrap().sequence.ids
}

#[test]
fn tokens_of_every_file_are_added_after_the_vocabulary() {
    let text = "the [A] cat [B]";
    let expected = [2, 5, 9, 6, 10, 3];
    let config = json!({"additional_special_tokens": ["[A]", "[B]"]});
    assert_eq!(Folder::new(VOCAB, &config).ids(text), expected);
    let config = json!({"extra_special_tokens": ["[A]"], "b_token": "[B]"});
    assert_eq!(Folder::new(VOCAB, &config).ids(text), [2, 5, 10, 6, 9, 3], "names come first");
    let config =
        json!({"added_tokens_decoder": {"9": {"content": "[A]"}, "10": {"content": "[B]"}}});
    assert_eq!(Folder::new(VOCAB, &config).ids(text), expected);
    let folder = Folder::new(VOCAB, &json!({}));
    folder.write("added_tokens.json", &json!({"[A]": 9, "[B]": 10}));
    assert_eq!(folder.ids("The [a] cat [B]"), expected, "not special, so lower-cased");
    folder.write("special_tokens_map.json", &json!({"additional_special_tokens": ["[A]", "[B]"]}));
    fs::remove_file(folder.0.path().join("added_tokens.json")).unwrap();
    assert_eq!(folder.ids(text), expected);
    assert_ne!(folder.ids("The [a] cat [B]"), expected, "special, so not lower-cased");
}

#[test]
fn an_id_that_a_token_does_not_get_is_refused() {
    let config = json!({"added_tokens_decoder": {"12": {"content": "[A]"}}});
    let refused = Folder::new(VOCAB, &config).refusal();
    assert!(
        refused.contains("tokenizer_config.json: the token \"[A]\" has the id 12"),
        "{refused}"
    );
    let folder = Folder::new(VOCAB, &json!({}));
    folder.write("added_tokens.json", &json!({"cat": 3}));
    assert!(folder.refusal().contains("added_tokens.json"), "{}", folder.refusal());
    let added = json!({"added_tokens": [{"id": 7, "content": "cat", "single_word": false,
        "lstrip": false, "rstrip": false, "normalized": false, "special": true}]});
    let folder = Folder::new(VOCAB, &json!({})).with_json(&added);
    assert!(folder.refusal().contains("tokenizer.json"), "{}", folder.refusal());
}

#[test]
fn special_tokens_may_have_names_of_their_own() {
    let vocab = VOCAB.replace("[UNK]", "<unk>").replace("[CLS]", "<s>").replace("[SEP]", "</s>");
    let config =
        json!({"unk_token": "<unk>", "cls_token": "<s>", "sep_token": {"content": "</s>"}});
    assert_eq!(Folder::new(&vocab, &config).ids("the </s> bird"), [2, 5, 3, 1, 3]);
    let refused = Folder::new(&vocab, &json!({"cls_token": "<s>"})).refusal();
    assert!(refused.contains("vocab.txt: it lacks \"[UNK]\", the unk_token"), "{refused}");
    let refused = Folder::new(VOCAB, &json!({"cls_token": null})).refusal();
    assert!(refused.contains("cls_token is null"), "{refused}");
}

#[test]
fn a_class_s_own_tokens_are_left_out_only_if_they_have_no_row() {
    let rows = |word_rows| TokenizerHints { word_rows, ..Default::default() };
    for (missing, rest) in [("[MASK]", [2, 4, 3]), ("[PAD]", [1, 4, 2])] {
        let vocab = VOCAB.replace(&format!("{missing}\n"), "");
        let folder = Folder::new(&vocab, &json!({}));
        for (word_rows, fits) in [(None, false), (Some(8), true), (Some(9), false)] {
            let tokenizer = Tokenizer::load(folder.0.path(), &rows(word_rows)).unwrap();
            assert_eq!(ids(&tokenizer, "the"), rest, "{missing}");
            assert_eq!(tokenizer.check_fits(8, Some(2)).is_ok(), fits, "{missing} {word_rows:?}");
        }
        let named = json!({"mask_token": "[MASK]", "pad_token": "[PAD]"});
        let named = Folder::new(&vocab, &named);
        let tokenizer = Tokenizer::load(named.0.path(), &rows(Some(8))).unwrap();
        assert!(tokenizer.check_fits(8, Some(2)).is_err(), "{missing}");
    }
}

#[test]
fn the_last_of_equal_lines_counts_and_ids_stay() {
    let vocab = VOCAB.replace("cat\n", "cat\n\nthe\n\n");
    assert_eq!(Folder::new(&vocab, &json!({})).ids("the cat dog"), [2, 8, 6, 10, 3]);
}

#[test]
fn berts_classes_take_only_the_vocabulary_from_tokenizer_json() {
    let parts = json!({"normalizer": {"type": "Replace", "pattern": {"String": "cat"},
        "content": "dog"}});
    let whole = json!({"tokenizer_class": "PreTrainedTokenizerFast"});
    assert_eq!(Folder::new(VOCAB, &whole).with_json(&parts).ids("The cat"), [1, 7]);
    assert_eq!(Folder::new(VOCAB, &json!({})).with_json(&parts).ids("The cat"), [2, 5, 6, 3]);
    let cased = json!({"do_lower_case": false});
    assert_eq!(Folder::new(VOCAB, &cased).with_json(&parts).ids("The cat"), [2, 1, 6, 3]);
}

#[test]
fn post_processors_that_can_not_run_are_refused() {
    let template = |single: Value| {
        json!({"type": "TemplateProcessing", "special_tokens": {},
        "single": [single], "pair": []})
    };
    let second = template(json!({"Sequence": {"id": "B", "type_id": 0}}));
    let lacking = template(json!({"SpecialToken": {"id": "[X]", "type_id": 0}}));
    let plain = template(json!({"Sequence": {"id": "A", "type_id": 0}}));
    let two = json!({"type": "Sequence", "processors": [plain, plain]});
    let config = json!({"tokenizer_class": "TokenizersBackend"});
    for (processor, part) in [(second, "second text"), (lacking, "[X]"), (two, "several")] {
        let parts = json!({"post_processor": processor});
        let refused = Folder::new(VOCAB, &config).with_json(&parts).refusal();
        assert!(refused.contains("tokenizer.json") && refused.contains(part), "{refused}");
    }
}

#[test]
fn fields_that_are_not_served_are_refused_by_name() {
    for (field, value) in [
        ("auto_map", json!({"AutoTokenizer": ["own.Tokenizer", null]})),
        ("do_lower_case", json!("yes")),
        ("fast_tokenizer_files", json!(["tokenizer.4.json"])),
        ("init_inputs", json!([1])),
        ("model_input_names", json!("input_ids")),
        ("model_max_length", json!(-1)),
        ("padding_side", json!("left")),
        ("split_special_tokens", json!(1)),
        ("strip_accents", json!("no")),
        ("tokenizer_class", json!("BertJapaneseTokenizer")),
        ("truncation_side", json!("middle")),
    ] {
        let refused = Folder::new(VOCAB, &json!({field: value})).refusal();
        assert!(refused.contains(&format!("tokenizer_config.json: {field} is")), "{refused}");
    }
}

#[test]
fn arguments_go_over_the_config_and_unknown_ones_are_refused() {
    let folder = Folder::new(VOCAB, &json!({"do_lower_case": true, "model_max_length": 40}));
    let load = |arguments: Value| {
        let arguments = arguments.as_object().unwrap().clone();
        let file = folder.0.path().join("sentence_bert_config.json");
        let limit = Limit { tokens: 30, file: file.clone(), field: "max_seq_length".to_owned() };
        let arguments = TokenizerArguments { file, field: "tokenizer_args", map: arguments };
        let hints = TokenizerHints {
            arguments: Some(arguments),
            max_seq_length: Some(limit),
            ..Default::default()
        };
        Tokenizer::load(folder.0.path(), &hints)
    };
    let cased = load(json!({"do_lower_case": false, "model_max_length": 20})).unwrap();
    assert_eq!(ids(&cased, "The cat"), [2, 1, 6, 3]);
    assert_eq!(cased.max_length().map(|limit| limit.tokens), Some(20));
    assert_eq!(
        load(json!({"use_fast": true})).unwrap().max_length().map(|limit| limit.tokens),
        Some(30)
    );
    let refused = load(json!({"vocab": 3})).err().unwrap().to_string();
    let message = "sentence_bert_config.json: tokenizer_args.vocab is 3; allowed are ";
    assert!(refused.contains(message), "{refused}");
}
