//! An encoder layer.

use candle_core::{D, Device, Module, Tensor};
use candle_nn::rotary_emb::rope;
use candle_nn::{LayerNorm, Linear, VarBuilder, ops};
use strata_kernels::Activation;

use super::modules::{linear, norm};
use super::relative::Projected;
use crate::model::checkpoint::spec::{EncoderSpec, LayerSpec, NormSpec, Rotation};
use crate::model::encoder::reference::padded::PaddedBatch;

/// The weights of a layer.
pub struct Layer {
    before_attention: Option<LayerNorm>,
    after_attention: Option<LayerNorm>,
    before_feed_forward: Option<LayerNorm>,
    after_feed_forward: Option<LayerNorm>,
    qkv: [Linear; 3],
    attention_output: Linear,
    intermediate: Linear,
    gate: Option<Linear>,
    output: Linear,
    attention_heads: usize,
    activation: Activation,
    rotation: Option<Rotation>,
    reach: Option<usize>,
    relative: Option<Projected>,
    /// What scores are divided by.
    score_divisor: f64,
}

/// What layers with the same settings share in a pass.
pub struct Surroundings<'a> {
    batch: &'a PaddedBatch,
    /// `(1,h,t,t)`
    bias: Option<Tensor>,
    /// The rows of the embeddings of distances, `(t,t)`.
    relative_rows: Option<Tensor>,
    masks: Vec<(Option<usize>, Tensor)>,
    /// Cosines and sines, `(t,d/2)` each.
    rotations: Vec<(Rotation, [Tensor; 2])>,
    device: &'a Device,
}

impl<'a> Surroundings<'a> {
    /// Those of a batch, with the bias of attention scores and the rows of the embeddings of distances.
    pub fn new(
        batch: &'a PaddedBatch,
        bias: Option<Tensor>,
        relative_rows: Option<Tensor>,
        device: &'a Device,
    ) -> Self {
        Self { batch, bias, relative_rows, masks: Vec::new(), rotations: Vec::new(), device }
    }

    fn mask(&mut self, reach: Option<usize>) -> candle_core::Result<Tensor> {
        if let Some((_, mask)) = self.masks.iter().find(|(other, _)| *other == reach) {
            return Ok(mask.clone());
        }
        let mask = self.batch.mask(reach, self.device)?;
        self.masks.push((reach, mask.clone()));
        Ok(mask)
    }

    fn rotation(&mut self, rotation: Rotation) -> candle_core::Result<[Tensor; 2]> {
        if let Some((_, tables)) = self.rotations.iter().find(|(other, _)| *other == rotation) {
            return Ok(tables.clone());
        }
        let shape = (self.batch.tokens, rotation.columns / 2);
        let [cos, sin] = rotation.tables(self.batch.tokens);
        let tables = [
            Tensor::from_vec(cos, shape, self.device)?,
            Tensor::from_vec(sin, shape, self.device)?,
        ];
        self.rotations.push((rotation, tables.clone()));
        Ok(tables)
    }
}

impl Layer {
    /// Copies the tensors of a layer. `distances` are the embeddings of distances, if there are any.
    ///
    /// # Errors
    /// The device has not enough memory.
    pub fn load(
        weights: &VarBuilder<'_>,
        encoder: &EncoderSpec,
        spec: &LayerSpec,
        distances: Option<&Tensor>,
    ) -> candle_core::Result<Self> {
        let columns = encoder.hidden_size() / encoder.attention_heads;
        let optional_norm =
            |spec: &Option<NormSpec>| spec.as_ref().map(|spec| norm(weights, spec)).transpose();
        let [query, key, value] = &spec.qkv;
        Ok(Self {
            before_attention: optional_norm(&spec.norms.before_attention)?,
            after_attention: optional_norm(&spec.norms.after_attention)?,
            before_feed_forward: optional_norm(&spec.norms.before_feed_forward)?,
            after_feed_forward: optional_norm(&spec.norms.after_feed_forward)?,
            qkv: [linear(weights, query)?, linear(weights, key)?, linear(weights, value)?],
            attention_output: linear(weights, &spec.attention_output)?,
            intermediate: linear(weights, &spec.intermediate)?,
            gate: spec.gate.as_ref().map(|gate| linear(weights, gate)).transpose()?,
            output: linear(weights, &spec.output)?,
            attention_heads: encoder.attention_heads,
            activation: encoder.activation,
            rotation: spec.rotation,
            reach: spec.reach,
            relative: Projected::load(weights, encoder, spec, distances)?,
            score_divisor: ((encoder.score_terms * columns) as f64).sqrt(),
        })
    }

