//! The log of the test's own process, in JSON, as the server writes it.

use std::io::{self, Write};
use std::sync::{Mutex, Once};

use serde_json::Value;

/// Shared by all tests of a process: worker threads write to it too.
static WRITTEN: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts to collect the log.
pub fn collect() {
    static COLLECTING: Once = Once::new();
    COLLECTING.call_once(|| {
        let log = tracing_subscriber::fmt().json().flatten_event(true).with_span_list(false);
        log.with_max_level(tracing::Level::DEBUG).with_writer(|| Writer).init();
    });
}

/// The log so far.
pub fn text() -> String {
    String::from_utf8(WRITTEN.lock().unwrap().clone()).unwrap()
}

/// The lines with a request's id, in a field of their own or of their span.
pub fn lines_of_request(id: &str) -> Vec<Value> {
    let lines: Vec<Value> =
        text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has_id = |line: &Value| line["request_id"] == id || line["span"]["request_id"] == id;
    lines.into_iter().filter(has_id).collect()
}
