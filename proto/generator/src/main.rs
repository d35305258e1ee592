//! Makes the code of the gRPC protocol from its file, or checks that it is up to date.
//!
//!     strata-proto-generator write|check

use std::path::Path;
use std::{env, fs};

use anyhow::{Context, bail, ensure};

const CODE: &str = "src/http/dialects/open_inference/grpc/protocol.rs";

fn main() -> anyhow::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let code = root.join(CODE);
    let made = make(&root.join("proto"))?;
    match env::args().nth(1).as_deref() {
        Some("write") => fs::write(&code, made).with_context(|| format!("writing {CODE}")),
        Some("check") => {
            let kept = fs::read_to_string(&code).with_context(|| format!("reading {CODE}"))?;
            ensure!(kept == made, "{CODE} isn't made from proto/open_inference.proto: run `make proto`");
            Ok(())
        }
        _ => bail!("write or check?"),
    }
}

fn make(proto: &Path) -> anyhow::Result<String> {
    let dir = tempfile::tempdir()?;
    let files = protox::compile(["open_inference.proto"], [proto])?;
    let generator = tonic_prost_build::configure().build_client(false).build_transport(false);
    generator.out_dir(dir.path()).compile_fds(files)?;
    Ok(fs::read_to_string(dir.path().join("inference.rs"))?)
}
