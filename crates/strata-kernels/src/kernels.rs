//! The kernels of one instruction set. Their operations are in `gemm`, `attention` and
//! `layer_norm`.

use crate::dispatch;
use crate::dtype::Dtype;
use crate::instruction_set::InstructionSet;
use crate::scalar;
use crate::table::{GemmKernel, Table};

/// The kernels of one instruction set that this CPU has.
#[derive(Clone, Copy)]
pub struct Kernels {
    set: InstructionSet,
    /// This CPU has the features of the table: the safe methods rely on it.
    table: &'static Table,
}

impl Kernels {
    /// The kernels of an instruction set, or `None` if this CPU does not have it.
    pub fn new(set: InstructionSet) -> Option<Self> {
        Some(Self { set, table: dispatch::table(set)? })
    }

    /// The kernels of the most capable instruction set that this CPU has.
    pub fn best() -> Self {
        let best = Self::new(InstructionSet::detect());
        best.unwrap_or(Self { set: InstructionSet::Scalar, table: &scalar::TABLE })
    }

    /// The instruction set.
    #[inline]
    pub fn set(&self) -> InstructionSet {
        self.set
    }

    /// Whether the GEMMs of all dtypes and attention's matmuls run on tiles.
    #[inline]
    pub const fn has_tiles(&self) -> bool {
        self.table.tiles.is_some()
    }

    /// The instructions that a GEMM of this dtype uses, as text for people.
    pub fn instructions(&self, dtype: Dtype) -> &'static str {
        self.gemm_kernel(dtype).instructions
    }

    #[inline]
    pub(crate) fn table(&self) -> &'static Table {
        self.table
    }

    #[inline]
    pub(crate) fn gemm_kernel(&self, dtype: Dtype) -> &'static GemmKernel {
        match dtype {
            Dtype::F32 => &self.table.f32,
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

    /// Kernels with a table of the tests' own.
    ///
    /// # Safety
    /// This CPU has the features that the table's functions need.
    #[cfg(test)]
    pub(crate) unsafe fn from_table(table: &'static Table) -> Self {
        Self { set: InstructionSet::Scalar, table }
    }
}
