//! What a hub does while a model is loaded, as lines of the log.

use std::time::{Duration, Instant};

use crate::hub::Event;

/// Time between two lines about bytes.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// What writes the lines.
pub fn log_fetching() -> impl FnMut(Event<'_>) {
    let (mut total, mut fetched, mut next) = (0, 0, Instant::now() + LINE_INTERVAL);
    move |event| match event {
        Event::Fetching { files, bytes } => {
            (total, fetched) = (bytes, 0);
            tracing::info!(files, bytes, "fetching the model");
        }
        Event::Fetched(more) => {
            fetched += more;
            if Instant::now() >= next {
                next = Instant::now() + LINE_INTERVAL;
                tracing::info!(bytes = fetched, total, "fetching the model");
            }
        }
        Event::Again { file, reason } => tracing::warn!(file, reason, "fetching it again"),
        Event::FromCache { reason } => {
            tracing::warn!(reason, "the hub can't be asked; using what was fetched before");
        }
    }
}
