//! One pass over a batch.

use rayon::prelude::*;
use strata_kernels::{Dtype, View, ViewMut};

use super::Packed;
use super::attention::attention;
use super::layer::{How, Layer};
use super::plan::{LayerPlan, Plan};
use super::scratch::{Scratch, grow};
use super::taps::{self, Answers};
use crate::model::encoder::Query;

/// Rows a thread below which columns are shared out instead. With few rows each, every thread would
/// read all the weights for them, which in f32 come from memory; the weights of the reduced formats
/// stay in the last-level cache, and columns cost more waiting. See `benches/RESULTS.md`.
const fn few_rows(dtype: Dtype) -> usize {
    match dtype {
        Dtype::F32 => 24,
        Dtype::Bf16 | Dtype::Int8 => 8,
    }
}

/// The most rows of a block: what a block holds between two products, 64 rows of 1,536 numbers in
/// f32, and the panel that it meets fit a second-level cache of 1 MiB.
const BLOCK_ROWS: usize = 64;

/// A batch on its way through the layers.
pub struct Pass<'a> {
    encoder: &'a Packed,
    batch: &'a [Query<'a>],
    plan: Plan,
    /// Columns of a hidden row, those that fill a panel up included.
    width: usize,
}

/// Rows of one block, and what they become.
struct Block<'a> {
    context: View<'a>,
    hidden: ViewMut<'a>,
    qkv: ViewMut<'a>,
    /// Of the rows: how many the next layer computes whole, and how many at all.
    whole_next: usize,
    rows_next: usize,
}

