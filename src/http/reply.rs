//! A handler's answer.

use std::io;
use std::time::Instant;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::answer_body::AnswerWriter;
use super::error::ApiError;
use super::memory::MemoryCharge;
use super::text_pool::TextPool;

/// Up to this many numbers are read or written on the runtime; more goes to the text threads.
pub const INLINE_NUMBERS: usize = 32 * 1024;
/// The same for the memory of an answer, which may have much text.
const INLINE_MEMORY: usize = 640 * 1024;

/// An answer that is ready to be written.
pub struct Reply {
    /// About how many numbers it holds.
    pub numbers: usize,
    /// The time after which it is of no use.
    pub deadline: Instant,
    /// What it was estimated to need.
    pub memory: MemoryCharge,
}

impl Reply {
    /// Writes what `answer` makes as JSON.
    ///
    /// # Errors
    /// The deadline passed, or it can't be written, which is a failure of the server.
    pub async fn write<T: Serialize>(
        self,
        pool: &TextPool,
        answer: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Response, ApiError> {
        let write = move |writer: &mut AnswerWriter| {
            serde_json::to_writer(writer, &answer()).map_err(io::Error::from)
        };
        let (response, ()) = self.write_with(pool, "application/json", write).await?;
        Ok(response)
    }

    /// Writes what `write` writes, which is of this media type. Returns what it returns, too.
    ///
    /// # Errors
    /// Like [`Self::write`].
    pub async fn write_with<T: Send + 'static>(
        self,
        pool: &TextPool,
        media_type: &'static str,
        write: impl FnOnce(&mut AnswerWriter) -> io::Result<T> + Send + 'static,
    ) -> Result<(Response, T), ApiError> {
        let Self { numbers, deadline, memory } = self;
        let is_long = numbers > INLINE_NUMBERS || memory.bytes() > INLINE_MEMORY;
        let write = move || {
            let mut writer = AnswerWriter::new(memory);
            write(&mut writer).map(|returned| (writer.finish(), returned))
        };
        let written = pool.run(is_long, deadline, write).await?;
        let (body, returned) = written.map_err(ApiError::internal)?;
        let body = Body::new(body);
        Ok((([(header::CONTENT_TYPE, media_type)], body).into_response(), returned))
    }
}
