//! Why traces can't be sent.

/// Why a variable can't be used: its name, what was found, and what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} {found}; {advice}")]
pub struct InvalidVariable {
    name: String,
    found: String,
    advice: String,
}

impl InvalidVariable {
    /// A variable, what was found, such as `is "often"`, and what to do about it.
    pub fn new(name: &str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name: name.to_owned(), found: found.into(), advice: advice.into() }
    }

    /// A value that isn't allowed.
    pub fn value(name: &str, value: &str, advice: impl Into<String>) -> Self {
        Self::new(name, format!("is \"{value}\""), advice)
    }
}

/// Why traces can't be sent.
#[derive(Debug, thiserror::Error)]
#[error("traces can't be sent: {0}")]
pub struct StartError(pub String);
