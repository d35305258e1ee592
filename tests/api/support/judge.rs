//! The model run in process, one text at a time, to compare answers with.

use std::sync::Arc;

use strata::app::{Parts, parts};
use strata::config::Config;
use strata::model::recipe::RecipeRef;
use strata::model::task::{Ask, Asks, Sequence, Task};
use strata::text::{Input, LongText, Text};

pub struct Judge {
    pub parts: Parts,
}

impl Judge {
    #[track_caller]
    pub fn of(config: &Config) -> Self {
        Self { parts: parts(config).unwrap_or_else(|error| panic!("{error}")) }
    }

    /// A recipe as a request writes it.
    pub fn recipe(written: serde_json::Value) -> RecipeRef {
        serde_json::from_value(written).unwrap()
    }

    pub fn ask(&self, recipe: &serde_json::Value, tokens: bool) -> Ask {
        let recipe = self.parts.recipes.resolve(&Self::recipe(recipe.clone())).unwrap();
        if tokens { Ask::Tokens(recipe) } else { Ask::Embedding(recipe) }
    }

    pub fn sequence(&self, text: &str, pair: Option<&str>) -> Sequence {
        let parse = |text: &str| Text::parse(text.to_owned(), usize::MAX).unwrap();
        let input = Input { text: parse(text), pair: pair.map(parse) };
        let limit = self.parts.sequence_tokens;
        let encoded = self.parts.tokenizer.encode(&input, limit, LongText::Truncate).unwrap();
        Sequence { ids: encoded.ids, type_ids: encoded.type_ids }
    }

    pub fn tokens(&self, text: &str) -> usize {
        self.sequence(text, None).tokens()
    }

    /// All that is asked of one text, in a pass of its own.
    pub fn answers(&self, text: &str, asks: &Arc<Asks>) -> Vec<Vec<f32>> {
        let task = Task::whole(self.sequence(text, None), Arc::clone(asks));
        self.parts.model.forward(&[&task]).unwrap().remove(0)
    }

    /// A recipe's row of one text.
    pub fn row(&self, text: &str, recipe: &serde_json::Value) -> Vec<f32> {
        self.answers(text, &Arc::new(Asks::new(vec![self.ask(recipe, false)]))).remove(0)
    }

    /// A recipe's token rows of one text, one after another.
    pub fn token_rows(&self, text: &str, recipe: &serde_json::Value) -> Vec<f32> {
        self.answers(text, &Arc::new(Asks::new(vec![self.ask(recipe, true)]))).remove(0)
    }
}
