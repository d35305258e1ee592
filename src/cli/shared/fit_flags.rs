//! Flags for the layers of a head and for fitting them.

use clap::{Args, ValueEnum};

use super::numbers::count;
use crate::model::head::DenseActivation;
use crate::training::{ClassWeights, HiddenLayers, Method};

/// Flags for the layers of a head and for fitting them.
#[derive(Clone, Debug, Args)]
pub struct FitFlags {
    /// Columns of the hidden layers before the last layer, such as 256,64 [default: no hidden layer]
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=8192))]
    hidden: Vec<u32>,
    /// Activation after each hidden layer.
    #[arg(long, value_name = "FUNCTION", default_value = "relu", requires = "hidden")]
    activation: HiddenActivation,
    /// Dropout: share of each hidden layer's columns that a training step leaves out.
    #[arg(long, value_name = "SHARE", default_value_t = HiddenLayers::default().dropout, value_parser = share, requires = "hidden")]
    dropout: f64,
    /// Learning rate, with hidden layers.
    #[arg(long, value_name = "RATE", default_value_t = HiddenLayers::default().learning_rate, value_parser = rate, requires = "hidden")]
    learning_rate: f64,
    /// Maximum number of epochs, with hidden layers.
    #[arg(long, value_name = "N", default_value_t = HiddenLayers::default().epochs, value_parser = count, requires = "hidden")]
    epochs: usize,
    /// Early stopping: stop after this many epochs without a lower validation loss.
    #[arg(long, value_name = "N", default_value_t = HiddenLayers::default().patience, value_parser = count, requires = "hidden")]
    patience: usize,
    /// Weights of the labels: all rows equal, or balanced so that all labels have the same total weight.
    #[arg(long, value_name = "WEIGHTS", default_value = "none")]
    class_weights: ClassWeightsName,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum HiddenActivation {
    Relu,
    Gelu,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ClassWeightsName {
    None,
    Balanced,
}

fn share(written: &str) -> Result<f64, String> {
    let number = written.parse().ok().filter(|number| (0.0..1.0).contains(number));
    number.ok_or_else(|| "it must be a number from 0 to below 1, such as 0.1".to_owned())
}

fn rate(written: &str) -> Result<f64, String> {
    let number = written.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "it must be a number above 0, such as 0.001".to_owned())
}

impl FitFlags {
    /// How to fit: one layer by a convex solver, or hidden layers by gradient descent.
    pub fn method(&self) -> Method {
        if self.hidden.is_empty() {
            return Method::default();
        }
        Method::Hidden(HiddenLayers {
            widths: self.hidden.iter().map(|&width| width as usize).collect(),
            activation: match self.activation {
                HiddenActivation::Relu => DenseActivation::Relu,
                HiddenActivation::Gelu => DenseActivation::Gelu,
            },
            dropout: self.dropout,
            learning_rate: self.learning_rate,
            epochs: self.epochs,
            patience: self.patience,
        })
    }

    /// The weights of the labels.
    pub fn class_weights(&self) -> ClassWeights {
        match self.class_weights {
            ClassWeightsName::None => ClassWeights::None,
            ClassWeightsName::Balanced => ClassWeights::Balanced,
        }
    }
}
