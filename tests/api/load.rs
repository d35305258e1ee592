//! Many requests at once over a real socket: every answer is right and in order, and none is lost.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use strata::model::task::TaskSpec;
use tokio::task::JoinSet;

use crate::support::answer::{floats, rows};
use crate::support::app::{TestApp, config};
use crate::support::heads::{TestHead, softmax};
use crate::support::judge::Judge;
use crate::support::server::TestServer;
use crate::support::{assert_close, default_model};

const REQUESTS: usize = 500;
const CONNECTIONS: usize = 64;
const MOST_TEXTS: usize = 40;
const SEED: u64 = 20_240_608;

/// Allowed difference to the same text in a pass of its own, relative to the largest expected value:
/// padding and the shape of the batch change the last bits of a sum. The largest difference seen is a
/// tenth of this.
const TOLERANCE: f32 = 1e-5;

const HEADS: [&str; 2] = ["mood", "topic"];

fn recipes() -> Vec<Value> {
    vec![
        json!("last-four"),
        json!("last-four-concat"),
        json!("last-four-cls"),
        json!("native"),
        json!({"layers": [1, -1], "combine": "max", "pooling": "mean_max"}),
        json!({"layers": [0, 2], "combine": "weighted", "weights": [0.5, -2.0], "pooling": "mean_sqrt_len"}),
    ]
}

/// Sixty short texts of 2 to 8 words.
fn texts() -> Vec<String> {
    const WORDS: [&str; 10] =
        ["film", "a", "dull", "gripping", "naïve", "the", "plot", "very", "日本", "unwatchable!"];
    let text = |i: usize| {
        let words = (0..=i * 5 % 7).map(|j| WORDS[(i * 3 + j * j) % WORDS.len()]);
        format!("{} {i}", words.collect::<Vec<_>>().join(" "))
    };
    (0..60).map(text).collect()
}

/// The expected answer for every text, computed once, one text at a time.
struct Expected {
    texts: Vec<String>,
    /// By text: a row for each recipe.
    embeddings: Vec<Vec<Vec<f32>>>,
    /// By text: `last-four`'s token rows, one after another.
    tokens: Vec<Vec<f32>>,
    /// By head, by text.
    logits: HashMap<&'static str, Vec<Vec<f32>>>,
}

