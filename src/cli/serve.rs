//! `strata serve`: loads a checkpoint and its heads, and serves them until a signal to stop.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::shared::{Failure, ModelFlags, port, print, show_fetching};
use crate::app::{self, Startup, threads};
use crate::config::{Config, ServedModel};
use crate::model::encoder::EncoderKind;
use crate::telemetry::logs::{self, LogFormat};
use crate::telemetry::panics;
use crate::telemetry::traces::{TraceOptions, Traces, Variables};

/// How long the end of the process waits for the last lines of the log to be written.
const LAST_LINES: Duration = Duration::from_millis(500);

/// How long it waits for the last spans to reach the collector.
const LAST_SPANS: Duration = Duration::from_millis(900);

/// What is said about variables such as `STRATA_PORT=tcp://…`.
const IGNORED: &str = "ignored, since Kubernetes sets them for a Service: name it differently, or set \
                       enableServiceLinks: false";

const EXAMPLES: &str = "\
Examples:
  # The default model and its heads, on 127.0.0.1:8080
  strata serve
  # Another checkpoint, with your own heads, for other machines
  strata serve --model my-model --heads heads --host 0.0.0.0
  # Every setting, its value and where the value comes from
  strata serve --print-config";

/// Serve a checkpoint and its heads over HTTP.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Serve {
    #[command(flatten)]
    model: ModelFlags,
    /// IP address to listen on.
    #[arg(long)]
    host: Option<String>,
    /// Port to listen on; 0 for any free port.
    #[arg(long, value_parser = port)]
    port: Option<u16>,
    /// Additional folder of head folders; may be repeated.
    #[arg(long, value_name = "DIR")]
    heads: Vec<PathBuf>,
    /// Additional file of `strata calibrate`; may be repeated.
    #[arg(long, value_name = "FILE")]
    calibration: Vec<PathBuf>,
    /// Read the configuration, keys, checkpoint and heads, say what would be served, and exit.
    #[arg(long, conflicts_with = "print_config")]
    check: bool,
    /// Print the configuration with the source of each value, and exit.
    #[arg(long)]
    print_config: bool,
}

impl Serve {
    /// The format in which an error is printed that ends the server: that of its log.
    pub fn error_format(&self) -> LogFormat {
        self.model.log_format()
    }

    pub fn run(self) -> Result<(), Failure> {
        let mut sources = self.model.into_sources()?;
        sources.flags.host = self.host;
        sources.flags.port = self.port;
        sources.flags.heads = self.heads;
        sources.flags.calibrations = self.calibration;
        let settings = sources.read().map_err(Failure::unusable)?;
        let config = Config::try_from(&settings).map_err(Failure::unusable)?;
        let models = ServedModel::all(&settings).map_err(Failure::unusable)?;
        if self.print_config {
            return print(settings);
        }
        let variables = Variables::from_process().map_err(Failure::unusable)?;
        let traces = TraceOptions::read(&variables).map_err(Failure::unusable)?;
        let links = sources.service_links().join(", ");
        if self.check {
            if !links.is_empty() {
                eprintln!("{links}: {IGNORED}");
            }
            return print(app::check(&config, &models, &mut show_fetching())?);
        }
        let reference = |model: &ServedModel| model.config.encoder.kind() == EncoderKind::Reference;
        if models.iter().any(reference) {
            threads::pin(config.encoder.threads).map_err(Failure::failed)?;
        }
        let log = logs::init(config.log.format, &config.log.filter).map_err(Failure::failed)?;
        panics::log_all();
        if !links.is_empty() {
            tracing::warn!(variables = links, "{IGNORED}");
        }
        let traces = Traces::start(traces).map_err(Failure::failed)?;
        let queue = log.queue.clone();
        let served =
            app::serve(Startup { sources, settings, config, models, log, traces: traces.clone() });
        traces.stop(LAST_SPANS);
        queue.flush(LAST_LINES);
        Ok(served?)
    }
}
