//! Which kernels this CPU can run. CPU features are read once.

use crate::f32_products::F32Products;
use crate::instruction_set::{InstructionSet, Unavailable};
use crate::scalar;
use crate::table::Table;
#[cfg(kernels_x86_64)]
use crate::x86_64;

impl InstructionSet {
    /// The most capable instruction set that this CPU has.
    pub fn detect() -> Self {
        Self::ALL.into_iter().rfind(|set| set.is_available()).unwrap_or(Self::Scalar)
    }

    /// Whether this CPU has it.
    pub fn is_available(self) -> bool {
        table(self).is_some()
    }

    /// Whether it can be used, and if not, why.
    ///
    /// # Errors
    /// It can't be used.
    pub fn check(self) -> Result<(), Unavailable> {
        #[cfg(kernels_x86_64)]
        if self == Self::Amx && x86_64::tiles_are_refused() {
            return Err(Unavailable::System);
        }
        if self.is_available() { Ok(()) } else { Err(Unavailable::Cpu) }
    }

    /// Whether this CPU has it, with these products of GEMMs in f32.
    pub fn has_f32_products(self, products: F32Products) -> bool {
        table(self).is_some_and(|table| table.has_f32_products(products))
    }
}

/// The kernels of an instruction set, if this CPU has it.
pub fn table(set: InstructionSet) -> Option<&'static Table> {
    match set {
        InstructionSet::Scalar => Some(&scalar::TABLE),
        #[cfg(kernels_x86_64)]
        InstructionSet::Avx2 => x86_64::avx2(),
        #[cfg(kernels_x86_64)]
        InstructionSet::Avx512 => x86_64::avx512(),
        #[cfg(kernels_x86_64)]
        InstructionSet::Amx => x86_64::amx(),
        #[cfg(not(kernels_x86_64))]
        InstructionSet::Avx2 | InstructionSet::Avx512 | InstructionSet::Amx => None,
    }
}
