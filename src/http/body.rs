//! Reads a request's body within its limits of bytes and memory, and decompresses it.

use std::io::Read;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::error::ApiError;
use super::excerpt::excerpt;
use super::memory::MemoryCharge;
use crate::config::HttpConfig;

/// The first room for a body; it doubles whenever it is full.
const FIRST_BYTES: usize = 4 * 1024;

/// How the bytes of a body are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentEncoding {
    /// As they are.
    Identity,
    /// With gzip.
    Gzip,
}

impl ContentEncoding {
    /// Reads `Content-Encoding`.
    ///
    /// # Errors
    /// Another encoding, or several.
    pub fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = values.next() else {
            return Ok(Self::Identity);
        };
        let name = value.to_str().unwrap_or("not readable").trim();
        let known = match name.to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            _ => None,
        };
        let unsupported = || ApiError::UnsupportedContentEncoding(excerpt(name).into_owned());
        known.filter(|_| values.next().is_none()).ok_or_else(unsupported)
    }
}

/// The minimum rate of a body: so many bytes in each window of time.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// The window.
    pub window: Duration,
    /// The bytes that have to arrive in it.
    pub bytes: u64,
}

impl Rate {
    /// The configured rate.
    pub fn new(config: &HttpConfig) -> Self {
        // At least one byte, so that silence is never enough.
        let bytes = config.bytes_in_window(config.body_bytes_per_second).max(1);
        Self { window: config.progress_window, bytes }
    }
}

/// A window in which bytes have to arrive.
struct Window {
    ends: Instant,
    bytes: u64,
}

impl Window {
    fn new(rate: Rate) -> Self {
        Self { ends: Instant::now() + rate.window, bytes: rate.bytes }
    }

    /// Counts what arrived. The next window begins when it was enough for this one.
    fn arrived(&mut self, bytes: usize, rate: Rate) {
        self.bytes = self.bytes.saturating_sub(bytes as u64);
        if self.bytes == 0 {
            *self = Self::new(rate);
        }
    }
}

/// The bytes of a body. Their room is charged before it is taken, and no more than `limit` bytes.
struct Bytes<'c> {
    bytes: Vec<u8>,
    limit: usize,
    memory: &'c mut MemoryCharge,
}

impl<'c> Bytes<'c> {
    fn new(limit: usize, memory: &'c mut MemoryCharge) -> Self {
        Self { bytes: Vec::new(), limit, memory }
    }

    fn push(&mut self, more: &[u8]) -> Result<(), ApiError> {
        let needed = self.bytes.len() + more.len();
        if needed > self.limit {
            return Err(ApiError::BodyTooLarge(self.limit));
        }
        let room = self.bytes.capacity();
        if needed > room {
            let larger = needed.max(2 * room).max(FIRST_BYTES).min(self.limit);
            self.memory.try_grow(larger - room)?;
            self.bytes.reserve_exact(larger - self.bytes.len());
        }
        self.bytes.extend_from_slice(more);
        Ok(())
    }
}

/// Reads a body of at most `limit` bytes. `memory` is charged as they arrive, and not by the length
/// that is announced.
///
/// # Errors
/// It is longer, too slow, or incomplete, or the memory for requests is used up.
pub async fn read(
    mut body: Body,
    limit: usize,
    rate: Rate,
    memory: &mut MemoryCharge,
) -> Result<Vec<u8>, ApiError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(ApiError::BodyTooLarge(limit));
    }
    let mut read = Bytes::new(limit, memory);
    let mut window = Window::new(rate);
    loop {
        let late = |_| ApiError::RequestTimeout(rate.window);
        let Some(frame) = timeout_at(window.ends, body.frame()).await.map_err(late)? else {
            return Ok(read.bytes);
        };
        let incomplete = |_| ApiError::InvalidJson("the body is incomplete".to_owned());
        if let Some(data) = frame.map_err(incomplete)?.data_ref() {
            read.push(data)?;
            window.arrived(data.len(), rate);
        }
    }
}

