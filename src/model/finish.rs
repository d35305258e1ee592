//! From what a pass read of a sequence, or of the windows of a text, to answers.
//!
//! Letters: `t` tokens, `c` hidden size, `n` layers.

use std::sync::Arc;

use super::head::Dense;
use super::pooling::Pooling;
use super::recipe::{ResolvedRecipe, by_column};
use super::task::{Answer, Ask, Asks, Read, Tap};

/// What follows the encoder.
#[derive(Clone)]
pub struct Finish {
    /// The checkpoint's own layer, for recipes that want it.
    dense: Option<Arc<Dense>>,
    hidden: usize,
}

impl Finish {
    pub(super) fn new(dense: Option<Dense>, hidden: usize) -> Self {
        Self { dense: dense.map(Arc::new), hidden }
    }

    /// What was read at each tap → a list of numbers for each thing asked.
    pub(super) fn answer(&self, asks: &Asks, values: &[Vec<f32>]) -> Answer {
        asks.list().iter().map(|ask| self.one(ask, asks.taps(), values)).collect()
    }

    fn one(&self, ask: &Ask, taps: &[Tap], values: &[Vec<f32>]) -> Vec<f32> {
        let value = |tap: &Tap| {
            let at = taps.iter().position(|other| other == tap);
            at.map_or(&[][..], |at| values[at].as_slice())
        };
        let rows: Vec<&[f32]> = ask.taps().iter().map(value).collect();
        match ask {
            Ask::Embedding(recipe) => self.features(recipe, &rows),
            Ask::Logits(head) => head.logits(&self.features(head.recipe(), &rows)),
            Ask::Tokens(recipe) => token_rows(recipe, &rows, self.hidden),
            Ask::Contributions(_) => sum(&rows),
        }
    }

    /// What was read of a window → what [`Finish::join`] needs of it: the pooled rows, a list for each
    /// tap, then what is said token by token, finished, a list for each thing asked. The others are
    /// empty, so that a long text doesn't hold every layer of every token until all is read.
    pub(super) fn part(&self, asks: &Asks, mut values: Vec<Vec<f32>>) -> Answer {
        let taps = asks.taps();
        let token_by_token = |ask: &Ask| match ask {
            Ask::Tokens(_) | Ask::Contributions(_) => self.one(ask, taps, &values),
            Ask::Embedding(_) | Ask::Logits(_) => Vec::new(),
        };
        let done: Vec<Vec<f32>> = asks.list().iter().map(token_by_token).collect();
        for (tap, value) in taps.iter().zip(&mut values) {
            if !matches!(tap.read, Read::Pooled(_)) {
                *value = Vec::new();
            }
        }
        values.extend(done);
        values
    }

    /// The parts of each window of a text, in order → the answer to the text.
    pub fn join(&self, asks: &Asks, windows: &[Answer]) -> Answer {
        let taps = asks.taps();
        let of = |at: usize| windows.iter().map(move |window| window[at].as_slice());
        let pooled = taps.iter().enumerate().map(|(at, tap)| match tap.read {
            Read::Pooled(pooling) => join(pooling, &of(at).collect::<Vec<_>>()),
            Read::Rows | Read::Projected(_) => Vec::new(),
        });
        let pooled: Vec<Vec<f32>> = pooled.collect();
        let one = |(at, ask): (usize, &Ask)| match ask {
            Ask::Tokens(_) | Ask::Contributions(_) => {
                of(taps.len() + at).flatten().copied().collect()
            }
            Ask::Embedding(_) | Ask::Logits(_) => self.one(ask, taps, &pooled),
        };
        asks.list().iter().enumerate().map(one).collect()
    }

    /// Pooled rows, one a layer, in the recipe's order → the recipe's row.
    pub fn features(&self, recipe: &ResolvedRecipe, rows: &[&[f32]]) -> Vec<f32> {
        let combined = recipe.combine(rows);
        let row = match &self.dense {
            Some(dense) if recipe.dense => dense.forward(&combined),
            _ => combined,
        };
        recipe.finish(row)
    }
}

/// One tap's pooled rows of each window → as of one long text. A window's sums are shares of the
/// text's, see [`Share`](super::task::Share).
fn join(pooling: Pooling, windows: &[&[f32]]) -> Vec<f32> {
    match pooling {
        Pooling::Mean | Pooling::MeanSqrtLen | Pooling::WeightedMean => sum(windows),
        Pooling::Cls => {
            let mut mean = sum(windows);
            mean.iter_mut().for_each(|x| *x /= windows.len() as f32);
            mean
        }
        Pooling::LastToken => windows.last().map_or(Vec::new(), |last| last.to_vec()),
        Pooling::Max => largest(windows),
        Pooling::MeanMax => {
            let half = |window: &[f32]| window.len() / 2;
            let means: Vec<_> = windows.iter().map(|window| &window[..half(window)]).collect();
            let maxima: Vec<_> = windows.iter().map(|window| &window[half(window)..]).collect();
            [sum(&means), largest(&maxima)].concat()
        }
    }
}

/// `n × (w) → (w)`, summed in float64.
fn sum(rows: &[&[f32]]) -> Vec<f32> {
    by_column(rows, &|column| column.sum())
}

/// `n × (w) → (w)`
fn largest(rows: &[&[f32]]) -> Vec<f32> {
    by_column(rows, &|column| column.fold(f64::NEG_INFINITY, f64::max))
}

/// `n × (t·c)` token rows → combined, cut and normalised token by token, one after another.
fn token_rows(recipe: &ResolvedRecipe, layers: &[&[f32]], c: usize) -> Vec<f32> {
    let tokens = layers.first().map_or(0, |rows| rows.len() / c);
    let token = |i: usize| {
        let rows: Vec<&[f32]> = layers.iter().map(|rows| &rows[i * c..(i + 1) * c]).collect();
        recipe.finish(recipe.combine(&rows))
    };
    (0..tokens).flat_map(token).collect()
}
