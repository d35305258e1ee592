//! The tensors of a checkpoint as candle's reference encoder reads them.

use candle_core::{DType, Device, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Init, VarBuilder};

use super::weights::Weights;

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
