//! One text in a hundred makes the encoder panic: the others are answered, and the server stays ready.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::json;
use strata::telemetry::log_queue::LogQueue;
use strata::telemetry::panics;

use crate::support::app::{TestApp, config};
use crate::support::judge::Judge;
use crate::support::stage::Fault;
use crate::support::tiny;

const REQUESTS: usize = 100;
const CULPRIT: usize = 37;

#[tokio::test]
async fn a_text_that_makes_the_encoder_panic_costs_nobody_else_an_answer() {
    one_of_many_panics().await;
}

/// A pipe that nobody reads.
struct Stalled;

impl Write for Stalled {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        loop {
            std::thread::park();
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_panic_costs_nobody_else_an_answer_while_the_log_stalls() {
    const CAPACITY: usize = 64;
    let log = LogQueue::start(CAPACITY, Stalled, |_| {}).unwrap();
    log.push(vec![b'a'; CAPACITY]);
    tracing_subscriber::fmt().with_writer(log.clone()).init();
    panics::log_all();
    one_of_many_panics().await;
    // A panic that nothing catches is a line of its own.
    let before = log.losses().dropped;
    assert!(std::thread::spawn(|| panic!("the injected message")).join().is_err());
    assert!(before >= REQUESTS as u64 && log.losses().dropped > before);
    assert!(!log.flush(Duration::ZERO));
}

async fn one_of_many_panics() {
    let config = config(tiny("sentence"));
    let (app, mut stage) = TestApp::staged(&config);
    let marked =
        *Judge::new(&config).sequence("a xylophone?", None).ids.iter().rev().nth(1).unwrap();
    stage.fault(Fault::PanicOn(marked));
    let send = |text: &'static str| {
        let app = app.clone();
        tokio::spawn(async move { app.post("/embed", json!({ "inputs": text })).await })
    };
    // While this one is computed, the others collect, so that they share passes with the culprit.
    let first = send("a film");
    stage.pass().await;
    let text = |index: usize| if index == CULPRIT { "a xylophone?" } else { "a good film" };
    let sent: Vec<_> = (0..REQUESTS).map(|index| send(text(index))).collect();
    app.until_waiting(REQUESTS).await;
    let done = Arc::new(AtomicBool::new(false));
    let probing = tokio::spawn({
        let (app, done) = (app.clone(), Arc::clone(&done));
        async move {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(app.get("/readyz").await.status.as_u16(), 200);
                tokio::task::yield_now().await;
            }
        }
    });
    stage.open();
    first.await.unwrap().ok();
    for (index, answer) in sent.into_iter().enumerate() {
        let answer = answer.await.unwrap();
        if index == CULPRIT {
            answer.problem(500, "internal", None);
        } else {
            answer.ok();
        }
    }
    done.store(true, Ordering::Relaxed);
    probing.await.unwrap();
    // The stand-in saw the culprit alone in the end.
    let mut passes = Vec::new();
    while let Some(sequences) = stage.try_pass() {
        passes.push(sequences);
    }
    assert!(passes.contains(&1), "{passes:?}");
    // Halving takes a few passes for each half, not one for each request.
    assert!(passes.len() < REQUESTS / 2, "{passes:?}");
}
