//! The format of `head.safetensors`.
//!
//! Layer `k` is `k.weight` `(out, in)` and `k.bias` `(out)`, in float32.

use std::collections::BTreeSet;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensorError, SafeTensors};

use crate::model::dense::{Dense, DenseActivation};

/// Reads the layers in the order of their numbers, where numbers may be left out, as in PyTorch's
/// `nn.Sequential`. A single layer may be called just `weight` and `bias`, as in `nn.Linear`.
/// `hidden_activation` follows every layer but the last.
///
/// # Errors
/// The file, a tensor's name, type, shape or numbers are invalid, or there are several layers
/// without a `hidden_activation`; the error says which.
pub(super) fn read_layers(
    file: &[u8],
    hidden_activation: Option<DenseActivation>,
) -> Result<Vec<Dense>, String> {
    let parsed =
        SafeTensors::deserialize(file).map_err(|error| format!("head.safetensors: {error}"))?;
    let numbers = layer_numbers(&parsed)?;
    let hidden_activation = match hidden_activation {
        None if numbers.len() > 1 => {
            let message = "head.json: several layers need hidden_activation: identity, tanh, relu, \
                           gelu, sigmoid or silu";
            return Err(message.to_owned());
        }
        activation => activation.unwrap_or(DenseActivation::Identity),
    };
    let last = numbers.last().copied();
    let layer = |&number: &Option<usize>| {
        let is_last = Some(number) == last;
        let activation = if is_last { DenseActivation::Identity } else { hidden_activation };
        read_layer(&parsed, number, activation)
    };
    numbers.iter().map(layer).collect()
}

/// The numbers of the layers; `None` for a layer without a number.
fn layer_numbers(file: &SafeTensors<'_>) -> Result<BTreeSet<Option<usize>>, String> {
    let mut numbers = BTreeSet::new();
    for name in file.names() {
        let (number, kind) = match name.split_once('.') {
            Some((number, kind)) => (number.parse().ok().map(Some), kind),
            None => (Some(None), name),
        };
        match (number, kind) {
            (Some(number), "weight" | "bias") => numbers.insert(number),
            _ => {
                return Err(format!(
                    "head.safetensors: tensor \"{name}\"; expected 0.weight, 0.bias and so on, or \
                     just weight and bias"
                ));
            }
        };
    }
    if numbers.len() > 1 && numbers.contains(&None) {
        return Err("head.safetensors: both numbered and unnumbered weight and bias".to_owned());
    }
    Ok(numbers)
}

/// Reads one layer; `number` is `None` for tensors without a number.
fn read_layer(
    file: &SafeTensors<'_>,
    number: Option<usize>,
    activation: DenseActivation,
) -> Result<Dense, String> {
    let prefix = number.map(|number| format!("{number}.")).unwrap_or_default();
    let read = |kind: &str, rank: usize| {
        let name = format!("{prefix}{kind}");
        let invalid = |found: String| {
            format!(
                "head.safetensors: tensor \"{name}\": found {found}; expected F32 of rank {rank}"
            )
        };
        let view = file.tensor(&name).map_err(|_| invalid("nothing".to_owned()))?;
        let shape = view.shape().to_vec();
        if view.dtype() != Dtype::F32 || shape.len() != rank || shape.contains(&0) {
            return Err(invalid(format!("{:?} {shape:?}", view.dtype())));
        }
        let (bytes, _) = view.data().as_chunks::<4>();
        let values: Vec<f32> = bytes.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if values.iter().any(|value| !value.is_finite()) {
            return Err(invalid("a non-finite number".to_owned()));
        }
        Ok((shape, values))
    };
    let (shape, weight) = read("weight", 2)?;
    let (bias_shape, bias) = read("bias", 1)?;
    if shape[0] != bias_shape[0] {
        return Err(format!(
            "head.safetensors: {prefix}weight is {shape:?}, {prefix}bias {bias_shape:?}; the first \
             sizes must be equal"
        ));
    }
    Ok(Dense::new(weight, bias, activation))
}

/// The layers as the content of a file, numbered from 0.
///
/// # Errors
/// The weights don't have the shape of a layer.
pub(super) fn write_layers(layers: &[Dense]) -> Result<Vec<u8>, SafeTensorError> {
    let bytes = |values: &[f32]| -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    };
    let mut tensors = Vec::with_capacity(2 * layers.len());
    for (number, layer) in layers.iter().enumerate() {
        let shape = vec![layer.outputs(), layer.inputs()];
        tensors.push((format!("{number}.weight"), shape, bytes(layer.weight())));
        tensors.push((format!("{number}.bias"), vec![layer.outputs()], bytes(layer.bias())));
    }
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)));
    let views = views.collect::<Result<Vec<_>, SafeTensorError>>()?;
    safetensors::serialize(views, None)
}
