//! The names that the readers of a checkpoint's files know, and the sections of `docs/CHECKPOINTS.md`.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::{is_word, token_is};
use super::source::{SourceFile, read_all, without_test_modules};

const CONFIG: &str = "`config.json`";
const WEIGHTS: &str = "Weights";
const MODULES: &str = "`modules.json`";
const SETTINGS: &str = "`sentence_bert_config.json`";
const OPTIONS: &str = "`config_sentence_transformers.json`";
const OF_A_MODULE: &str = "The modules' `config.json`";
const COLBERT: &str = "`artifact.metadata`";
const CLASS: &str = "The tokenizer's class";
const TOKENIZER_CONFIG: &str = "`tokenizer_config.json`";
const TOKENIZER: &str = "`tokenizer.json`, `vocab.txt` and older files";

/// Which sections have the names of a source file, or those of a struct in it; of two places that fit,
/// the longer one counts.
const READERS: [(&str, &[&str]); 39] = [
    ("src/model/checkpoint/", &[WEIGHTS]),
    ("src/model/checkpoint/config/", &[CONFIG]),
    ("src/model/checkpoint/config/score_activation.rs", &[CONFIG]),
    ("src/model/checkpoint/families/", &[CONFIG, CLASS]),
    // Names of tensors.
    ("src/model/checkpoint/families/layout.rs", &[]),
    ("src/model/checkpoint/families/nomic_bert.rs", &[CONFIG, CLASS, WEIGHTS]),
    ("src/model/checkpoint/families/gte.rs", &[CONFIG, CLASS, WEIGHTS]),
    ("src/model/checkpoint/spec/", &[]),
    ("src/model/checkpoint/sentence/mod.rs", &[MODULES, SETTINGS, OPTIONS]),
    ("src/model/checkpoint/sentence/native.rs", &[MODULES, SETTINGS, OF_A_MODULE]),
    ("src/model/checkpoint/sentence/modules.rs", &[MODULES]),
    ("src/model/checkpoint/sentence/transformer.rs", &[SETTINGS]),
    ("src/model/checkpoint/sentence/modality.rs", &[SETTINGS]),
    ("src/model/checkpoint/sentence/arguments.rs", &[SETTINGS]),
    ("src/model/checkpoint/sentence/options.rs", &[OPTIONS]),
    ("src/model/checkpoint/sentence/pooling.rs", &[OF_A_MODULE]),
    ("src/model/checkpoint/sentence/splade.rs", &[OF_A_MODULE]),
    ("src/model/checkpoint/sentence/row_layers.rs", &[OF_A_MODULE]),
    ("src/model/checkpoint/sentence/layer_weights.rs", &[OF_A_MODULE]),
    ("src/model/checkpoint/sentence/multi_vector/colbert.rs", &[CONFIG, COLBERT]),
    ("src/model/checkpoint/sentence/multi_vector/colbert.rs Metadata", &[COLBERT]),
    ("src/model/checkpoint/sentence/multi_vector/mod.rs", &[SETTINGS]),
    ("src/model/checkpoint/sentence/multi_vector/modules.rs", &[OF_A_MODULE]),
    ("src/model/checkpoint/sentence/multi_vector/pylate.rs", &[OPTIONS]),
    ("src/model/checkpoint/sentence/multi_vector/task_options.rs", &[SETTINGS]),
    ("src/text/loading/", &[TOKENIZER_CONFIG]),
    ("src/text/loading/class.rs", &[CLASS, TOKENIZER_CONFIG]),
    ("src/text/loading/bert.rs", &[CLASS, TOKENIZER_CONFIG]),
    ("src/text/loading/roberta.rs", &[CLASS, TOKENIZER_CONFIG]),
    ("src/text/loading/camembert.rs", &[CLASS, TOKENIZER_CONFIG]),
    ("src/text/loading/xlm_roberta.rs", &[CLASS, TOKENIZER_CONFIG]),
    ("src/text/loading/deberta_v2.rs", &[CLASS, TOKENIZER_CONFIG]),
    ("src/text/loading/albert.rs", &[CLASS, TOKENIZER_CONFIG]),
    ("src/text/loading/whole.rs", &[TOKENIZER]),
    ("src/text/loading/settings.rs", &[TOKENIZER_CONFIG, TOKENIZER]),
    ("src/text/loading/json.rs", &[TOKENIZER]),
    ("src/text/loading/added/collect.rs", &[TOKENIZER, TOKENIZER_CONFIG]),
    // Describes what others have read.
    ("src/text/loading/identity.rs", &[]),
    ("src/model/checkpoint/fingerprint.rs", &[]),
];

