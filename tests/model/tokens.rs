//! Tokenisation, compared with the fast tokenizers of transformers.

use strata::text::{Encoded, LongText, TokenizeError, Tokenizer, TokenizerHints};

use crate::support::copy::CheckpointCopy;
use crate::support::fixtures::input;
use crate::support::{Case, Golden, Tiny, default_model, load, tiny};

fn encode(tokenizer: &Tokenizer, case: &Case, limit: usize) -> Encoded {
    let input = input(&case.text, case.pair.as_deref());
    tokenizer.encode(&input, limit, LongText::Truncate(None)).unwrap()
}

#[test]
fn tokens_spans_and_special_tokens_are_those_of_transformers() {
    let golden = Golden::read();
    let tokenizer = Tokenizer::load(&default_model(), &TokenizerHints::default()).unwrap();
    for case in &golden.texts {
        let found = encode(&tokenizer, case, golden.max_tokens);
        let special: Vec<bool> = case.special.iter().map(|&mask| mask == 1).collect();
        assert_eq!(found.sequence.ids, case.ids, "{:?}", case.text);
        assert_eq!(found.sequence.type_ids, case.type_ids, "{:?}", case.text);
        assert_eq!(found.spans, case.offsets, "{:?}", case.text);
        assert_eq!(found.special, special, "{:?}", case.text);
        assert_eq!(found.full_tokens, case.full_tokens, "{:?}", case.text);
        assert_eq!(found.truncated(), case.truncated, "{:?}", case.text);
    }
}

#[test]
fn a_text_that_is_too_long_and_must_not_be_truncated_is_refused_with_its_token_count() {
    let golden = Golden::read();
    let tokenizer = Tokenizer::load(&default_model(), &TokenizerHints::default()).unwrap();
    let limit = golden.max_tokens;
    let mut refused = 0;
    for case in &golden.texts {
        let input = input(&case.text, case.pair.as_deref());
        match tokenizer.encode(&input, limit, LongText::Error) {
            Ok(found) => assert_eq!(found.sequence.ids, case.ids),
            Err(error) => {
                let tokens = case.full_tokens;
                assert_eq!(error, TokenizeError::TooLong { tokens, limit });
                assert!(tokens > limit);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, golden.texts.iter().filter(|case| case.truncated).count());
}

#[test]
fn vocab_txt_gives_the_tokens_of_tokenizer_json() {
    let golden = Golden::read();
    let model = default_model();
    let alone = tempfile::tempdir().unwrap();
    for name in ["vocab.txt", "tokenizer_config.json"] {
        std::fs::copy(model.join(name), alone.path().join(name)).unwrap();
    }
    let whole = Tokenizer::load(&model, &TokenizerHints::default()).unwrap();
    let tokenizer = Tokenizer::load(alone.path(), &TokenizerHints::default()).unwrap();
    assert!(tokenizer.file().ends_with("vocab.txt"));
    let most = |tokenizer: &Tokenizer| tokenizer.max_length().map(|limit| limit.tokens);
    assert_eq!(most(&tokenizer), most(&whole));
    for case in &golden.texts {
        let limit = golden.max_tokens;
        assert_eq!(encode(&tokenizer, case, limit), encode(&whole, case, limit), "{:?}", case.text);
    }
}

#[test]
fn tokens_of_tiny_tokenizers_are_those_of_transformers() {
    for name in Tiny::CLASSIFIERS.into_iter().chain([Tiny::SENTENCE]) {
        let golden = Tiny::read(name);
        let parts = load(&tiny(name));
        assert_eq!(parts.sequence_tokens, golden.max_tokens, "{name}");
        for case in &golden.cases {
            let mut input = input(&case.text, case.pair.as_deref());
            if let Some(prompt) = &case.prompt_name {
                input.text = input.text.with_prompt(&parts.checkpoint.sentence.prompts[prompt]);
            }
            let limit = parts.sequence_tokens;
            let found = parts.tokenizer.encode(&input, limit, LongText::Truncate(None)).unwrap();
            assert_eq!(found.sequence.ids, case.ids, "{name}: {:?}", case.text);
            assert_eq!(found.sequence.type_ids, case.type_ids, "{name}: {:?}", case.text);
        }
    }
}

#[test]
fn the_limit_of_sentence_transformers_goes_over_that_of_the_tokenizer() {
    let parts = load(&default_model());
    assert_eq!(parts.checkpoint.config.max_tokens, 512);
    let alone = Tokenizer::load(&default_model(), &TokenizerHints::default()).unwrap();
    assert_eq!(alone.max_length().map(|limit| limit.tokens), Some(512));
    assert_eq!(parts.tokenizer.max_length().map(|limit| limit.tokens), Some(256));
    assert_eq!(parts.sequence_tokens, Golden::read().max_tokens);
}

#[test]
fn a_checkpoint_that_lower_cases_before_its_tokenizer_gives_the_tokens_of_lower_case_text() {
    let copy = CheckpointCopy::new("null-softmax");
    let encoded = |lower_case: bool, text: &str| {
        let hints = TokenizerHints { lower_case, ..TokenizerHints::default() };
        let tokenizer = Tokenizer::load(copy.dir(), &hints).unwrap();
        tokenizer.encode(&input(text, None), 64, LongText::Truncate(None)).unwrap()
    };
    let (upper, lower) = ("A GOOD Film, ÉTÉ", "a good film, été");
    assert_ne!(encoded(false, upper).sequence.ids, encoded(false, lower).sequence.ids);
    assert_eq!(encoded(true, upper).sequence.ids, encoded(true, lower).sequence.ids);
    assert_eq!(encoded(true, upper).spans, encoded(true, lower).spans);
}