/// Decompresses a body into at most `limit` bytes.
///
/// # Errors
/// It is not gzip, it has more bytes, or the memory for requests is used up.
pub fn gunzip(
    compressed: &[u8],
    limit: usize,
    memory: &mut MemoryCharge,
) -> Result<Vec<u8>, ApiError> {
    let mut decoder = MultiGzDecoder::new(compressed);
    let mut read = Bytes::new(limit, memory);
    let mut part = [0; 16 * 1024];
    loop {
        let invalid = |error| ApiError::InvalidJson(format!("the body is not gzip: {error}"));
        match decoder.read(&mut part).map_err(invalid)? {
            0 => return Ok(read.bytes),
            count => read.push(&part[..count])?,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::num::NonZeroUsize;
    use std::sync::Arc;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;
    use crate::http::memory::MemoryBudget;

    fn budget(limit: usize) -> Arc<MemoryBudget> {
        MemoryBudget::new(NonZeroUsize::new(limit).unwrap())
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn gzip_is_decompressed_also_in_several_members() {
        let budget = budget(1 << 20);
        let mut memory = budget.charge();
        let members = [gzip(b"{\"inputs\":"), gzip(b" \"a\"}")].concat();
        assert_eq!(gunzip(&members, 1 << 20, &mut memory).unwrap(), b"{\"inputs\": \"a\"}");
        let refused = gunzip(b"{\"inputs\": \"a\"}", 1 << 20, &mut memory).unwrap_err();
        assert!(refused.to_string().starts_with("the body is not gzip: "), "{refused}");
        let half = gunzip(&members[..20], 1 << 20, &mut memory).unwrap_err();
        assert!(matches!(half, ApiError::InvalidJson(_)), "{half}");
    }

    #[test]
    fn a_small_body_that_grows_large_stops_at_the_limit_and_at_the_budget() {
        let bomb = gzip(&vec![b' '; 1 << 20]);
        let within = |budget: usize, limit: usize| {
            let budget = self::budget(budget);
            gunzip(&bomb, limit, &mut budget.charge()).map(|bytes| bytes.len())
        };
        assert_eq!(within(1 << 20, 1 << 20).unwrap(), 1 << 20);
        assert!(matches!(within(1 << 21, (1 << 20) - 1), Err(ApiError::BodyTooLarge(_))));
        assert!(matches!(within(1 << 19, 1 << 20), Err(ApiError::QueueFull { .. })));
    }

    #[tokio::test]
    async fn a_body_is_charged_by_what_has_arrived() {
        let budget = budget(1 << 20);
        let mut memory = budget.charge();
        let rate = Rate { window: Duration::from_secs(10), bytes: 100 };
        let bytes = read(Body::from("abc"), 8 << 20, rate, &mut memory).await.unwrap();
        assert_eq!((&bytes[..], budget.used()), (&b"abc"[..], FIRST_BYTES));
        let more = vec![b'a'; 100_000];
        let body = Body::from(more);
        let bytes = read(body, 8 << 20, rate, &mut budget.charge()).await.unwrap();
        assert_eq!(bytes.capacity(), 100_000);
    }

    #[test]
    fn a_body_may_be_slow_as_long_as_it_goes_on() {
        let rate = Rate { window: Duration::from_secs(10), bytes: 100 };
        let mut window = Window::new(rate);
        let first = window.ends;
        window.arrived(99, rate);
        assert_eq!(window.ends, first, "not enough for another window");
        window.arrived(1, rate);
        assert!(window.ends > first);
        // What came faster doesn't buy a longer pause.
        window.arrived(1_000_000, rate);
        assert!(window.ends <= Instant::now() + rate.window);
    }

    #[test]
    fn encodings_other_than_gzip_are_refused_by_name() {
        let read = |value: &'static str| {
            let value = value.parse().unwrap();
            ContentEncoding::read(&HeaderMap::from_iter([(header::CONTENT_ENCODING, value)]))
        };
        assert_eq!(ContentEncoding::read(&HeaderMap::new()).unwrap(), ContentEncoding::Identity);
        assert_eq!(read("identity").unwrap(), ContentEncoding::Identity);
        assert_eq!(read("GZIP").unwrap(), ContentEncoding::Gzip);
        assert_eq!(read("x-gzip").unwrap(), ContentEncoding::Gzip);
        for other in ["br", "zstd", "deflate", "gzip, gzip"] {
            assert!(read(other).unwrap_err().to_string().contains(other));
        }
    }
}
