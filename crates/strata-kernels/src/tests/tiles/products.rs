//! The model of a matrix unit against AMX's instructions, bit for bit.

use super::unit::Model;
use super::words::Kind;
use crate::instruction_set::InstructionSet;
use crate::simd::matrix::{MatrixUnit, Nothing, PARTS, Product, Start, TILE, TILE_WORDS};
use crate::tests::support::Random;
use crate::x86_64::Amx;

/// Random products of each kind, operation and size.
const REPETITIONS: usize = 3;

/// A method of a unit.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Operation {
    Bf16,
    SixProducts,
    Int8,
}

/// The sizes of a product.
#[derive(Clone, Copy, Debug)]
struct Size {
    row_tiles: usize,
    column_tiles: usize,
    chunks: usize,
    start: Start,
}

/// A row of a tile, aligned as a unit needs it.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line([u32; TILE]);

/// Words that are aligned to a line, each made by `word`.
fn lines(words: usize, mut word: impl FnMut() -> u32) -> Vec<Line> {
    (0..words / TILE).map(|_| Line(std::array::from_fn(|_| word()))).collect()
}

/// The operands of a product and the sums before it.
struct Case {
    operation: Operation,
    size: Size,
    a: Vec<Line>,
    a_stride: usize,
    b: Vec<Line>,
    sums: Vec<Line>,
    sums_stride: usize,
}

impl Case {
    fn new(operation: Operation, size: Size, kind: Kind, random: &mut Random) -> Self {
        let Size { row_tiles, column_tiles, chunks, .. } = size;
        let parts = if operation == Operation::SixProducts { PARTS } else { 1 };
        // Between the tiles of rows, and after the columns, there may be something else.
        let a_stride = (chunks * parts + random.below(2)) * TILE_WORDS;
        let sums_stride = (column_tiles + random.below(3)) * TILE;
        let factors = |words, random: &mut Random, signs| {
            lines(words, || match operation {
                Operation::Int8 => random.bits(),
                _ => kind.word(random) ^ signs,
            })
        };
        Self {
            operation,
            size,
            a: factors(row_tiles * a_stride, random, 0),
            a_stride,
            // With the other signs, so that most products of zeros are -0.
            b: factors(column_tiles * chunks * parts * TILE_WORDS, random, 0x8000_8000),
            sums: lines(row_tiles * TILE * sums_stride, || kind.sum(random)),
            sums_stride,
        }
    }

    /// The words of the sums after the product, and what lies between them.
    fn run<U: MatrixUnit>(&self) -> Vec<u32> {
        let mut sums = self.sums.clone();
        let Size { row_tiles, column_tiles, chunks, start } = self.size;
        let product = Product {
            a: self.a.as_ptr().cast(),
            a_stride: self.a_stride,
            b: self.b.as_ptr().cast(),
            chunks,
            sums: sums.as_mut_ptr().cast(),
            sums_stride: self.sums_stride,
            row_tiles,
            column_tiles,
            start,
            store: true,
        };
        // SAFETY: the lines are as many as the tiles of this size have. A unit is called only if
        // the CPU has it.
        unsafe {
            U::configure();
            match self.operation {
                Operation::Bf16 => U::bf16(&product, &mut Nothing),
                Operation::SixProducts => U::six_products(&product, &mut Nothing),
                Operation::Int8 => U::int8(&product, &mut Nothing),
            }
            U::release();
        }
        sums.iter().flat_map(|line| line.0).collect()
    }

    /// Fails where the two units differ. All NaNs count as the same.
    fn compare(&self, kind: Kind) {
        let (model, amx) = (self.run::<Model>(), self.run::<Amx>());
        let is_nan = |bits: u32| f32::from_bits(bits).is_nan();
        for (at, (model, amx)) in model.into_iter().zip(amx).enumerate() {
            let both_nan = self.operation != Operation::Int8 && is_nan(model) && is_nan(amx);
            assert!(
                model == amx || both_nan,
                "{:?} of {:?}, {kind:?}: {model:#010x} instead of {amx:#010x} in row {}, column {}",
                self.operation,
                self.size,
                at / self.sums_stride,
                at % self.sums_stride,
            );
        }
    }
}

/// Every operation with tiles of every number.
fn sizes() -> impl Iterator<Item = (Operation, Size)> + Clone {
    let operations = [Operation::Bf16, Operation::SixProducts, Operation::Int8];
    (0..operations.len() * 2 * 2 * 4 * 2).map(move |at| {
        let size = Size {
            row_tiles: 1 + at % 2,
            column_tiles: 1 + at / 2 % 2,
            chunks: [1, 2, 3, 7][at / 4 % 4],
            start: [Start::Zero, Start::Memory][at / 16 % 2],
        };
        (operations[at / 32], size)
    })
}

#[test]
fn the_model_of_the_instructions_has_the_bits_of_the_instructions() {
    if !InstructionSet::Amx.is_available() {
        return;
    }
    let mut random = Random::new(1);
    for kind in Kind::ALL {
        for (operation, size) in sizes().cycle().take(REPETITIONS * sizes().count()) {
            Case::new(operation, size, kind, &mut random).compare(kind);
        }
    }
}
