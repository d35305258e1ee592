//! From the values of taps to outputs, and from the windows of a text to the output of the text.
//!
//! Letters: `t` tokens, `c` hidden size, `n` layers or windows, `w` columns of a row.

use std::sync::Arc;

use super::maximum::maximum;
use super::pooling::Pooling;
use super::recipe::{ResolvedRecipe, by_column};
use super::row_layer::RowLayer;
use super::task::{OutputSpec, Read, Tap, TapValues, TaskSpec};

/// The output of a task: the numbers of each of its [`OutputSpec`]s, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// One list of numbers per output spec.
    pub values: Vec<Vec<f32>>,
}

impl Output {
    /// How many numbers it holds.
    pub fn number_count(&self) -> usize {
        self.values.iter().map(Vec::len).sum()
    }

    /// Whether no number is NaN or infinite.
    pub fn is_finite(&self) -> bool {
        all_finite(&self.values)
    }
}

/// The part of one window in the output of a text; to be joined with the parts of the other
/// windows.
#[derive(Clone, Debug, PartialEq)]
pub struct WindowPart {
    /// The pooled or sparse row of each tap; empty for taps that aren't pooled.
    pooled: TapValues,
    /// The final numbers of each output that lists tokens; empty for the other outputs. They are
    /// computed per window, so that a long text doesn't hold every layer of every token in memory
    /// until all windows are read.
    token_values: Vec<Vec<f32>>,
}

/// The result of a pass for one task.
#[derive(Clone, Debug, PartialEq)]
pub enum PassOutput {
    /// The output of a text that is a single sequence.
    Whole(Output),
    /// A part of the output of a text that is read in windows.
    Window(WindowPart),
}

impl PassOutput {
    /// Whether no number is NaN or infinite.
    pub fn is_finite(&self) -> bool {
        match self {
            Self::Whole(output) => output.is_finite(),
            Self::Window(part) => all_finite(&part.pooled.by_tap) && all_finite(&part.token_values),
        }
    }
}

fn all_finite(values: &[Vec<f32>]) -> bool {
    values.iter().flatten().all(|number| number.is_finite())
}

/// Combines the values of taps into outputs, and joins the windows of a text.
#[derive(Clone)]
pub struct OutputBuilder {
    /// The checkpoint's own layers after pooling, for the recipe that has them.
    row_layers: Arc<[RowLayer]>,
    hidden: usize,
}

impl OutputBuilder {
    pub(super) fn new(row_layers: &[RowLayer], hidden: usize) -> Self {
        Self { row_layers: row_layers.into(), hidden }
    }

    /// The output, from the values of the taps of `spec`.
    pub(super) fn build(&self, spec: &TaskSpec, values: &TapValues) -> Output {
        let value = |output| self.value(output, spec.taps(), values);
        Output { values: spec.outputs().iter().map(value).collect() }
    }

    /// The part of a window, from the values of the taps of `spec`.
    pub(super) fn window_part(&self, spec: &TaskSpec, mut values: TapValues) -> WindowPart {
        let token_values = |output: &OutputSpec| match output.lists_tokens() {
            true => self.value(output, spec.taps(), &values),
            false => Vec::new(),
        };
        let token_values = spec.outputs().iter().map(token_values).collect();
        for (tap, numbers) in spec.taps().iter().zip(&mut values.by_tap) {
            if tap.read.lists_tokens() {
                *numbers = Vec::new();
            }
        }
        WindowPart { pooled: values, token_values }
    }

    /// The output of one text, from the results of passes for its sequences, in order: unchanged
    /// for a text of one sequence, joined for a text that was read in windows.
    pub fn text_output(
        &self,
        spec: &TaskSpec,
        passes: impl IntoIterator<Item = PassOutput>,
    ) -> Output {
        let mut parts = Vec::new();
        for pass in passes {
            match pass {
                PassOutput::Whole(output) => return output,
                PassOutput::Window(part) => parts.push(part),
            }
        }
        self.join(spec, &parts)
    }

