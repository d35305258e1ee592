//! What a pass is asked for: plain data that says nothing of requests.

use std::sync::Arc;

use super::head::Head;
use super::recipe::{Pooling, ResolvedRecipe};

/// Token ids and token types, special tokens included; `t` of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequence {
    /// Rows of the word embedding table.
    pub ids: Vec<u32>,
    /// 0 for the first text, 1 for the second of a pair.
    pub type_ids: Vec<u32>,
}

impl Sequence {
    /// `t`, the number of tokens.
    pub fn tokens(&self) -> usize {
        self.ids.len()
    }
}

/// What a pass must read off one hidden state of one sequence while it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tap {
    /// Hidden state, 0 the embedding output.
    pub layer: usize,
    /// What to take from it.
    pub read: Read,
}

/// What a tap takes from a hidden state of shape `(t, c)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Read {
    /// One pooled row, `c` or `2c` columns.
    Pooled(Pooling),
    /// Every token's row, `t·c` numbers.
    Rows,
}

/// One thing that a client wants to know of a sequence.
#[derive(Clone, Debug)]
pub enum Ask {
    /// The recipe's row.
    Embedding(Arc<ResolvedRecipe>),
    /// The recipe's combined token rows, one after another.
    Tokens(Arc<ResolvedRecipe>),
    /// A head's logits, before temperature.
    Logits(Arc<Head>),
}

impl Ask {
    fn recipe(&self) -> &ResolvedRecipe {
        match self {
            Self::Embedding(recipe) | Self::Tokens(recipe) => recipe,
            Self::Logits(head) => head.recipe(),
        }
    }

    /// The taps that this needs, one a layer, in the recipe's order.
    pub(super) fn taps(&self) -> impl Iterator<Item = Tap> {
        let read = match self {
            Self::Tokens(_) => Read::Rows,
            Self::Embedding(_) | Self::Logits(_) => Read::Pooled(self.recipe().pooling),
        };
        self.recipe().layers.iter().map(move |&layer| Tap { layer, read })
    }
}

/// What is asked of each sequence of a request, with the taps that it comes to, each once.
#[derive(Debug)]
pub struct Asks {
    list: Vec<Ask>,
    taps: Vec<Tap>,
}

impl Asks {
    /// Collects the taps of `list`.
    pub fn new(list: Vec<Ask>) -> Self {
        let mut taps = Vec::new();
        for tap in list.iter().flat_map(Ask::taps) {
            if !taps.contains(&tap) {
                taps.push(tap);
            }
        }
        Self { list, taps }
    }

    /// What is asked, in the order in which it is answered.
    pub fn list(&self) -> &[Ask] {
        &self.list
    }

    /// What a pass must read for it.
    pub fn taps(&self) -> &[Tap] {
        &self.taps
    }

    /// How many different hidden states must be read.
    pub fn distinct_layers(&self) -> usize {
        let mut layers: Vec<_> = self.taps.iter().map(|tap| tap.layer).collect();
        layers.sort_unstable();
        layers.dedup();
        layers.len()
    }
}

/// One sequence and what is asked of it.
#[derive(Clone, Debug)]
pub struct Task {
    /// The tokens.
    pub sequence: Sequence,
    /// Shared by the sequences of a request.
    pub asks: Arc<Asks>,
}

/// What a pass answers for one task: one list of numbers for each thing asked, in that order.
pub type Answer = Vec<Vec<f32>>;
