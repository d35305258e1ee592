//! What several commands share: flags, features of a labelled file, reports, exit codes.

mod cache_flags;
mod data_flags;
mod failure;
mod features;
mod fetching;
mod fit_flags;
mod model_flags;
mod numbers;
mod one_line;
mod print;
mod progress;
mod recipe;
mod report;
mod tagging;

pub use cache_flags::CacheFlags;
pub use data_flags::{
    FileFlags, LongTextFlags, Opened, TrainingFlags, check_takes_pairs, print_notes, row_reader,
};
pub use failure::Failure;
pub use features::extract;
pub use fetching::show_fetching;
pub use fit_flags::FitFlags;
pub use model_flags::ModelFlags;
pub use numbers::{port, seconds, whole};
pub use one_line::one_line;
pub use print::{print, print_json};
pub use progress::Progress;
pub use recipe::parse_recipe;
pub use report::{try_file, try_folder, write_report};
pub use tagging::{LONG_TEXTS, Marked, check_long_texts, token_features};