impl<'a> Pass<'a> {
    pub fn new(encoder: &'a Packed, batch: &'a [Query<'a>]) -> Self {
        Self { encoder, batch, plan: Plan::new(batch), width: encoder.heads.apart }
    }

    /// What each tap of each query reads.
    pub fn run(&self, scratch: &mut Scratch) -> Answers {
        let rows = self.plan.rows();
        grow(&mut scratch.hidden, rows * self.width);
        grow(&mut scratch.qkv, rows * 3 * self.width);
        grow(&mut scratch.context, rows * self.encoder.hidden_size);
        let empty = self.batch.iter().map(|query| vec![Vec::new(); query.taps.len()]);
        let mut answers: Answers = empty.collect();

        self.embed(scratch);
        if self.plan.depth() > 0 {
            self.first_heads(scratch);
        }
        for layer in 1..=self.plan.depth() {
            let plan = self.plan.layer(layer);
            if plan.few.is_empty() {
                let Scratch { hidden, qkv, context } = scratch;
                rayon::join(
                    || self.attend(&plan, qkv, context),
                    || self.read(layer - 1, hidden, &mut answers),
                );
            } else {
                // Moving the few overwrites rows that are still to be read.
                self.read(layer - 1, &scratch.hidden, &mut answers);
                self.few_queries(layer, &plan, scratch);
                self.attend(&plan, &scratch.qkv, &mut scratch.context);
            }
            self.feed_forward(layer, &plan, scratch);
        }
        self.read(self.plan.depth(), &scratch.hidden, &mut answers);
        answers
    }

    /// Reads the taps of hidden state `layer`.
    fn read(&self, layer: usize, hidden: &[f32], answers: &mut Answers) {
        let c = self.encoder.hidden_size;
        let members = self.plan.out(layer).into_iter().map(|(member, rows)| {
            let numbers = &hidden[rows.start * self.width..];
            (member, View::new(numbers, rows.len(), c, self.width))
        });
        taps::read(layer, members, self.batch, answers);
    }

    /// Ids → the embedding output.
    fn embed(&self, scratch: &mut Scratch) {
        let rows = self.plan.rows();
        let mut rest =
            ViewMut::new(&mut scratch.hidden, rows, self.encoder.hidden_size, self.width);
        let mut tasks = Vec::new();
        for member in self.plan.members() {
            let (out, others) = rest.split_rows(member.tokens);
            rest = others;
            tasks.push((self.batch[member.query].sequence, out));
        }
        tasks.into_par_iter().for_each(|(sequence, out)| {
            self.encoder.embeddings.forward(self.encoder.kernels, sequence, out);
        });
    }

    /// Queries, keys and values of the first layer.
    fn first_heads(&self, scratch: &mut Scratch) {
        let next = self.plan.layer(1);
        let Scratch { hidden, qkv, context } = scratch;
        let how = self.how(next.rows);
        let blocks = self.blocks(next.rows, Some(&next), context, hidden, qkv);
        blocks.into_par_iter().with_max_len(1).for_each(|mut block| {
            self.heads_of_block(how, &self.encoder.layers[0], &mut block);
        });
    }

    /// In a sequence's last layer, where few of its tokens are read: moves those together, behind the
    /// rows that are computed whole, and makes their queries. Keys and values stay where they are.
    fn few_queries(&self, layer: usize, plan: &LayerPlan<'_>, scratch: &mut Scratch) {
        let width = self.width;
        for (from, to) in plan.moves() {
            scratch.hidden.copy_within(from * width..(from + 1) * width, to * width);
        }
        let first = plan.whole_rows;
        let rows = plan.rows_out - first;
        let of = &self.encoder.layers[layer - 1];
        let hidden =
            View::new(&scratch.hidden[first * width..], rows, self.encoder.hidden_size, width);
        let out = ViewMut::new(&mut scratch.qkv[first * 3 * width..], rows, width, 3 * width);
        let panels = 0..width / of.qkv.panel_columns();
        let how = How { column_parts: rayon::current_num_threads(), ..self.how(rows) };
        self.encoder.workers.lend(|worker| of.heads(how, panels, hidden, out, &mut worker.operand));
    }

    fn attend(&self, plan: &LayerPlan<'_>, qkv: &[f32], context: &mut [f32]) {
        let c = self.encoder.hidden_size;
        let qkv = View::new(qkv, plan.rows, 3 * self.width, 3 * self.width);
        let context = ViewMut::new(context, plan.rows_out, c, c);
        let Packed { kernels, dtype, heads, workers, .. } = self.encoder;
        attention((*kernels, *dtype), *heads, plan, qkv, context, workers);
    }

    /// What follows attention, and the next layer's queries, keys and values.
    fn feed_forward(&self, layer: usize, plan: &LayerPlan<'_>, scratch: &mut Scratch) {
        let Scratch { hidden, qkv, context } = scratch;
        let next = (layer < self.plan.depth()).then(|| self.plan.layer(layer + 1));
        let how = self.how(plan.rows_out);
        let blocks = self.blocks(plan.rows_out, next.as_ref(), context, hidden, qkv);
        let layers = &self.encoder.layers;
        blocks.into_par_iter().with_max_len(1).for_each(|mut block| {
            self.encoder.workers.lend(|worker| {
                let context = block.context;
                layers[layer - 1].after_attention(how, context, &mut block.hidden, worker);
            });
            if let Some(next) = layers.get(layer) {
                self.heads_of_block(how, next, &mut block);
            }
        });
    }

    /// Queries, keys and values of a block's rows: all three of those that are computed whole; keys
    /// and values alone of those whose queries are few.
    fn heads_of_block(&self, how: How, layer: &Layer, block: &mut Block<'_>) {
        let c = self.encoder.hidden_size;
        let hidden = block.hidden.as_view().columns_from(0, c);
        let panels = layer.qkv.panels();
        let (whole, few) = block.qkv.reborrow().split_rows(block.whole_next);
        self.encoder.workers.lend(|worker| {
            let scratch = &mut worker.operand;
            if block.whole_next > 0 {
                layer.heads(how, 0..panels, hidden.rows_from(0, block.whole_next), whole, scratch);
            }
            let count = block.rows_next - block.whole_next;
            if count > 0 {
                let (few, _) = few.split_rows(count);
                let (_, keys_and_values) = few.split_columns(self.width);
                let rows = hidden.rows_from(block.whole_next, count);
                layer.heads(how, panels / 3..panels, rows, keys_and_values, scratch);
            }
        });
    }

    /// Columns are shared out where rows are few, and otherwise rows.
    fn how(&self, rows: usize) -> How {
        let threads = rayon::current_num_threads();
        let few = rows < few_rows(self.encoder.dtype) * threads;
        How { kernels: self.encoder.kernels, column_parts: if few { threads } else { 1 } }
    }

    /// Cuts `rows` rows into blocks: one where columns are shared out, otherwise as many for each
    /// thread as keep a block in its cache, all of the same size give or take a row.
    fn blocks<'s>(
        &self,
        rows: usize,
        next: Option<&LayerPlan<'_>>,
        context: &'s [f32],
        hidden: &'s mut [f32],
        qkv: &'s mut [f32],
    ) -> Vec<Block<'s>> {
        let (c, width) = (self.encoder.hidden_size, self.width);
        let threads = rayon::current_num_threads();
        let blocks = if self.how(rows).column_parts > 1 {
            1
        } else {
            threads * rows.div_ceil(threads * BLOCK_ROWS)
        };
        let (next_whole, next_rows) = next.map_or((0, 0), |next| (next.whole_rows, next.rows));
        let context = View::new(context, rows, c, c);
        let mut hidden = ViewMut::new(hidden, rows, width, width);
        let mut qkv = ViewMut::new(qkv, rows, 3 * width, 3 * width);
        let mut cut = Vec::with_capacity(blocks);
        for block in 0..blocks {
            let (first, end) = (block * rows / blocks, (block + 1) * rows / blocks);
            let among = |limit: usize| limit.clamp(first, end) - first;
            let (hidden_here, hidden_later) = hidden.split_rows(end - first);
            let (qkv_here, qkv_later) = qkv.split_rows(end - first);
            cut.push(Block {
                context: context.rows_from(first, end - first),
                hidden: hidden_here,
                qkv: qkv_here,
                whole_next: among(next_whole),
                rows_next: among(next_rows),
            });
            (hidden, qkv) = (hidden_later, qkv_later);
        }
        cut
    }
}
