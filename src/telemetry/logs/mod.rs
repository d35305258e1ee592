//! The log: one subscriber for the process, which writes text or JSON to standard error, through a
//! bounded queue.

mod filter;

use std::fs::File;
use std::io::{self, IsTerminal, stderr};
use std::os::fd::AsFd;
use std::sync::Arc;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use super::log_queue::{CAPACITY, LogQueue, Losses};

pub use filter::{InvalidFilter, LogFilter};

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line per event, for people; coloured on a terminal unless `NO_COLOR` is set.
    Pretty,
    /// One JSON object per event, for programs.
    Json,
}

/// Why the log could not be started.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Standard error can't be duplicated, or the thread can't be started.
    #[error("the log could not be started: {0}")]
    Io(#[from] io::Error),
    /// It was started before: a process has one log.
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Writes the events of the process to standard error, also those of libraries that use the `log`
/// crate, through a queue of [`CAPACITY`] bytes. Nobody who logs waits for standard error.
///
/// # Errors
/// See [`InitError`].
pub fn init(format: LogFormat, filter: &LogFilter) -> Result<Log, InitError> {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let ansi = stderr().is_terminal() && !no_color;
    // A descriptor of its own: the standard library locks standard error for everyone who prints.
    let sink = File::from(stderr().as_fd().try_clone_to_owned()?);
    let queue = LogQueue::start(CAPACITY, sink, report_losses)?;
    let (subscriber, set_filter) = reloadable(format, filter, ansi, queue.clone());
    subscriber.try_init()?;
    Ok(Log { queue, set_filter })
}

/// The log of the process. A clone is the same log.
#[derive(Clone)]
pub struct Log {
    /// What is written and what is lost.
    pub queue: LogQueue,
    set_filter: SetFilter,
}

type SetFilter = Arc<dyn Fn(&LogFilter) + Send + Sync>;

impl Log {
    /// From now on, what `filter` lets through is logged.
    pub fn set_filter(&self, filter: &LogFilter) {
        (self.set_filter)(filter);
    }
}

fn report_losses(Losses { dropped, failed }: Losses) {
    tracing::warn!(dropped, failed, "lines of the log were lost");
}

/// A subscriber, and what changes its filter.
fn reloadable<W>(
    format: LogFormat,
    filter: &LogFilter,
    ansi: bool,
    writer: W,
) -> (Box<dyn Subscriber + Send + Sync>, SetFilter)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter.env_filter())
        .with_ansi(ansi)
        .with_writer(writer)
        // By default it reports its own errors with `eprintln!`, which panics if that fails.
        .log_internal_errors(false);
    // Fails only if the subscriber is gone, and with it what would be filtered.
    macro_rules! both {
        ($builder:expr) => {{
            let builder = $builder.with_filter_reloading();
            let handle = builder.reload_handle();
            let set = move |filter: &LogFilter| drop(handle.reload(filter.env_filter()));
            (Box::new(builder.finish()), Arc::new(set))
        }};
    }
    match format {
        LogFormat::Pretty => both!(builder),
        LogFormat::Json => both!(builder.json().flatten_event(true).with_span_list(false)),
    }
}

#[cfg(test)]
pub(crate) fn subscriber<W>(
    format: LogFormat,
    filter: &LogFilter,
    ansi: bool,
    writer: W,
) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    reloadable(format, filter, ansi, writer).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::written::Written;

    fn logged(format: LogFormat, filter: &str, events: impl FnOnce()) -> String {
        let written = Written::default();
        let writer = written.clone();
        let filter = LogFilter::parse(filter).unwrap();
        let subscriber = subscriber(format, &filter, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, events);
        written.text()
    }

    fn chatter() {
        tracing::info!(target: "strata::http", "ours");
        tracing::info!(target: "hyper_util::client", "theirs");
        tracing::warn!(target: "tokenizers::tokenizer", "warned");
        tracing::error!(target: "hyper::proto", "failed");
    }

    fn words(filter: &str) -> String {
        let lines = logged(LogFormat::Pretty, filter, chatter);
        let last = |line: &str| line.split_whitespace().next_back().unwrap().to_owned();
        lines.lines().map(last).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn libraries_stay_at_warn_unless_a_directive_names_them() {
        assert_eq!(words("info"), "ours warned failed");
        assert_eq!(words("trace"), "ours warned failed");
        assert_eq!(words("info,hyper=debug"), "ours theirs warned failed");
        assert_eq!(words("info, tokenizers=off"), "ours failed");
    }

    #[test]
    fn the_filter_can_change_while_the_log_is_in_use() {
        let written = Written::default();
        let writer = written.clone();
        let filter = |text| LogFilter::parse(text).unwrap();
        let (subscriber, set_filter) =
            reloadable(LogFormat::Pretty, &filter("info"), false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, || {
            for level in ["debug", "error"] {
                tracing::debug!("before {level}");
                set_filter(&filter(level));
                tracing::debug!("after {level}");
            }
        });
        let text = written.text();
        assert!(text.contains("after debug") && text.contains("before error"), "{text}");
        assert!(!text.contains("before debug") && !text.contains("after error"), "{text}");
    }

    #[test]
    fn a_level_of_error_or_off_applies_to_libraries_too() {
        assert_eq!(words("error"), "failed");
        assert_eq!(words("off"), "");
        assert_eq!(words("strata=debug"), "ours");
    }

    #[test]
    fn a_json_line_has_the_fields_of_the_event_and_of_its_request() {
        let line = logged(LogFormat::Json, "info", || {
            let request = tracing::info_span!("request", request_id = "r-1");
            request.in_scope(|| tracing::info!(status = 200, queue_ms = 1.5, "answered"));
        });
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["message"], "answered");
        assert_eq!(line["status"], 200);
        assert_eq!(line["queue_ms"], 1.5);
        assert_eq!(line["span"]["request_id"], "r-1");
    }
}