    /// Hidden rows `(b,t,c)` → hidden rows `(b,t,c)`.
    ///
    /// # Errors
    /// The backend failed.
    pub fn forward(
        &self,
        hidden: &Tensor,
        surroundings: &mut Surroundings<'_>,
    ) -> candle_core::Result<Tensor> {
        let x = normalize(&self.before_attention, hidden)?;
        let attended = self.attention_output.forward(&self.attend(&x, surroundings)?)?;
        let hidden = normalize(&self.after_attention, &(attended + hidden)?)?;
        let x = normalize(&self.before_feed_forward, &hidden)?;
        // (b,t,c) → (b,t,f) → (b,t,c)
        let mut inner = self.activate(&self.intermediate.forward(&x)?)?;
        if let Some(gate) = &self.gate {
            inner = (inner * gate.forward(&x)?)?;
        }
        normalize(&self.after_feed_forward, &(self.output.forward(&inner)? + hidden)?)
    }

    /// Multi-head attention without its output projection, `(b,t,c) → (b,t,c)`.
    fn attend(
        &self,
        x: &Tensor,
        surroundings: &mut Surroundings<'_>,
    ) -> candle_core::Result<Tensor> {
        let (b, t, c) = x.dims3()?;
        let (h, d) = (self.attention_heads, c / self.attention_heads);
        // (b,t,c) → (b,h,t,d)
        let project = |linear: &Linear| {
            linear.forward(x)?.reshape((b, t, h, d))?.transpose(1, 2)?.contiguous()
        };
        let [query, key, value] = &self.qkv;
        let (mut query, mut key, value) = (project(query)?, project(key)?, project(value)?);
        if let Some(rotation) = self.rotation {
            let [cos, sin] = surroundings.rotation(rotation)?;
            (query, key) = (rope(&query, &cos, &sin)?, rope(&key, &cos, &sin)?);
        }
        // (b,h,t,d)·(b,h,d,t) → (b,h,t,t)
        let mut scores = query.matmul(&key.t()?)?;
        if let (Some(relative), Some(rows)) = (&self.relative, &surroundings.relative_rows) {
            scores = relative.add(scores, &query, &key, rows)?;
        }
        scores = (scores / self.score_divisor)?;
        if let Some(bias) = &surroundings.bias {
            scores = scores.broadcast_add(bias)?;
        }
        let scores = scores.broadcast_add(&surroundings.mask(self.reach)?)?;
        // (b,h,t,t)·(b,h,t,d) → (b,h,t,d)
        let mut context = ops::softmax(&scores, D::Minus1)?.matmul(&value)?;
        if let Some(reach) = self.reach {
            let Surroundings { batch, device, .. } = surroundings;
            context = context.broadcast_mul(&batch.reaching(reach, device)?)?;
        }
        context.transpose(1, 2)?.contiguous()?.reshape((b, t, c))
    }

    /// The activation function of each number, computed in float64.
    fn activate(&self, x: &Tensor) -> candle_core::Result<Tensor> {
        let mut numbers = x.flatten_all()?.to_vec1::<f32>()?;
        numbers.iter_mut().for_each(|number| *number = self.activation.apply(*number));
        Tensor::from_vec(numbers, x.shape(), x.device())
    }
}

fn normalize(norm: &Option<LayerNorm>, x: &Tensor) -> candle_core::Result<Tensor> {
    norm.as_ref().map_or_else(|| Ok(x.clone()), |norm| norm.forward(x))
}
