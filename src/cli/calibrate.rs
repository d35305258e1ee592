//! `strata calibrate`: finds the range of each column of embeddings, and writes a file for `serve`.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::anyhow;
use clap::Args;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::shared::{Failure, ModelFlags, Progress, parse_recipe, print, show_fetching, whole};
use crate::app::{self, Parts, threads};
use crate::config::Config;
use crate::model::PoolingMask;
use crate::model::encoder::EncoderKind;
use crate::model::output::PassOutput;
use crate::model::recipe::{RecipeRef, ResolvedRecipe, check_dimensions};
use crate::model::recipe_book::NATIVE;
use crate::model::task::{OutputSpec, Task, TaskSpec};
use crate::quantization::{Calibration, Ranges};
use crate::text::{Input, LongText, Text, Window, without_prompt};
use crate::training::{Column, read_texts};

/// Texts that are tokenised together, and then computed in the order of their lengths.
const SHARD_TEXTS: usize = 4_096;
/// With fewer texts than this, the ranges are rough.
const FEW_TEXTS: usize = 100;

const EXAMPLES: &str = "\
Examples:
  # For the recipe native; `strata serve --calibration native.json` reads it
  strata calibrate --data data/sentiment.tsv --out native.json
  # The first 128 columns, for queries
  strata calibrate --data queries.csv --dimensions 128 --prompt-name query \\
    --out queries-128.json";

/// Find the ranges that embeddings of 8 bits need, from a file of texts.
///
/// The file should have a thousand texts or more, like those that will be embedded. The ranges hold for
/// one model, recipe, prompt and number of columns; `serve --calibration` takes several files.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Calibrate {
    #[command(flatten)]
    model: ModelFlags,
    /// File of texts: .tsv, .csv, .jsonl or .ndjson.
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Column of the texts: its name, or its number counted from 1.
    #[arg(long, value_name = "COLUMN", default_value = "text")]
    text: Column,
    /// The name of a recipe, or a recipe as a JSON object.
    #[arg(long, value_name = "RECIPE", default_value = NATIVE)]
    recipe: String,
    /// Keep only the first N columns, as with "dimensions" in a request.
    #[arg(long, value_name = "N", value_parser = whole::<usize>)]
    dimensions: Option<usize>,
    /// Text in front of each text.
    #[arg(long, value_name = "TEXT", conflicts_with = "prompt_name")]
    prompt: Option<String>,
    /// Name of one of the checkpoint's prompts, to be in front of each text.
    #[arg(long, value_name = "NAME")]
    prompt_name: Option<String>,
    /// File to write.
    #[arg(long, value_name = "FILE.json")]
    out: PathBuf,
}

impl Calibrate {
    pub fn run(self) -> Result<(), Failure> {
        let config =
            Config::load(&self.model.clone().into_sources()?).map_err(Failure::unusable)?;
        let wanted = parse_recipe(&self.recipe).map_err(Failure::Unusable)?;
        if config.encoder.kind() == EncoderKind::Reference {
            threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        }
        // Texts are tokenised in this pool, even if the encoder computes in another.
        threads::size_pool(config.encoder.threads).map_err(Failure::failed)?;
        self.check_out().map_err(Failure::Unusable)?;
        let texts = read_texts(&self.data, &self.text).map_err(Failure::unusable)?;
        let parts = app::load_parts(&config, &mut show_fetching()).map_err(Failure::unusable)?;
        let recipe = self.resolve(&parts, &wanted).map_err(Failure::Unusable)?;
        let prompt = self.prompt(&parts, &wanted).map_err(Failure::Unusable)?;
        let rows = Rows::new(&parts, &config, &recipe, &prompt).map_err(Failure::Failed)?;
        let ranges = rows.ranges(&texts).map_err(Failure::Failed)?;
        self.print_notes(texts.len(), &ranges);
        let fingerprint = &parts.fingerprint;
        let calibration = Calibration::new(
            &parts.source.name,
            fingerprint,
            &recipe,
            &prompt,
            texts.len(),
            ranges,
        );
        calibration.write(&self.out).map_err(|error| Failure::Failed(self.unwritable(&error)))?;
        print(format_args!(
            "{} written; `strata serve --calibration` reads it\n",
            self.out.display()
        ))
    }

    /// Whether a file can be written to the folder of `--out`. Checked before the encoder starts, since
    /// encoding takes long.
    fn check_out(&self) -> anyhow::Result<()> {
        let folder = self.out.parent().filter(|folder| !folder.as_os_str().is_empty());
        let tried = match self.out.is_dir() {
            true => Err(io::Error::from(ErrorKind::IsADirectory)),
            false => tempfile::tempfile_in(folder.unwrap_or(Path::new("."))),
        };
        tried.map(drop).map_err(|error| self.unwritable(&error))
    }

    fn unwritable(&self, error: &io::Error) -> anyhow::Error {
        let out = self.out.display();
        anyhow!("--out {out}: {error}; choose a file that can be written")
    }

