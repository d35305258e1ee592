//! What several commands share.

pub mod features;
pub mod fit_flags;
