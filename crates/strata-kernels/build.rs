//! Decides which instruction sets are compiled: one `cfg` for each architecture that has kernels.

use std::env;

/// An architecture's name in cargo, and the `cfg` of its kernels.
const ARCHITECTURES: [(&str, &str); 1] = [("x86_64", "kernels_x86_64")];

/// Set if no architecture has kernels: then there are plain loops only.
const SCALAR_ONLY: &str = "kernels_scalar_only";

/// If this environment variable is set, the crate is compiled as for an architecture that has no
/// kernels.
const PORTABLE: &str = "STRATA_KERNELS_PORTABLE";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={PORTABLE}");
    println!("cargo::rustc-check-cfg=cfg({SCALAR_ONLY})");
    let target = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let portable = env::var_os(PORTABLE).is_some();
    let mut chosen = SCALAR_ONLY;
    for (architecture, cfg) in ARCHITECTURES {
        println!("cargo::rustc-check-cfg=cfg({cfg})");
        if target == architecture && !portable {
            chosen = cfg;
        }
    }
    println!("cargo::rustc-cfg={chosen}");
}
