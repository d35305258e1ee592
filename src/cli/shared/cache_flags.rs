//! Flags for the cache of features.

use std::env;
use std::path::PathBuf;

use clap::Args;

/// Flags for the cache of features.
#[derive(Clone, Debug, Args)]
pub struct CacheFlags {
    /// Folder that caches pooled layers, so that a second run does not need the encoder
    /// [default: strata/features in $XDG_CACHE_HOME, or in ~/.cache]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Do not use the cache.
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
}

impl CacheFlags {
    /// The folder, if there is to be a cache.
    pub fn folder(&self) -> Option<PathBuf> {
        if self.no_cache {
            return None;
        }
        let named = |name: &str| env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let user = || named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
        self.cache.clone().or_else(|| Some(user()?.join("strata/features")))
    }
}
