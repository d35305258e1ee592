//! Decides which instruction sets are compiled: one `cfg` per architecture that has kernels.

use std::env;

/// An architecture as cargo calls it, and the `cfg` of its kernels.
const ARCHITECTURES: [(&str, &str); 1] = [("x86_64", "kernels_x86_64")];

/// If this variable is set, no architecture's kernels are compiled, and what is left is what every
/// other architecture gets.
const PORTABLE: &str = "STRATA_KERNELS_PORTABLE";

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed={PORTABLE}");
    let target = env::var("CARGO_CFG_TARGET_ARCH").unwrap_or_default();
    let portable = env::var_os(PORTABLE).is_some();
    for (architecture, cfg) in ARCHITECTURES {
        println!("cargo::rustc-check-cfg=cfg({cfg})");
        if target == architecture && !portable {
            println!("cargo::rustc-cfg={cfg}");
        }
    }
}