    fn resolve(&self, parts: &Parts, wanted: &RecipeRef) -> anyhow::Result<Arc<ResolvedRecipe>> {
        let recipe = parts.recipes.resolve(wanted).map_err(|error| anyhow!("--recipe: {error}"))?;
        let kept = check_dimensions(self.dimensions, recipe.dimensions)
            .map_err(|error| anyhow!("--dimensions: {}", error.message))?;
        Ok(Arc::new(ResolvedRecipe { dimensions: kept, ..Arc::unwrap_or_clone(recipe) }))
    }

    /// The prompt as a request with these flags would have it.
    fn prompt(&self, parts: &Parts, wanted: &RecipeRef) -> anyhow::Result<String> {
        let sentence = &parts.checkpoint.sentence;
        let is_native = matches!(wanted, RecipeRef::Name(name) if name == NATIVE);
        match (&self.prompt, &self.prompt_name) {
            (Some(prompt), _) => Ok(prompt.clone()),
            (None, Some(name)) => sentence.prompts.get(name).cloned().ok_or_else(|| {
                let known: Vec<_> = sentence.prompts.keys().map(String::as_str).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                anyhow!("--prompt-name: the checkpoint has no prompt \"{name}\"; it has {known}")
            }),
            (None, None) if is_native => Ok(sentence.default_prompt.clone().unwrap_or_default()),
            (None, None) => Ok(String::new()),
        }
    }

    fn print_notes(&self, texts: usize, ranges: &Ranges) {
        let constant = ranges.constant_columns();
        if texts < FEW_TEXTS {
            eprintln!(
                "{}: {texts} texts; the ranges of fewer than {FEW_TEXTS} are rough, and what lies \
                 outside them is cut off",
                self.data.display()
            );
        }
        if constant > 0 {
            eprintln!("{constant} of {} columns are the same in all texts", ranges.width());
        }
    }
}

/// Computes the rows of texts.
struct Rows<'a> {
    parts: &'a Parts,
    token_budget: usize,
    spec: Arc<TaskSpec>,
    prompt: &'a str,
    /// Tokens at the beginning that aren't pooled.
    left_out: usize,
}

impl<'a> Rows<'a> {
    fn new(
        parts: &'a Parts,
        config: &Config,
        recipe: &Arc<ResolvedRecipe>,
        prompt: &'a str,
    ) -> anyhow::Result<Self> {
        let spec = TaskSpec::new(vec![OutputSpec::Embedding(Arc::clone(recipe))]);
        let left_out = if spec.leaves_out_prompt() && !prompt.is_empty() {
            parts.tokenizer.prompt_tokens(prompt, Some(parts.sequence_tokens))?
        } else {
            0
        };
        let token_budget = config.batching.budget_tokens.get();
        Ok(Self { parts, token_budget, spec: Arc::new(spec), prompt, left_out })
    }

    /// The ranges of the rows of all texts, of which there is at least one.
    fn ranges(&self, texts: &[String]) -> anyhow::Result<Ranges> {
        let mut progress = Progress::new("ranges", texts.len(), "texts")?;
        let mut ranges: Option<Ranges> = None;
        for (shard, texts) in texts.chunks(SHARD_TEXTS).enumerate() {
            let numbered: Vec<_> = (shard * SHARD_TEXTS + 1..).zip(texts).collect();
            let task = |&(number, text): &(usize, &String)| {
                self.task(text).map_err(|error| anyhow!("text {number}: {error}"))
            };
            let mut tasks: Vec<Task> =
                numbered.par_iter().map(task).collect::<anyhow::Result<_>>()?;
            tasks.sort_by_key(|task| task.sequence.tokens());
            let tokens = |task: &Task| task.sequence.tokens();
            for pass in self.parts.model.passes(&tasks, tokens, self.token_budget) {
                for row in self.compute(pass)? {
                    match &mut ranges {
                        Some(ranges) => ranges.widen(&row),
                        None => ranges = Some(Ranges::from_row(&row)?),
                    }
                }
                progress.add(pass.len());
            }
        }
        progress.finish();
        ranges.ok_or_else(|| anyhow!("there are no texts"))
    }

    fn task(&self, text: &str) -> anyhow::Result<Task> {
        let Parts { tokenizer, sequence_tokens, .. } = self.parts;
        let text = Text::parse(text.to_owned(), usize::MAX)?.with_prompt(self.prompt);
        let input = Input { text, pair: None };
        let window =
            Window::from(tokenizer.encode(&input, *sequence_tokens, LongText::Truncate(None))?);
        let mut task = Task::whole(window.encoded.sequence.clone(), Arc::clone(&self.spec));
        if self.left_out > 0 {
            let counted = without_prompt(&[window], self.left_out);
            task.mask_without_prompt = PoolingMask::after_prompt(counted, self.left_out).pop();
        }
        Ok(task)
    }

    fn compute(&self, pass: &[Task]) -> anyhow::Result<Vec<Vec<f32>>> {
        let pass: Vec<&Task> = pass.iter().collect();
        let outputs = self.parts.model.forward(&pass)?.into_iter().map(|output: PassOutput| {
            let whole = self.parts.model.output_builder().text_output(&self.spec, [output]);
            match whole.is_finite() {
                true => Ok(whole.values.concat()),
                false => Err(anyhow!("the model computed a number that is not finite")),
            }
        });
        outputs.collect()
    }
}
