//! The model in the test's own process, one text per pass; answers are compared with its results.

use strata::app::{Parts, load_parts};
use strata::config::Config;
use strata::model::recipe::RecipeRef;
use strata::model::task::{OutputSpec, TaskSpec};
use strata::sequence::Sequence;
use strata::text::{Input, LongText, Text};

pub struct Judge {
    pub parts: Parts,
}

impl Judge {
    #[track_caller]
    pub fn new(config: &Config) -> Self {
        Self { parts: load_parts(config, &mut |_| {}).unwrap_or_else(|error| panic!("{error}")) }
    }

    /// A recipe as in a request.
    pub fn recipe(written: serde_json::Value) -> RecipeRef {
        serde_json::from_value(written).unwrap()
    }

    pub fn output_spec(&self, recipe: &serde_json::Value, tokens: bool) -> OutputSpec {
        let recipe = self.parts.recipes.resolve(&Self::recipe(recipe.clone())).unwrap();
        if tokens { OutputSpec::Tokens(recipe) } else { OutputSpec::Embedding(recipe) }
    }

    pub fn sequence(&self, text: &str, pair: Option<&str>) -> Sequence {
        let parse = |text: &str| Text::parse(text.to_owned(), usize::MAX).unwrap();
        let input = Input { text: parse(text), pair: pair.map(parse) };
        let limit = self.parts.sequence_tokens;
        self.parts.tokenizer.encode(&input, limit, LongText::Truncate(None)).unwrap().sequence
    }

    pub fn tokens(&self, text: &str) -> usize {
        self.sequence(text, None).tokens()
    }

    /// All outputs for one text, which has a pass of its own.
    pub fn outputs(&self, text: &str, spec: &TaskSpec) -> Vec<Vec<f32>> {
        let sequence = self.sequence(text, None);
        self.parts.model.forward_whole(&[&sequence], spec).unwrap().remove(0).values
    }

    /// A recipe's row of one text.
    pub fn row(&self, text: &str, recipe: &serde_json::Value) -> Vec<f32> {
        self.outputs(text, &TaskSpec::new(vec![self.output_spec(recipe, false)])).remove(0)
    }

    /// A recipe's token rows of one text, `(tokens, width)`.
    pub fn token_rows(&self, text: &str, recipe: &serde_json::Value) -> Vec<f32> {
        self.outputs(text, &TaskSpec::new(vec![self.output_spec(recipe, true)])).remove(0)
    }
}
