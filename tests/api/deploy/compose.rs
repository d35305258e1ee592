//! `docker-compose.yml`, as far as processes can have what its containers have.

use std::fs;
use std::net::IpAddr;
use std::path::PathBuf;

use ipnet::IpNet;
use serde_json::Value;

use crate::support::root;

/// The parsed file.
pub struct Compose(pub Value);

impl Compose {
    pub fn read() -> Self {
        let text = fs::read_to_string(root().join("docker-compose.yml")).unwrap();
        Self(yaml_serde::from_str(&text).unwrap())
    }

    pub fn services(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0["services"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, service)| (name.as_str(), service))
    }

    /// A list of strings of a service, such as `command`; empty without it.
    pub fn list(&self, service: &str, field: &str) -> Vec<&str> {
        let items = self.0["services"][service][field].as_array();
        items.into_iter().flatten().map(|item| item.as_str().unwrap()).collect()
    }

    /// The variables of a service.
    pub fn environment(&self, service: &str) -> Vec<(&str, &str)> {
        let variables = self.0["services"][service]["environment"].as_object().unwrap();
        variables.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect()
    }

    /// The addresses from which Strata takes the client's from a header.
    pub fn trusted_proxies(&self) -> IpNet {
        self.0["services"]["strata"]["environment"]["STRATA_HTTP_TRUSTED_PROXIES"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap()
    }

    /// The address from which clients on the machine itself reach a container.
    pub fn gateway(&self) -> IpAddr {
        let network = &self.0["networks"]["default"]["ipam"]["config"][0];
        network["gateway"].as_str().unwrap().parse().unwrap()
    }

    /// Where a path of a service's container is in the repository.
    #[track_caller]
    pub fn mounted(&self, service: &str, path: &str) -> PathBuf {
        let inside = |volume: &str| {
            let mut parts = volume.strip_prefix("./")?.split(':');
            let (own, target) = (parts.next()?, parts.next()?);
            let rest = path.strip_prefix(target)?.trim_start_matches('/');
            // Joined with nothing, the path of a file would end like that of a folder.
            Some(if rest.is_empty() { root().join(own) } else { root().join(own).join(rest) })
        };
        let found = self.list(service, "volumes").into_iter().find_map(inside);
        let found = found.unwrap_or_else(|| panic!("{service} mounts nothing at {path}"));
        assert!(found.exists(), "{} is missing", found.display());
        // HAProxy and others name the file in their messages.
        fs::canonicalize(found).unwrap()
    }

    /// The address that the health check of a service asks.
    pub fn health_url(&self, service: &str) -> &str {
        let command = self.0["services"][service]["healthcheck"]["test"].as_array().unwrap();
        command.last().unwrap().as_str().unwrap()
    }
}
