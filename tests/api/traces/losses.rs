//! A collector that is not there, fails or hangs: requests are answered, losses are counted, and the
//! server stops in time.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::Value;

use super::{counted, embed, lines, send, serve};
use crate::support::collector::{Behaviour, Collector};
use crate::support::process::Running;
use crate::support::until;

/// Spans of a request for an embedding.
const SPANS: f64 = 6.0;
const REQUESTS: usize = 20;
/// The second that a collector may hold up the stop, and half of one for everything else.
const STOPPED: Duration = Duration::from_millis(1_500);

const LOST: &str = "spans of traces are lost; strata_traces_spans_total counts them";
const NOT_SENT: &str = "spans of traces were not sent before the stop";

async fn send_all(running: &Running) {
    for at in 0..REQUESTS {
        send(embed(running, &format!("r-{at}"))).await;
    }
}

/// Stops the server, which has to be done in time; its log.
fn stop(running: Running) -> Vec<Value> {
    let asked = Instant::now();
    running.terminate();
    let (status, _, log) = running.wait();
    assert!(status.success());
    assert!(asked.elapsed() < STOPPED, "{:?}", asked.elapsed());
    lines(&log)
}

fn with_message<'l>(log: &'l [Value], message: &str) -> Vec<&'l Value> {
    log.iter().filter(|line| line["message"] == message).collect()
}

/// An address at which nothing listens.
fn nowhere() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", free.local_addr().unwrap())
}

#[tokio::test]
async fn spans_for_a_collector_that_is_not_there_are_counted_and_logged_once() {
    let running = serve(&nowhere()).start();
    send_all(&running).await;
    let all = SPANS * REQUESTS as f64;
    until(async || counted(&running).await.iter().sum::<f64>() == all).await;
    assert_eq!(counted(&running).await[0], 0.0);
    let log = stop(running);
    let [warning] = with_message(&log, LOST)[..] else { panic!("not one warning: {log:?}") };
    assert_eq!(warning["level"], "WARN");
    assert!(warning["cause"].as_str().unwrap().contains("refused"), "{warning}");
    assert!(with_message(&log, NOT_SENT).is_empty());
}

#[tokio::test]
async fn a_failing_collector_costs_spans_until_it_works_again() {
    let collector = Collector::start(Behaviour::Fail(StatusCode::INTERNAL_SERVER_ERROR));
    let mut running = serve(&collector.url()).start();
    send_all(&running).await;
    let all = SPANS * REQUESTS as f64;
    until(async || counted(&running).await == [0.0, all, 0.0]).await;
    collector.behave(Behaviour::Accept);
    // The first one that is accepted follows a loss; the second shows that it lasts.
    for exported in [SPANS, 2.0 * SPANS] {
        send(embed(&running, "again")).await;
        until(async || counted(&running).await == [exported, all, 0.0]).await;
    }
    let log = lines(&running.until_logged("reach the collector again"));
    let [warning] = with_message(&log, LOST)[..] else { panic!("not one warning: {log:?}") };
    assert!(warning["cause"].as_str().unwrap().contains("500"), "{warning}");
    assert_eq!(log.last().unwrap()["lost"], all);
    assert!(with_message(&stop(running), LOST).is_empty());
}

#[tokio::test]
async fn a_collector_that_never_answers_costs_a_bounded_queue_and_holds_up_nothing() {
    let mut collector = Collector::start(Behaviour::Hang);
    let running = serve(&collector.url())
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "30000")
        .env("OTEL_BSP_MAX_QUEUE_SIZE", "16")
        .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
        .start();
    send(embed(&running, "first")).await;
    let being_sent = collector.next().await.spans().count();
    send_all(&running).await;
    let all = SPANS * (REQUESTS + 1) as f64;
    let dropped = all - 16.0 - being_sent as f64;
    assert_eq!(counted(&running).await, [0.0, 0.0, dropped]);
    let log = stop(running);
    let [warning] = with_message(&log, LOST)[..] else { panic!("not one warning: {log:?}") };
    assert_eq!(warning["cause"], "there is no room for more");
    let [not_sent] = with_message(&log, NOT_SENT)[..] else { panic!("not one: {log:?}") };
    assert_eq!(not_sent["spans"], 16 + being_sent);
    let waited = not_sent["waited_ms"].as_u64().unwrap();
    assert!((800..1_200).contains(&waited), "{waited} ms");
}

