//! Catching a panic without its message, which may quote an input.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// How many calls of [`catch`] this thread is in.
    static CATCHING: Cell<usize> = const { Cell::new(0) };
    /// Where the last panic within [`catch`] was.
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
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

/// Installs a panic hook that records the place of a panic within [`catch`], and passes all other
/// panics to the previous hook.
fn install_hook() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let next = take_hook();
        set_hook(Box::new(move |panic| {
            if CATCHING.get() == 0 {
                next(panic);
            } else {
                PLACE.set(panic.location().map(Location::to_string));
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
    fn a_panic_of_another_thread_has_no_place() {
        let resumed = || std::panic::resume_unwind(Box::new("from another thread"));
        assert_eq!(catch(resumed).unwrap_err().to_string(), "panicked");
    }
}
