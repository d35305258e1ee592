//! How much memory a message takes once it is decoded.
//!
//! Many small fields take far more than their bytes: an empty input has two bytes, and more than 300 in
//! memory. So fields are counted first, and their memory is charged.

use prost::bytes::Buf;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};

use super::protocol::inference::InferParameter;
use super::protocol::inference::model_infer_request::InferInputTensor;
use super::protocol::inference::model_infer_request::InferRequestedOutputTensor;

/// A list that grows has up to twice the room that it needs.
const GROWTH: usize = 2;

/// The kinds of messages within a request, with the numbers of their fields that are messages or lists.
#[derive(Clone, Copy)]
enum Kind {
    Request,
    Input,
    Output,
    Contents,
    /// What has no inner fields that may be many.
    Leaf,
}

impl Kind {
    fn inner(self, field: u32) -> Option<Self> {
        match (self, field) {
            (Self::Request, 5) => Some(Self::Input),
            (Self::Request, 6) => Some(Self::Output),
            (Self::Request, 4) | (Self::Input, 4) | (Self::Output, 2) => Some(Self::Leaf),
            (Self::Input, 5) => Some(Self::Contents),
            _ => None,
        }
    }

    /// The memory of a field beside its bytes.
    fn field_bytes(self, field: u32) -> usize {
        GROWTH
            * match self.inner(field) {
                Some(Self::Input) => size_of::<InferInputTensor>(),
                Some(Self::Output) => size_of::<InferRequestedOutputTensor>(),
                Some(_) => size_of::<(String, InferParameter)>(),
                None => size_of::<Vec<u8>>(),
            }
    }

    /// Whether a field is a list of numbers, each of which may have one byte and eight in memory.
    fn is_packed(self, field: u32) -> bool {
        matches!((self, field), (Self::Input, 3) | (Self::Contents, 1..=7))
    }
}

/// The bytes that a request for inference takes in memory. A message that can't be read counts as far as it
/// can: decoding it fails there, too.
pub fn decoded_bytes(message: &[u8]) -> usize {
    let mut count = Count::default();
    // What is wrong with it is said by whoever decodes it.
    let _ = count.fields(message, Kind::Request);
    message.len() + count.fields + count.packed * GROWTH * size_of::<u64>()
}

#[derive(Default)]
struct Count {
    /// Bytes of fields beside what they contain.
    fields: usize,
    /// Bytes of lists of numbers.
    packed: usize,
}

impl Count {
    fn fields(&mut self, mut message: &[u8], kind: Kind) -> Result<(), prost::DecodeError> {
        while message.has_remaining() {
            let (field, wire) = decode_key(&mut message)?;
            self.fields += kind.field_bytes(field);
            if wire != WireType::LengthDelimited {
                skip_field(wire, field, &mut message, DecodeContext::default())?;
                continue;
            }
            let length = usize::try_from(decode_varint(&mut message)?).unwrap_or(usize::MAX);
            let Some((own, rest)) = message.split_at_checked(length) else { return Ok(()) };
            message = rest;
            if let Some(inner) = kind.inner(field) {
                self.fields(own, inner)?;
            } else if kind.is_packed(field) {
                self.packed += own.len();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::super::protocol::inference::{InferTensorContents, ModelInferRequest};
    use super::*;

    const MANY: usize = 1000;

    fn counted(request: &ModelInferRequest) -> usize {
        decoded_bytes(&request.encode_to_vec())
    }

    #[test]
    fn many_small_fields_count_as_what_they_take() {
        let input = InferInputTensor::default;
        let parameter = || (0..MANY).map(|key| (key.to_string(), InferParameter::default()));
        let contents = InferTensorContents {
            bytes_contents: vec![Vec::new(); MANY],
            ..InferTensorContents::default()
        };
        let in_input = |input| ModelInferRequest { inputs: vec![input], ..Default::default() };
        for (request, each) in [
            (
                ModelInferRequest { inputs: vec![input(); MANY], ..Default::default() },
                size_of::<InferInputTensor>(),
            ),
            (
                ModelInferRequest {
                    outputs: vec![InferRequestedOutputTensor::default(); MANY],
                    ..Default::default()
                },
                size_of::<InferRequestedOutputTensor>(),
            ),
            (
                ModelInferRequest {
                    raw_input_contents: vec![Vec::new(); MANY],
                    ..Default::default()
                },
                size_of::<Vec<u8>>(),
            ),
            (
                ModelInferRequest { parameters: parameter().collect(), ..Default::default() },
                size_of::<(String, InferParameter)>(),
            ),
            (
                in_input(InferInputTensor { parameters: parameter().collect(), ..input() }),
                size_of::<(String, InferParameter)>(),
            ),
            (
                in_input(InferInputTensor { contents: Some(contents), ..input() }),
                size_of::<Vec<u8>>(),
            ),
            (in_input(InferInputTensor { shape: vec![1; MANY], ..input() }), size_of::<i64>()),
        ] {
            let counted = counted(&request);
            assert!(counted >= MANY * each, "{counted} bytes, and {each} each");
        }
    }

    #[test]
    fn a_text_counts_by_its_bytes_and_nonsense_as_far_as_it_can_be_read() {
        let text = vec![b'a'; 100_000];
        let request = ModelInferRequest { raw_input_contents: vec![text], ..Default::default() };
        let counted = counted(&request);
        assert!((100_000..101_000).contains(&counted), "{counted}");
        for nonsense in [&b""[..], b"\x2a\xff", b"\xff"] {
            assert!(decoded_bytes(nonsense) < 1000);
        }
    }
}
