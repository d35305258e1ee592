//! Requests whose engine or worker fails.

use super::*;

#[tokio::test]
async fn a_failing_sequence_fails_alone_and_the_worker_keeps_running() {
    let (batcher, worker) = batcher_over(options(1_000, 64, 8), |items| {
        assert!(!items.contains(&&13), "the thirteenth");
        if items.contains(&&14) {
            return Err("the fourteenth".into());
        }
        let outputs = items.iter().map(|&item| item + 100);
        // For 15, the output is missing.
        Ok(outputs.filter(|&output| output != 115).collect())
    });
    // Each request is one pass.
    for (bad, cause) in [
        (13, "the engine panicked at src/batching/tests/failures.rs:"),
        (14, "the fourteenth"),
        (15, "the engine returned 0 outputs for 1 items"),
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
        assert!(batcher.status().failing);
        assert_eq!(outputs(batcher.submit(submission(tens([1]))).unwrap().await), [101]);
        assert!(!batcher.status().failing);
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
    // All five together, then each alone; the last request was alone from the start.
    assert!(runs.iter().eq([5, 1, 1, 1, 1, 1, 1]));
}

#[tokio::test]
async fn a_dead_worker_shows_in_the_status_and_no_caller_panics() {
    /// Panics when dropped, if `panics`: this ends the worker outside of any pass.
    struct Item {
        panics: bool,
    }
    impl Drop for Item {
        fn drop(&mut self) {
            assert!(!self.panics, "an item panics");
        }
    }
    struct Idle;
    impl Engine for Idle {
        type Item = Item;
        type Output = ();
        fn run(&self, items: &[&Item]) -> Result<Vec<()>, Box<dyn Error + Send + Sync>> {
            Ok(vec![(); items.len()])
        }
    }
    let sequence = |panics| Sequence { tokens: 10, item: Item { panics } };
    let (batcher, worker) = Batcher::start(Arc::new(Idle), options(10, 64, 8)).unwrap();
    let pending = batcher.submit(submission(vec![sequence(true), sequence(false)])).unwrap();
    assert!(matches!(pending.await, Err(Failed::Stopped)));
    worker.join();
    assert!(!batcher.status().alive);
    assert_eq!(batcher.status().waiting_tokens, 0);
    let refused = batcher.submit(submission(vec![sequence(false)])).unwrap_err();
    assert_eq!(refused, SubmitError::Closed);
    assert_eq!(batcher.status().waiting_tokens, 0);
}
