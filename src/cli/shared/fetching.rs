//! What a hub does while a command waits for a model, on standard error.

use super::progress::Progress;
use crate::hub::Event;

const KB: u64 = 1_000;

/// What shows it: a bar on a terminal, otherwise lines.
pub fn show_fetching() -> impl FnMut(Event<'_>) {
    let (mut progress, mut fetched, mut total) = (None, 0, 0);
    move |event| match event {
        Event::Fetching { bytes, .. } => {
            (fetched, total) = (0, bytes);
            progress = Progress::new("fetching", bytes.div_ceil(KB) as usize, "kB").ok();
        }
        Event::Fetched(more) => {
            let before = fetched / KB;
            fetched += more;
            if let Some(progress) = &mut progress {
                progress.add((fetched / KB - before) as usize);
            }
            if fetched >= total {
                progress.take().map(Progress::finish);
            }
        }
        Event::Again { file, reason } => eprintln!("{file}: {reason}; fetching it again"),
        Event::FromCache { reason } => {
            eprintln!("the hub can't be asked: {reason}; using what was fetched before");
        }
    }
}
