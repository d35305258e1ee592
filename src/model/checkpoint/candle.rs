//! A checkpoint's config and tensors as candle's BERT reads them.

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use candle_transformers::models::bert;
use strata_kernels::Activation;

use super::config::BertConfig;
use super::weights::Weights;

impl BertConfig {
    /// The activation function as candle's BERT has it, if it does.
    pub fn activation_of_candle(&self) -> Option<bert::HiddenAct> {
        match self.activation {
            Activation::Gelu => Some(bert::HiddenAct::Gelu),
            Activation::GeluTanh => Some(bert::HiddenAct::GeluApproximate),
            Activation::Relu => Some(bert::HiddenAct::Relu),
            _ => None,
        }
    }

    /// The config for candle's BERT, with `layers` encoder layers.
    pub fn candle(&self, layers: usize) -> bert::Config {
        bert::Config {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: layers,
            num_attention_heads: self.attention_heads,
            intermediate_size: self.intermediate_size,
            // Without encoder layers no activation function is applied.
            hidden_act: self.activation_of_candle().unwrap_or(bert::HiddenAct::Gelu),
            max_position_embeddings: self.positions,
            type_vocab_size: self.token_types,
            layer_norm_eps: self.layer_norm_eps,
            pad_token_id: self.pad_token_id,
            ..bert::Config::default()
        }
    }
}

impl Weights {
    /// The tensors for candle, as f32.
    pub fn var_builder<'a>(&'a self, device: &Device) -> VarBuilder<'a> {
        VarBuilder::from_backend(Box::new(Source(self)), DType::F32, device.clone())
    }
}

struct Source<'a>(&'a Weights);

impl SimpleBackend for Source<'_> {
    fn get(
        &self,
        shape: Shape,
        name: &str,
        _: Init,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        self.0.candle_tensor(name, shape.dims(), device)?.to_dtype(dtype)
    }

    fn get_unchecked(
        &self,
        name: &str,
        dtype: DType,
        device: &Device,
    ) -> candle_core::Result<Tensor> {
        let shape = self.0.shape(name).unwrap_or_default().to_vec();
        self.get(shape.into(), name, Init::Const(0.), dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}
