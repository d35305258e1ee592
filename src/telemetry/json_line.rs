//! One event as a line of the JSON log, for what the process prints outside the log's queue: the ready
//! line on standard output, and the error that ends it.

use tracing_subscriber::filter::LevelFilter;

use super::written::Written;

/// The event that `emit` emits in JSON, with a line end: the fields are those of a line of the log.
/// Whatever the configured filter is, the event is written.
pub fn json_line(emit: impl FnOnce()) -> String {
    let written = Written::default();
    let writer = written.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_span_list(false)
        .with_max_level(LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .log_internal_errors(false)
        .finish();
    tracing::subscriber::with_default(subscriber, emit);
    written.text()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::telemetry::logs::{LogFilter, LogFormat, subscriber};

    #[test]
    fn a_line_has_the_fields_of_the_log_even_if_the_log_is_off() {
        let emit = || tracing::error!(exit_code = 2, "no such folder");
        let log = Written::default();
        let writer = log.clone();
        let filter = LogFilter::parse("info").unwrap();
        let subscriber = subscriber(LogFormat::Json, &filter, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, emit);
        let off = LogFilter::parse("off").unwrap();
        let silent = super::super::logs::subscriber(LogFormat::Json, &off, false, Written::default);
        let line = tracing::subscriber::with_default(silent, || json_line(emit));
        assert!(line.ends_with('\n') && line.lines().count() == 1, "{line}");
        let [mut line, mut logged] =
            [line, log.text()].map(|text| serde_json::from_str::<Value>(&text).unwrap());
        assert!(line["timestamp"].take().is_string() && logged["timestamp"].take().is_string());
        assert_eq!(line, logged);
        assert_eq!((&line["level"], &line["exit_code"]), (&"ERROR".into(), &2.into()));
    }
}
