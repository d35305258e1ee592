//! Charts, tables and pages: numbers and names go in, HTML or text comes out.
//!
//! A page is one HTML file without scripts. It loads nothing, and is readable in light and dark
//! mode, on paper and on a phone. All text passes through `maud`, which escapes it.
//!
//! `page` is a document and its sections; `names` shortens names and formats numbers, `axis` places
//! ticks, `plot` draws a pair of axes. Each other file is one kind of chart or table; `text_table`
//! is for a terminal.

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
pub use names::four_figures;
pub use page::{page, section};
pub use reliability::{Bin, reliability};
pub use scatter::scatter;
pub use tables::{facts, table};
pub use text_table::text_table;

#[cfg(test)]
mod testing;
