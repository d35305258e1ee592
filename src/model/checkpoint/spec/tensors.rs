//! Single modules of an encoder: the names and shapes of their tensors.

/// A linear layer `(inputs) → (outputs)`: `weight` `(outputs, inputs)` and, if it has one, `bias`
/// `(outputs)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinearSpec {
    /// The name before `.weight` and `.bias`.
    pub module: String,
    /// Columns of the input.
    pub inputs: usize,
    /// Columns of the output.
    pub outputs: usize,
    /// Whether there is a bias.
    pub has_bias: bool,
    /// If the tensors hold several layers, one after another.
    pub part: Part,
}

/// Which of the layers that a tensor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// The number of the layer, counted from 0.
    pub index: usize,
    /// How many layers of this size the tensor holds.
    pub count: usize,
}

impl LinearSpec {
    /// A layer with a bias, in tensors of its own.
    pub fn new(module: impl Into<String>, inputs: usize, outputs: usize) -> Self {
        let part = Part { index: 0, count: 1 };
        Self { module: module.into(), inputs, outputs, has_bias: true, part }
    }

    /// The same layer, with or without a bias.
    #[must_use]
    pub fn with_bias(self, has_bias: bool) -> Self {
        Self { has_bias, ..self }
    }

    /// The same layer as one of `count` that share their tensors.
    #[must_use]
    pub fn with_part(self, index: usize, count: usize) -> Self {
        Self { part: Part { index, count }, ..self }
    }

    /// The name of the tensor with the weights.
    pub fn weight(&self) -> String {
        format!("{}.weight", self.module)
    }

    /// The name of the tensor with the bias.
    pub fn bias(&self) -> String {
        format!("{}.bias", self.module)
    }

    /// Name and shape of each tensor.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> + use<> {
        let rows = self.outputs.saturating_mul(self.part.count);
        let bias = self.has_bias.then(|| (self.bias(), vec![rows]));
        [(self.weight(), vec![rows, self.inputs])].into_iter().chain(bias)
    }
}

/// A layer norm: `weight` and, if it has one, `bias`, `(columns)` each.
#[derive(Clone, Debug, PartialEq)]
pub struct NormSpec {
    /// The name before `.weight` and `.bias`.
    pub module: String,
    /// Columns of a row.
    pub columns: usize,
    /// Whether there is a bias.
    pub has_bias: bool,
    /// Added to the variance.
    pub eps: f64,
}

impl NormSpec {
    /// The name of the tensor that scales.
    pub fn weight(&self) -> String {
        format!("{}.weight", self.module)
    }

    /// The name of the tensor with the bias.
    pub fn bias(&self) -> String {
        format!("{}.bias", self.module)
    }

    /// Name and shape of each tensor.
    pub fn tensors(&self) -> impl Iterator<Item = (String, Vec<usize>)> + use<> {
        let bias = self.has_bias.then(|| (self.bias(), vec![self.columns]));
        [(self.weight(), vec![self.columns])].into_iter().chain(bias)
    }
}

/// A table `(rows, columns)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableSpec {
    /// The name of the tensor.
    pub name: String,
    /// Rows, of which an input chooses.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
}

impl TableSpec {
    /// Name and shape of the tensor.
    pub fn tensor(&self) -> (String, Vec<usize>) {
        (self.name.clone(), vec![self.rows, self.columns])
    }
}
