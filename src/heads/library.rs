//! All heads: found, read when they change, and combined into a set.
//!
//! At start, anything wrong with a folder is an error. Later it is only logged, and the previous
//! version of the head stays in use.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::change::{Change, reason};
use super::error::{HeadsError, unreadable};
use super::folder::{HeadFolder, list, read};
use super::set::HeadSet;
use super::shipped::shipped;
use super::stamp::Stamp;
use crate::model::encoder::EncoderOptions;
use crate::model::head::{Head, HeadContext, HeadError, HeadFiles};
use crate::model::recipe_book::RecipeBook;

/// What a folder of heads contains, for messages.
const HEADS: &str = "a folder that contains a folder for each head";
/// What the folder of a head contains, for messages.
const HEAD: &str = "a folder with head.json and head.safetensors, as `strata train` writes it";

/// The folders of heads, and what was last found in them.
pub struct Library {
    roots: Vec<Root>,
    recipes: RecipeBook,
    fingerprint: String,
    encoder: EncoderOptions,
    /// The checkpoint's own head and the shipped heads.
    fixed: HeadSet,
}

/// A folder of head folders.
struct Root {
    folder: PathBuf,
    /// By name.
    heads: BTreeMap<String, HeadFolder>,
    /// Whether it could be read when it was last listed.
    readable: bool,
}

/// The outcome of loading a head at start.
enum FirstLoad {
    Served(Arc<Head>),
    Skipped { reason: String },
}

/// A folder of heads at start.
struct Listing {
    folder: PathBuf,
    /// The paths of its heads by name.
    paths: BTreeMap<String, PathBuf>,
}

impl Library {
    /// Reads all heads: the shipped ones, the checkpoint's `own`, and those of `folders`. A head
    /// that was made for another encoder is skipped with a warning, unless `named` lists it.
    ///
    /// # Errors
    /// A head is broken, or a head that `named` lists is missing.
    pub fn open(
        folders: Vec<PathBuf>,
        named: &[String],
        context: HeadContext<'_>,
        own: Option<Head>,
    ) -> Result<Self, HeadsError> {
        let mut library = Self {
            roots: Vec::new(),
            recipes: context.recipes.clone(),
            fingerprint: context.fingerprint.to_owned(),
            encoder: context.encoder,
            fixed: HeadSet::default(),
        };
        if let Some(own) = own {
            library.fixed.insert(own.name().to_owned(), Arc::new(own));
        }
        let mut listings: Vec<Listing> = Vec::new();
        for folder in folders {
            let paths = list(&folder).map_err(unreadable(&folder, HEADS))?;
            listings.push(Listing { folder, paths });
        }
        library.read_shipped(named, &listings)?;
        for (index, Listing { folder, paths }) in listings.iter().enumerate() {
            let heads = library.read_folder(paths, named, &listings[index + 1..])?;
            library.roots.push(Root { folder: folder.clone(), heads, readable: true });
        }
        let set = library.set();
        let Some(missing) = named.iter().find(|name| !set.loaded.contains_key(*name)) else {
            return Ok(library);
        };
        let name = missing.clone();
        if set.taggers.contains_key(missing) {
            return Err(HeadsError::Tagger { name });
        }
        let known: Vec<_> = set.loaded.keys().map(String::as_str).collect();
        Err(HeadsError::Unknown { name, known: known.join(", ") })
    }

    fn read_shipped(&mut self, named: &[String], later: &[Listing]) -> Result<(), HeadsError> {
        for (name, files) in shipped() {
            match self.first_load(&files, named, is_hidden(&name, later))? {
                FirstLoad::Served(head) => self.fixed.insert(name, head),
                FirstLoad::Skipped { reason } => drop(self.fixed.skipped.insert(name, reason)),
            }
        }
        Ok(())
    }

    fn read_folder(
        &self,
        paths: &BTreeMap<String, PathBuf>,
        named: &[String],
        later: &[Listing],
    ) -> Result<BTreeMap<String, HeadFolder>, HeadsError> {
        let mut heads = BTreeMap::new();
        for (name, path) in paths {
            let stamp = Stamp::read(path);
            let files = read(name, path).map_err(unreadable(path, HEAD))?;
            let (head, reason) = match self.first_load(&files, named, is_hidden(name, later))? {
                FirstLoad::Served(head) => (Some(head), String::new()),
                FirstLoad::Skipped { reason } => (None, reason),
            };
            let (version, left_out_at_start) = (files.version(), head.is_none());
            let folder =
                HeadFolder { stamp, version, head, reason, left_out_at_start, unreadable: None };
            heads.insert(name.clone(), folder);
        }
        Ok(heads)
    }

