//! `cargo xtask bench`: the Rust benches, each against its limit, and what the hosts add to the engine.

use crate::stages::{fiji, matlab, micromanager};
use crate::tools::machine::{check_machine, missing, LIBTIFF};
use crate::tools::{cargo, run, runtime, say, Result};

pub fn bench(rest: &[String]) -> Result<()> {
    check_machine()?;
    runtime::install()?;
    match rest {
        [one] if one == "fiji" => return fiji::bench::bench(),
        [one] if one == "matlab" => return matlab::bench(),
        [one] if one == "micromanager" => return micromanager::bench(),
        _ => {}
    }
    if let Some(reason) = missing(&[LIBTIFF])? {
        say!("files are not compared with libtiff: {reason}");
    }
    run(cargo().args(["bench", "--package", "parfocal"]).args(rest))?;
    if rest.is_empty() {
        fiji::bench::bench()?;
        matlab::bench()?;
        micromanager::bench()?;
    }
    Ok(())
}
