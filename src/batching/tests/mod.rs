//! The batcher as its users see it. Engines report what they are given and wait for the test, so that
//! no test depends on time.

use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{
    Batcher, BatcherOptions, BatchingMetrics, ClientId, Computed, Engine, Failed, PassCost,
    Priority, Sequence, Submission, SubmitError, Turns, Worker,
};

mod failures;
mod sharing;
mod starting_and_stopping;

pub(super) fn options(budget: usize, look_ahead: usize, patience: u32) -> BatcherOptions {
    BatcherOptions {
        token_budget: NonZeroUsize::new(budget).unwrap(),
        padding: true,
        queue_tokens: NonZeroUsize::new(1 << 30).unwrap(),
        queue_time: AN_HOUR,
        look_ahead: NonZeroUsize::new(look_ahead).unwrap(),
        patience,
        gather: Duration::ZERO,
        longest_pass: AN_HOUR,
        // So fast that no deadline is too short.
        cost: PassCost::from_passes(Duration::ZERO, 1, Duration::ZERO),
    }
}

const AN_HOUR: Duration = Duration::from_secs(3_600);

type PassResult = Result<Vec<u32>, Box<dyn Error + Send + Sync>>;

/// An engine that is a function.
struct Compute<F>(F);

impl<F: Fn(&[&u32]) -> PassResult + Send + Sync + 'static> Engine for Compute<F> {
    type Item = u32;
    type Output = u32;

    fn run(&self, items: &[&u32]) -> PassResult {
        self.0(items)
    }

    fn trial(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        // A function has no state that could be broken.
        Ok(())
    }
}

/// The test's side of an engine: it sees what each pass holds, and lets it finish.
struct Stage {
    passes: Receiver<Vec<u32>>,
    go: Sender<()>,
}

impl Stage {
    /// Waits for a pass to start; returns its items.
    fn pass(&self) -> Vec<u32> {
        self.passes.recv().unwrap()
    }

    /// Lets one pass finish.
    fn go(&self) {
        self.go.send(()).unwrap();
    }

    /// Lets all further passes finish; returns their items.
    fn drain(self) -> Vec<Vec<u32>> {
        drop(self.go);
        self.passes.iter().collect()
    }
}

