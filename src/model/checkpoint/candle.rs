//! A checkpoint's config and tensors as candle's BERT reads them.

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};
use candle_transformers::models::bert;
use strata_kernels::Activation;

use super::config::EncoderConfig;
use super::weights::Weights;

impl EncoderConfig {
    /// The config for candle's BERT, if it has this family and activation function.
    pub fn candle(&self) -> Option<bert::Config> {
        let hidden_act = match self.activation {
            _ if !self.family.is_bert() => return None,
            Activation::Gelu => bert::HiddenAct::Gelu,
            Activation::GeluTanh => bert::HiddenAct::GeluApproximate,
            Activation::Relu => bert::HiddenAct::Relu,
            _ => return None,
        };
        let token_types = self.token_types.unwrap_or_default();
        Some(bert::Config {
            vocab_size: self.vocab_size,
            hidden_size: self.hidden_size,
            num_hidden_layers: self.layers,
            num_attention_heads: self.attention_heads,
            intermediate_size: self.intermediate_size,
            hidden_act,
            max_position_embeddings: self.positions,
            type_vocab_size: token_types,
            layer_norm_eps: self.layer_norm_eps,
            pad_token_id: self.pad_token_id,
            ..bert::Config::default()
        })
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
