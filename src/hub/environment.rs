//! The variables by which all clients of a hub are set up: where its cache lies, which hub, with which token.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The hub if no variable names one.
const ENDPOINT: &str = "https://huggingface.co";

/// How long the hub may send nothing if no variable says it.
const SILENCE: Duration = Duration::from_secs(30);

/// Words by which a variable says yes.
const YES: [&str; 4] = ["1", "on", "yes", "true"];

/// Where models are kept, and where they come from.
#[derive(Clone)]
pub struct Environment {
    /// The folder of the cache.
    pub cache: PathBuf,
    /// The URL of the hub, without a `/` at its end.
    pub endpoint: String,
    /// Says who asks.
    pub token: Option<String>,
    /// A PEM file of the certificates that are trusted, instead of the built-in ones.
    pub certificates: Option<PathBuf>,
    /// Whether nothing may be fetched.
    pub offline: bool,
    /// How long the hub may send nothing.
    pub silence: Duration,
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl Environment {
    /// What the variables of the process say, as for `huggingface_hub`: `HF_HUB_CACHE`, `HF_HOME`,
    /// `XDG_CACHE_HOME`, `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HUB_OFFLINE`,
    /// `HF_HUB_DOWNLOAD_TIMEOUT` in seconds, and the older names of some of them; and `SSL_CERT_FILE`, as for
    /// OpenSSL.
    pub fn from_process() -> Self {
        Self::read(|name| std::env::var_os(name))
    }

    fn read(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        // Like there, an empty variable is none.
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let text = |name: &str| set(name)?.into_string().ok();
        let user = set("HOME").map(PathBuf::from).unwrap_or_default();
        let path = |name: &str| set(name).map(|value| in_home(&user, Path::new(&value)));
        let home = path("HF_HOME").unwrap_or_else(|| {
            path("XDG_CACHE_HOME").unwrap_or_else(|| user.join(".cache")).join("huggingface")
        });
        let cache = path("HF_HUB_CACHE").or_else(|| path("HUGGINGFACE_HUB_CACHE"));
        let token_file = path("HF_TOKEN_PATH").unwrap_or_else(|| home.join("token"));
        let token = text("HF_TOKEN").or_else(|| text("HUGGING_FACE_HUB_TOKEN"));
        let token = token.or_else(|| fs::read_to_string(token_file).ok());
        let offline = text("HF_HUB_OFFLINE").or_else(|| text("TRANSFORMERS_OFFLINE"));
        let seconds = text("HF_HUB_DOWNLOAD_TIMEOUT").and_then(|text| text.trim().parse().ok());
        let endpoint = text("HF_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        Self {
            cache: cache.unwrap_or_else(|| home.join("hub")),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token: token.map(|token| token.trim().to_owned()).filter(|token| !token.is_empty()),
            certificates: path("SSL_CERT_FILE"),
            silence: seconds.filter(|&seconds| seconds > 0).map_or(SILENCE, Duration::from_secs),
            offline: offline.is_some_and(|word| YES.contains(&&*word.to_lowercase())),
        }
    }
}

/// A path in which `~` stands for the user's folder.
fn in_home(user: &Path, path: &Path) -> PathBuf {
    path.strip_prefix("~").map_or_else(|_| path.to_owned(), |rest| user.join(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::read(|name| {
            variables
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    #[test]
    fn the_cache_lies_where_huggingface_hub_has_it() {
        let cache = |variables: &[(&str, &str)]| {
            read(&[&[("HOME", "/u")], variables].concat()).cache.display().to_string()
        };
        assert_eq!(cache(&[]), "/u/.cache/huggingface/hub");
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x")]), "/x/huggingface/hub");
        assert_eq!(cache(&[("XDG_CACHE_HOME", "/x"), ("HF_HOME", "/h")]), "/h/hub");
        assert_eq!(cache(&[("HF_HOME", "~/h"), ("HF_HUB_CACHE", "")]), "/u/h/hub");
        assert_eq!(cache(&[("HF_HOME", "/h"), ("HF_HUB_CACHE", "/c")]), "/c");
        assert_eq!(cache(&[("HUGGINGFACE_HUB_CACHE", "~/c")]), "/u/c");
    }

    #[test]
    fn a_token_is_in_a_variable_or_in_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().to_str().unwrap();
        assert_eq!(read(&[("HF_HOME", home)]).token, None);
        fs::write(folder.path().join("token"), "hf_file\n").unwrap();
        fs::write(folder.path().join("other"), " ").unwrap();
        assert_eq!(read(&[("HF_HOME", home)]).token.unwrap(), "hf_file");
        let both = [("HF_HOME", home), ("HF_TOKEN", "hf_variable")];
        assert_eq!(read(&both).token.unwrap(), "hf_variable");
        let other = format!("{home}/other");
        assert_eq!(read(&[("HF_HOME", home), ("HF_TOKEN_PATH", &other)]).token, None);
    }

    #[test]
    fn the_endpoint_and_offline_are_variables() {
        assert_eq!(read(&[]).endpoint, ENDPOINT);
        assert_eq!(read(&[("HF_ENDPOINT", "http://127.0.0.1:1/")]).endpoint, "http://127.0.0.1:1");
        for (word, offline) in
            [("1", true), ("True", true), ("ON", true), ("0", false), ("", false)]
        {
            assert_eq!(read(&[("HF_HUB_OFFLINE", word)]).offline, offline, "{word}");
        }
        assert!(read(&[("TRANSFORMERS_OFFLINE", "yes")]).offline);
        assert_eq!(read(&[("HF_HUB_DOWNLOAD_TIMEOUT", "5")]).silence, Duration::from_secs(5));
        assert_eq!(read(&[("HF_HUB_DOWNLOAD_TIMEOUT", "soon")]).silence, SILENCE);
    }

    #[test]
    fn a_token_is_not_among_what_is_shown() {
        let shown =
            format!("{:?}", read(&[("HF_TOKEN", "hf_secret"), ("HF_ENDPOINT", "https://u:p@h")]));
        assert!(!shown.contains("hf_secret") && !shown.contains("u:p"), "{shown}");
    }
}