impl Expected {
    fn new(judge: &Judge, heads: &[(&'static str, TestHead, usize)]) -> Self {
        let texts = texts();
        let mut list: Vec<_> =
            recipes().iter().map(|recipe| judge.output_spec(recipe, false)).collect();
        list.push(judge.output_spec(&json!("last-four"), true));
        let spec = TaskSpec::new(list);
        let mut embeddings: Vec<Vec<Vec<f32>>> =
            texts.iter().map(|text| judge.outputs(text, &spec)).collect();
        let tokens = embeddings.iter_mut().map(|rows| rows.pop().unwrap()).collect();
        let logits = heads.iter().map(|(name, head, recipe)| {
            let text_logits = |rows: &Vec<Vec<f32>>| head.logits(&rows[*recipe]);
            (*name, embeddings.iter().map(text_logits).collect())
        });
        let logits = logits.collect();
        Self { texts, embeddings, tokens, logits }
    }
}

/// One request: the indices of its texts, and what is computed for them.
struct PlannedRequest {
    texts: Vec<usize>,
    kind: Kind,
}

enum Kind {
    Embed { recipe: usize },
    Tokens,
    Classify { heads: Vec<&'static str>, embed: Option<usize> },
}

impl PlannedRequest {
    /// The request with index `at`. Most have few texts; every hundredth has the maximum.
    fn draw(at: usize, random: &mut StdRng, pool: usize) -> Self {
        let share: f64 = random.random();
        let drawn = 1 + ((MOST_TEXTS - 1) as f64 * share.powi(8)).round() as usize;
        let count = if at.is_multiple_of(100) { MOST_TEXTS } else { drawn };
        let texts = (0..count).map(|_| random.random_range(0..pool)).collect();
        let recipes = recipes().len();
        let kind = match random.random_range(0..10) {
            0..5 => Kind::Embed { recipe: random.random_range(0..recipes) },
            5 => Kind::Tokens,
            at => Kind::Classify {
                heads: if at < 8 { HEADS.to_vec() } else { vec![HEADS[at % 2]] },
                embed: (at == 7).then(|| random.random_range(0..recipes)),
            },
        };
        Self { texts, kind }
    }

    fn path_and_body(&self, expected: &Expected) -> (&'static str, Value) {
        let inputs: Vec<_> = self.texts.iter().map(|&text| &expected.texts[text]).collect();
        match &self.kind {
            Kind::Embed { recipe } => {
                ("/embed", json!({"inputs": inputs, "recipe": recipes()[*recipe]}))
            }
            Kind::Tokens => ("/embed", json!({"inputs": inputs, "tokens": true})),
            Kind::Classify { heads, embed: None } => {
                ("/classify", json!({"inputs": inputs, "heads": heads}))
            }
            Kind::Classify { heads, embed: Some(recipe) } => {
                let embed = &recipes()[*recipe];
                ("/classify", json!({"inputs": inputs, "heads": heads, "embed": embed}))
            }
        }
    }

    fn check(&self, answer: &Value, expected: &Expected) {
        let listed = |key: &str| answer[key].as_array().map_or(0, Vec::len);
        match &self.kind {
            Kind::Embed { .. } | Kind::Tokens => assert_eq!(listed("embeddings"), self.texts.len()),
            Kind::Classify { .. } => assert_eq!(listed("results"), self.texts.len()),
        }
        for (at, &text) in self.texts.iter().enumerate() {
            let row = &answer["embeddings"][at];
            match &self.kind {
                Kind::Embed { recipe } => {
                    close(&floats(row), &expected.embeddings[text][*recipe], "embedding");
                }
                Kind::Tokens => close(&rows(row).concat(), &expected.tokens[text], "tokens"),
                Kind::Classify { heads, embed } => {
                    if let Some(recipe) = embed {
                        close(&floats(row), &expected.embeddings[text][*recipe], "same pass");
                    }
                    assert_eq!(answer["results"][at].as_object().unwrap().len(), heads.len());
                    for head in heads {
                        let logits = &expected.logits[head][text];
                        let result = &answer["results"][at][head];
                        close(&floats(&result["logits"]), logits, head);
                        close(&floats(&result["probabilities"]), &softmax(logits), head);
                    }
                }
            }
        }
    }
}

fn close(got: &[f32], expected: &[f32], what: &str) {
    let largest = expected.iter().fold(1.0_f32, |largest, x| largest.max(x.abs()));
    assert_close(got, expected, TOLERANCE * largest, what);
}

/// Sends requests one after another over one connection until none is left.
async fn client(
    address: String,
    requests: Arc<Vec<PlannedRequest>>,
    next: Arc<AtomicUsize>,
    expected: Arc<Expected>,
) -> usize {
    let client = reqwest::Client::builder().pool_max_idle_per_host(1).build().unwrap();
    let mut answered = 0;
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let (path, body) = request.path_and_body(&expected);
        let sent = client.post(format!("{address}{path}")).json(&body).send().await.unwrap();
        let status = sent.status();
        let answer: Value = sent.json().await.unwrap();
        assert_eq!(status, 200, "{answer}");
        request.check(&answer, &expected);
        answered += 1;
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_of_500_requests_from_64_connections_is_right_and_in_order() {
    let mut config = config(default_model());
    // The test must not depend on the machine's speed.
    config.http.timeout = Duration::from_secs(600);
    config.http.max_timeout = config.http.timeout;
    config.http.progress_window = config.http.timeout;
    config.batching.queue_time = config.http.timeout;
    let folder = tempfile::tempdir().unwrap();
    let judge = Judge::new(&config);
    let heads = [("mood", 0, &["glad", "sad"][..]), ("topic", 1, &["art", "sport", "war"])];
    let heads = heads.map(|(name, recipe, labels)| {
        let head = TestHead::new(&judge, &recipes()[recipe], labels);
        head.save(folder.path(), name);
        (name, head, recipe)
    });
    config.heads = vec![folder.path().to_owned()];
    let app = TestApp::new(&config);
    let expected = Arc::new(Expected::new(&judge, &heads));
    let mut random = StdRng::seed_from_u64(SEED);
    let requests: Vec<_> = (0..REQUESTS)
        .map(|at| PlannedRequest::draw(at, &mut random, expected.texts.len()))
        .collect();
    let counts: Vec<_> = requests.iter().map(|request| request.texts.len()).collect();
    assert_eq!((counts.iter().min(), counts.iter().max()), (Some(&1), Some(&MOST_TEXTS)));

    let server = TestServer::start(&app).await;
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        clients.spawn(client(server.url(""), requests, next, Arc::clone(&expected)));
    }
    let answered: usize = clients.join_all().await.into_iter().sum();
    assert_eq!(answered, REQUESTS);
    server.stop().await;
    assert_eq!(app.batcher().status().waiting_sequences, 0);
}
