//! Outputs of texts, computed together with texts of similar length.

use std::sync::Arc;

use super::error::FeatureError;
use crate::model::output::{Output, PassOutput};
use crate::model::task::{Task, TaskSpec};
use crate::model::{Model, PoolingMask};
use crate::text::Window;

/// An encoder, and how much it computes at once.
#[derive(Clone, Copy)]
pub struct Passes<'a> {
    /// The model.
    pub model: &'a Model,
    /// Most tokens of a pass, counted as the encoder does.
    pub token_budget: usize,
}

/// A window of a text, and what is computed of it.
struct WindowTask {
    text: usize,
    window: usize,
    task: Task,
}

impl Passes<'_> {
    /// The outputs of texts that are read in these windows, one at least of each. `take` gets the number
    /// of a text and its output; `done` is called with the number of texts of each pass that are
    /// complete.
    ///
    /// # Errors
    /// A pass failed.
    pub fn run(
        self,
        spec: &Arc<TaskSpec>,
        texts: impl IntoIterator<Item = Vec<Window>>,
        take: &mut dyn FnMut(usize, Output),
        done: &mut dyn FnMut(usize),
    ) -> Result<(), FeatureError> {
        let Self { model, token_budget } = self;
        let mut parts: Vec<Vec<Option<PassOutput>>> = Vec::new();
        let mut tasks = Vec::new();
        for (text, windows) in texts.into_iter().enumerate() {
            parts.push(vec![None; windows.len()]);
            let of_text = window_tasks(windows, spec).enumerate();
            tasks.extend(of_text.map(|(window, task)| WindowTask { text, window, task }));
        }
        tasks.sort_by_key(|window| window.task.sequence.tokens());
        let tokens = |window: &WindowTask| window.task.sequence.tokens();
        for pass in model.passes(&tasks, tokens, token_budget) {
            let batch: Vec<&Task> = pass.iter().map(|window| &window.task).collect();
            let mut complete = 0;
            for (WindowTask { text, window, .. }, output) in pass.iter().zip(model.forward(&batch)?)
            {
                parts[*text][*window] = Some(output);
                if parts[*text].iter().all(Option::is_some) {
                    let outputs = std::mem::take(&mut parts[*text]).into_iter().flatten();
                    take(*text, model.output_builder().text_output(spec, outputs));
                    complete += 1;
                }
            }
            done(complete);
        }
        Ok(())
    }
}

fn window_tasks(windows: Vec<Window>, spec: &Arc<TaskSpec>) -> impl Iterator<Item = Task> {
    let counted = windows.iter().map(|window| window.counted.clone()).collect();
    let masks = PoolingMask::for_windows(counted);
    windows.into_iter().zip(masks).map(|(window, mask)| Task {
        mask,
        ..Task::whole(window.encoded.sequence, Arc::clone(spec))
    })
}
