//! The outputs of a request: what is computed for them, and the tensors that are made of it.

use std::mem;
use std::sync::Arc;

use super::parameters::{OutputParameters, RequestParameters};
use super::requested::{Read, Reader, RequestedOutput};
use super::tensor::{Tensor, TensorData};
use crate::http::error::ApiError;
use crate::http::pipeline::AnswerSize;
use crate::http::prompts::{self, Prompt};
use crate::http::service::Service;
use crate::http::vectors::{Encoding, FLOAT_BYTES, VectorFormat};
use crate::model::head::Head;
use crate::model::head::decision::best;
use crate::model::output::Output;
use crate::model::task::{OutputSpec, TaskSpec};
use crate::quantization::Values;

/// The outputs of a request.
pub struct Outputs {
    outputs: Vec<NamedOutput>,
    specs: Vec<OutputSpec>,
}

struct NamedOutput {
    name: String,
    kind: Kind,
    /// Which of the computed lists it is made of.
    list: usize,
    binary: bool,
}

enum Kind {
    Embedding { format: VectorFormat, columns: usize },
    Scores { head: Arc<Head>, probabilities: bool, best: Option<usize> },
}

impl Outputs {
    /// The outputs that a request asks for, or all, if it names none; and the prompt of its texts.
    ///
    /// # Errors
    /// There is no such output, recipe or prompt, an output is named twice, or a parameter doesn't fit.
    pub fn new(
        service: &Service,
        requested: Vec<RequestedOutput>,
        parameters: &RequestParameters,
    ) -> Result<(Self, Prompt), ApiError> {
        let reader = Reader { service, parameters };
        let requested = reader.named(requested)?;
        let natives = requested.iter().filter(|output| reader.is_native(output)).count();
        let read = requested.iter().enumerate().map(|(index, output)| reader.read(index, output));
        let all = read.collect::<Result<Vec<_>, _>>()?;
        let (prompt, name) = (parameters.prompt.clone(), parameters.prompt_name.clone());
        if natives > 0 && natives < all.len() && prompt.is_none() && name.is_none() {
            prompts::check_no_default(service, "/outputs")?;
        }
        let name_pointer = "/parameters/prompt_name";
        let prompt = prompts::choose_prompt(service, prompt, name, name_pointer, natives > 0)?;
        let mut named = Self { outputs: Vec::with_capacity(all.len()), specs: Vec::new() };
        for (index, (output, read)) in requested.into_iter().zip(all).enumerate() {
            let kind = Kind::new(&reader, index, &output.parameters, &read, &prompt)?;
            let list = named.list(read);
            let binary = output.parameters.binary_data.or(parameters.binary_data_output);
            let binary = binary.unwrap_or(false);
            named.outputs.push(NamedOutput { name: output.name, kind, list, binary });
        }
        Ok((named, prompt))
    }

    /// The place of the list that an output is made of. Logits are computed once for each head.
    fn list(&mut self, read: Read) -> usize {
        let spec = match read {
            Read::Embedding(recipe) => OutputSpec::Embedding(recipe),
            Read::Scores { head, .. } => {
                let is_its = |spec: &OutputSpec| match spec {
                    OutputSpec::Logits(other) => Arc::ptr_eq(other, &head),
                    _ => false,
                };
                if let Some(known) = self.specs.iter().position(is_its) {
                    return known;
                }
                OutputSpec::Logits(head)
            }
        };
        self.specs.push(spec);
        self.specs.len() - 1
    }

    /// What is computed for each text.
    pub fn spec(&self) -> TaskSpec {
        TaskSpec::new(self.specs.clone())
    }

    /// About how much of the answer a text has.
    pub fn size(&self) -> AnswerSize {
        self.outputs.iter().map(NamedOutput::size).sum()
    }

    /// Whether an output is wanted in the binary form.
    pub fn has_binary(&self) -> bool {
        self.outputs.iter().any(|output| output.binary)
    }

