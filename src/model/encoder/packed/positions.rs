//! What the positions of tokens change in a layer: rotations of queries and keys, and what distances
//! add to attention scores.

use std::sync::Arc;

use strata_kernels::{DistanceBias, Dtype, Kernels, RotationTable};

use super::relative::{DistanceEmbeddings, RelativeLayer};
use crate::model::checkpoint::spec::{LayerSpec, PositionBias, Rotation};
use crate::model::checkpoint::{Checkpoint, CheckpointError};

/// What positions change in a layer. Layers with the same settings share most of it.
pub struct LayerPositions {
    /// How queries and keys are rotated.
    pub rotation: Option<Arc<RotationTable>>,
    /// How far a query and the keys that it attends to may be apart, in a local layer.
    pub reach: Option<usize>,
    /// What distances add: one for all attention heads, or one for each.
    pub biases: Option<Arc<[DistanceBias]>>,
    /// What distances and single tokens add.
    pub relative: Option<RelativeLayer>,
}

impl LayerPositions {
    /// Whether scores depend on the places of tokens.
    pub fn change_scores(&self) -> bool {
        self.biases.is_some() || self.relative.is_some()
    }
}

/// The tables of all layers.
pub struct PositionTables {
    rotations: Vec<(Rotation, Arc<RotationTable>)>,
    reaches: Vec<(usize, Arc<[DistanceBias]>)>,
    /// For the layers that have no reach.
    biases: Option<Arc<[DistanceBias]>>,
    distances: Option<DistanceEmbeddings>,
}

impl PositionTables {
    /// Computes the tables that a checkpoint's layers need, for its longest sequence.
    pub fn load(checkpoint: &Checkpoint, kernels: Kernels) -> Result<Self, CheckpointError> {
        let (config, spec) = (&checkpoint.config, &checkpoint.config.spec);
        let (mut rotations, mut reaches) = (Vec::new(), Vec::new());
        for layer in &spec.layers {
            if let Some(rotation) = layer.rotation
                && !rotations.iter().any(|(other, _)| *other == rotation)
            {
                let angles = rotation.tables(config.max_tokens);
                rotations.push((rotation, Arc::new(RotationTable::new(rotation.columns, angles))));
            }
            if let Some(reach) = layer.reach
                && !reaches.iter().any(|(other, _)| *other == reach)
            {
                reaches.push((reach, Arc::from([DistanceBias::within(reach)])));
            }
        }
        let biases =
            spec.position_bias.as_ref().map(|bias| biases(checkpoint, bias)).transpose()?;
        let distances = spec.relative.as_ref();
        let distances = distances
            .map(|spec| DistanceEmbeddings::load(checkpoint, kernels, spec))
            .transpose()?;
        Ok(Self { rotations, reaches, biases, distances })
    }

    /// Those of a layer.
    pub fn of_layer(
        &self,
        checkpoint: &Checkpoint,
        kernels: Kernels,
        dtype: Dtype,
        layer: &LayerSpec,
    ) -> Result<LayerPositions, CheckpointError> {
        let relative = self.distances.as_ref();
        let relative =
            relative.map(|distances| distances.project(checkpoint, kernels, dtype, layer));
        let rotation = self.rotations.iter().find(|(other, _)| Some(*other) == layer.rotation);
        let reach = self.reaches.iter().find(|(other, _)| Some(*other) == layer.reach);
        Ok(LayerPositions {
            rotation: rotation.map(|(_, table)| Arc::clone(table)),
            reach: layer.reach,
            biases: reach.map(|(_, biases)| biases).or(self.biases.as_ref()).cloned(),
            relative: relative.transpose()?.flatten(),
        })
    }
}

/// The learned biases of each attention head.
fn biases(
    checkpoint: &Checkpoint,
    bias: &PositionBias,
) -> Result<Arc<[DistanceBias]>, CheckpointError> {
    let config = &checkpoint.config;
    let (heads, d) = (config.attention_heads, config.hidden_size / config.attention_heads);
    let numbers = checkpoint.weights.read(&bias.table.name, &[bias.table.rows, heads])?;
    let of_head = |head: usize| {
        // A distance is that from key to query here, and from query to key there.
        DistanceBias::new(config.max_tokens - 1, d, |distance| {
            numbers[PositionBias::bucket(-distance) * heads + head]
        })
    };
    Ok((0..heads).map(of_head).collect())
}
