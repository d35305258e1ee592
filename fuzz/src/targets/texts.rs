//! Texts, through tokenizers of several kinds: truncation, windows, pairs and prompts.

use std::path::PathBuf;
use std::sync::LazyLock;

use strata::text::{
    Encoded, Input, LongText, Text, TokenizeError, Tokenizer, TokenizerHints, TruncationSide,
    Window, without_prompt,
};

use super::root;

/// WordPiece with lower case, WordPiece from `vocab.txt`, and the other models that are served.
static TOKENIZERS: LazyLock<Vec<Tokenizer>> = LazyLock::new(|| {
    let tiny = |name: &str| root().join("tests/fixtures/tiny").join(name);
    let seeds = |name: &str| root().join("fuzz/tokenizers").join(name);
    let load = |folder: PathBuf| Tokenizer::load(&folder, &TokenizerHints::default()).unwrap();
    let folders = ["sentence", "null-softmax", "cross-encoder"].map(tiny);
    folders.into_iter().chain(["byte-pairs", "unigram"].map(seeds)).map(load).collect()
});

/// The first byte chooses the tokenizer, the second the most tokens of a sequence. The rest is a text, a
/// pair and a prompt, with a byte of 0 between them.
pub fn run(data: &[u8]) {
    let &[which, limit, ref rest @ ..] = data else { return };
    let tokenizer = &TOKENIZERS[usize::from(which) % TOKENIZERS.len()];
    let text = String::from_utf8_lossy(rest);
    let mut parts = text.split('\0');
    let mut part = || Text::parse(parts.next()?.to_owned(), 1 << 16).ok();
    let (Some(text), pair, prompt) = (part(), part(), part()) else { return };
    let prompt = prompt.as_ref().map_or("", Text::as_str);
    let limit = usize::from(limit).max(tokenizer.special_tokens(true) + 1);
    let single = Input { text: text.clone().with_prompt(prompt), pair: None };
    let whole = check_whole(tokenizer, &single);
    check_truncation(tokenizer, &single, limit);
    check_truncation(tokenizer, &Input { text: text.clone(), pair }, limit);
    let windows = tokenizer.encode_windows(&single, limit).unwrap();
    check_windows(&windows, &whole, limit);
    let prompt_tokens = tokenizer.prompt_tokens(prompt, None).unwrap();
    let left = without_prompt(&windows, prompt_tokens);
    let counted = |all: &[Vec<bool>]| all.iter().flatten().filter(|&&counts| counts).count();
    let before: Vec<Vec<bool>> = windows.iter().map(|window| window.counted.clone()).collect();
    assert!(counted(&left) + prompt_tokens >= counted(&before));
    assert!(
        left.iter().flatten().zip(before.iter().flatten()).all(|(left, before)| *before || !*left)
    );
}

/// All tokens: their spans lie in the text in order, and ids that are read back give the same ids.
fn check_whole(tokenizer: &Tokenizer, input: &Input) -> Encoded {
    let whole = tokenizer.encode_whole(&input.text, true).unwrap();
    let characters = input.text.as_str().chars().count();
    for (&(start, end), &special) in whole.spans.iter().zip(&whole.special) {
        assert!(special || (start <= end && end <= characters), "{start}..{end} of {characters}");
    }
    let ids = &whole.sequence.ids;
    assert!(ids.iter().all(|&id| tokenizer.token(id).is_some()));
    if let Some(text) = tokenizer.text_of(ids).unwrap() {
        let text = Text::parse(text, usize::MAX).unwrap();
        assert_eq!(tokenizer.encode_whole(&text, true).unwrap().sequence.ids, *ids);
    }
    whole
}

/// At most `limit` tokens, all or some of those of the whole input; too long only where it is more.
fn check_truncation(tokenizer: &Tokenizer, input: &Input, limit: usize) {
    let sides = [None, Some(TruncationSide::Left), Some(TruncationSide::Right)];
    for side in sides {
        let cut = tokenizer.encode(input, limit, LongText::Truncate(side)).unwrap();
        assert!(cut.sequence.tokens() <= limit);
        assert_eq!(cut.truncated(), cut.full_tokens > limit, "{} of {limit}", cut.full_tokens);
        for list in
            [cut.sequence.type_ids.len(), cut.spans.len(), cut.special.len(), cut.second.len()]
        {
            assert_eq!(list, cut.sequence.tokens());
        }
        match tokenizer.encode(input, limit, LongText::Error) {
            Ok(whole) => assert_eq!(whole, cut),
            Err(TokenizeError::TooLong { tokens, .. }) => assert_eq!(tokens, cut.full_tokens),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Each of the text's own tokens counts in exactly one window, in the order of the text.
fn check_windows(windows: &[Window], whole: &Encoded, limit: usize) {
    let mut own: Vec<(u32, (usize, usize))> = Vec::new();
    for Window { encoded, counted } in windows {
        assert!(encoded.sequence.tokens() <= limit);
        let tokens = encoded.sequence.ids.iter().zip(&encoded.spans).zip(&encoded.special);
        let counted = tokens.zip(counted).filter(|((_, special), counts)| **counts && !**special);
        own.extend(counted.map(|(((id, span), _), _)| (*id, *span)));
    }
    let tokens = whole.sequence.ids.iter().zip(&whole.spans).zip(&whole.special);
    let expected = tokens.filter(|(_, special)| !**special).map(|((id, span), _)| (*id, *span));
    assert_eq!(own, expected.collect::<Vec<_>>());
}
