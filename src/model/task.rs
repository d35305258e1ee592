//! What a pass is asked for: plain data that says nothing of requests.

use std::sync::Arc;

use super::head::{Head, Projection, Split};
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Hidden state, 0 the embedding output.
    pub layer: usize,
    /// What to take from it.
    pub read: Read,
}

/// What a tap takes from a hidden state of shape `(t, c)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// One pooled row, `c` or `2c` columns.
    Pooled(Pooling),
    /// Every token's row, `t·c` numbers.
    Rows,
    /// What every token adds to each of a head's `k` logits, `t·k` numbers.
    Projected(Arc<Projection>),
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
    /// What each token adds to each of a head's logits, token by token.
    Contributions(Arc<Split>),
}

impl Ask {
    /// The taps that this needs, one a layer, in the recipe's order.
    pub(super) fn taps(&self) -> Vec<Tap> {
        let each = |recipe: &ResolvedRecipe, read: Read| {
            recipe.layers.iter().map(|&layer| Tap { layer, read: read.clone() }).collect()
        };
        match self {
            Self::Tokens(recipe) => each(recipe, Read::Rows),
            Self::Embedding(recipe) => each(recipe, Read::Pooled(recipe.pooling)),
            Self::Logits(head) => each(head.recipe(), Read::Pooled(head.recipe().pooling)),
            Self::Contributions(split) => {
                let parts = split.parts().iter();
                let read = |of: &Arc<Projection>| Read::Projected(Arc::clone(of));
                parts.map(|(layer, of)| Tap { layer: *layer, read: read(of) }).collect()
            }
        }
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

/// A window's share of the text that it is a piece of. Sums over its tokens are made so that those of
/// all windows add up to the text's: the text's number of tokens is divided by, and `i = 1..t` goes
/// on from window to window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Which of the window's `t` tokens count, at least one.
    pub counted: Vec<bool>,
    /// Tokens that count in earlier windows.
    pub before: usize,
    /// Tokens that count in all windows.
    pub total: usize,
}

impl Share {
    /// The share of each window of a text, from which of their tokens count; none for one alone.
    pub fn of_windows(counted: Vec<Vec<bool>>) -> Vec<Option<Self>> {
        if counted.len() == 1 {
            return vec![None];
        }
        let tokens = |counted: &[bool]| counted.iter().filter(|&&counts| counts).count();
        let total = counted.iter().map(|counted| tokens(counted)).sum();
        let mut next = 0;
        let share = |counted: Vec<bool>| {
            let before = next;
            next += tokens(&counted);
            Some(Self { counted, before, total })
        };
        counted.into_iter().map(share).collect()
    }
}

/// One sequence and what is asked of it.
#[derive(Clone, Debug)]
pub struct Task {
    /// The tokens.
    pub sequence: Sequence,
    /// Shared by the sequences of a request.
    pub asks: Arc<Asks>,
    /// Where the sequence is a window of a longer text.
    pub share: Option<Share>,
}

impl Task {
    /// A text that is one sequence.
    pub fn whole(sequence: Sequence, asks: Arc<Asks>) -> Self {
        Self { sequence, asks, share: None }
    }
}

/// What a pass answers for one task: one list of numbers for each thing asked, in that order; for a
/// window, what [`Finish::join`](super::finish::Finish::join) needs of it.
pub type Answer = Vec<Vec<f32>>;
