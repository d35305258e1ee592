//! Clients that share passes.

use std::net::IpAddr;

use super::*;

#[tokio::test]
async fn clients_that_wait_have_passes_in_turn() {
    let (batcher, worker, stage) = staged(options(10, 64, 8));
    let first = batcher.submit(submission(tens([0]))).unwrap();
    assert_eq!(stage.pass(), [0]);
    let [one, other] = ["192.0.2.1", "192.0.2.2"]
        .map(|address| ClientId::from(address.parse::<IpAddr>().unwrap()));
    let submit = |client, items| batcher.submit(Submission::new(client, tens(items))).unwrap();
    let pending = [submit(one, 1..9), submit(other, 11..19)];
    batcher.close();
    let passes = stage.drain();
    let first_client = passes[..8].iter().filter(|items| items[0] < 10).count();
    assert_eq!(first_client, 4, "{passes:?}");
    outputs(first.await);
    for pending in pending {
        outputs(pending.await);
    }
    worker.join();
}

#[tokio::test]
async fn the_first_of_several_passes_is_known_while_they_run() {
    let (batcher, worker, stage) = staged(options(10, 64, 8));
    let first = batcher.submit(submission(tens([0]))).unwrap();
    assert_eq!(stage.pass(), [0]);
    assert!(first.first_pass().began().is_some());
    let pending = batcher.submit(submission(tens([1, 2]))).unwrap();
    let first_pass = pending.first_pass();
    assert_eq!(first_pass.began(), None);
    stage.go();
    assert_eq!(stage.pass(), [1]);
    let began = first_pass.began();
    assert!(began.is_some());
    batcher.close();
    stage.drain();
    assert_eq!(first_pass.began(), began);
    outputs(first.await);
    outputs(pending.await);
    worker.join();
}
