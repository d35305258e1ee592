//! One pass over a batch.

use rayon::prelude::*;
use strata_kernels::{View, ViewMut};

use super::attention::Attention;
use super::blocks::{Block, blocks, gemm_config};
use super::gemm::GemmConfig;
use super::layer::Layer;
use super::row_layout::{LayerRows, RowLayout};
use super::scratch::{PassScratch, ScratchPool, ThreadScratch};
use super::taps;
use super::weights::PackedWeights;
use crate::model::encoder::PassInput;
use crate::model::task::TapValues;

/// A batch in a pass through the layers.
pub struct Pass<'a> {
    weights: &'a PackedWeights,
    scratch: &'a ScratchPool<ThreadScratch>,
    batch: &'a [PassInput<'a>],
    layout: RowLayout,
    /// The place in its sequence of the token of each row.
    places: Vec<u32>,
    /// Columns of a row of hidden states, including those that fill up a panel.
    width: usize,
}

impl<'a> Pass<'a> {
    /// Lays out the rows of a batch.
    pub fn new(
        weights: &'a PackedWeights,
        scratch: &'a ScratchPool<ThreadScratch>,
        batch: &'a [PassInput<'a>],
    ) -> Self {
        let layout = RowLayout::new(batch);
        let places = layout.places();
        Self { weights, scratch, batch, layout, places, width: weights.width() }
    }

    /// Runs the encoder up to the deepest tap; returns the values of each input's taps.
    pub fn run(&self, scratch: &mut PassScratch) -> Vec<TapValues> {
        let rows = self.layout.rows();
        scratch.hidden.grow(rows * self.width);
        scratch.qkv.grow(rows * 3 * self.width);
        scratch.context.grow(rows * self.weights.hidden_size);
        let mut values: Vec<TapValues> =
            self.batch.iter().map(|input| TapValues::empty(input.taps)).collect();

        self.embed(scratch);
        if self.layout.depth() > 0 {
            self.project_first_qkv(scratch);
        }
        for layer in 1..=self.layout.depth() {
            let rows = self.layout.layer(layer);
            if rows.partial.is_empty() {
                let PassScratch { hidden, qkv, context } = scratch;
                rayon::join(
                    || self.attend(layer, &rows, qkv, context),
                    || self.read(layer - 1, hidden, &mut values),
                );
            } else {
                // Taps are read first: moving rows together overwrites some of them.
                self.read(layer - 1, &scratch.hidden, &mut values);
                self.project_partial_queries(layer, &rows, scratch);
                self.attend(layer, &rows, &scratch.qkv, &mut scratch.context);
            }
            self.feed_forward(layer, &rows, scratch);
        }
        self.read(self.layout.depth(), &scratch.hidden, &mut values);
        values
    }

    /// Reads the taps of hidden state `layer`.
    fn read(&self, layer: usize, hidden: &[f32], values: &mut [TapValues]) {
        let c = self.weights.hidden_size;
        let sequences = self.layout.outputs(layer).into_iter().map(|(sequence, rows)| {
            let numbers = &hidden[rows.start * self.width..];
            (sequence, View::new(numbers, rows.len(), c, self.width))
        });
        taps::read(layer, sequences, self.batch, values);
    }

    /// Ids → the output of the embedding stage.
    fn embed(&self, scratch: &mut PassScratch) {
        let (rows, c) = (self.layout.rows(), self.weights.hidden_size);
        let mut rest = ViewMut::new(&mut scratch.hidden, rows, c, self.width);
        let mut tasks = Vec::new();
        for sequence in self.layout.sequences() {
            let (out, others) = rest.split_rows(sequence.tokens);
            rest = others;
            tasks.push((self.batch[sequence.input].sequence, out));
        }
        tasks.into_par_iter().for_each(|(sequence, out)| {
            self.weights.embeddings.forward(self.weights.kernels, sequence, out);
        });
    }

    /// Queries, keys and values of the first layer.
    fn project_first_qkv(&self, scratch: &mut PassScratch) {
        let next = self.layout.layer(1);
        let config = gemm_config(self.weights, next.rows);
        let blocks = blocks(self.weights, next.rows, Some(&next), scratch);
        blocks.into_par_iter().with_max_len(1).for_each(|mut block| {
            self.project_qkv(config, &self.weights.layers[0], &mut block);
        });
    }

    /// For sequences whose last layer is read at few tokens only: moves the rows of these tokens
    /// together, after the rows that are computed whole, and computes their queries. Keys and
    /// values stay in their rows.
    fn project_partial_queries(
        &self,
        layer: usize,
        layer_rows: &LayerRows<'_>,
        scratch: &mut PassScratch,
    ) {
        let (c, width) = (self.weights.hidden_size, self.width);
        let mut places = Vec::new();
        for (from, to) in layer_rows.moves() {
            scratch.hidden.copy_within(from * width..(from + 1) * width, to * width);
            places.push(self.places[from]);
        }
        let first = layer_rows.whole_rows;
        let rows = layer_rows.rows_out - first;
        let layer = &self.weights.layers[layer - 1];
        let hidden = View::new(&scratch.hidden[first * width..], rows, c, width);
        let mut out = ViewMut::new(&mut scratch.qkv[first * 3 * width..], rows, width, 3 * width);
        let panels = 0..width / layer.qkv.panel_columns();
        let column_splits = rayon::current_num_threads();
        let config = GemmConfig { kernels: self.weights.kernels, column_splits };
        self.scratch.with(|scratch| {
            layer.project_qkv(config, panels, hidden, out.reborrow(), scratch);
        });
        self.rotate(layer, out, &places);
    }

    /// Rotates queries or keys, `(m, width)` or wider, by the places of their tokens.
    fn rotate(&self, layer: &Layer, rows: ViewMut<'_>, places: &[u32]) {
        if let Some(table) = &layer.positions.rotation {
            let (rows, _) = rows.split_columns(self.weights.hidden_size);
            self.weights.kernels.rotate(rows, table, places);
        }
    }

    /// Attention of a layer: queries, keys and values → context.
    fn attend(&self, layer: usize, layer_rows: &LayerRows<'_>, qkv: &[f32], context: &mut [f32]) {
        let PackedWeights { kernels, dtype, attention_heads, hidden_size, .. } = *self.weights;
        let qkv = View::new(qkv, layer_rows.rows, 3 * self.width, 3 * self.width);
        let context = ViewMut::new(context, layer_rows.rows_out, hidden_size, hidden_size);
        let positions = &self.weights.layers[layer - 1].positions;
        let (heads, scratch) = (attention_heads, self.scratch);
        Attention { kernels, dtype, heads, positions, scratch }.compute(layer_rows, qkv, context);
    }

    /// The part of a layer after attention, and the queries, keys and values of the next layer.
    fn feed_forward(&self, layer: usize, layer_rows: &LayerRows<'_>, scratch: &mut PassScratch) {
        let next = (layer < self.layout.depth()).then(|| self.layout.layer(layer + 1));
        let config = gemm_config(self.weights, layer_rows.rows_out);
        let blocks = blocks(self.weights, layer_rows.rows_out, next.as_ref(), scratch);
        let layers = &self.weights.layers;
        blocks.into_par_iter().with_max_len(1).for_each(|mut block| {
            self.scratch.with(|scratch| {
                let context = block.context;
                layers[layer - 1].after_attention(config, context, &mut block.hidden, scratch);
            });
            match (layers.get(layer), &self.weights.final_norm) {
                (Some(next), _) => self.project_qkv(config, next, &mut block),
                (None, Some(norm)) => {
                    let (rows, _) = block.hidden.split_columns(self.weights.hidden_size);
                    norm.forward(self.weights.kernels, rows);
                }
                (None, None) => {}
            }
        });
    }

    /// The QKV projection of a block's rows: all of it for sequences that are computed whole, keys
    /// and values only for the others.
    fn project_qkv(&self, config: GemmConfig, layer: &Layer, block: &mut Block<'_>) {
        let hidden = block.hidden.as_view().columns_from(0, self.weights.hidden_size);
        let panels = layer.qkv.panels();
        let (mut whole, partial) = block.qkv.reborrow().split_rows(block.whole_next);
        let places = &self.places[block.first_row..][..block.rows_next];
        let (whole_places, partial_places) = places.split_at(block.whole_next);
        self.scratch.with(|scratch| {
            if block.whole_next > 0 {
                let rows = hidden.rows_from(0, block.whole_next);
                layer.project_qkv(config, 0..panels, rows, whole.reborrow(), scratch);
                let (queries, keys_and_values) = whole.split_columns(self.width);
                self.rotate(layer, queries, whole_places);
                self.rotate(layer, keys_and_values, whole_places);
            }
            let count = block.rows_next - block.whole_next;
            if count > 0 {
                let (partial, _) = partial.split_rows(count);
                let (_, mut keys_and_values) = partial.split_columns(self.width);
                let rows = hidden.rows_from(block.whole_next, count);
                let out = keys_and_values.reborrow();
                layer.project_qkv(config, panels / 3..panels, rows, out, scratch);
                self.rotate(layer, keys_and_values, partial_places);
            }
        });
    }
}