    /// The output of a text, from the parts of its windows, in order.
    pub fn join(&self, spec: &TaskSpec, windows: &[WindowPart]) -> Output {
        let pooled = spec.taps().iter().enumerate().map(|(index, tap)| {
            let rows = windows.iter().map(|window| window.pooled.by_tap[index].as_slice());
            match &tap.read {
                Read::Pooled(pooling) | Read::PooledWithoutPrompt(pooling) => {
                    join_pooled(*pooling, &rows.collect::<Vec<_>>())
                }
                Read::Sparse(head) => head.join(&rows.collect::<Vec<_>>()),
                Read::Rows | Read::Projected(_) | Read::Tagged(_) | Read::Vectors(..) => Vec::new(),
            }
        });
        let pooled = TapValues { by_tap: pooled.collect() };
        let value = |(index, output): (usize, &OutputSpec)| match output.lists_tokens() {
            true => {
                windows.iter().flat_map(|window| &window.token_values[index]).copied().collect()
            }
            false => self.value(output, spec.taps(), &pooled),
        };
        Output { values: spec.outputs().iter().enumerate().map(value).collect() }
    }

    /// The numbers of one output, from the values of `taps`.
    fn value(&self, output: &OutputSpec, taps: &[Tap], values: &TapValues) -> Vec<f32> {
        let values_of = |tap: &Tap| {
            let index = taps.iter().position(|other| other == tap);
            index.map_or(&[][..], |index| values.by_tap[index].as_slice())
        };
        let rows: Vec<&[f32]> = output.taps().iter().map(values_of).collect();
        match output {
            OutputSpec::Embedding(recipe) => self.features(recipe, &rows),
            OutputSpec::Logits(head) => head.logits(&self.features(head.recipe(), &rows)),
            OutputSpec::Tokens(recipe) => token_rows(recipe, &rows, self.hidden),
            OutputSpec::Contributions(_) => sum(&rows),
            OutputSpec::Sparse(_) | OutputSpec::Vectors(..) => rows.concat(),
            OutputSpec::Tags(tagger) => match tagger.only_layer() {
                Some(_) => rows.concat(),
                None => tagger.logits(&token_rows(tagger.recipe(), &rows, self.hidden)),
            },
        }
    }

    /// The recipe's row, from one pooled row per layer in the order of the recipe; for a recipe with
    /// several poolings, all layers of one pooling after those of the one before.
    pub fn features(&self, recipe: &ResolvedRecipe, rows: &[&[f32]]) -> Vec<f32> {
        let mut row = recipe.combine_pooled(rows);
        if !recipe.row_layers.is_empty() {
            row = self.row_layers.iter().fold(row, |row, layer| layer.forward(row));
        }
        recipe.cut_and_normalize(row, recipe.dimensions)
    }
}

/// The pooled row of a text, from the pooled rows of its windows. The sums of windows are scaled so
/// that they add up, see [`PoolingMask`](super::pooling_mask::PoolingMask).
fn join_pooled(pooling: Pooling, windows: &[&[f32]]) -> Vec<f32> {
    match pooling {
        Pooling::Mean | Pooling::MeanSqrtLen | Pooling::WeightedMean => sum(windows),
        Pooling::Cls => {
            let mut mean = sum(windows);
            mean.iter_mut().for_each(|x| *x /= windows.len() as f32);
            mean
        }
        Pooling::LastToken => windows.last().map_or(Vec::new(), |last| last.to_vec()),
        Pooling::Max => maxima(windows),
        Pooling::MeanMax => {
            let half = |window: &[f32]| window.len() / 2;
            let means: Vec<_> = windows.iter().map(|window| &window[..half(window)]).collect();
            let halves: Vec<_> = windows.iter().map(|window| &window[half(window)..]).collect();
            [sum(&means), maxima(&halves)].concat()
        }
    }
}

/// `n × (w) → (w)`, summed in float64.
fn sum(rows: &[&[f32]]) -> Vec<f32> {
    by_column(rows, &|column| column.sum())
}

/// `n × (w) → (w)`
fn maxima(rows: &[&[f32]]) -> Vec<f32> {
    by_column(rows, &|column| column.fold(f64::NEG_INFINITY, maximum))
}

/// `n × (t·c)` token rows → combined, cut and normalised token by token, one after another.
fn token_rows(recipe: &ResolvedRecipe, layers: &[&[f32]], c: usize) -> Vec<f32> {
    let tokens = layers.first().map_or(0, |rows| rows.len() / c);
    let width = recipe.token_width(c);
    let token = |i: usize| {
        let rows: Vec<&[f32]> = layers.iter().map(|rows| &rows[i * c..(i + 1) * c]).collect();
        recipe.cut_and_normalize(recipe.combine(&rows), width)
    };
    (0..tokens).flat_map(token).collect()
}
