//! The task of a pass for one sequence: its tokens, its outputs, and the taps that they need. Plain
//! data that knows nothing of requests.

use std::ops::Deref;
use std::sync::Arc;

use super::head::{Head, Projection, TokenAttribution};
use super::multi_vector::{MultiVectorHead, Role};
use super::pooling::Pooling;
use super::pooling_mask::PoolingMask;
use super::recipe::ResolvedRecipe;
use super::sparse::SparseHead;
use super::tagger::Tagger;
use crate::sequence::Sequence;

/// What a pass reads out of one hidden state of one sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tap {
    /// The hidden state; 0 is the embedding output.
    pub layer: usize,
    /// What to read from it.
    pub read: Read,
}

/// What a tap reads from a hidden state `(t, c)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// One pooled row of `c` or `2c` columns.
    Pooled(Pooling),
    /// Like `Pooled`, without the tokens of the prompt.
    PooledWithoutPrompt(Pooling),
    /// The row of every token, `t·c` numbers.
    Rows,
    /// The contribution of every token to each of a head's `k` logits, `t·k` numbers.
    Projected(Arc<Projection>),
    /// The `k` logits of every token, `t·k` numbers, by a tagger that reads only this hidden state.
    Tagged(Shared<Tagger>),
    /// The sparse row, as pairs; see [`sparse`](super::sparse).
    Sparse(Shared<SparseHead>),
    /// The vectors of tokens of a text in this role; see [`multi_vector`](super::multi_vector).
    Vectors(Shared<MultiVectorHead>, Role),
}

impl Read {
    /// Whether it lists something for each token, so that the windows of a text need no joining.
    pub(super) fn lists_tokens(&self) -> bool {
        match self {
            Self::Rows | Self::Projected(_) | Self::Tagged(_) | Self::Vectors(..) => true,
            Self::Pooled(_) | Self::PooledWithoutPrompt(_) | Self::Sparse(_) => false,
        }
    }
}

