//! Which requests are recorded.

use super::{counted, embed, line_of, lines, send, serve, traceparent};
use crate::support::collector::{Behaviour, Collector};

/// Trace ids that a sampler by ratio takes first and last.
const LOW: &str = "4bf92f3577b34da60000000000000001";
const HIGH: &str = "4bf92f3577b34da6ffffffffffffffff";

/// Whether requests are recorded under these variables: with each of the two traces, sampled by the
/// caller and not, and without a caller.
async fn recorded(sampler: &str, ratio: &str) -> [bool; 5] {
    let mut collector = Collector::start(Behaviour::Accept);
    let mut server = serve(&collector.url()).env("OTEL_TRACES_SAMPLER_ARG", ratio);
    if !sampler.is_empty() {
        server = server.env("OTEL_TRACES_SAMPLER", sampler);
    }
    let running = server.start();
    let callers = [(LOW, true), (LOW, false), (HIGH, true), (HIGH, false)];
    for (at, (trace, sampled)) in callers.into_iter().enumerate() {
        let request = embed(&running, &format!("r-{at}"));
        send(request.header("traceparent", traceparent(trace, sampled))).await;
    }
    send(embed(&running, "r-4")).await;
    running.terminate();
    let (status, _, log) = running.wait();
    assert!(status.success());
    let mut sent = Vec::new();
    while let Some(export) = collector.try_next() {
        sent.extend(export.spans().map(|span| hex::encode(&span.span_id)));
    }
    let log = lines(&log);
    let recorded = [0, 1, 2, 3, 4].map(|at| {
        let line = line_of(&log, &format!("r-{at}"));
        // The trace of a caller is in the log in any case.
        if let Some((trace, _)) = callers.get(at) {
            assert_eq!(line["trace_id"], *trace);
        } else {
            assert_eq!(line["trace_id"].is_null(), line["span_id"].is_null());
        }
        line["span_id"].as_str().is_some_and(|id| {
            assert!(sent.iter().any(|sent| sent == id), "{id} is in the log and was not sent");
            true
        })
    });
    let spans = recorded.iter().filter(|recorded| **recorded).count() * 6;
    assert_eq!(sent.len(), spans, "{recorded:?}");
    recorded
}

#[tokio::test]
async fn by_default_the_caller_decides_and_otherwise_everything_is_recorded() {
    assert_eq!(recorded("", "").await, [true, false, true, false, true]);
}

#[tokio::test]
async fn all_or_nothing_whatever_the_caller_records() {
    assert_eq!(recorded("always_on", "").await, [true; 5]);
    assert_eq!(recorded("always_off", "").await, [false; 5]);
}

#[tokio::test]
async fn a_part_is_chosen_by_the_id_of_the_trace() {
    assert_eq!(recorded("traceidratio", "0").await, [false; 5]);
    assert_eq!(recorded("TraceIdRatio", "1").await, [true; 5]);
    assert_eq!(recorded("traceidratio", "0.5").await[..4], [true, true, false, false]);
}

#[tokio::test]
async fn a_caller_decides_before_the_ratio_does() {
    assert_eq!(recorded("parentbased_traceidratio", "0").await, [true, false, true, false, false]);
    assert_eq!(recorded("parentbased_always_off", "").await, [true, false, true, false, false]);
}

#[tokio::test]
async fn what_is_not_recorded_is_neither_counted_nor_sent() {
    let mut collector = Collector::start(Behaviour::Accept);
    let running = serve(&collector.url()).env("OTEL_TRACES_SAMPLER", "always_off").start();
    send(embed(&running, "r-1")).await;
    assert_eq!(counted(&running).await, [0.0; 3]);
    // It sends what waits before it ends.
    running.terminate();
    let (status, _, _) = running.wait();
    assert!(status.success());
    assert!(collector.try_next().is_none());
}