    /// The tensors of what was computed, one output per text.
    pub fn tensors(self, mut computed: Vec<Output>) -> Vec<Tensor> {
        let tensor = |output: NamedOutput| {
            let NamedOutput { name, kind, list, binary } = output;
            let rows = computed.len();
            let (columns, data) = match kind {
                Kind::Embedding { format, columns } => {
                    let rows = computed.iter_mut().map(|row| mem::take(&mut row.values[list]));
                    let numbers = format.precision().numbers(columns);
                    (numbers, TensorData::Numbers(format.all_values(rows)))
                }
                Kind::Scores { head, probabilities, best } => {
                    let rows =
                        computed.iter().map(|row| scores(&head, &row.values[list], probabilities));
                    let labels = &head.descriptor().labels;
                    match best {
                        None => {
                            let numbers = rows.flatten().collect();
                            (labels.len(), TensorData::Numbers(Values::Float32(numbers)))
                        }
                        Some(count) => {
                            let count = count.min(labels.len());
                            let texts = rows.flat_map(|row| best_classes(&row, labels, count));
                            (count, TensorData::Texts(texts.collect()))
                        }
                    }
                }
            };
            Tensor { name, shape: [rows, columns], data, binary }
        };
        self.outputs.into_iter().map(tensor).collect()
    }
}

impl NamedOutput {
    fn size(&self) -> AnswerSize {
        match &self.kind {
            Kind::Embedding { format, columns } => {
                let numbers = format.precision().numbers(*columns);
                let bytes = match self.binary {
                    true => numbers * format.precision().number_bytes(),
                    false => format.json_bytes(*columns),
                };
                AnswerSize { numbers: *columns, bytes }
            }
            Kind::Scores { head, best, .. } => {
                let labels = &head.descriptor().labels;
                let number = if self.binary { size_of::<f32>() } else { FLOAT_BYTES };
                let label = |label: &String| label.len() + FLOAT_BYTES;
                let texts = best.map_or(0, |count| labels.iter().take(count).map(label).sum());
                AnswerSize { numbers: labels.len(), bytes: labels.len() * number + texts }
            }
        }
    }
}

impl Kind {
    fn new(
        reader: &Reader<'_>,
        index: usize,
        own: &OutputParameters,
        read: &Read,
        prompt: &Prompt,
    ) -> Result<Self, ApiError> {
        match read {
            Read::Scores { head, probabilities } => Ok(Self::Scores {
                head: Arc::clone(head),
                probabilities: *probabilities,
                best: own.classification,
            }),
            Read::Embedding(recipe) => {
                let (precision, pointer) = reader.precision(index, own);
                let (encoding, text) = (Encoding::Float, &prompt.text);
                let format =
                    VectorFormat::new(reader.service, precision, encoding, recipe, text, &pointer)?;
                Ok(Self::Embedding { format, columns: recipe.dimensions })
            }
        }
    }
}

/// A head's logits, or what it makes of them.
fn scores(head: &Head, logits: &[f32], probabilities: bool) -> Vec<f32> {
    if !probabilities {
        return logits.to_vec();
    }
    let decision = head.descriptor().decide(logits.to_vec(), None, None);
    decision.probabilities.unwrap_or(decision.logits)
}

/// The best classes as Triton writes them, best first: `value:index:label`.
fn best_classes(scores: &[f32], labels: &[String], count: usize) -> Vec<String> {
    let text = |index: usize| format!("{}:{index}:{}", scores[index], labels[index]);
    best(scores, count).into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_classes_have_value_index_and_label() {
        let labels = ["a", "b", "c"].map(str::to_owned);
        let best = |count| best_classes(&[0.25, -1.5, 0.5], &labels, count);
        assert_eq!(best(2), ["0.5:2:c", "0.25:0:a"]);
        assert_eq!(best(3).last().unwrap(), "-1.5:1:b");
        // Of equal scores the first comes first.
        assert_eq!(best_classes(&[1.0, 1.0], &labels, 2), ["1:0:a", "1:1:b"]);
    }
}