#[tokio::test]
async fn a_collector_that_never_answers_is_given_up_after_its_timeout() {
    let collector = Collector::start(Behaviour::Hang);
    let running = serve(&collector.url()).env("OTEL_EXPORTER_OTLP_TIMEOUT", "20").start();
    send(embed(&running, "r-1")).await;
    until(async || counted(&running).await == [0.0, SPANS, 0.0]).await;
    let log = stop(running);
    let [warning] = with_message(&log, LOST)[..] else { panic!("not one warning: {log:?}") };
    assert!(warning["cause"].as_str().unwrap().contains("timeout"), "{warning}");
}

#[tokio::test]
async fn the_cause_of_a_full_queue_is_logged_too() {
    let mut collector = Collector::start(Behaviour::Hang);
    let mut running = serve(&collector.url())
        .env("OTEL_EXPORTER_OTLP_TIMEOUT", "3000")
        .env("OTEL_BSP_MAX_QUEUE_SIZE", "6")
        .start();
    send(embed(&running, "first")).await;
    collector.next().await;
    send_all(&running).await;
    let log = lines(&running.until_logged("timeout: "));
    let causes = with_message(&log, LOST);
    let [full, failed] = causes[..] else { panic!("not two warnings: {log:?}") };
    assert_eq!(full["cause"], "there is no room for more");
    assert!(failed["cause"].as_str().unwrap().contains("timeout"), "{failed}");
    stop(running);
}

#[tokio::test]
async fn spans_that_the_collector_rejects_are_no_exported_ones() {
    let collector = Collector::start(Behaviour::Reject(2));
    // All spans of a request in one batch, as soon as there are as many.
    let running = serve(&collector.url())
        .env("OTEL_BSP_SCHEDULE_DELAY", "600000")
        .env("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "6")
        .start();
    send(embed(&running, "r-1")).await;
    until(async || counted(&running).await == [SPANS - 2.0, 2.0, 0.0]).await;
    let log = stop(running);
    let [warning] = with_message(&log, LOST)[..] else { panic!("not one warning: {log:?}") };
    assert_eq!(warning["cause"], "the collector rejects them: too many");
}

#[tokio::test]
async fn spans_that_the_collector_accepts_with_a_warning_are_exported() {
    let collector = Collector::start(Behaviour::Reject(0));
    let running = serve(&collector.url()).start();
    send(embed(&running, "r-1")).await;
    until(async || counted(&running).await == [SPANS, 0.0, 0.0]).await;
    send(embed(&running, "r-2")).await;
    until(async || counted(&running).await == [2.0 * SPANS, 0.0, 0.0]).await;
    let log = stop(running);
    let warned = with_message(&log, "the collector accepts spans with a warning");
    let [warning] = warned[..] else { panic!("not one warning: {log:?}") };
    assert_eq!(warning["warning"], "too many");
}

#[tokio::test]
async fn spans_are_exported_if_the_collector_accepts_them_in_too_many_words() {
    let collector = Collector::start(Behaviour::AcceptAtLength);
    let running = serve(&collector.url()).start();
    send(embed(&running, "r-1")).await;
    until(async || counted(&running).await == [SPANS, 0.0, 0.0]).await;
    assert!(with_message(&stop(running), LOST).is_empty());
}

#[tokio::test]
async fn what_waits_is_sent_before_the_server_ends() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url()).env("OTEL_BSP_SCHEDULE_DELAY", "600000").start();
    send(embed(&running, "r-1")).await;
    let log = stop(running);
    assert_eq!(collector.try_next().unwrap().spans().count() as f64, SPANS);
    assert!(with_message(&log, NOT_SENT).is_empty());
}
