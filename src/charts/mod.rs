//! Reports as one HTML file: no script, nothing fetched, readable in light and dark, on paper and on a
//! phone. It knows nothing of heads or data sets: numbers and names go in, markup comes out. All text
//! passes through `maud`, which escapes it.
//!
//! `names` shortens names and writes numbers, `axis` places ticks, `plot` draws a pair of axes;
//! `bars`, `charts`, `cells` and `tables` are what a report is made of.

mod axis;
mod bars;
mod confusion;
mod heat_map;
mod lines;
mod names;
mod page;
mod plot;
mod reliability;
mod scatter;
mod tables;
mod text_table;

pub use axis::Scale;
pub use bars::{Bar, bars};
pub use confusion::confusion;
pub use heat_map::heat_map;
pub use lines::{Series, lines};
pub use names::figures;
pub use page::{page, section};
pub use reliability::{Bin, reliability};
pub use scatter::scatter;
pub use tables::{facts, table};
pub use text_table::text_table;
