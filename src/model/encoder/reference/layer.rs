//! An encoder layer over candle's tensors, for any activation function.
//!
//! Letters: `b` sequences, `t` tokens of the longest, `c` hidden size, `f` intermediate size, `h`
//! attention heads, `d = c/h`.

use candle_core::{D, Module, Tensor};
use candle_nn::{LayerNorm, Linear, VarBuilder, layer_norm, linear, ops};
use strata_kernels::Activation;

use crate::model::checkpoint::{BertConfig, tensors};

/// The weights of a layer.
pub struct OwnLayer {
    query: Linear,
    key: Linear,
    value: Linear,
    attention_output: Linear,
    attention_norm: LayerNorm,
    intermediate: Linear,
    output: Linear,
    output_norm: LayerNorm,
    attention_heads: usize,
    activation: Activation,
}

impl OwnLayer {
    /// Copies the tensors of a layer.
    ///
    /// # Errors
    /// One is missing or has another shape.
    pub fn load(weights: VarBuilder<'_>, config: &BertConfig) -> candle_core::Result<Self> {
        let (c, f) = (config.hidden_size, config.intermediate_size);
        let linear = |name: &str, inputs, outputs| linear(inputs, outputs, weights.pp(name));
        let norm = |name: &str| layer_norm(c, config.layer_norm_eps, weights.pp(name));
        Ok(Self {
            query: linear(tensors::QUERY, c, c)?,
            key: linear(tensors::KEY, c, c)?,
            value: linear(tensors::VALUE, c, c)?,
            attention_output: linear(tensors::ATTENTION_OUTPUT, c, c)?,
            attention_norm: norm(tensors::ATTENTION_NORM)?,
            intermediate: linear(tensors::INTERMEDIATE, c, f)?,
            output: linear(tensors::OUTPUT, f, c)?,
            output_norm: norm(tensors::OUTPUT_NORM)?,
            attention_heads: config.attention_heads,
            activation: config.activation,
        })
    }

    /// Hidden rows `(b,t,c)` and the additive mask `(b,1,1,t)` → hidden rows `(b,t,c)`.
    ///
    /// # Errors
    /// The backend failed.
    pub fn forward(&self, hidden: &Tensor, mask: &Tensor) -> candle_core::Result<Tensor> {
        let attended = self.attention_output.forward(&self.attend(hidden, mask)?)?;
        let hidden = self.attention_norm.forward(&(attended + hidden)?)?;
        // (b,t,c) → (b,t,f) → (b,t,c)
        let inner = self.activate(&self.intermediate.forward(&hidden)?)?;
        self.output_norm.forward(&(self.output.forward(&inner)? + hidden)?)
    }

    /// Multi-head attention without its output projection, `(b,t,c) → (b,t,c)`.
    fn attend(&self, hidden: &Tensor, mask: &Tensor) -> candle_core::Result<Tensor> {
        let (b, t, c) = hidden.dims3()?;
        let (h, d) = (self.attention_heads, c / self.attention_heads);
        // (b,t,c) → (b,h,t,d)
        let project = |linear: &Linear| {
            linear.forward(hidden)?.reshape((b, t, h, d))?.transpose(1, 2)?.contiguous()
        };
        let (query, key, value) =
            (project(&self.query)?, project(&self.key)?, project(&self.value)?);
        // (b,h,t,d)·(b,h,d,t) → (b,h,t,t)
        let scores = (query.matmul(&key.t()?)? / (d as f64).sqrt())?.broadcast_add(mask)?;
        // (b,h,t,t)·(b,h,t,d) → (b,h,t,d)
        let context = ops::softmax(&scores, D::Minus1)?.matmul(&value)?;
        context.transpose(1, 2)?.contiguous()?.reshape((b, t, c))
    }

    /// The activation function of each number, computed in float64.
    fn activate(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let mut numbers = x.flatten_all()?.to_vec1::<f32>()?;
        numbers.iter_mut().for_each(|number| *number = self.activation.apply(*number));
        Tensor::from_vec(numbers, x.shape(), x.device())
    }
}
