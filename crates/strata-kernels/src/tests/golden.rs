//! The bits of a revision: whoever changes them has to raise [`REVISION`], so that two servers whose
//! numerics have the same name give the same bits.
//!
//! For each name a fixed computation is hashed and compared with the hash that is recorded below.
//! The computation uses no function of the system's mathematics library, so that its bits are the
//! same on every system. A processor without an instruction set can't check its line; the emulated
//! ones are checked everywhere. Kernels with AVX-512's instruction for bf16 (`dot`) are chosen on
//! other makers' processors than Intel's. Their bits on Intel's have lines of their own: it is not
//! known whether the instruction rounds alike on all.
//!
//! To record the bits after an intended change: raise `REVISION` in `numerics.rs`, run
//! `cargo test -p strata-kernels golden -- --nocapture`, and replace [`GOLDEN`] by the lines that it
//! prints. Lines of instruction sets that this processor lacks have to be recorded elsewhere; until
//! then they are left out. `tests/model/golden.rs` of the server has the bits of whole passes.

use std::collections::BTreeMap;

use super::support::{DTYPES, all_kernels, numbers};
use crate::activation::Activation;
use crate::dtype::Dtype;
use crate::epilogue::Epilogue;
use crate::instruction_set::InstructionSet;
use crate::kernels::Kernels;
use crate::numerics::REVISION;
use crate::operand::{Operand, OperandScratch};
use crate::packed_linear::{PackedLinear, PackedPart};
use crate::view::View;
use crate::view_mut::ViewMut;
#[cfg(kernels_x86_64)]
use crate::x86_64;

/// The name of the numerics, and the hash of the bits.
const GOLDEN: &[(&str, u64)] = &[
    ("f32-plain-scalar-1", 0x515b66a8ccf2740a),
    ("bf16-plain-scalar-1", 0x8b5f62a8a17b26ab),
    ("int8-plain-scalar-1", 0xe8466eff7675065c),
    ("f32-fma-avx2-1", 0x972d480005a4a50f),
    ("bf16-widened-fma-avx2-1", 0x1d2677c0834f8ce9),
    ("int8-widened-fma-avx2-1", 0xb6d6cdea735f8b8d),
    ("f32-fma-avx512-1", 0xfb5978e9a75011e7),
    ("bf16-widened-fma-avx512-1", 0x3908a25c02f1b2a4),
    ("int8-vnni-fma-avx512-1", 0xa5e44278b87c73a7),
    ("bf16-dot-avx512-1 on Intel's", 0xf0ff967f0a0575f3),
    ("int8-vnni-dot-avx512-1 on Intel's", 0x206258cbebc638f5),
    ("f32-fma-amx-1", 0xfb5978e9a75011e7),
    ("f32-split-amx-1", 0xc4554329319afd70),
    ("bf16-tiles-amx-1", 0x27d48005883f4cdc),
    ("int8-tiles-amx-1", 0x32a7c49e816fb02d),
    ("f32-emulated-scalar-1", 0x26e9187961de4dc3),
    ("bf16-emulated-scalar-1", 0x3ae04f44f036badc),
    ("int8-emulated-scalar-1", 0xb4fcde1890ece6cc),
    ("bf16-emulatedwidened-emulated-scalar-1", 0x4da95237beb8bdef),
    ("f32-emulatedtiles-scalar-1", 0x7e7d25a931aa776e),
    ("bf16-emulatedtiles-scalar-1", 0xdbccfe88c79628a2),
    ("int8-emulatedtiles-scalar-1", 0xe78dff30df78fdbb),
];

