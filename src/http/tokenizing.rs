//! Turns the inputs of a request into windows of tokens, slice by slice.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use super::error::ApiError;
use super::error_code::ErrorCode;
use super::inputs::InputField;
use super::memory::MemoryCharge;
use super::service::{Reading, Service};
use super::text_pool::INLINE_BYTES;
use super::wire::WireLongText;
use crate::model::multi_vector::Role;
use crate::text::{Encoded, Input, LongText, TokenizeError, Tokenizer, TruncationSide, Window};

/// So many bytes of text are tokenised at once, and at least one input. After each such slice others
/// have a turn, and the request ends if its deadline has passed or its client has left.
const SLICE_BYTES: usize = 64 * 1024;

/// Bytes of memory that a token takes while its request waits: ids, types, spans and marks, and the
/// copy for the batcher.
const TOKEN_BYTES: usize = 40;

/// What happens to an input that has more tokens than the model reads at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LongInput {
    /// It is cut on this side, or else on the one that the checkpoint names.
    Truncate(Option<TruncationSide>),
    /// Of a pair, the first text is cut and the second is not.
    TruncateFirst,
    /// It is refused.
    Error,
    /// It is read in overlapping windows, and each token counts once. Not for pairs.
    Window,
}

impl LongInput {
    /// Cut on `side`, or else on the one that the checkpoint names, if `truncate` is set; or else refused.
    pub fn cut_if(truncate: bool, side: Option<TruncationSide>) -> Self {
        if truncate { Self::Truncate(side) } else { Self::Error }
    }
}

impl From<WireLongText> for LongInput {
    fn from(wire: WireLongText) -> Self {
        match wire {
            WireLongText::Truncate => Self::Truncate(None),
            WireLongText::Error => Self::Error,
            WireLongText::Window => Self::Window,
        }
    }
}

/// The inputs of a request, to be tokenised.
pub struct Tokenizing<'r> {
    /// The tokenizer, and the threads for it.
    pub service: &'r Arc<Service>,
    /// The inputs, with their prompts.
    pub inputs: &'r Arc<Vec<Input>>,
    /// The field of the inputs.
    pub field: InputField,
    /// The time after which the answer is of no use.
    pub deadline: Instant,
}

impl Tokenizing<'_> {
    /// The windows of each input: one, or several if it is read in windows. A query of late interaction is
    /// one: there it is refused if it is too long. `memory` grows by what the tokens take.
    ///
    /// # Errors
    /// A text is too long for [`LongInput::Error`], no memory is left, or the deadline passed.
    pub async fn windows(
        self,
        reading: Reading,
        long_text: LongInput,
        memory: &mut MemoryCharge,
    ) -> Result<Vec<Vec<Window>>, ApiError> {
        let encode = move |service: &Service, input: &Input| {
            let (tokenizer, limit) = service.reader(reading);
            let long_text = match (reading, long_text) {
                (Reading::Late(Role::Query), LongInput::Window) => LongInput::Error,
                _ => long_text,
            };
            let mut windows = windows_of_input(tokenizer, limit, input, long_text)?;
            if let Some(filling) = service.filling(reading) {
                windows.iter_mut().for_each(|window| window.fill_up(filling));
            }
            Ok(windows)
        };
        let tokens = |windows: &Vec<Window>| {
            windows.iter().map(|window| window.encoded.sequence.tokens()).sum()
        };
        self.each(encode, tokens, memory).await
    }

    /// All tokens of each input's text, however many, with special tokens or without. `memory` grows
    /// by what they take.
    ///
    /// # Errors
    /// No memory is left, or the deadline passed.
    pub async fn whole_texts(
        self,
        special_tokens: bool,
        memory: &mut MemoryCharge,
    ) -> Result<Vec<Encoded>, ApiError> {
        let encode = move |service: &Service, input: &Input| {
            service.tokenizer.encode_whole(&input.text, special_tokens)
        };
        self.each(encode, |encoded| encoded.sequence.tokens(), memory).await
    }

    /// What `encode` makes of each input; `tokens` counts those in it.
    async fn each<T: Send + 'static>(
        self,
        encode: impl Fn(&Service, &Input) -> Result<T, TokenizeError> + Copy + Send + 'static,
        tokens: impl Fn(&T) -> usize,
        memory: &mut MemoryCharge,
    ) -> Result<Vec<T>, ApiError> {
        let total: usize = self.inputs.iter().map(Input::bytes).sum();
        let mut all = Vec::with_capacity(self.inputs.len());
        for slice in slices(self.inputs) {
            let (service, inputs) = (Arc::clone(self.service), Arc::clone(self.inputs));
            let field = self.field;
            let work = move || -> Result<Vec<_>, _> {
                slice
                    .map(|index| {
                        encode(&service, &inputs[index])
                            .map_err(|error| refusal(error, &field.pointer_to(index)))
                    })
                    .collect()
            };
            let pool = &self.service.text_pool;
            let encoded = pool.run(total > INLINE_BYTES, self.deadline, work).await??;
            let tokens: usize = encoded.iter().map(&tokens).sum();
            memory.try_grow(TOKEN_BYTES * tokens)?;
            all.extend(encoded);
        }
        Ok(all)
    }
}

