//! The names of a checkpoint's tensors, as different programs write them.

/// What may be different in the names of a checkpoint's tensors.
#[derive(Clone, Copy, Debug, Default)]
pub struct TensorNames {
    /// What may stand before a name.
    pub prefixes: &'static [&'static str],
    /// Older names of modules. Each is replaced in the order of the list.
    pub older: &'static [OlderName],
}

/// A part of a name that an older program wrote.
#[derive(Clone, Copy, Debug)]
pub struct OlderName {
    /// The older part.
    pub older: &'static str,
    /// What stands for it now. If these are several, each has an equal part of the rows of the older
    /// tensor, in their order.
    pub names: &'static [&'static str],
}

impl OlderName {
    /// One name for another.
    pub const fn new(older: &'static str, names: &'static [&'static str]) -> Self {
        Self { older, names }
    }
}

impl TensorNames {
    /// Names that may have a prefix.
    pub const fn prefixed(prefixes: &'static [&'static str]) -> Self {
        Self { prefixes, older: &[] }
    }

    /// The canonical names of the tensors that a stored tensor holds: no prefix, no older name, and
    /// `weight` and `bias` for the old names `gamma` and `beta` of a norm.
    pub fn canonical(&self, stored: &str) -> Vec<String> {
        let without = self.prefixes.iter().find_map(|prefix| stored.strip_prefix(prefix));
        let mut name = without.unwrap_or(stored).to_owned();
        for (older, new) in [("LayerNorm.gamma", "weight"), ("LayerNorm.beta", "bias")] {
            if let Some(stem) = name.strip_suffix(older) {
                name = format!("{stem}LayerNorm.{new}");
            }
        }
        let mut names = vec![name];
        for OlderName { older, names: new } in self.older {
            let replace = |name: String| match name.contains(older) {
                true => new.iter().map(|new| name.replacen(older, new, 1)).collect(),
                false => vec![name],
            };
            names = names.into_iter().flat_map(replace).collect();
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_tensor_may_hold_several() {
        const OLDER: &[OlderName] = &[
            OlderName::new("encoder.layer.", &["layers."]),
            OlderName::new("qkv", &["q", "k", "v"]),
        ];
        let names = TensorNames { prefixes: &["new.", "gte."], older: OLDER };
        let canonical = |stored: &str| names.canonical(stored).join(" ");
        assert_eq!(
            canonical("new.encoder.layer.1.qkv.bias"),
            "layers.1.q.bias layers.1.k.bias layers.1.v.bias"
        );
        assert_eq!(canonical("gte.layers.1.q.bias"), "layers.1.q.bias");
        assert_eq!(canonical("a.LayerNorm.gamma"), "a.LayerNorm.weight");
        assert_eq!(canonical("a.LayerNorm.beta"), "a.LayerNorm.bias");
        assert_eq!(canonical("a.gamma"), "a.gamma");
    }
}