/// What several taps may share. It is equal only to itself.
#[derive(Debug)]
pub struct Shared<T>(pub Arc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Eq for Shared<T> {}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// The numbers that the taps of one sequence read.
#[derive(Clone, Debug, PartialEq)]
pub struct TapValues {
    /// One list of numbers per tap, in the order of the taps; see [`Read`] for their shapes.
    pub by_tap: Vec<Vec<f32>>,
}

impl TapValues {
    /// No numbers yet for each of `taps`.
    pub(super) fn empty(taps: &[Tap]) -> Self {
        Self { by_tap: vec![Vec::new(); taps.len()] }
    }
}

/// One output of a task.
#[derive(Clone, Debug)]
pub enum OutputSpec {
    /// The recipe's row.
    Embedding(Arc<ResolvedRecipe>),
    /// The combined row of each token, one after another.
    Tokens(Arc<ResolvedRecipe>),
    /// A head's logits, before temperature.
    Logits(Arc<Head>),
    /// The contribution of each token to each of a head's logits, token by token.
    Contributions(Arc<TokenAttribution>),
    /// The logits of each token, token by token.
    Tags(Arc<Tagger>),
    /// The sparse row, as pairs; see [`sparse`](super::sparse).
    Sparse(Arc<SparseHead>),
    /// The vectors of a text's tokens in this role, one after another; see
    /// [`multi_vector`](super::multi_vector).
    Vectors(Arc<MultiVectorHead>, Role),
}

impl OutputSpec {
    /// Whether it lists something for each token, as its taps then do.
    pub(super) fn lists_tokens(&self) -> bool {
        match self {
            Self::Tokens(_) | Self::Contributions(_) | Self::Tags(_) | Self::Vectors(..) => true,
            Self::Embedding(_) | Self::Logits(_) | Self::Sparse(_) => false,
        }
    }

    /// The taps that this output is computed from: one per layer, in the order of the recipe; of a
    /// recipe with several poolings, one per layer for each of them.
    pub(super) fn taps(&self) -> Vec<Tap> {
        match self {
            Self::Tokens(recipe) => row_taps(recipe),
            Self::Tags(tagger) => match tagger.only_layer() {
                Some(layer) => {
                    vec![Tap { layer, read: Read::Tagged(Shared(Arc::clone(tagger))) }]
                }
                None => row_taps(tagger.recipe()),
            },
            Self::Sparse(head) => {
                vec![Tap { layer: head.layer(), read: Read::Sparse(Shared(Arc::clone(head))) }]
            }
            Self::Vectors(head, role) => {
                let read = Read::Vectors(Shared(Arc::clone(head)), *role);
                vec![Tap { layer: head.layer(), read }]
            }
            Self::Embedding(recipe) => pooled_taps(recipe),
            Self::Logits(head) => pooled_taps(head.recipe()),
            Self::Contributions(attribution) => {
                let projections = attribution.projections().iter();
                let tap = |projection: &Arc<Projection>| Tap {
                    layer: projection.layer(),
                    read: Read::Projected(Arc::clone(projection)),
                };
                projections.map(tap).collect()
            }
        }
    }
}

fn row_taps(recipe: &ResolvedRecipe) -> Vec<Tap> {
    recipe.layers.iter().map(|&layer| Tap { layer, read: Read::Rows }).collect()
}

fn pooled_taps(recipe: &ResolvedRecipe) -> Vec<Tap> {
    let read = if recipe.leaves_out_prompt { Read::PooledWithoutPrompt } else { Read::Pooled };
    let taps = |&pooling: &Pooling| {
        let tap = move |&layer: &usize| Tap { layer, read: read(pooling) };
        recipe.layers.iter().map(tap)
    };
    recipe.pooling.as_slice().iter().flat_map(taps).collect()
}

/// The outputs wanted for each sequence of a request, and the taps that they need.
#[derive(Debug)]
pub struct TaskSpec {
    outputs: Vec<OutputSpec>,
    taps: Vec<Tap>,
}

impl TaskSpec {
    /// Collects the taps of `outputs`, each once.
    pub fn new(outputs: Vec<OutputSpec>) -> Self {
        let mut taps = Vec::new();
        for tap in outputs.iter().flat_map(OutputSpec::taps) {
            if !taps.contains(&tap) {
                taps.push(tap);
            }
        }
        Self { outputs, taps }
    }

    /// The outputs, in the order in which they are returned.
    pub fn outputs(&self) -> &[OutputSpec] {
        &self.outputs
    }

    /// The taps that they are computed from.
    pub fn taps(&self) -> &[Tap] {
        &self.taps
    }

    /// Whether any of them leaves out the tokens of a prompt.
    pub fn leaves_out_prompt(&self) -> bool {
        self.taps.iter().any(|tap| matches!(tap.read, Read::PooledWithoutPrompt(_)))
    }

    /// The deepest hidden state that is read; 0 is the embedding output.
    pub fn deepest_layer(&self) -> usize {
        self.taps.iter().map(|tap| tap.layer).max().unwrap_or(0)
    }

    /// How many different hidden states are read.
    pub fn distinct_layers(&self) -> usize {
        let mut layers: Vec<_> = self.taps.iter().map(|tap| tap.layer).collect();
        layers.sort_unstable();
        layers.dedup();
        layers.len()
    }
}

/// One sequence and the outputs wanted for it.
#[derive(Clone, Debug)]
pub struct Task {
    /// The tokens.
    pub sequence: Sequence,
    /// Shared by the sequences of a request.
    pub spec: Arc<TaskSpec>,
    /// For a window of a longer text: which of its tokens count.
    pub mask: Option<PoolingMask>,
    /// If the text has a prompt that an output leaves out: which of the tokens count then.
    pub mask_without_prompt: Option<PoolingMask>,
}

impl Task {
    /// The task of a text that is a single sequence.
    pub fn whole(sequence: Sequence, spec: Arc<TaskSpec>) -> Self {
        Self { sequence, spec, mask: None, mask_without_prompt: None }
    }
}