/// FNV-1a with 64 bits, over the bits of numbers.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, numbers: &[f32]) {
        for byte in numbers.iter().flat_map(|number| number.to_bits().to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// A GEMM of `m` rows, `k` inputs and `n` outputs. One row is so large that its products can't be
/// split.
fn add_gemm(hash: &mut Hash, kernels: Kernels, dtype: Dtype, [m, k, n]: [usize; 3]) {
    let part = PackedPart { weight: &numbers(n * k, 1), bias: &numbers(n, 2) };
    let linear = PackedLinear::pack(kernels, dtype, k, &[part]).unwrap();
    let mut rows = numbers(m * k, 3);
    rows[m / 2 * k..][..k].iter_mut().for_each(|x| *x *= 1e19);
    let width = linear.columns();
    let activations = Activation::ALL.map(Epilogue::Activation);
    for epilogue in [Epilogue::Bias, Epilogue::Residual].into_iter().chain(activations) {
        let mut out = numbers(m * width, 4);
        let mut scratch = OperandScratch::default();
        let operand = Operand::new(kernels, dtype, View::new(&rows, m, k, k), &mut scratch);
        let view = ViewMut::new(&mut out, m, width, width);
        kernels.gemm(&operand, &linear, 0..linear.panels(), epilogue, view);
        out.chunks(width).for_each(|row| hash.add(&row[..n]));
    }
}

/// Two GEMMs after each other, of which the first writes the left side of the second if the kernels
/// have that.
fn add_chain(hash: &mut Hash, kernels: Kernels, dtype: Dtype, [m, c, f]: [usize; 3]) {
    let pack = |[n, k]: [usize; 2], seed| {
        let part = PackedPart { weight: &numbers(n * k, seed), bias: &numbers(n, seed + 1) };
        PackedLinear::pack(kernels, dtype, k, &[part]).unwrap()
    };
    let (first, second) = (pack([f, c], 11), pack([c, f], 13));
    let (rows, epilogue) = (numbers(m * c, 15), Epilogue::Activation(Activation::Gelu));
    let (mut scratch, mut between) = (OperandScratch::default(), OperandScratch::default());
    let mut rounded = OperandScratch::default();
    let operand = Operand::new(kernels, dtype, View::new(&rows, m, c, c), &mut scratch);
    let mut wide = vec![0.0; m * first.columns()];
    let fused = kernels.gemm_to_operand(&operand, &first, epilogue, f, &mut between);
    let operand = fused.unwrap_or_else(|| {
        let out = ViewMut::new(&mut wide, m, first.columns(), first.columns());
        kernels.gemm(&operand, &first, 0..first.panels(), epilogue, out);
        Operand::new(kernels, dtype, View::new(&wide, m, f, first.columns()), &mut rounded)
    });
    let width = second.columns();
    let mut out = vec![0.0; m * width];
    let view = ViewMut::new(&mut out, m, width, width);
    kernels.gemm(&operand, &second, 0..second.panels(), Epilogue::Bias, view);
    out.chunks(width).for_each(|row| hash.add(&row[..c]));
}

/// Attention of `n` queries over `t` keys of `d` columns.
fn add_attention(hash: &mut Hash, kernels: Kernels, dtype: Dtype, [n, t, d]: [usize; 3]) {
    let larger = |count, seed| numbers(count, seed).iter().map(|x| 3.0 * x).collect::<Vec<_>>();
    let (q, k, v) = (larger(n * d, 5), larger(t * d, 6), numbers(t * d, 7));
    let mut out = vec![0.0; n * d];
    kernels.attention(
        dtype,
        [View::new(&q, n, d, d), View::new(&k, t, d, d), View::new(&v, t, d, d)],
        None,
        ViewMut::new(&mut out, n, d, d),
        &mut Vec::new(),
    );
    hash.add(&out);
}

fn add_layer_norm(hash: &mut Hash, kernels: Kernels, c: usize) {
    let mut rows = numbers(5 * c, 8);
    let view = ViewMut::new(&mut rows, 5, c, c);
    kernels.layer_norm(view, &numbers(c, 9), &numbers(c, 10), 1e-12);
    hash.add(&rows);
}

fn bits(kernels: Kernels, dtype: Dtype) -> u64 {
    let mut hash = Hash::new();
    for size in [[3, 33, 17], [41, 384, 70], [70, 1111, 40]] {
        add_gemm(&mut hash, kernels, dtype, size);
    }
    add_chain(&mut hash, kernels, dtype, [37, 48, 190]);
    for size in [[7, 5, 12], [40, 150, 32], [33, 64, 64]] {
        add_attention(&mut hash, kernels, dtype, size);
    }
    for c in [33, 384] {
        add_layer_norm(&mut hash, kernels, c);
    }
    hash.0
}

/// The name of the numerics, with the maker of this processor where it may matter.
fn recorded_name(kernels: Kernels, dtype: Dtype) -> String {
    let name = kernels.numerics(dtype);
    #[cfg(kernels_x86_64)]
    if name.contains("-dot-") && x86_64::is_intel() {
        return name + " on Intel's";
    }
    name
}

#[test]
fn the_bits_of_a_name_are_the_recorded_ones() {
    let mut seen = BTreeMap::new();
    let mut changed = Vec::new();
    for (kernels, dtype) in all_kernels().flat_map(|one| DTYPES.map(|dtype| (one, dtype))) {
        let (name, hash) = (recorded_name(kernels, dtype), bits(kernels, dtype));
        if let Some(other) = seen.insert(name.clone(), hash) {
            assert_eq!(hash, other, "{name} is the name of two kernels");
            continue;
        }
        println!("    (\"{name}\", {hash:#018x}),");
        let recorded = GOLDEN.iter().find(|(recorded, _)| *recorded == name);
        if recorded.is_some_and(|(_, recorded)| *recorded != hash) {
            changed.push(name);
        }
    }
    assert!(changed.is_empty(), "other bits than recorded: {changed:?}; see the file's comment");
}

#[test]
fn bits_are_recorded_for_this_revision_and_always_for_plain_loops() {
    let plain = Kernels::new(InstructionSet::Scalar).unwrap();
    for dtype in DTYPES {
        let name = plain.numerics(dtype);
        assert!(GOLDEN.iter().any(|(recorded, _)| *recorded == name), "{name}");
    }
    let end = format!("-{REVISION}");
    for (name, _) in GOLDEN {
        let numerics = name.trim_end_matches(" on Intel's");
        assert!(numerics.ends_with(&end), "{name} is of another revision");
    }
}
