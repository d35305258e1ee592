//! Requests whose engine or worker fails.

use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::batching::EngineError;

#[tokio::test]
async fn a_failing_sequence_fails_alone_and_the_worker_keeps_running() {
    let (batcher, worker) = batcher_over(options(1_000, 64, 8), |items| {
        assert!(!items.contains(&&13), "the thirteenth");
        if items.contains(&&14) {
            return Err("the fourteenth".into());
        }
        let outputs = items.iter().map(|&item| item + 100);
        // For 15, the output is missing; for 16, there is one too many.
        let surplus = items.contains(&&16).then_some(0);
        Ok(outputs.filter(|&output| output != 115).chain(surplus).collect())
    });
    // Each request is one pass.
    for (bad, cause) in [
        (13, "the engine panicked at src/batching/tests/failures.rs:"),
        (14, "the fourteenth"),
        (15, "the engine returned 0 outputs for 1 items"),
        (16, "the engine returned 2 outputs for 1 items"),
    ] {
        // Longer sequences are computed first, but the index is that of the submission's first.
        let mut sequences = tens([1, 2, bad, 3, bad]);
        sequences[4].tokens = 11;
        let pending = batcher.submit(submission(sequences)).unwrap();
        let (index, message) = engine_failure(pending.await);
        assert_eq!(index, 2);
        assert!(message.starts_with(cause), "{message}");
        assert!(!batcher.status().failing, "others were computed");
        let pending = batcher.submit(submission(tens([bad]))).unwrap();
        assert_eq!(engine_failure(pending.await), (0, message));
        assert!(!batcher.status().failing, "the trial pass succeeded");
        assert_eq!(outputs(batcher.submit(submission(tens([1]))).unwrap().await), [101]);
        assert!(batcher.status().alive);
    }
    batcher.close();
    worker.join();
}

