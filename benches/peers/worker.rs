//! The worker of `benches/peers` for Strata and for stock candle: runs one case per line of input.
//!
//! `peer_worker candle|f32|f32-fma|bf16|int8 --model DIR` loads the model, reports that in a line of JSON,
//! and then, for each line `{"case": …}` of its input, runs that case and replies with the seconds
//! that it took. The protocol is that of `worker.py`; `run.py` has the cases and the other peers.

use std::io::{BufRead, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs, io};

use anyhow::{Context, bail};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::BertModel;
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::json;
use strata::model::Model;
use strata::model::checkpoint::Checkpoint;
use strata::model::encoder::{EncoderChoice, EncoderOptions};
use strata::model::recipe::{Combine, Pooling, Recipe, RecipeRef};
use strata::model::recipe_book::RecipeBook;
use strata::model::task::{OutputSpec, Task, TaskSpec};
use strata::sequence::Sequence;
use strata::text::{Input, LongText, Text, Tokenizer, TokenizerHints};
use strata_kernels::{Dtype, F32Products};

const DATA: &str = "data/sentiment.tsv";
const TEXTS: usize = 1_000;
/// Maximum tokens per sequence of a text.
const SEQUENCE_TOKENS: usize = 256;
/// Tokens per pass, as in the server.
const TOKEN_BUDGET: usize = 512;
/// Texts per batch of stock candle. It is small because candle pads, and its attention is slow on
/// long rows.
const CANDLE_BATCH: usize = 8;

#[derive(Deserialize)]
struct Request {
    case: Option<String>,
    repeat: Option<usize>,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // `cargo test` and `cargo nextest` may run this to list its tests; it has none.
    if arguments.iter().any(|argument| argument == "--list") {
        return Ok(());
    }
    let (peer, model) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [peer] | [peer, "--bench"] => (peer, "models/all-MiniLM-L6-v2"),
        [peer, "--model", model] => (peer, model),
        _ => bail!("usage: peer_worker candle|f32|f32-fma|bf16|int8 [--model DIR]"),
    };
    let worker = Worker::load(peer, Path::new(model))?;
    let name = if peer == "candle" { peer.to_owned() } else { format!("strata {peer}") };
    let settings = worker.settings();
    say(
        &json!({ "ready": true, "name": name, "version": env!("CARGO_PKG_VERSION"), "settings": settings }),
    )?;
    for line in io::stdin().lock().lines() {
        let request: Request = serde_json::from_str(&line?)?;
        let Some(case) = request.case else {
            // A request to tune: there is nothing to tune.
            say(&json!({ "tuned": true }))?;
            continue;
        };
        let once = || worker.seconds(&case);
        let reply = match request.repeat {
            None => once().map(|seconds| json!({ "seconds": seconds })),
            Some(times) => (0..times)
                .map(|_| once())
                .collect::<Result<Vec<_>, _>>()
                .map(|seconds| json!({ "seconds": seconds })),
        };
        say(&reply.unwrap_or_else(|error| json!({ "error": error.to_string() })))?;
    }
    Ok(())
}

fn say(reply: &serde_json::Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{reply}")?;
    out.flush()
}

/// One engine and the texts to run it on.
struct Worker {
    engine: Engine,
    tokenizer: Tokenizer,
    texts: Vec<String>,
    spec: Arc<TaskSpec>,
}

enum Engine {
    Strata(Box<Model>),
    Candle(Box<BertModel>),
}

impl Worker {
    fn load(peer: &str, dir: &Path) -> anyhow::Result<Self> {
        let checkpoint = Checkpoint::open(dir)?;
        let engine = match peer {
            "candle" => Engine::Candle(Box::new(candle(dir, &checkpoint)?)),
            "f32" => Engine::strata(&checkpoint, Dtype::F32, None)?,
            // Where there are tiles, the products of f32 would be split.
            "f32-fma" => Engine::strata(&checkpoint, Dtype::F32, Some(F32Products::Fma))?,
            "bf16" => Engine::strata(&checkpoint, Dtype::Bf16, None)?,
            "int8" => Engine::strata(&checkpoint, Dtype::Int8, None)?,
            other => bail!("no such peer: {other}"),
        };
        // The masked mean of the last hidden state, as every peer computes it.
        let recipe = Recipe {
            layers: vec![-1],
            combine: Combine::Mean,
            pooling: Pooling::Mean,
            ..Recipe::default()
        };
        let book = RecipeBook::new(
            Model::shape_of(&checkpoint),
            &checkpoint.sentence,
            &Default::default(),
        )
        .map_err(|invalid| anyhow::anyhow!("{}: {}", invalid.name, invalid.error))?;
        let recipe = book.resolve(&RecipeRef::Object(recipe))?;
        let file = fs::read_to_string(DATA)
            .with_context(|| format!("{DATA}: `make data` downloads it"))?;
        let lines = file.lines().skip(1).take(TEXTS).filter_map(|line| line.split_once('\t'));
        Ok(Self {
            engine,
            tokenizer: Tokenizer::load(dir, &TokenizerHints::default())?,
            texts: lines.map(|(_, text)| text.to_owned()).collect(),
            spec: Arc::new(TaskSpec::new(vec![OutputSpec::Embedding(recipe)])),
        })
    }

