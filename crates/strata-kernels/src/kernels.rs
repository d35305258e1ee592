//! The kernels of one instruction set. Their operations are in `gemm`, `attention` and
//! `layer_norm`.

use crate::dispatch;
use crate::dtype::Dtype;
use crate::f32_products::F32Products;
use crate::instruction_set::InstructionSet;
use crate::numerics;
use crate::scalar;
use crate::table::{GemmKernel, Table};

/// The kernels of one instruction set that this CPU has.
#[derive(Clone, Copy)]
pub struct Kernels {
    set: InstructionSet,
    f32_products: F32Products,
    /// This CPU has the features of the table: the safe methods rely on it.
    table: &'static Table,
}

impl Kernels {
    /// The kernels of an instruction set, or `None` if this CPU does not have it.
    pub fn new(set: InstructionSet) -> Option<Self> {
        Some(Self::with_table(set, dispatch::table(set)?))
    }

    /// The kernels of the most capable instruction set that this CPU has.
    pub fn best() -> Self {
        let best = Self::new(InstructionSet::detect());
        best.unwrap_or(Self::with_table(InstructionSet::Scalar, &scalar::TABLE))
    }

    /// With f32 by six products if the table has them: where there are tiles, they are faster.
    fn with_table(set: InstructionSet, table: &'static Table) -> Self {
        let f32_products =
            if table.f32_split.is_some() { F32Products::Split } else { F32Products::Fma };
        Self { set, f32_products, table }
    }

    /// The same kernels with other products of GEMMs in f32, or `None` if they don't have them:
    /// [`F32Products::Split`] needs tiles. Weights and operands are only for kernels with the
    /// products that they were packed for.
    #[must_use]
    pub fn with_f32_products(self, f32_products: F32Products) -> Option<Self> {
        self.table.has_f32_products(f32_products).then_some(Self { f32_products, ..self })
    }

    /// The instruction set.
    #[inline]
    pub fn set(&self) -> InstructionSet {
        self.set
    }

    /// How the products of GEMMs in f32 are computed.
    #[inline]
    pub fn f32_products(&self) -> F32Products {
        self.f32_products
    }

    /// Whether GEMMs of this dtype run on tiles.
    #[inline]
    pub fn has_tiles(&self, dtype: Dtype) -> bool {
        self.gemm_kernel(dtype).layout.has_tiles()
    }

    /// The instructions that a GEMM of this dtype uses, as text for people.
    pub fn instructions(&self, dtype: Dtype) -> &'static str {
        self.gemm_kernel(dtype).instructions
    }

    /// The name of what decides the bits of a result: dtype, products, instruction set and
    /// [`REVISION`](crate::REVISION). Kernels with the same name give the same bits, on any CPU and
    /// on any number of threads.
    pub fn numerics(&self, dtype: Dtype) -> String {
        let products = self.gemm_kernel(dtype).products;
        let attention = match dtype {
            // In f32 the products of attention follow from those of a GEMM.
            Dtype::F32 => products,
            Dtype::Bf16 | Dtype::Int8 => self.table.rounded_products,
        };
        numerics::name(dtype, products, attention, self.set)
    }

    #[inline]
    pub(crate) fn table(&self) -> &'static Table {
        self.table
    }

    #[inline]
    pub(crate) fn gemm_kernel(&self, dtype: Dtype) -> &'static GemmKernel {
        match dtype {
            Dtype::F32 => match (self.f32_products, &self.table.f32_split) {
                (F32Products::Split, Some(split)) => split,
                _ => &self.table.f32,
            },
            Dtype::Bf16 => &self.table.bf16,
            Dtype::Int8 => &self.table.int8,
        }
    }

    /// Runs kernels, and if they use tiles, configures this thread's tiles before and releases them
    /// after that.
    #[inline]
    pub(crate) fn with_tiles<R>(&self, use_tiles: bool, run: impl FnOnce() -> R) -> R {
        let Some(tiles) = self.table.tiles.as_ref().filter(|_| use_tiles) else {
            return run();
        };
        // SAFETY: this CPU has the features of the table.
        unsafe { (tiles.configure)() }
        let result = run();
        // SAFETY: as above.
        unsafe { (tiles.release)() }
        result
    }

    /// Kernels with a table that this CPU would not choose.
    ///
    /// # Safety
    /// This CPU has the features that the table's functions need.
    #[cfg(test)]
    pub(crate) unsafe fn from_table(set: InstructionSet, table: &'static Table) -> Self {
        Self::with_table(set, table)
    }
}