/// Words in strings of the readers that are parts of messages or of names, names of tensors, or values
/// that need no explanation.
const NO_NAMES: [&str; 32] = [
    "Bert",
    "Fast",
    "ForMaskedLM",
    "ForSequenceClassification",
    "ForTokenClassification",
    "Model",
    "attn_norm",
    "bias",
    "classifier",
    "embeddings_project",
    "false",
    "ffn",
    "ffn_output",
    "final_norm",
    "full_layer_layer_norm",
    "id",
    "linear",
    "merges",
    "mlp_norm",
    "none",
    "norm",
    "nothing",
    "null",
    "output_layer_norm",
    "pooler",
    "pre_classifier",
    "residual",
    "sa_layer_norm",
    "vocab_layer_norm",
    "vocab_transform",
    "type",
    "weight",
];

/// The sections of a source file or of a struct in it, if it is a reader.
fn sections_of(place: &str) -> Option<&'static [&'static str]> {
    let places = READERS.iter().filter(|(start, _)| place.starts_with(start));
    places.max_by_key(|(place, _)| place.len()).map(|(_, sections)| *sections)
}

/// The readers' source files.
fn readers() -> Vec<SourceFile> {
    let files = read_all();
    let kept: BTreeSet<String> =
        without_test_modules(&files).iter().map(|file| file.file.clone()).collect();
    let is_reader =
        |file: &SourceFile| kept.contains(&file.file) && sections_of(&file.file).is_some();
    files.into_iter().filter(is_reader).collect()
}

/// The names that a file knows, by the file and by its structs that serde reads: their fields, and words
/// that are whole strings.
fn names(file: &SourceFile) -> BTreeMap<String, BTreeSet<String>> {
    let tokens = file.tokens_without_tests();
    let (mut names, mut at, mut is_read) = (BTreeMap::new(), 0, false);
    let mut words = BTreeSet::new();
    while at < tokens.len() {
        if token_is(&tokens, at, "#") {
            let end = end_of_brackets(&tokens, at + 1);
            is_read |= tokens[at..end].iter().any(|token| token == "Deserialize");
            at = end;
        } else if is_read && token_is(&tokens, at, "struct") {
            let body = at + tokens[at..].iter().position(|t| t == "{" || t == ";").unwrap();
            let end = end_of_brackets(&tokens, body);
            let place = format!("{} {}", file.file, tokens[at + 1]);
            names.insert(place, fields(&tokens[body..end]).into_iter().collect());
            (at, is_read) = (end, false);
        } else {
            words.extend(word(&tokens[at]));
            is_read &= !["enum", "fn"].contains(&tokens[at].as_str());
            at += 1;
        }
    }
    names.insert(file.file.clone(), words);
    names
}

/// The word that a string consists of.
fn word(token: &str) -> Option<String> {
    let text = token.strip_prefix('"')?.strip_suffix('"')?;
    let fits = text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(is_word)
        && !NO_NAMES.contains(&text);
    fits.then(|| text.to_owned())
}

/// Where the brackets that open at `at` end.
fn end_of_brackets(tokens: &[String], at: usize) -> usize {
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(at) {
        match token.as_str() {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return place + 1;
        }
    }
    tokens.len()
}

