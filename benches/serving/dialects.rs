//! Compares other services' routes, and gRPC, with `/embed` on the same texts and recipe, and vectors in
//! base64 with lists of numbers.

use std::hint::black_box;
use std::time::Instant;

use serde_json::{Value, json};
use strata::http::vectors::{Encoding, VectorFormat};

use super::grpc;
use super::server::Server;
use super::work::{CONNECTIONS, post};
use super::{TEXTS, median, rate};

const ROUNDS: usize = 7;
/// Vectors and columns, as of a concatenation of four layers of the default model.
const VECTORS: usize = 64;
const COLUMNS: usize = 1_536;
/// How often the vectors are written per round.
const WRITES: usize = 20;

/// A route, and the body of a request for one text.
type Route = (&'static str, fn(&str) -> Value);

const MODEL: &str = "all-MiniLM-L6-v2";

/// `/embed`, then the routes that are compared with it.
const ROUTES: [Route; 6] = [
    ("/embed", |text| json!({"inputs": text, "recipe": "native"})),
    ("/v1/embeddings", |text| json!({"input": text, "model": "all-MiniLM-L6-v2"})),
    (
        "/v2/embed",
        |text| json!({"texts": [text], "model": "all-MiniLM-L6-v2", "input_type": "search_document"}),
    ),
    ("/tei/embed", |text| json!({"inputs": text})),
    ("/tei/", |text| json!({"inputs": text})),
    ("/v2/models/all-MiniLM-L6-v2/infer", |text| {
        let input = json!({"name": "text", "datatype": "BYTES", "shape": [1], "data": [text]});
        let parameters = json!({"recipe": "native"});
        json!({"inputs": [input], "outputs": [{"name": "embedding"}], "parameters": parameters})
    }),
];

/// The last row: the last route's requests over gRPC.
const GRPC: &str = "the same over gRPC";

/// Requests per second at 64 connections, over gRPC at 64 streams of one connection, and their ratio to
/// those of `/embed`.
pub fn routes(server: &Server, texts: &[String]) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let base = server.url.trim_end_matches("/embed");
    let messages: Vec<_> = texts.iter().map(|text| grpc::request(MODEL, text)).collect();
    let mut rates = vec![Vec::new(); ROUTES.len() + 1];
    for round in 0..=ROUNDS {
        let mut measured = Vec::new();
        for (path, body) in ROUTES {
            let bodies: Vec<String> = texts.iter().map(|text| body(text).to_string()).collect();
            let url = format!("{base}{path}");
            let send = || runtime.block_on(post(&url, &bodies, CONNECTIONS)).map(drop);
            measured.push(rate(TEXTS, send)?);
        }
        measured.push(rate(TEXTS, || runtime.block_on(grpc::call(base, &messages, CONNECTIONS)))?);
        if round > 0 {
            rates.iter_mut().zip(measured).for_each(|(rates, rate)| rates.push(rate));
        }
    }
    let ratio = |one: &[f64], other: &[f64]| -> f64 {
        median(one.iter().zip(other).map(|(one, other)| one / other).collect())
    };
    println!("medians of {ROUNDS} rounds, {CONNECTIONS} connections or streams");
    println!("{:<33} | requests/s | of /embed", "");
    let names = ROUTES.iter().map(|(path, _)| *path).chain([GRPC]);
    for (name, route) in names.zip(&rates) {
        println!("{name:<33} | {:>10.1} | {:.3}", median(route.clone()), ratio(route, &rates[0]));
    }
    let [.., http, grpc] = &rates[..] else { return Ok(()) };
    println!("gRPC over the same requests over HTTP: {:.3}", ratio(grpc, http));
    Ok(())
}

/// The time to write vectors as lists of numbers, and in base64.
pub fn encodings() -> anyhow::Result<()> {
    // Numbers of all sizes, as those of an embedding that isn't normalised.
    let number = |at: usize| ((at * 7_919 % 10_007) as f32 / 10_007.0 - 0.5).powi(3);
    let row = |vector: usize| (0..COLUMNS).map(|at| number(vector * COLUMNS + at)).collect();
    let rows: Vec<Vec<f32>> = (0..VECTORS).map(row).collect();
    let mut millis = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (encoding, millis) in [Encoding::Float, Encoding::Base64].into_iter().zip(&mut millis) {
            let format = VectorFormat::float32(encoding);
            let mut copies: Vec<_> = (0..WRITES).map(|_| rows.clone()).collect();
            // Written over and over, as the server's chunks don't grow either.
            let mut written = Vec::with_capacity(VECTORS * COLUMNS * 16);
            let started = Instant::now();
            for rows in copies.drain(..) {
                let vectors: Vec<_> = rows.into_iter().map(|row| format.vector(row)).collect();
                written.clear();
                serde_json::to_writer(&mut written, &vectors)?;
                black_box(&written);
            }
            if round > 0 {
                millis.push(1_000.0 * started.elapsed().as_secs_f64() / WRITES as f64);
            }
        }
    }
    let [lists, base64] = millis.map(median);
    println!(
        "{VECTORS} × {COLUMNS}: lists {lists:.3} ms, base64 {base64:.3} ms, {:.1} × less",
        lists / base64
    );
    Ok(())
}
