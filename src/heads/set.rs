//! The heads in use at one time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::model::head::Head;

/// The heads in use at one time, and those that can't be used.
#[derive(Clone, Debug, Default)]
pub struct HeadSet {
    /// Heads in use that classify texts, by name.
    pub loaded: BTreeMap<String, Arc<Head>>,
    /// Heads in use that classify tokens, by name. No name is in both.
    pub taggers: BTreeMap<String, Arc<Head>>,
    /// Heads that were found but can't be used: name to reason.
    pub skipped: BTreeMap<String, String>,
}

impl HeadSet {
    /// Puts a head into use, in place of another one of its name.
    pub(super) fn insert(&mut self, name: String, head: Arc<Head>) {
        self.skipped.remove(&name);
        let (kind, other) = match head.tagger() {
            None => (&mut self.loaded, &mut self.taggers),
            Some(_) => (&mut self.taggers, &mut self.loaded),
        };
        other.remove(&name);
        kind.insert(name, head);
    }

    /// A head in use, whatever it classifies.
    pub fn find(&self, name: &str) -> Option<&Arc<Head>> {
        self.loaded.get(name).or_else(|| self.taggers.get(name))
    }

    /// All heads in use with their names, those that classify texts first.
    pub fn all(&self) -> impl Iterator<Item = (&String, &Arc<Head>)> {
        self.loaded.iter().chain(&self.taggers)
    }

    /// The names of all heads in use.
    pub fn names(&self) -> Vec<&str> {
        self.all().map(|(name, _)| name.as_str()).collect()
    }
}
