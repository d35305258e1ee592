//! Where the files of the configured model are: in a folder, or in the cache of a hub.

use std::path::{Path, PathBuf};

use super::error::LoadError;
use crate::config::Config;
use crate::hub::{self, Environment, HubName};

/// A checkpoint's folder, and what the model is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The folder.
    pub dir: PathBuf,
    /// The name of the folder, or `org/name` on a hub.
    pub name: String,
    /// The commit, if it is from a hub.
    pub commit: Option<String>,
}

impl Source {
    /// Finds the model. A folder comes before a hub's model of the same name; `observe` hears what the hub
    /// does.
    ///
    /// # Errors
    /// There is no such folder, and the hub doesn't have the model or doesn't give it.
    pub fn find(model: &Path, observe: &mut dyn FnMut(hub::Event<'_>)) -> Result<Self, LoadError> {
        let Some(name) = hub_name(model) else {
            let (dir, name) = (model.to_owned(), folder_name(model));
            if !dir.is_dir() {
                return Err(LoadError::NoModel { model: dir, advice: advice(model) });
            }
            return Ok(Self { dir, name, commit: None });
        };
        let snapshot = hub::locate(&name, &Environment::from_process(), observe)?;
        Ok(Self { dir: snapshot.dir, name: name.repository, commit: Some(snapshot.commit) })
    }
}

/// What a model will be called, before it is looked for.
pub fn name_of(model: &Path) -> String {
    hub_name(model).map_or_else(|| folder_name(model), |name| name.repository)
}

/// The name on a hub, unless there is such a folder.
fn hub_name(model: &Path) -> Option<HubName> {
    if model.is_dir() { None } else { HubName::parse(model.to_str()?) }
}

/// What to do about a folder that isn't there.
fn advice(model: &Path) -> &'static str {
    if Config::defaults().is_ok_and(|defaults| defaults.model == model) {
        "`make model` downloads it to a checkout, and the image's target with-model has it; or choose another \
         with --model"
    } else {
        "--model takes a folder with config.json, tokenizer.json and safetensors, or a model of a hub as \
         org/name or org/name@revision"
    }
}

/// The name of a folder, with links and `..` resolved.
fn folder_name(folder: &Path) -> String {
    let resolved = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    resolved.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_called_by_its_name_and_what_is_neither_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("org/name");
        std::fs::create_dir_all(&folder).unwrap();
        let find = |path: &Path| Source::find(path, &mut |event| panic!("{event:?}"));
        let found = find(&folder.join(".")).unwrap();
        assert_eq!((found.name.as_str(), found.commit), ("name", None));
        for missing in ["models/other", "./org/other", "other", "/org/other"] {
            let error = find(Path::new(missing)).unwrap_err().to_string();
            let expected =
                format!("{missing}: no such folder; --model takes a folder with config.json");
            assert!(error.starts_with(&expected), "{error}");
        }
    }
}
