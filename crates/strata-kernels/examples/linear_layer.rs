//! Packs a linear layer and multiplies two rows with it:
//! `cargo run -p strata-kernels --example linear_layer`.

use strata_kernels::{
    Activation, Dtype, Epilogue, Kernels, Operand, OperandScratch, PackedLinear, PackedPart, View,
    ViewMut,
};

fn main() -> std::io::Result<()> {
    let kernels = Kernels::best();
    let dtype = Dtype::F32;

    // A layer of k = 3 inputs and n = 2 outputs; weights (n, k), row-major.
    let weight = [1.0, 0.0, -1.0, 0.5, 0.5, 0.5];
    let bias = [0.0, 1.0];
    let part = PackedPart { weight: &weight, bias: &bias };
    let layer = PackedLinear::pack(kernels, dtype, 3, &[part])?;

    // Two rows of 3 numbers.
    let rows = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let mut scratch = OperandScratch::default();
    let operand = Operand::new(kernels, dtype, View::new(&rows, 2, 3, 3), &mut scratch);

    // A GEMM writes whole panels: rows of the output are as long as all panels together.
    let width = layer.columns();
    let mut out = vec![0.0; 2 * width];
    let view = ViewMut::new(&mut out, 2, width, width);
    let epilogue = Epilogue::Activation(Activation::Relu);
    kernels.gemm(&operand, &layer, 0..layer.panels(), epilogue, view);

    println!("{}, panels of {} columns", kernels.instructions(dtype), layer.panel_columns());
    for row in out.chunks(width) {
        println!("{:?}", &row[..2]);
    }
    assert_eq!([&out[..2], &out[width..width + 2]].concat(), [0.0, 4.0, 0.0, 8.5]);
    Ok(())
}