/// The indices of the inputs, in slices of about [`SLICE_BYTES`].
fn slices(inputs: &[Input]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = |input: &&Input| {
            bytes += input.bytes();
            bytes <= SLICE_BYTES
        };
        let rest = &inputs[start..];
        let count = rest.iter().take_while(fits).count().max(1).min(rest.len());
        start += count;
        (count > 0).then(|| start - count..start)
    })
}

/// The windows of an input.
fn windows_of_input(
    tokenizer: &Tokenizer,
    limit: usize,
    input: &Input,
    long_text: LongInput,
) -> Result<Vec<Window>, TokenizeError> {
    let one_window = |long_text| {
        let encoded = tokenizer.encode(input, limit, long_text)?;
        Ok(vec![Window::from(encoded)])
    };
    match long_text {
        LongInput::Truncate(side) => one_window(LongText::Truncate(side)),
        LongInput::TruncateFirst => one_window(LongText::TruncateFirst),
        LongInput::Error => one_window(LongText::Error),
        LongInput::Window => tokenizer.encode_windows(input, limit),
    }
}

fn refusal(error: TokenizeError, pointer: &str) -> ApiError {
    match error {
        TokenizeError::TooLong { .. } | TokenizeError::PairTooLong { .. } => {
            ApiError::unacceptable(ErrorCode::TextTooLong, pointer, error.to_string())
        }
        TokenizeError::NoTokens => {
            ApiError::unacceptable(ErrorCode::NoTokens, pointer, error.to_string())
        }
        TokenizeError::Failed { .. } => ApiError::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;

    #[test]
    fn a_failure_of_the_tokenizer_is_an_error_of_the_server_with_the_step_as_its_cause() {
        let step = "split the text into tokens";
        let error = refusal(TokenizeError::Failed { step }, "/inputs");
        let ApiError::Internal(cause) = &error else { panic!("{error:?}") };
        assert_eq!(error.code(), ErrorCode::Internal);
        assert_eq!(cause.to_string(), "the tokenizer failed to split the text into tokens");
    }

    #[test]
    fn slices_are_small_and_have_all_inputs_in_order() {
        let inputs = |lens: &[usize]| -> Vec<Input> {
            let text = |&len: &usize| Text::parse("a".repeat(len), len).unwrap();
            lens.iter().map(|len| Input { text: text(len), pair: None }).collect()
        };
        let ranges = |lens: &[usize]| slices(&inputs(lens)).collect::<Vec<_>>();
        assert!(ranges(&[]).is_empty());
        assert_eq!(ranges(&[1, 2, 3]), vec![0..3; 1]);
        assert_eq!(ranges(&[SLICE_BYTES, 1, 2 * SLICE_BYTES, 1]), [0..1, 1..2, 2..3, 3..4]);
        assert_eq!(ranges(&[SLICE_BYTES / 2; 5]), [0..2, 2..4, 4..5]);
    }
}