    fn settings(&self) -> serde_json::Value {
        match &self.engine {
            Engine::Strata(model) => json!({
                "precision": model.encoder().numerics(),
                "instruction set": model.encoder().instruction_set(),
                "tokens per pass": TOKEN_BUDGET,
            }),
            Engine::Candle(_) => json!({ "precision": "f32", "batch": CANDLE_BATCH }),
        }
    }

    fn seconds(&self, case: &str) -> anyhow::Result<f64> {
        let shape =
            case.split_once('x').map(|(b, t)| Ok::<_, anyhow::Error>((b.parse()?, t.parse()?)));
        let synthetic: Option<(usize, usize)> = match (shape, case) {
            (Some(shape), _) => Some(shape?),
            (None, "snippets" | "snippets-sorted") => None,
            (None, other) => bail!("no such case: {other}"),
        };
        let Some((count, tokens)) = synthetic else {
            let started = Instant::now();
            let mut tasks = self.tokenized()?;
            if case == "snippets-sorted" {
                tasks.sort_by_key(|task| task.sequence.tokens());
            }
            self.passes(&tasks)?;
            return Ok(started.elapsed().as_secs_f64());
        };
        let tasks: Vec<Task> = (0..count).map(|row| self.synthetic(row, tokens)).collect();
        let started = Instant::now();
        match &self.engine {
            // The whole batch in one pass, like every peer.
            Engine::Strata(model) => {
                model.forward(&tasks.iter().collect::<Vec<_>>())?;
            }
            Engine::Candle(model) => {
                candle_pass(model, &tasks)?;
            }
        }
        Ok(started.elapsed().as_secs_f64())
    }

    fn synthetic(&self, row: usize, tokens: usize) -> Task {
        let mut ids: Vec<u32> = (0..tokens)
            .map(|column| 1_000 + ((row * tokens + column) * 7_919 % 29_000) as u32)
            .collect();
        (ids[0], ids[tokens - 1]) = (101, 102);
        let sequence = Sequence::new(ids, vec![0; tokens]);
        Task::whole(sequence, Arc::clone(&self.spec))
    }

    fn tokenized(&self) -> anyhow::Result<Vec<Task>> {
        let task = |text: &String| {
            let input = Input { text: Text::parse(text.clone(), usize::MAX)?, pair: None };
            let encoded =
                self.tokenizer.encode(&input, SEQUENCE_TOKENS, LongText::Truncate(None))?;
            Ok(Task::whole(encoded.sequence, Arc::clone(&self.spec)))
        };
        self.texts.par_iter().map(task).collect()
    }

    fn passes(&self, tasks: &[Task]) -> anyhow::Result<()> {
        let mut rest = tasks;
        while !rest.is_empty() {
            let later = match &self.engine {
                Engine::Strata(model) => {
                    let lens = rest.iter().map(|task| task.sequence.tokens());
                    let (pass, later) = rest.split_at(model.sequences_per_pass(lens, TOKEN_BUDGET));
                    model.forward(&pass.iter().collect::<Vec<_>>())?;
                    later
                }
                Engine::Candle(model) => {
                    let (pass, later) = rest.split_at(rest.len().min(CANDLE_BATCH));
                    candle_pass(model, pass)?;
                    later
                }
            };
            rest = later;
        }
        Ok(())
    }
}

impl Engine {
    fn strata(
        checkpoint: &Checkpoint,
        dtype: Dtype,
        f32_products: Option<F32Products>,
    ) -> anyhow::Result<Self> {
        let options = EncoderOptions {
            choice: EncoderChoice::Packed,
            dtype,
            threads: std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            instruction_set: None,
            f32_products,
        };
        Ok(Self::Strata(Box::new(Model::load(checkpoint, &options)?)))
    }
}

/// candle-transformers' BERT, unmodified.
fn candle(dir: &Path, checkpoint: &Checkpoint) -> anyhow::Result<BertModel> {
    let file: PathBuf = dir.join("model.safetensors");
    let weights = VarBuilder::from_buffered_safetensors(fs::read(file)?, DType::F32, &Device::Cpu)?;
    let config = checkpoint.config.candle().context("candle has no such BERT")?;
    Ok(BertModel::load(weights, &config)?)
}

/// The masked mean of the last hidden state (b,c) of one batch, padded to its longest sequence.
fn candle_pass(model: &BertModel, tasks: &[Task]) -> candle_core::Result<Vec<Vec<f32>>> {
    let t = tasks.iter().map(|task| task.sequence.tokens()).max().unwrap_or(0);
    let (mut ids, mut mask) = (Vec::new(), Vec::new());
    for (row, task) in tasks.iter().enumerate() {
        ids.extend_from_slice(&task.sequence.ids);
        ids.resize((row + 1) * t, 0);
        mask.resize(row * t + task.sequence.tokens(), 1_u32);
        mask.resize((row + 1) * t, 0);
    }
    let shape = (tasks.len(), t);
    let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
    let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
    let hidden = model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
    let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
    let sums = hidden.broadcast_mul(&mask)?.sum(1)?;
    sums.broadcast_div(&mask.sum(1)?)?.to_vec2()
}
