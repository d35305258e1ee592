//! The passes to measure: texts of a file, tokenised as they are needed, or synthetic sequences.

use std::collections::VecDeque;
use std::sync::Arc;

use anyhow::anyhow;
use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use crate::app::Parts;
use crate::model::task::{Task, TaskSpec};
use crate::sequence::Sequence;
use crate::text::{Input, LongText, Text};

/// Number of texts that are tokenised at a time.
const CHUNK: usize = 64;

/// The texts of a file in its order, again and again, in passes that fill the token budget.
///
/// When fewer tokens are ready than a pass holds, the next [`CHUNK`] texts are tokenised on as many
/// threads as a pass has. Tokenising during a pass would slow down one of its threads, and all others
/// would wait for it.
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
    /// Checks the texts, which are tokenised later.
    pub fn new(
        parts: &'a Parts,
        spec: &'a Arc<TaskSpec>,
        texts: Vec<String>,
        budget: usize,
    ) -> anyhow::Result<Self> {
        let input = |(row, text): (usize, String)| {
            let text = Text::parse(text, usize::MAX).map_err(|error| text_error(row, error))?;
            Ok(Input { text, pair: None })
        };
        let inputs = texts.into_iter().enumerate().map(input).collect::<anyhow::Result<_>>()?;
        let ready = VecDeque::new();
        Ok(Self { parts, spec, budget, inputs, next: 0, ready, ready_tokens: 0 })
    }

    /// The tasks of the next pass.
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

    /// Tokenises one text.
    pub fn task(&self, row: usize) -> anyhow::Result<Task> {
        let Parts { tokenizer, sequence_tokens, .. } = self.parts;
        let encoded = tokenizer
            .encode(&self.inputs[row], *sequence_tokens, LongText::Truncate(None))
            .map_err(|error| text_error(row, error))?;
        Ok(Task::whole(encoded.sequence, Arc::clone(self.spec)))
    }

    /// The row of the text with the median number of tokens.
    pub fn median(&self) -> anyhow::Result<usize> {
        let rows: Vec<usize> = (0..self.inputs.len()).collect();
        let tasks = self.tokenise(&rows)?;
        let mut order = rows;
        order.sort_by_key(|&row| tasks[row].sequence.tokens());
        Ok(order[order.len() / 2])
    }

    fn tokenise(&self, rows: &[usize]) -> anyhow::Result<Vec<Task>> {
        rows.into_par_iter().with_min_len(4).map(|&row| self.task(row)).collect()
    }
}

/// Adds the number of the text to an error; texts are counted from 1.
fn text_error(row: usize, error: impl std::error::Error) -> anyhow::Error {
    anyhow!("text {}: {error}", row + 1)
}

/// Passes of sequences of the same length.
pub struct Lengths {
    /// Tokens per sequence.
    pub length: usize,
    /// The tasks of a pass.
    pub pass: Vec<Task>,
}

impl Lengths {
    /// `batch` sequences of `length` tokens, the same ones every time.
    pub fn new(parts: &Parts, spec: &Arc<TaskSpec>, length: usize, batch: usize) -> Self {
        let rows = parts.checkpoint.config.vocab_size;
        let task = |at: usize| {
            // 7919 is a prime: the ids lie all over the table, as those of a text do.
            let id = |i: usize| ((at * length + i + 1) * 7919 % rows) as u32;
            let sequence = Sequence::new((0..length).map(id).collect(), vec![0; length]);
            Task::whole(sequence, Arc::clone(spec))
        };
        Self { length, pass: (0..batch).map(task).collect() }
    }
}
