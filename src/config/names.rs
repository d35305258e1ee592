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

/// Whether a variable is one of those that Kubernetes sets in every container of a namespace for a
/// Service whose name begins with "strata": `STRATA_SERVICE_HOST`, `STRATA_SERVICE_PORT…`,
/// `STRATA_PORT=tcp://…`, `STRATA_PORT_8080_TCP…`, and the same with the rest of the Service's name
/// after `STRATA_`. They are meant for clients of the Service, not as settings.
pub(super) fn is_service_link(name: &str, value: &str) -> bool {
    let protocols = ["tcp", "udp", "sctp"];
    let is_url =
        || value.split_once("://").is_some_and(|(protocol, _)| protocols.contains(&protocol));
    let is_port_of_protocol = |rest: &str| {
        let mut parts = rest.split('_');
        let is_number = parts.next().is_some_and(|port| port.parse::<u16>().is_ok());
        is_number && parts.next().is_some_and(|part| protocols.contains(&&*part.to_lowercase()))
    };
    name.starts_with(PREFIX)
        && (name.ends_with("_SERVICE_HOST")
            || name.ends_with("_SERVICE_PORT")
            || name.contains("_SERVICE_PORT_")
            || (name.ends_with("_PORT") && is_url())
            || name
                .match_indices("_PORT_")
                .any(|(at, link)| is_port_of_protocol(&name[at + link.len()..])))
}
