//! Results of training and of comparisons, for `head.json`, the terminal and a browser.

mod comparison_page;
mod display;
mod head_page;
mod mistakes;
mod training_report;

pub use training_report::{StrengthBound, TrainingInput, TrainingReport};
