//! Catching a panic without its message, which may quote an input.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

thread_local! {
    /// How many calls of [`catch`] this thread is in.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
    /// Where the last panic within [`catch`] was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Whether a panic outside [`catch`] is logged rather than printed.
static LOGGED: AtomicBool = AtomicBool::new(false);

/// From now on, a panic outside [`catch`] is an event with thread and place, without its message, which
/// may quote an input. Printing it would wait for standard error, and panic again if that fails.
pub fn log_all() {
    LOGGED.store(true, Ordering::Relaxed);
    install_hook();
}

/// A panic that was caught, without its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    /// File, line and column; `None` if the panic came from another thread.
    place: Option<String>,
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "panicked at {place}"),
            None => f.write_str("panicked"),
        }
    }
}

/// Runs `work` and catches its panic. Nothing is printed for a panic on this thread: the caller
/// logs it. State that `work` leaves inconsistent stays so.
///
/// # Errors
/// `work` panicked.
pub fn catch<T>(work: impl FnOnce() -> T) -> Result<T, Panicked> {
    install_hook();
    PLACE.take();
    let _guard = Catching::enter();
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| Panicked { place: PLACE.take() })
}

/// Installs a panic hook that records the place of a panic within [`catch`]; logs other panics after
/// [`log_all`], and passes them to the previous hook before.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let next = take_hook();
        set_hook(Box::new(move |panic| {
            let place = panic.location().map(Location::to_string);
            if CATCHING.get() > 0 {
                PLACE.set(place);
            } else if LOGGED.load(Ordering::Relaxed) {
                let thread = std::thread::current();
                tracing::error!(thread = thread.name(), place, "a thread panicked");
            } else {
                next(panic);
            }
        }));
    });
}

struct Catching;

impl Catching {
    fn enter() -> Self {
        CATCHING.set(CATCHING.get() + 1);
        Self
    }
}

impl Drop for Catching {
    fn drop(&mut self) {
        CATCHING.set(CATCHING.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caught_panic_has_its_place_and_not_its_message() {
        let text = "a xylophone";
        let panicked = catch(|| panic!("at {text}")).unwrap_err().to_string();
        assert!(panicked.starts_with("panicked at src/telemetry/panics.rs:"), "{panicked}");
        assert!(!panicked.contains(text));
        assert_eq!(catch(|| 1), Ok(1));
    }

    #[test]
    fn a_panic_that_nobody_catches_is_logged_with_its_place_and_not_its_message() {
        use crate::telemetry::logs::{LogFilter, LogFormat, subscriber};
        use crate::telemetry::written::Written;

        let text = "a xylophone";
        let written = Written::default();
        let (writer, filter) = (written.clone(), LogFilter::parse("info").unwrap());
        let log = subscriber(LogFormat::Json, &filter, false, move || writer.clone());
        log_all();
        let thread = std::thread::Builder::new().name("strata-test".to_owned());
        let panics =
            move || tracing::subscriber::with_default(log, || -> () { panic!("at {text}") });
        assert!(thread.spawn(panics).unwrap().join().is_err());
        let line: serde_json::Value = serde_json::from_str(&written.text()).unwrap();
        assert_eq!((&line["level"], &line["thread"]), (&"ERROR".into(), &"strata-test".into()));
        let place = line["place"].as_str().unwrap();
        assert!(place.starts_with("src/telemetry/panics.rs:"), "{place}");
        assert!(!written.text().contains(text));
    }

    #[test]
    fn a_panic_of_another_thread_has_no_place() {
        let resumed = || std::panic::resume_unwind(Box::new("from another thread"));
        assert_eq!(catch(resumed).unwrap_err().to_string(), "panicked");
    }
}
