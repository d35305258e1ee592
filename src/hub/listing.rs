//! What the hub says about a revision: its commit, and the size and hash of each file.

use std::path::{Component, Path};

use serde::Deserialize;

use super::client::Client;
use super::environment::Environment;
use super::error::HubError;
use super::name::{HubName, is_commit};

/// The most bytes of a list: there are some hundred a file.
const MOST_BYTES: u64 = 1 << 24;

/// The header in which a hub says why it refuses.
const ERROR_CODE: &str = "x-error-code";

/// The files of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    pub commit: String,
    pub files: Vec<RemoteFile>,
}

/// A file as the hub lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFile {
    /// Its path in the repository.
    pub name: String,
    pub bytes: u64,
    pub hash: FileHash,
}

/// The hash by which a file is known, in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileHash {
    /// Of a large file.
    Sha256(String),
    /// Of a small one: SHA-1 as Git computes it for a blob.
    Git(String),
}

impl FileHash {
    /// The digits, by which the cache names the file.
    pub fn digits(&self) -> &str {
        match self {
            Self::Sha256(digits) | Self::Git(digits) => digits,
        }
    }

    fn is_valid(&self) -> bool {
        let length = match self {
            Self::Sha256(_) => 64,
            Self::Git(_) => 40,
        };
        let digits = self.digits();
        digits.len() == length && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

#[derive(Deserialize)]
struct Revision {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<LargeFile>,
}

#[derive(Deserialize)]
struct LargeFile {
    sha256: String,
    size: u64,
}

impl Sibling {
    /// `None` if its path leads elsewhere, or if the hub doesn't know its size or hash.
    fn check(self) -> Option<RemoteFile> {
        let is_plain = |part| matches!(part, Component::Normal(_));
        let name = self.rfilename;
        let (bytes, hash) = match self.lfs {
            Some(LargeFile { sha256, size }) => (size, FileHash::Sha256(sha256)),
            None => (self.size?, FileHash::Git(self.blob_id?)),
        };
        let valid = Path::new(&name).components().all(is_plain) && hash.is_valid();
        valid.then_some(RemoteFile { name, bytes, hash })
    }
}

/// Asks the hub for the files of a revision.
///
/// # Errors
/// It can't be reached, it refuses, or it has no such model or revision.
pub fn list(
    client: &Client,
    name: &HubName,
    environment: &Environment,
) -> Result<Listing, HubError> {
    let unreachable = |reason: String| HubError::Unreachable {
        name: name.to_string(),
        endpoint: environment.endpoint.clone(),
        reason,
    };
    let HubName { repository, revision } = name;
    let revision = revision.replace('/', "%2F");
    let path = format!("/api/models/{repository}/revision/{revision}?blobs=true");
    let mut response = client.get(&path, 0).map_err(|error| unreachable(error.to_string()))?;
    let status = response.status().as_u16();
    if status != 200 {
        let code = response.headers().get(ERROR_CODE).and_then(|code| code.to_str().ok());
        return Err(refusal(status, code.unwrap_or_default(), name, environment));
    }
    let body = response.body_mut().with_config().limit(MOST_BYTES).reader();
    let revision: Revision = serde_json::from_reader(body)
        .map_err(|error| unreachable(format!("its answer is not a list of files: {error}")))?;
    if !is_commit(&revision.sha) {
        return Err(unreachable("its answer names no commit".to_owned()));
    }
    let files = revision.siblings.into_iter().filter_map(Sibling::check).collect();
    Ok(Listing { commit: revision.sha, files })
}

/// What an answer without a list means.
fn refusal(status: u16, code: &str, name: &HubName, environment: &Environment) -> HubError {
    let (endpoint, token) = (environment.endpoint.clone(), environment.token.is_some());
    let refused = |what, remedy: String| HubError::Refused {
        name: name.to_string(),
        endpoint: endpoint.clone(),
        what,
        remedy,
    };
    let page = format!("{endpoint}/{}", name.repository);
    match (status, code) {
        (_, "RevisionNotFound") => HubError::NoRevision {
            repository: name.repository.clone(),
            revision: name.revision.clone(),
            endpoint,
        },
        (_, "GatedRepo") if token => {
            refused("this model to the owner of the token", format!("ask for access at {page}"))
        }
        (_, "GatedRepo") => refused(
            "this model without a token",
            format!("ask for access at {page}, and set HF_TOKEN"),
        ),
        (_, "RepoNotFound") | (404, _) if token => refused(
            "this name",
            "check it; if the model is private, the token has to be one of its owner".to_owned(),
        ),
        (401 | 404, _) if !token => refused(
            "this name without a token",
            "check it; for a private model, set HF_TOKEN".to_owned(),
        ),
        (401 | 403, _) => {
            refused("the token", "set another HF_TOKEN, or none for a public model".to_owned())
        }
        _ => HubError::Unreachable {
            name: name.to_string(),
            endpoint,
            reason: format!("it answers with status {status}"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_listed_with_size_and_hash_unless_they_lead_elsewhere() {
        let (sha256, git) = ("ab".repeat(32), "0c".repeat(20));
        let sibling = |name: &str| {
            serde_json::json!({"rfilename": name, "size": 5, "blobId": git,
                "lfs": {"sha256": sha256, "size": 9, "pointerSize": 3}})
        };
        let check = |value| serde_json::from_value::<Sibling>(value).unwrap().check();
        let large = check(sibling("1_Dense/model.safetensors")).unwrap();
        assert_eq!((large.bytes, large.hash), (9, FileHash::Sha256(sha256.clone())));
        let mut small = sibling("config.json");
        small["lfs"] = serde_json::Value::Null;
        let found = check(small.clone()).unwrap();
        assert_eq!((found.bytes, found.hash), (5, FileHash::Git(git.clone())));
        for name in ["/etc/passwd", "../config.json", "a/../../b"] {
            assert_eq!(check(sibling(name)), None, "{name}");
        }
        small["blobId"] = "../../x".into();
        assert_eq!(check(small), None);
    }
}
