//! Whole checkpoints: `config.json`, `modules.json` and the folders that it lists, tokenizer and weights.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Arc, LazyLock};

use strata::app::{LoadError, Parts, load_parts};
use strata::config::Config;
use strata::model::recipe::RecipeRef;
use strata::model::task::{OutputSpec, TaskSpec};
use strata::text::{Input, LongText, Text};

use super::folder::write;

static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let mut config = Config::defaults().unwrap();
    config.encoder.threads = NonZeroUsize::MIN;
    config
});

/// Loads a checkpoint as the server does. One that is accepted embeds a text by the recipe `native`, and
/// by it with two layers; a refusal names a file.
pub fn run(data: &[u8]) {
    let folder = write(data);
    let config = Config { model: folder.path().to_owned(), ..CONFIG.clone() };
    match load_parts(&config, &mut |_| {}) {
        Ok(parts) => check_embeds(&parts),
        Err(error) => check_message(&error, folder.path()),
    }
}

fn check_embeds(parts: &Parts) {
    let text = Text::parse("the cat runs, zzz 漢".to_owned(), 100).unwrap();
    let input = Input { text, pair: None };
    let limit = parts.sequence_tokens;
    let Ok(encoded) = parts.tokenizer.encode(&input, limit, LongText::Truncate(None)) else {
        return;
    };
    assert!(encoded.sequence.tokens() <= limit);
    for name in ["native", "last-four"] {
        let recipe = parts.recipes.resolve(&RecipeRef::Name(name.to_owned())).unwrap();
        let spec = TaskSpec::new(vec![OutputSpec::Embedding(Arc::clone(&recipe))]);
        let outputs = parts.model.forward_whole(&[&encoded.sequence], &spec).unwrap();
        assert_eq!(outputs[0].values[0].len(), recipe.dimensions, "{name}");
    }
}

fn check_message(error: &LoadError, folder: &Path) {
    let message = error.to_string();
    match error {
        LoadError::Checkpoint(_) | LoadError::Tokenizer(_) => {
            assert!(message.contains(folder.to_str().unwrap()), "{message}");
        }
        LoadError::Recipe { name, .. } => assert_eq!(name, "native", "{message}"),
        other => panic!("{other}"),
    }
}
