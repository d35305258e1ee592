//! Passes to measure: of a file's texts, tokenised as they are needed, or of synthetic sequences.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::anyhow;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::app::Parts;
use crate::model::task::{Task, TaskSpec};
use crate::sequence::Sequence;
use crate::text::{Input, LongText, Text};

/// Texts that are tokenised at a time.
const CHUNK: usize = 64;

/// The texts of a file over and over, in its order, in passes of the token budget.
///
/// Whenever fewer tokens than a pass holds are ready, the next [`CHUNK`] texts are tokenised, shared
/// out over as many threads as a pass has. Tokenising beside a pass would take time from one of its
/// threads, and all others would wait for that one.
pub struct Texts<'a> {
    parts: &'a Parts,
    spec: &'a Arc<TaskSpec>,
    budget: usize,
    inputs: Vec<Input>,
    next: usize,
    ready: VecDeque<Task>,
    ready_tokens: usize,
}

impl<'a> Texts<'a> {
    /// Texts that are to be tokenised.
    pub fn new(
        parts: &'a Parts,
        spec: &'a Arc<TaskSpec>,
        texts: Vec<String>,
        budget: usize,
    ) -> anyhow::Result<Self> {
        let input = |(row, text): (usize, String)| {
            let text = Text::parse(text, usize::MAX).map_err(|error| of_text(row, error))?;
            Ok(Input { text, pair: None })
        };
        let inputs = texts.into_iter().enumerate().map(input).collect::<anyhow::Result<_>>()?;
        let ready = VecDeque::new();
        Ok(Self { parts, spec, budget, inputs, next: 0, ready, ready_tokens: 0 })
    }

    /// What the next pass holds.
    pub fn pass(&mut self) -> anyhow::Result<Vec<Task>> {
        while self.ready_tokens < self.budget {
            let next = self.next;
            let rows: Vec<usize> = (next..next + CHUNK).map(|i| i % self.inputs.len()).collect();
            self.next = (next + CHUNK) % self.inputs.len();
            for task in self.tokenise(&rows)? {
                self.ready_tokens += task.sequence.tokens();
                self.ready.push_back(task);
            }
        }
        let lens = self.ready.iter().map(|task| task.sequence.tokens());
        let taken = self.parts.model.sequences_per_pass(lens, self.budget);
        let pass: Vec<Task> = self.ready.drain(..taken).collect();
        self.ready_tokens -= pass.iter().map(|task| task.sequence.tokens()).sum::<usize>();
        Ok(pass)
    }

    /// One of the texts, tokenised.
    pub fn one(&self, row: usize) -> anyhow::Result<Task> {
        let Parts { tokenizer, sequence_tokens, .. } = self.parts;
        let encoded = tokenizer
            .encode(&self.inputs[row], *sequence_tokens, LongText::Truncate)
            .map_err(|error| of_text(row, error))?;
        Ok(Task::whole(encoded.sequence, Arc::clone(self.spec)))
    }

    /// The text of median length.
    pub fn median(&self) -> anyhow::Result<usize> {
        let rows: Vec<usize> = (0..self.inputs.len()).collect();
        let tasks = self.tokenise(&rows)?;
        let mut order = rows;
        order.sort_by_key(|&row| tasks[row].sequence.tokens());
        Ok(order[order.len() / 2])
    }

    fn tokenise(&self, rows: &[usize]) -> anyhow::Result<Vec<Task>> {
        rows.into_par_iter().with_min_len(4).map(|&row| self.one(row)).collect()
    }
}

/// Rows are counted from 1.
fn of_text(row: usize, error: impl std::error::Error) -> anyhow::Error {
    anyhow!("text {}: {error}", row + 1)
}

/// Passes of sequences that are all as long.
pub struct Lengths {
    /// Tokens of each.
    pub length: usize,
    /// Sequences, with what is asked of each.
    pub pass: Vec<Task>,
}

impl Lengths {
    /// `batch` sequences of `length` tokens, the same ones every time.
    pub fn new(parts: &Parts, spec: &Arc<TaskSpec>, length: usize, batch: usize) -> Self {
        let rows = parts.checkpoint.config.vocab_size;
        let task = |at: usize| {
            // 7919 is a prime: rows all over the table, as with words.
            let id = |i: usize| ((at * length + i + 1) * 7919 % rows) as u32;
            let sequence =
                Sequence { ids: (0..length).map(id).collect(), type_ids: vec![0; length] };
            Task::whole(sequence, Arc::clone(spec))
        };
        Self { length, pass: (0..batch).map(task).collect() }
    }
}
