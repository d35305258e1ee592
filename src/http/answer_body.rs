//! The body of an answer, in chunks, each charged to the memory budget until it is written.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::{self, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

use super::memory::MemoryCharge;

/// Bytes of a chunk; the last one may be smaller.
const CHUNK_BYTES: usize = 64 * 1024;

/// Collects an answer. Nothing is copied when it grows, unlike in one large buffer.
pub struct AnswerWriter {
    chunks: VecDeque<Bytes>,
    last: Vec<u8>,
    /// What the answer was estimated to need.
    reserved: MemoryCharge,
}

impl AnswerWriter {
    /// An empty answer. Its chunks take their bytes from `reserved`, the rest of which is released
    /// at its end.
    pub fn new(reserved: MemoryCharge) -> Self {
        Self { chunks: VecDeque::new(), last: Vec::new(), reserved }
    }

    /// The body of all that was written.
    pub fn finish(mut self) -> AnswerBody {
        let last = std::mem::take(&mut self.last);
        if !last.is_empty() {
            self.push(last);
        }
        let left = self.chunks.iter().map(|chunk| chunk.len() as u64).sum();
        AnswerBody { chunks: self.chunks, left }
    }

    fn push(&mut self, bytes: Vec<u8>) {
        let charge = self.reserved.split(bytes.len());
        self.chunks.push_back(Bytes::from_owner(ChargedBytes { bytes, _charge: charge }));
    }
}

impl Write for AnswerWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(CHUNK_BYTES - self.last.len());
        self.last.extend_from_slice(&bytes[..taken]);
        if self.last.len() == CHUNK_BYTES {
            let full = std::mem::replace(&mut self.last, Vec::with_capacity(CHUNK_BYTES));
            self.push(full);
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A chunk with its charge. hyper drops it when it has written it to the connection.
struct ChargedBytes {
    bytes: Vec<u8>,
    _charge: MemoryCharge,
}

impl AsRef<[u8]> for ChargedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The body of an answer. Its length is known, so that the response has a `Content-Length`.
#[derive(Debug)]
pub struct AnswerBody {
    chunks: VecDeque<Bytes>,
    left: u64,
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let chunk = self.chunks.pop_front();
        self.left -= chunk.as_ref().map_or(0, |chunk| chunk.len() as u64);
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use http_body_util::BodyExt;

    use super::*;
    use crate::http::memory::MemoryBudget;

    #[tokio::test]
    async fn each_chunk_is_charged_until_it_is_dropped_and_all_bytes_keep_their_order() {
        let budget = MemoryBudget::new(NonZeroUsize::new(1 << 20).unwrap());
        let mut reserved = budget.charge();
        reserved.try_grow(300_000).unwrap();
        let mut writer = AnswerWriter::new(reserved);
        let written: Vec<u8> = (0..150_000_u32).map(|at| at as u8).collect();
        for part in written.chunks(1_111) {
            writer.write_all(part).unwrap();
        }
        let mut body = writer.finish();
        // What was reserved and not needed is released.
        assert_eq!(budget.used(), written.len());
        let mut read = Vec::new();
        while let Some(frame) = body.frame().await {
            let chunk = frame.unwrap().into_data().unwrap();
            read.extend_from_slice(&chunk);
            let left = written.len() - read.len();
            assert_eq!(body.size_hint().exact(), Some(left as u64));
            assert_eq!(budget.used(), left + chunk.len());
        }
        assert_eq!((read, budget.used()), (written, 0));
    }

    #[tokio::test]
    async fn an_empty_answer_has_no_chunk() {
        let budget = MemoryBudget::new(NonZeroUsize::MIN);
        let mut body = AnswerWriter::new(budget.charge()).finish();
        assert!(body.is_end_stream());
        assert!(body.frame().await.is_none());
    }
}
