//! Makes the code of gRPC's messages from the files in `proto`, or checks that it is up to date.
//!
//!     strata-proto-generator write|check

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, bail, ensure};

const FOLDER: &str = "src/http/dialects/open_inference/grpc/protocol";

/// Each file, the package in it, and the file of its code.
const FILES: [(&str, &str, &str); 2] = [
    ("open_inference.proto", "inference", "inference.rs"),
    ("health.proto", "grpc.health.v1", "health.rs"),
];

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let action = env::args().nth(1);
    for (file, package, code) in FILES {
        let made = make(&root.join("proto"), file, package)?;
        let name = format!("{FOLDER}/{code}");
        let path = root.join(&name);
        match action.as_deref() {
            Some("write") => fs::write(&path, made).with_context(|| format!("writing {name}"))?,
            Some("check") => {
                let kept = fs::read_to_string(&path).with_context(|| format!("reading {name}"))?;
                ensure!(kept == made, "{name} isn't made from proto/{file}: run `make proto`");
            }
            _ => bail!("write or check?"),
        }
    }
    Ok(())
}

fn make(proto: &Path, file: &str, package: &str) -> anyhow::Result<String> {
    let dir = tempfile::tempdir()?;
    let files = protox::compile([file], [proto])?;
    prost_build::Config::new().out_dir(dir.path()).compile_fds(files)?;
    Ok(fs::read_to_string(dir.path().join(format!("{package}.rs")))?)
}