    /// Loads a head at start. A head that is hidden by a later one of the same name may be broken.
    fn first_load(
        &self,
        files: &HeadFiles,
        named: &[String],
        hidden: bool,
    ) -> Result<FirstLoad, HeadsError> {
        let error = match files.load(self.context()) {
            Ok(head) => return Ok(FirstLoad::Served(Arc::new(head))),
            Err(error) => error,
        };
        let other_encoder = matches!(error, HeadError::OtherEncoder { .. });
        if hidden || (other_encoder && !named.contains(&files.name)) {
            tracing::warn!(head = files.name, "skipped: {error}");
            return Ok(FirstLoad::Skipped { reason: reason(&error) });
        }
        Err(error.into())
    }

    /// Reads the head of one folder.
    ///
    /// # Errors
    /// The head can't be read, or can't be used with this encoder.
    pub fn read(folder: &Path, context: HeadContext<'_>) -> Result<Arc<Head>, HeadsError> {
        // Resolves a path such as `..` or `.`, so that the folder's name is known.
        let resolved = folder.canonicalize().map_err(unreadable(folder, HEAD))?;
        let name = resolved.file_name().unwrap_or_default().to_string_lossy();
        let files = read(&name, folder).map_err(unreadable(folder, HEAD))?;
        Ok(Arc::new(files.load(context)?))
    }

    /// The folders of heads.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.roots.iter().map(|root| root.folder.as_path())
    }

    /// The heads in use. Of heads with the same name, the last one is used.
    pub fn set(&self) -> HeadSet {
        let mut set = self.fixed.clone();
        for (name, folder) in self.roots.iter().flat_map(|root| &root.heads) {
            match &folder.head {
                Some(head) => set.insert(name.clone(), Arc::clone(head)),
                // An earlier head of this name stays in use.
                None => {
                    let reason = folder.problem().unwrap_or_default();
                    set.skipped.insert(name.clone(), reason.to_owned());
                }
            }
        }
        set
    }

    /// How many heads have files that came or changed while the server runs and can't be used, whether or
    /// not an older version is in use; and how many folders of heads can't be read. A head that is hidden
    /// by a later one of its name doesn't count.
    pub fn refused(&self) -> usize {
        let mut seen = BTreeSet::new();
        let folders = self.roots.iter().rev().flat_map(|root| &root.heads);
        let heads = folders.filter(|(name, folder)| seen.insert(*name) && folder.is_refused());
        heads.count() + self.roots.iter().filter(|root| !root.readable).count()
    }

    /// Reads what changed since the last time.
    pub fn refresh(&mut self) -> Vec<Change> {
        let context = HeadContext {
            recipes: &self.recipes,
            fingerprint: &self.fingerprint,
            encoder: self.encoder,
        };
        self.roots.iter_mut().flat_map(|root| root.refresh(context)).collect()
    }

    fn context(&self) -> HeadContext<'_> {
        let Self { recipes, fingerprint, encoder, .. } = self;
        HeadContext { recipes, fingerprint, encoder: *encoder }
    }
}

/// Whether a later folder has a head of that name.
fn is_hidden(name: &str, later: &[Listing]) -> bool {
    later.iter().any(|listing| listing.paths.contains_key(name))
}

impl Root {
    fn refresh(&mut self, context: HeadContext<'_>) -> Vec<Change> {
        let paths = match list(&self.folder) {
            Ok(paths) => paths,
            // The folder may be back soon, so its heads stay in use. Reported only once.
            Err(error) if std::mem::take(&mut self.readable) => {
                return vec![Change::Unreadable { path: self.folder.clone(), error }];
            }
            Err(_) => return Vec::new(),
        };
        self.readable = true;
        let gone = self.heads.keys().filter(|name| !paths.contains_key(*name));
        let mut changes: Vec<Change> = gone.cloned().map(|name| Change::Removed { name }).collect();
        self.heads.retain(|name, _| paths.contains_key(name));
        for (name, path) in paths {
            let folder = self.heads.entry(name.clone()).or_default();
            changes.extend(folder.refresh(&name, &path, context));
        }
        changes
    }
}
