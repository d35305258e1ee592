//! When passes start, and how the worker stops.

use super::*;

#[tokio::test]
async fn a_closed_batcher_accepts_no_more_but_computes_what_waits() {
    let (batcher, worker, stage) = staged(options(10, 64, 8));
    let first = batcher.submit(submission(tens([1]))).unwrap();
    stage.pass();
    let waiting = batcher.submit(submission(tens([2, 3]))).unwrap();
    let clone = batcher.clone();
    batcher.close();
    batcher.close();
    assert_eq!(clone.submit(submission(tens([4]))).unwrap_err(), SubmitError::Closed);
    assert!(clone.status().alive);
    assert_eq!(stage.drain(), [[2], [3]]);
    assert_eq!(outputs(first.await), [101]);
    assert_eq!(outputs(waiting.await), [102, 103]);
    worker.join();
    assert!(!clone.status().alive);
}

#[tokio::test]
async fn the_worker_drains_and_ends_when_all_handles_are_dropped() {
    let (batcher, worker, stage) = staged(options(10, 64, 8));
    let pending = batcher.submit(submission(tens([1, 2]))).unwrap();
    drop(batcher.clone());
    drop(batcher);
    assert_eq!(stage.drain(), [[1], [2]]);
    worker.join();
    assert_eq!(outputs(pending.await), [101, 102]);
}

#[tokio::test]
async fn gathering_waits_for_more_requests_and_ends_on_close() {
    // Many times, so that a worker that doesn't wait is found.
    for _ in 0..100 {
        let (batcher, worker, stage) =
            staged(BatcherOptions { gather: AN_HOUR, ..options(1_000, 64, 8) });
        let first = batcher.submit(submission(tens([1]))).unwrap();
        std::thread::yield_now();
        let second = batcher.submit(submission(tens([2]))).unwrap();
        batcher.close();
        assert_eq!(stage.drain(), [[1, 2]]);
        assert_eq!(outputs(first.await), [101]);
        assert_eq!(outputs(second.await), [102]);
        worker.join();
    }
}

#[tokio::test]
async fn gathering_does_not_start_anew_with_each_arrival() {
    const GATHER: Duration = Duration::from_millis(100);
    let (batcher, worker, stage) =
        staged(BatcherOptions { gather: GATHER, ..options(1_000_000, 64, 8) });
    let began = Instant::now();
    let mut pending = Vec::new();
    while stage.passes.try_recv().is_err() {
        assert!(began.elapsed() < 100 * GATHER, "no pass begins as long as requests arrive");
        pending.push(batcher.submit(submission(tens([1]))).unwrap());
        std::thread::sleep(GATHER / 10);
    }
    batcher.close();
    stage.drain();
    for pending in pending {
        assert_eq!(outputs(pending.await), [101]);
    }
    worker.join();
}

#[tokio::test]
async fn gathering_ends_when_a_full_token_budget_waits() {
    let (batcher, worker, stage) = staged(BatcherOptions { gather: AN_HOUR, ..options(30, 64, 8) });
    let submit = |item| batcher.submit(submission(tens([item]))).unwrap();
    let pending = [1, 2, 3].map(submit);
    // The third is counted before it is sent, so it may arrive one pass later.
    assert!(stage.pass().starts_with(&[1, 2]));
    batcher.close();
    stage.drain();
    for (pending, output) in pending.into_iter().zip(101..) {
        assert_eq!(outputs(pending.await), [output]);
    }
    worker.join();
}