#[tokio::test]
async fn the_neighbours_of_a_failing_request_are_answered() {
    let (entered, runs) = mpsc::channel();
    let (go, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let (batcher, worker) = batcher_over(options(1_000, 64, 8), move |items| {
        entered.send(items.len())?;
        let _ = gate.lock().unwrap().recv();
        assert!(!items.contains(&&13), "the thirteenth");
        Ok(items.iter().map(|&item| item + 100).collect())
    });
    let first = batcher.submit(submission(tens([0]))).unwrap();
    assert_eq!(runs.recv(), Ok(1));
    let before = batcher.submit(submission(tens([1, 2]))).unwrap();
    let bad = batcher.submit(submission(tens([3, 13]))).unwrap();
    let after = batcher.submit(submission(tens([4]))).unwrap();
    drop(go);
    assert_eq!(outputs(first.await), [100]);
    assert_eq!(outputs(before.await), [101, 102]);
    assert_eq!(engine_failure(bad.await).0, 1);
    assert_eq!(outputs(after.await), [104]);
    let alone = batcher.submit(submission(tens([13]))).unwrap();
    assert_eq!(engine_failure(alone.await).0, 0);
    batcher.close();
    worker.join();
    // All five together, then halves until the bad one is alone; the last request was alone from the
    // start.
    assert!(runs.iter().eq([5, 2, 3, 1, 2, 1, 1, 1]));
}

#[tokio::test]
async fn one_bad_sequence_of_a_hundred_costs_few_passes() {
    let (entered, runs) = mpsc::channel();
    let (batcher, worker) = batcher_over(options(1_000, 128, 8), move |items| {
        entered.send(items.len())?;
        assert!(!items.contains(&&13), "the thirteenth");
        Ok(items.iter().map(|&item| item + 100).collect())
    });
    let (bad, good): (Vec<_>, Vec<_>) = (0..100)
        .map(|item| (item, batcher.submit(submission(tens([item]))).unwrap()))
        .partition(|(item, _)| *item == 13);
    for (item, pending) in good {
        assert_eq!(outputs(pending.await), [item + 100]);
    }
    for (_, pending) in bad {
        assert_eq!(engine_failure(pending.await).0, 0);
    }
    drop(batcher);
    worker.join();
    // At most two for each halving, beside the passes that took the requests as they came.
    let passes: Vec<_> = runs.iter().collect();
    assert!(passes.len() < 100, "{passes:?}");
    assert!(passes.iter().filter(|&&items| items == 1).count() < 10, "{passes:?}");
}

/// An engine that works only while it is switched on.
struct Switch(Arc<AtomicBool>);

impl Switch {
    fn compute(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let works = self.0.load(Ordering::SeqCst);
        works.then_some(()).ok_or_else(|| "switched off".into())
    }
}

impl Engine for Switch {
    type Item = u32;
    type Output = u32;

    fn run(&self, items: &[&u32]) -> PassResult {
        self.compute().map(|()| items.iter().map(|&&item| item).collect())
    }

    fn trial(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.compute()
    }
}

#[tokio::test]
async fn an_engine_that_fails_its_trial_pass_is_failing_until_one_succeeds() {
    let works = Arc::new(AtomicBool::new(false));
    let engine = Arc::new(Switch(Arc::clone(&works)));
    let (batcher, worker) = start(engine, options(1_000, 64, 8));
    let pending = batcher.submit(submission(tens([1, 2, 3]))).unwrap();
    assert_eq!(engine_failure(pending.await), (0, EngineError::Broken.to_string()));
    assert!(batcher.status().failing);
    works.store(true, Ordering::SeqCst);
    // Without any request: a trial pass each second.
    let until = Instant::now() + Duration::from_secs(60);
    while batcher.status().failing {
        assert!(Instant::now() < until, "still failing");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(outputs(batcher.submit(submission(tens([4]))).unwrap().await), [4]);
    drop(batcher);
    worker.join();
}

#[tokio::test]
async fn a_pass_that_does_not_end_shows_in_the_status() {
    let longest_pass = Duration::from_millis(1);
    let (batcher, worker, stage) = staged(BatcherOptions { longest_pass, ..options(10, 64, 8) });
    let pending = batcher.submit(submission(tens([1]))).unwrap();
    stage.pass();
    std::thread::sleep(Duration::from_millis(2));
    assert!(batcher.status().hung);
    stage.go();
    assert_eq!(outputs(pending.await), [101]);
    assert!(!batcher.status().hung);
    drop(batcher);
    worker.join();
}

#[tokio::test]
async fn a_worker_that_panics_outside_of_a_pass_loses_that_pass_and_is_started_again() {
    /// Panics when dropped, if `panics`: outside of any pass.
    struct Item {
        panics: bool,
    }
    impl Drop for Item {
        fn drop(&mut self) {
            assert!(!self.panics, "an item panics");
        }
    }
    struct Gate(Sender<()>, Mutex<Receiver<()>>);
    impl Engine for Gate {
        type Item = Item;
        type Output = ();

        fn run(&self, items: &[&Item]) -> Result<Vec<()>, Box<dyn Error + Send + Sync>> {
            self.0.send(())?;
            let _ = self.1.lock().unwrap().recv();
            Ok(vec![(); items.len()])
        }

        fn trial(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
            Ok(())
        }
    }
    let (entered, passes) = mpsc::channel();
    let (go, gate) = mpsc::channel();
    let engine = Arc::new(Gate(entered, Mutex::new(gate)));
    let (batcher, worker) = start(engine, options(100, 64, 8));
    let submit = |panics| {
        let sequence = Sequence { tokens: 10, item: Item { panics } };
        batcher.submit(submission(vec![sequence])).unwrap()
    };
    for _ in 0..3 {
        let busy = submit(false);
        passes.recv().unwrap();
        // Both are in the next pass. The first one's item panics after its answer was sent.
        let (first, second) = (submit(true), submit(false));
        go.send(()).unwrap();
        passes.recv().unwrap();
        go.send(()).unwrap();
        assert!(busy.await.is_ok() && first.await.is_ok());
        assert!(matches!(second.await, Err(Failed::Lost)));
        assert_eq!(batcher.status().waiting_tokens, 0);
    }
    drop(go);
    assert!(submit(false).await.is_ok());
    assert!(batcher.status().alive);
    batcher.close();
    worker.join();
    assert!(!batcher.status().alive);
}
