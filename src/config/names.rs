//! Names of keys and environment variables.

/// The prefix of all environment variables of Strata.
pub(super) const PREFIX: &str = "STRATA_";

/// The environment variable of a key: `batching.budget_tokens` → `STRATA_BATCHING_BUDGET_TOKENS`.
pub(super) fn variable(key: &str) -> String {
    format!("{PREFIX}{}", key.replace('.', "_").to_uppercase())
}

/// The name in `known` with the smallest edit distance to `name`.
pub(super) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    known
        .min_by_key(|known| strsim::damerau_levenshtein(name, known))
        .unwrap_or_default()
        .to_owned()
}
