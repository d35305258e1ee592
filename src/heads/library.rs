//! The heads that there are: found, read when they change, put together.
//!
//! At start whatever is wrong with a folder is an error. Later it isn't: what was served goes on being
//! served, and the log says what is wrong.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{HeadsError, unreadable};
use super::folder::{Entry, News, list, read, reason};
use super::set::HeadSet;
use super::stamp::Stamp;
use crate::model::head::{Head, HeadError, HeadFiles};
use crate::model::recipe_book::RecipeBook;

/// Folders of head folders, and what was last found in them.
pub struct Library {
    roots: Vec<Root>,
    recipes: RecipeBook,
    fingerprint: String,
    /// The checkpoint's own head, and those built into the binary.
    fixed: HeadSet,
}

struct Root {
    folder: PathBuf,
    /// By name.
    heads: BTreeMap<String, Entry>,
    /// Whether it could be read when it was last looked at.
    readable: bool,
}

impl Library {
    /// Reads every head: those built in, the checkpoint's own, and those of `folders`. One that was
    /// made for another encoder is skipped with a warning, unless `named` lists it.
    ///
    /// # Errors
    /// A head is broken, or one of `named` isn't there.
    pub fn open(
        folders: Vec<PathBuf>,
        named: &[String],
        (recipes, fingerprint): (&RecipeBook, &str),
        own: Option<Head>,
    ) -> Result<Self, HeadsError> {
        let mut library = Self {
            roots: Vec::new(),
            recipes: recipes.clone(),
            fingerprint: fingerprint.to_owned(),
            fixed: HeadSet::default(),
        };
        let own = own.map(|own| (own.name().to_owned(), Arc::new(own)));
        library.fixed.loaded.extend(own);
        let mut found = Vec::new();
        for folder in folders {
            let heads = list(&folder).map_err(unreadable(&folder))?;
            found.push((folder, heads));
        }
        // Of those with one name the last is to serve, so it alone must be fit to.
        let hidden = |name: &str, later: &[(PathBuf, BTreeMap<String, PathBuf>)]| {
            later.iter().any(|(_, heads)| heads.contains_key(name))
        };
        for (name, files) in super::shipped() {
            let (head, reason) = library.first(&files, named, hidden(&name, &found))?;
            match head {
                Some(head) => library.fixed.loaded.insert(name, head).is_some(),
                None => library.fixed.skipped.insert(name, reason).is_some(),
            };
        }
        for (at, (folder, there)) in found.iter().enumerate() {
            let mut heads = BTreeMap::new();
            for (name, path) in there {
                let stamp = Stamp::of(path);
                let files = read(name, path).map_err(unreadable(path))?;
                let (head, reason) =
                    library.first(&files, named, hidden(name, &found[at + 1..]))?;
                let version = files.version();
                heads.insert(name.clone(), Entry { stamp, version, head, reason });
            }
            library.roots.push(Root { folder: folder.clone(), heads, readable: true });
        }
        let set = library.set();
        match named.iter().find(|name| !set.loaded.contains_key(*name)) {
            Some(missing) => {
                let known: Vec<_> = set.loaded.keys().map(String::as_str).collect();
                Err(HeadsError::Unknown { name: missing.clone(), known: known.join(", ") })
            }
            None => Ok(library),
        }
    }

    /// The head of one folder.
    ///
    /// # Errors
    /// It can't be used with this encoder.
    pub fn read(
        folder: &Path,
        (recipes, fingerprint): (&RecipeBook, &str),
    ) -> Result<Arc<Head>, HeadsError> {
        // A folder named by ".." or "." has its name elsewhere.
        let whole = folder.canonicalize().map_err(unreadable(folder))?;
        let name = whole.file_name().unwrap_or_default().to_string_lossy();
        let files = read(&name, folder).map_err(unreadable(folder))?;
        Ok(Arc::new(files.load(recipes, fingerprint)?))
    }

    /// A head, or why it is skipped; one that a later one of its name hides needn't be fit to serve.
    fn first(
        &self,
        files: &HeadFiles,
        named: &[String],
        hidden: bool,
    ) -> Result<(Option<Arc<Head>>, String), HeadsError> {
        let error = match files.load(&self.recipes, &self.fingerprint) {
            Ok(head) => return Ok((Some(Arc::new(head)), String::new())),
            Err(error) => error,
        };
        let other = matches!(error, HeadError::OtherEncoder { .. });
        if hidden || (other && !named.contains(&files.name)) {
            tracing::warn!(head = files.name, "skipped: {error}");
            return Ok((None, reason(&error)));
        }
        Err(error.into())
    }

    /// The folders of head folders.
    pub fn folders(&self) -> impl Iterator<Item = &Path> {
        self.roots.iter().map(|root| root.folder.as_path())
    }

    /// What is served. Of two heads with one name it is the later's.
    pub fn set(&self) -> HeadSet {
        let mut set = self.fixed.clone();
        for (name, entry) in self.roots.iter().flat_map(|root| &root.heads) {
            match &entry.head {
                Some(head) => {
                    set.skipped.remove(name);
                    set.loaded.insert(name.clone(), Arc::clone(head));
                }
                // What else has this name goes on serving.
                None => {
                    set.skipped.insert(name.clone(), entry.reason.clone());
                }
            }
        }
        set
    }

    /// Looks for what has changed since the last time.
    pub fn refresh(&mut self) -> Vec<News> {
        let of = (&self.recipes, self.fingerprint.as_str());
        self.roots.iter_mut().flat_map(|root| root.refresh(of)).collect()
    }
}

impl Root {
    fn refresh(&mut self, of: (&RecipeBook, &str)) -> Vec<News> {
        let there = match list(&self.folder) {
            Ok(there) => there,
            // It may be back in a moment: nothing is taken away for it, and it is said once.
            Err(error) if std::mem::take(&mut self.readable) => {
                return vec![News::Unreadable(self.folder.clone(), error)];
            }
            Err(_) => return Vec::new(),
        };
        self.readable = true;
        let gone = self.heads.keys().filter(|name| !there.contains_key(*name));
        let mut news: Vec<News> = gone.cloned().map(News::Removed).collect();
        self.heads.retain(|name, _| there.contains_key(name));
        for (name, path) in there {
            let entry = self.heads.entry(name.clone()).or_default();
            news.extend(entry.refresh(&name, &path, of));
        }
        news
    }
}
