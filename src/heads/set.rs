//! The heads in use at one time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::head::Head;

/// The heads in use at one time, and those that can't be used.
#[derive(Clone, Debug, Default)]
pub struct HeadSet {
    /// Heads in use, by name.
    pub loaded: BTreeMap<String, Arc<Head>>,
    /// Heads that were found but can't be used: name to reason.
    pub skipped: BTreeMap<String, String>,
}
