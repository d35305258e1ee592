//! What is measured: the shapes of the default model, MiniLM with 384 columns and 12 attention
//! heads.

use std::fmt;
use std::io;

use strata_kernels::{
    Activation, Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View,
    ViewMut,
};

use crate::timing::fastest_seconds;

/// `(m, k)·(k, n)`
#[derive(Clone, Copy)]
pub struct GemmShape {
    m: usize,
    k: usize,
    n: usize,
}

/// QKV projection, attention output, and the two feed-forward GEMMs; a block of 256 rows, as on
/// tiles, one of 64 rows, and one short sentence.
pub const GEMM_SHAPES: [GemmShape; 9] = [
    GemmShape { m: 256, k: 384, n: 1152 },
    GemmShape { m: 256, k: 384, n: 384 },
    GemmShape { m: 256, k: 384, n: 1536 },
    GemmShape { m: 256, k: 1536, n: 384 },
    GemmShape { m: 64, k: 384, n: 1152 },
    GemmShape { m: 64, k: 384, n: 384 },
    GemmShape { m: 64, k: 384, n: 1536 },
    GemmShape { m: 64, k: 1536, n: 384 },
    GemmShape { m: 8, k: 384, n: 1536 },
];

impl GemmShape {
    /// Additions and multiplications.
    pub fn operations(self) -> f64 {
        2.0 * (self.m * self.k * self.n) as f64
    }
}

impl fmt::Display for GemmShape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&format!("{}×{}×{}", self.m, self.k, self.n))
    }
}

/// A GEMM with bias and GELU, and the rounding of its rows.
pub struct GemmWork {
    kernels: Kernels,
    shape: GemmShape,
    layer: PackedLinear,
    rows: Vec<f32>,
    out: Vec<f32>,
    scratch: OperandScratch,
}

impl GemmWork {
    pub fn new(kernels: Kernels, dtype: Dtype, shape: GemmShape) -> io::Result<Self> {
        let (weight, bias) = (numbers(shape.n * shape.k), numbers(shape.n));
        let part = PackedPart { weight: &weight, bias: &bias };
        let layer = PackedLinear::pack(kernels, dtype, shape.k, &[part])?;
        let out = vec![0.0; shape.m * layer.columns()];
        let rows = numbers(shape.m * shape.k);
        Ok(Self { kernels, shape, layer, rows, out, scratch: OperandScratch::default() })
    }

    /// The GEMM alone, of rows that are rounded beforehand, with nothing but the bias.
    pub fn fastest_product(&mut self) -> f64 {
        let (GemmShape { m, k, .. }, width) = (self.shape, self.layer.columns());
        let rows = View::new(&self.rows, m, k, k);
        let operand = Operand::new(self.kernels, self.layer.dtype(), rows, &mut self.scratch);
        fastest_seconds(|| {
            let out = ViewMut::new(&mut self.out, m, width, width);
            self.kernels.gemm(&operand, &self.layer, 0..self.layer.panels(), Epilogue::Bias, out);
        })
    }

    pub fn run(&mut self) {
        let (GemmShape { m, k, .. }, width) = (self.shape, self.layer.columns());
        let rows = View::new(&self.rows, m, k, k);
        let operand = Operand::new(self.kernels, self.layer.dtype(), rows, &mut self.scratch);
        let epilogue = Epilogue::Activation(Activation::Gelu);
        let out = ViewMut::new(&mut self.out, m, width, width);
        self.kernels.gemm(&operand, &self.layer, 0..self.layer.panels(), epilogue, out);
    }
}

/// Attention of one sequence and one attention head.
pub struct AttentionWork {
    kernels: Kernels,
    dtype: Dtype,
    t: usize,
    qkv: [Vec<f32>; 3],
    out: Vec<f32>,
    scratch: Vec<f32>,
}

/// Columns of an attention head.
const ATTENTION_HEAD_COLUMNS: usize = 32;

impl AttentionWork {
    pub fn new(kernels: Kernels, dtype: Dtype, t: usize) -> Self {
        let rows = || numbers(t * ATTENTION_HEAD_COLUMNS);
        let out = vec![0.0; t * ATTENTION_HEAD_COLUMNS];
        Self { kernels, dtype, t, qkv: [rows(), rows(), rows()], out, scratch: Vec::new() }
    }

    pub fn run(&mut self) {
        let (t, d) = (self.t, ATTENTION_HEAD_COLUMNS);
        let [q, k, v] = self.qkv.each_ref().map(|numbers| View::new(numbers, t, d, d));
        let out = ViewMut::new(&mut self.out, t, d, d);
        self.kernels.attention(self.dtype, [q, k, v], None, out, &mut self.scratch);
    }

    /// Additions and multiplications of the two matmuls.
    pub fn operations(&self) -> f64 {
        4.0 * (self.t * self.t * ATTENTION_HEAD_COLUMNS) as f64
    }
}

/// Layer norm of a block of rows.
pub struct LayerNormWork {
    kernels: Kernels,
    rows: Vec<f32>,
    gain: Vec<f32>,
    bias: Vec<f32>,
}

const NORM_ROWS: usize = 64;

const HIDDEN_SIZE: usize = 384;

impl LayerNormWork {
    pub fn new(kernels: Kernels) -> Self {
        let rows = numbers(NORM_ROWS * HIDDEN_SIZE);
        Self { kernels, rows, gain: vec![1.0; HIDDEN_SIZE], bias: numbers(HIDDEN_SIZE) }
    }

    pub fn run(&mut self) {
        let rows = ViewMut::new(&mut self.rows, NORM_ROWS, HIDDEN_SIZE, HIDDEN_SIZE);
        self.kernels.layer_norm(rows, &self.gain, &self.bias, 1e-12);
    }

    /// Bytes of the rows.
    pub fn bytes(&self) -> f64 {
        size_of_val(self.rows.as_slice()) as f64
    }
}

/// Numbers from -1 to 1, the same in every run.
fn numbers(count: usize) -> Vec<f32> {
    (0..count).map(|i| (i as f32 * 0.618_034).fract() * 2.0 - 1.0).collect()
}