/// The names of a struct's fields in the file: their own, or those that serde's `rename` and `alias`
/// give.
fn fields(body: &[String]) -> Vec<String> {
    let (mut names, mut at, mut has_name) = (Vec::new(), 1, true);
    while at < body.len() {
        if token_is(body, at, "#") && token_is(body, at + 1, "[") {
            let end = end_of_brackets(body, at + 1);
            let attribute = &body[at..end];
            let without = ["rename", "flatten", "skip"];
            has_name &= !attribute.iter().any(|token| without.contains(&token.as_str()));
            let given = |pair: &[String]| ["rename", "alias"].contains(&pair[0].as_str());
            let given = attribute.windows(3).filter(|pair| given(pair));
            names.extend(given.filter_map(|pair| word(&pair[2])));
            at = end;
        } else if token_is(body, at + 1, ":") {
            if has_name {
                names.push(body[at].clone());
            }
            // The field's type ends at a comma outside of its brackets.
            let mut depth = 0;
            at += 2;
            while at < body.len() && !(depth == 0 && body[at] == ",") {
                depth += i32::from(body[at] == "<") - i32::from(body[at] == ">");
                at += 1;
            }
            has_name = true;
        } else {
            at += 1;
        }
    }
    names
}

/// A section of the document.
#[derive(Default)]
struct Section {
    /// The words in backticks.
    mentioned: BTreeSet<String>,
    /// Those in the first column of a table.
    listed: BTreeSet<String>,
}

fn sections() -> BTreeMap<&'static str, Section> {
    let words = |text: &str| -> Vec<String> {
        text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    };
    let parts = include_str!("../../docs/CHECKPOINTS.md").split("\n## ").skip(1);
    let sections = parts.map(|part| {
        let (heading, text) = part.split_once('\n').unwrap();
        let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
        let listed = rows.filter_map(|row| row.split('|').next()).flat_map(words);
        (
            heading,
            Section { mentioned: words(text).into_iter().collect(), listed: listed.collect() },
        )
    });
    sections.collect()
}

#[test]
fn every_name_that_a_reader_knows_is_in_the_section_of_its_file() {
    let (readers, document) = (readers(), sections());
    assert!(readers.len() > 20, "{}", readers.len());
    let mut missing = Vec::new();
    for (place, names) in readers.iter().flat_map(names) {
        let sections = sections_of(&place).unwrap();
        let is_there =
            |name: &String| sections.iter().any(|s| document[s].mentioned.contains(name));
        let lost: Vec<_> = names.into_iter().filter(|name| !is_there(name)).collect();
        if !sections.is_empty() && !lost.is_empty() {
            missing.push(format!("{place}: {sections:?} lacks {lost:?}"));
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_name_in_a_table_is_known_to_a_reader_of_that_file() {
    let known: BTreeMap<_, _> = readers().iter().flat_map(names).collect();
    for (heading, section) in sections() {
        let known = known.iter().filter(|(place, _)| {
            sections_of(place).is_some_and(|sections| sections.contains(&heading))
        });
        let known: BTreeSet<_> = known.flat_map(|(_, names)| names).cloned().collect();
        assert!(!known.is_empty(), "no reader has the section {heading}");
        let unknown: Vec<_> = section.listed.difference(&known).collect();
        assert!(unknown.is_empty(), "{heading}: no reader knows {unknown:?}");
    }
}

#[test]
fn fields_and_strings_are_found() {
    let source = r##"
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        struct A {
            /// A comment: with a colon.
            one: Option<BTreeMap<String, Vec<u8>>>,
            #[serde(default = "yes", alias = "zwei")]
            pub two: Value,
            #[serde(rename = "type")]
            kind: String,
            #[serde(rename = "three", default)]
            _three: bool,
            #[serde(flatten)]
            others: Map<String, Value>,
        }
        #[derive(Debug)]
        struct B { four: u8 }
        fn f() { g("five_six", "Seven", "eight: nine", r"ten", "x.json", 'e') }
        #[cfg(test)]
        mod tests { const ELEVEN: &str = "eleven"; }
    "##;
    let found = names(&SourceFile::new("src/a.rs", source));
    let of_a = ["one", "three", "two", "zwei"].map(str::to_owned);
    let of_the_file = ["Seven", "five_six", "ten"].map(str::to_owned);
    assert_eq!(found["src/a.rs A"], BTreeSet::from(of_a));
    assert_eq!(found["src/a.rs"], BTreeSet::from(of_the_file));
    assert_eq!(found.len(), 2);
}
