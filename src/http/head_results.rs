//! The results of heads for texts, from their logits.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;

use super::explain::Token;
use crate::model::head::decision::Decision;
use crate::model::head::{Head, OutputActivation, TokenAttribution};

/// Bytes of a class in an answer: its logit, its probability, and sometimes its label.
pub const CLASS_BYTES: usize = 64;

/// The result of one head for one input.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeadResult {
    /// Logits, probabilities and labels.
    #[serde(flatten)]
    pub decision: Decision,
    /// With `explain: true`: the tokens that were read, special tokens included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Vec<Token>>,
    /// One row per token: what it adds to each logit, in the order of the labels, before
    /// temperature. Their sum plus `bias` is the logits, except for rounding.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contributions: Option<Vec<Vec<f32>>>,
    /// The logits before any token has added to them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bias: Option<Vec<f32>>,
}

impl HeadResult {
    /// Adds the explanation; `contributions (t·classes)`, token by token.
    fn explain(
        &mut self,
        tokens: Vec<Token>,
        contributions: &[f32],
        attribution: &TokenAttribution,
    ) {
        let classes = attribution.bias().len();
        let rows = contributions.chunks_exact(classes).map(<[f32]>::to_vec);
        self.tokens = Some(tokens);
        self.contributions = Some(rows.collect());
        self.bias = Some(attribution.bias().to_vec());
    }
}

impl From<Decision> for HeadResult {
    fn from(decision: Decision) -> Self {
        Self { decision, tokens: None, contributions: None, bias: None }
    }
}

/// Turns an input's numbers into the results of the heads.
pub struct HeadDecoder {
    pub heads: Vec<Arc<Head>>,
    /// One per head, or none if no explanation is wanted.
    pub attributions: Vec<Arc<TokenAttribution>>,
    /// Instead of the heads' own activations.
    pub activation: Option<OutputActivation>,
    /// How many labels to list.
    pub top_k: Option<usize>,
}

impl HeadDecoder {
    /// What each head has, by its name.
    pub fn by_head<T>(&self, of_head: impl Fn(&Head) -> T) -> BTreeMap<String, T> {
        self.heads.iter().map(|head| (head.name().to_owned(), of_head(head))).collect()
    }

    /// The result of each head for an input, from its next `rows`. `tokens` are the input's, if an
    /// explanation is wanted.
    pub fn results(
        &self,
        rows: &mut impl Iterator<Item = Vec<f32>>,
        tokens: Option<&[Token]>,
    ) -> BTreeMap<String, HeadResult> {
        let decide = |(head, logits): (&Arc<Head>, Vec<f32>)| {
            let decision = head.descriptor().decide(logits, self.activation, self.top_k);
            (head.name().to_owned(), HeadResult::from(decision))
        };
        let mut results: BTreeMap<String, HeadResult> =
            self.heads.iter().zip(rows.by_ref()).map(decide).collect();
        let explained = self.heads.iter().zip(&self.attributions);
        for ((head, attribution), contributions) in explained.zip(rows.by_ref()) {
            if let Some(result) = results.get_mut(head.name()) {
                let tokens = tokens.unwrap_or_default().to_vec();
                result.explain(tokens, &contributions, attribution);
            }
        }
        results
    }
}
