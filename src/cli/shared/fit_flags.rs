//! Flags that say how layers are fitted.

use clap::{Args, ValueEnum};

use crate::app::Failure;
use crate::model::head::DenseActivation;
use crate::training::{ClassWeights, Hidden, Method, TrainError};

/// Which fully connected layers, and how they are fitted.
#[derive(Clone, Debug, Args)]
pub struct FitFlags {
    /// Hidden layers before the last, by their columns, such as 256,64; without it there is one layer.
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=8192))]
    hidden: Vec<u32>,
    /// What follows each hidden layer.
    #[arg(long, value_name = "FUNCTION", default_value = "relu", requires = "hidden")]
    activation: Between,
    /// The share of each hidden layer's columns that a step leaves out.
    #[arg(long, value_name = "SHARE", default_value_t = Hidden::default().dropout, value_parser = share, requires = "hidden")]
    dropout: f64,
    /// How far a step goes with hidden layers.
    #[arg(long, value_name = "RATE", default_value_t = Hidden::default().learning_rate, value_parser = rate, requires = "hidden")]
    learning_rate: f64,
    /// Passes over the rows at most, with hidden layers.
    #[arg(long, value_name = "N", default_value_t = Hidden::default().epochs, value_parser = count, requires = "hidden")]
    epochs: usize,
    /// Stop after so many passes in a row that don't make the validation loss less.
    #[arg(long, value_name = "N", default_value_t = Hidden::default().patience, value_parser = count, requires = "hidden")]
    patience: usize,
    /// What the rows of a label count: each the same, or all of one label as much as all of another.
    #[arg(long, value_name = "HOW", default_value = "none")]
    class_weights: Weights,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Between {
    Relu,
    Gelu,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Weights {
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

fn count(written: &str) -> Result<usize, String> {
    let number = written.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "it must be a whole number from 1 on".to_owned())
}

/// What couldn't be done, or can't be done with what was given.
pub fn failure(error: TrainError) -> Failure {
    match error {
        TrainError::Features(_) | TrainError::Tensor(_) | TrainError::Solver(_) => {
            Failure::failed(error)
        }
        _ => Failure::unusable(error),
    }
}

impl FitFlags {
    pub fn method(&self) -> Method {
        if self.hidden.is_empty() {
            return Method::default();
        }
        Method::Hidden(Hidden {
            widths: self.hidden.iter().map(|&width| width as usize).collect(),
            activation: match self.activation {
                Between::Relu => DenseActivation::Relu,
                Between::Gelu => DenseActivation::Gelu,
            },
            dropout: self.dropout,
            learning_rate: self.learning_rate,
            epochs: self.epochs,
            patience: self.patience,
        })
    }

    pub fn class_weights(&self) -> ClassWeights {
        match self.class_weights {
            Weights::None => ClassWeights::None,
            Weights::Balanced => ClassWeights::Balanced,
        }
    }
}
