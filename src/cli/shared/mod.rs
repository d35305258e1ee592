//! What several commands share: flags, features of a labelled file, reports, exit codes.

mod data_flags;
mod failure;
mod features;
mod fit_flags;
mod model_flags;
mod numbers;
mod one_line;
mod print;
mod recipe;
mod report;

pub use data_flags::{FileFlags, TrainingFlags, print_notes};
pub use failure::Failure;
pub use features::{CacheFlags, extract};
pub use fit_flags::FitFlags;
pub use model_flags::ModelFlags;
pub use numbers::{port, seconds, whole};
pub use one_line::one_line;
pub use print::{print, print_json};
pub use recipe::parse_recipe;
pub use report::write_report;