/// A batcher over an engine that adds 100; each pass waits for the stage.
fn staged(options: BatcherOptions) -> (Batcher<u32, u32>, Worker, Stage) {
    let (started, passes) = mpsc::channel();
    let (go, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let (batcher, worker) = batcher_over(options, move |items| {
        started.send(items.iter().map(|&&item| item).collect())?;
        // An error means that passes no longer wait.
        let _ = gate.lock().unwrap().recv();
        Ok(items.iter().map(|&item| item + 100).collect())
    });
    (batcher, worker, Stage { passes, go })
}

/// A batcher that shares the cores with no other.
fn start<E: Engine>(
    engine: Arc<E>,
    options: BatcherOptions,
) -> (Batcher<E::Item, E::Output>, Worker) {
    let metrics = BatchingMetrics::default().for_model("tested");
    Batcher::start(engine, options, metrics, Turns::default().join(1.0)).unwrap()
}

/// A batcher over an engine that is a function.
fn batcher_over<F>(options: BatcherOptions, engine: F) -> (Batcher<u32, u32>, Worker)
where
    F: Fn(&[&u32]) -> PassResult + Send + Sync + 'static,
{
    start(Arc::new(Compute(engine)), options)
}

/// Sequences of 10 tokens.
fn tens(items: impl IntoIterator<Item = u32>) -> Vec<Sequence<u32>> {
    let sequence = |item| Sequence { tokens: 10, item };
    items.into_iter().map(sequence).collect()
}

/// A submission of the only client, without a deadline.
fn submission<I>(sequences: Vec<Sequence<I>>) -> Submission<I> {
    Submission::new(ClientId::LOCAL, sequences)
}

/// The index and the cause of an engine's failure.
fn engine_failure(computed: Result<Computed<u32>, Failed>) -> (usize, String) {
    match computed {
        Err(Failed::Engine { index, cause }) => (index, cause.to_string()),
        other => panic!("{other:?}"),
    }
}

fn outputs(computed: Result<Computed<u32>, Failed>) -> Vec<u32> {
    computed.unwrap().outputs
}

#[tokio::test]
async fn an_idle_batcher_starts_at_once_and_a_busy_one_gathers() {
    let (batcher, worker, stage) = staged(options(1_000, 64, 8));
    let first = batcher.submit(submission(tens([1]))).unwrap();
    assert_eq!(stage.pass(), [1]);
    let second = batcher.submit(submission(tens([2, 3]))).unwrap();
    let third = batcher.submit(submission(tens([4]))).unwrap();
    assert_eq!(batcher.status().waiting_sequences, 3);
    assert_eq!(batcher.status().waiting_tokens, 30);
    stage.go();
    assert_eq!(stage.pass(), [2, 3, 4]);
    assert_eq!(batcher.status().waiting_tokens, 0);
    batcher.close();
    assert!(stage.drain().is_empty());
    assert_eq!(outputs(first.await), [101]);
    assert_eq!(outputs(second.await), [102, 103]);
    assert_eq!(outputs(third.await), [104]);
    worker.join();
}

#[tokio::test]
async fn sequences_spread_over_passes_come_back_in_order() {
    let (batcher, worker) = batcher_over(options(30, 64, 8), |items| {
        Ok(items.iter().map(|&item| item + 100).collect())
    });
    let lens = [3, 9, 1, 30, 77, 2, 2, 15, 1, 8];
    let sequences = lens.into_iter().zip(0..);
    let sequences = sequences.map(|(tokens, item)| Sequence { tokens, item });
    let pending = batcher.submit(submission(sequences.collect())).unwrap();
    let computed = pending.await.unwrap();
    assert!(computed.outputs.into_iter().eq(100..110));
    assert!(computed.passes > 3, "{} passes", computed.passes);
    drop(batcher);
    worker.join();
}

#[tokio::test]
async fn a_request_of_a_thousand_does_not_delay_one_of_one() {
    let (batcher, worker, stage) = staged(options(80, 64, 8));
    let many = batcher.submit(submission(tens(0..1_000))).unwrap();
    assert_eq!(stage.pass().len(), 8);
    let one = batcher.submit(submission(tens([5_000]))).unwrap();
    stage.go();
    assert!(stage.pass().contains(&5_000));
    stage.go();
    assert_eq!(outputs(one.await), [5_100]);
    batcher.close();
    stage.drain();
    assert!(outputs(many.await).into_iter().eq(100..1_100));
    worker.join();
}

#[tokio::test]
async fn a_full_queue_says_when_to_retry_and_has_room_after_a_pass_took_some() {
    let queue_tokens = NonZeroUsize::new(20).unwrap();
    let (batcher, worker, stage) = staged(BatcherOptions { queue_tokens, ..options(1_000, 64, 8) });
    let first = batcher.submit(submission(tens([1, 2]))).unwrap();
    assert_eq!(stage.pass(), [1, 2]);
    let waiting = batcher.submit(submission(tens([5, 6]))).unwrap();
    let full = SubmitError::Full { retry_after: Duration::from_secs(1) };
    assert_eq!(batcher.submit(submission(tens([7]))).unwrap_err(), full);
    let check = || batcher.check_room(ClientId::LOCAL, Priority::Interactive, None);
    assert_eq!(check(), Err(full));
    stage.go();
    assert_eq!(stage.pass(), [5, 6]);
    assert_eq!(check(), Ok(()));
    let last = batcher.submit(submission(tens([7]))).unwrap();
    batcher.close();
    assert_eq!(stage.drain(), [[7]]);
    assert_eq!(outputs(first.await), [101, 102]);
    assert_eq!(outputs(waiting.await), [105, 106]);
    assert_eq!(outputs(last.await), [107]);
    worker.join();
}

#[tokio::test]
async fn a_submission_larger_than_the_queue_is_refused_even_if_nothing_waits() {
    let queue_tokens = NonZeroUsize::new(20).unwrap();
    let (batcher, _, _stage) = staged(BatcherOptions { queue_tokens, ..options(1_000, 64, 8) });
    let refused = batcher.submit(submission(tens([1, 2, 3]))).unwrap_err();
    assert_eq!(refused, SubmitError::TooLarge { tokens: 30, limit: 20 });
    let endless = Sequence { tokens: usize::MAX, item: 1 };
    let refused = batcher.submit(submission(vec![endless; 2])).unwrap_err();
    assert_eq!(refused, SubmitError::TooLarge { tokens: usize::MAX, limit: 20 });
}

#[tokio::test]
async fn a_submission_without_sequences_is_answered_at_once() {
    let (batcher, worker, stage) = staged(options(1_000, 64, 8));
    let busy = batcher.submit(submission(tens([1]))).unwrap();
    stage.pass();
    let nothing = batcher.submit(submission(Vec::new())).unwrap();
    assert!(outputs(nothing.await).is_empty());
    batcher.close();
    assert!(stage.drain().is_empty());
    assert_eq!(outputs(busy.await), [101]);
    worker.join();
}

#[tokio::test]
async fn a_sequence_without_tokens_counts_as_one_token() {
    let (batcher, worker, stage) = staged(options(1_000, 64, 8));
    let busy = batcher.submit(submission(tens([1]))).unwrap();
    stage.pass();
    let sequence = Sequence { tokens: 0, item: 2 };
    let light = batcher.submit(submission(vec![sequence; 3])).unwrap();
    assert_eq!(batcher.status().waiting_tokens, 3);
    batcher.close();
    stage.drain();
    assert_eq!(outputs(busy.await), [101]);
    assert_eq!(outputs(light.await), [102; 3]);
    worker.join();
}

#[tokio::test]
async fn a_request_that_is_late_or_whose_client_left_never_reaches_the_engine() {
    let (batcher, worker, stage) = staged(options(1_000, 64, 8));
    let busy = batcher.submit(submission(tens([1]))).unwrap();
    stage.pass();
    let left = batcher.submit(submission(tens([2]))).unwrap();
    let deadline = Instant::now() + Duration::from_millis(20);
    let late =
        batcher.submit(Submission { deadline: Some(deadline), ..submission(tens([3])) }).unwrap();
    let in_time = Instant::now() + AN_HOUR;
    let in_time =
        batcher.submit(Submission { deadline: Some(in_time), ..submission(tens([4])) }).unwrap();
    drop(left);
    std::thread::sleep(Duration::from_millis(25));
    batcher.close();
    assert_eq!(stage.drain(), [[4]]);
    assert_eq!(outputs(busy.await), [101]);
    assert!(matches!(late.await, Err(Failed::Deadline)));
    assert_eq!(outputs(in_time.await), [104]);
    assert_eq!(batcher.status().waiting_tokens, 0);
    worker.join();
}

#[tokio::test]
async fn a_deadline_does_not_wait_for_the_pass_to_end() {
    let (batcher, worker, stage) = staged(options(1_000, 64, 8));
    let late = batcher
        .submit(Submission { deadline: Some(Instant::now() + AN_HOUR), ..submission(tens([1])) });
    let busy = stage.pass();
    let soon = Instant::now() + Duration::from_millis(20);
    let second =
        batcher.submit(Submission { deadline: Some(soon), ..submission(tens([2])) }).unwrap();
    assert!(matches!(second.await, Err(Failed::Deadline)), "while {busy:?} runs");
    batcher.close();
    assert!(stage.drain().is_empty());
    assert_eq!(outputs(late.unwrap().await), [101]);
    worker.join();
}

#[test]
fn many_threads_each_get_their_own_answers() {
    let (batcher, worker) = batcher_over(options(200, 64, 8), |items| {
        Ok(items.iter().map(|&item| item + 100).collect())
    });
    std::thread::scope(|scope| {
        for client in 0..16 {
            let batcher = &batcher;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                for round in 0..50_u32 {
                    let items = client * 10_000 + round * 100..client * 10_000 + round * 101;
                    let sequences = items
                        .clone()
                        .map(|item| Sequence { tokens: 1 + item as usize * 7 % 40, item });
                    let pending = batcher.submit(submission(sequences.collect())).unwrap();
                    let got = outputs(runtime.block_on(pending));
                    assert!(got.into_iter().eq(items.map(|item| item + 100)));
                }
            });
        }
    });
    assert_eq!(batcher.status().waiting_sequences, 0);
    batcher.close();
    worker.join();
}
