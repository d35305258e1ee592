//! The name of a model on a hub: `org/name`, or `org/name@revision`.

use std::fmt;

/// The branch that a name without a revision means.
const DEFAULT_REVISION: &str = "main";

/// First parts that can't be an organisation on a hub, where they have other pages; as folders they are
/// common.
const NO_ORGANISATIONS: [&str; 3] = ["models", "datasets", "spaces"];

/// The most characters of an organisation and a name together.
const MAX_LENGTH: usize = 96;

/// A model's repository, and one of its branches, tags or commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubName {
    /// `org/name`
    pub repository: String,
    /// A branch, a tag or a commit.
    pub revision: String,
}

impl HubName {
    /// Reads a name; `None` if the text isn't one, but could be a path.
    pub fn parse(written: &str) -> Option<Self> {
        let (repository, revision) = match written.split_once('@') {
            Some((repository, revision)) => (repository, revision),
            None => (written, DEFAULT_REVISION),
        };
        let (organisation, name) = repository.split_once('/')?;
        let valid = is_part(organisation)
            && is_part(name)
            && repository.len() <= MAX_LENGTH
            && !NO_ORGANISATIONS.contains(&organisation)
            && is_revision(revision);
        valid.then(|| Self { repository: repository.to_owned(), revision: revision.to_owned() })
    }

    /// Whether the revision is a commit, which never changes.
    pub fn is_commit(&self) -> bool {
        is_commit(&self.revision)
    }
}

impl fmt::Display for HubName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.revision.as_str() {
            DEFAULT_REVISION => f.write_str(&self.repository),
            revision => write!(f, "{}@{revision}", self.repository),
        }
    }
}

/// Whether a text is a commit: 40 hexadecimal digits.
pub fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// An organisation or a name, as the hub allows them.
fn is_part(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let edge = |c: char| !"-.".contains(c);
    !text.is_empty()
        && text.chars().all(plain)
        && text.starts_with(edge)
        && text.ends_with(edge)
        && !text.contains("--")
        && !text.contains("..")
}

/// A revision that can be a part of a URL and of a path.
fn is_revision(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+".contains(c);
    let is_component = |part: &str| {
        !part.is_empty()
            && part.chars().all(plain)
            && !part.starts_with('.')
            && !part.ends_with('.')
    };
    text.split('/').all(is_component)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_an_organisation_and_perhaps_a_revision() {
        let parse = |written| HubName::parse(written).map(|name| (name.repository, name.revision));
        let name =
            |repository: &str, revision: &str| Some((repository.to_owned(), revision.to_owned()));
        assert_eq!(parse("org/name"), name("org/name", "main"));
        assert_eq!(parse("0rg_/na.me-2@v1.5"), name("0rg_/na.me-2", "v1.5"));
        assert_eq!(parse("org/name@refs/pr/3"), name("org/name", "refs/pr/3"));
        for path in [
            "name",
            "/org/name",
            "./name",
            "../name",
            "org/name/",
            "org/name/more",
            "org/na me",
            "models/name",
            "org/",
            "/name",
            "-org/name",
            "org/name.",
            "org/a--b",
            "org/a..b",
            "org/name@",
            "org/name@a b",
            "org/name@../main",
            "org/name@a//b",
            "org/name@/main",
            "org/name@a?b",
            "ä/name",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
        assert_eq!(parse(&format!("org/{}", "a".repeat(93))), None);
    }

    #[test]
    fn a_commit_is_40_hexadecimal_digits() {
        let name = |revision: &str| HubName::parse(&format!("org/name@{revision}")).unwrap();
        assert!(name(&"0a".repeat(20)).is_commit());
        assert!(!name(&"0a".repeat(19)).is_commit() && !name("main").is_commit());
        assert_eq!(name("main").to_string(), "org/name");
        assert_eq!(name("v1").to_string(), "org/name@v1");
    }
}
