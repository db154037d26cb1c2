//! How stages run pytest.

use xshell::Cmd;

use crate::tools::python::Environment;
use crate::tools::{release, Result};

/// pytest over a folder. The command under test is the release build: the same that the demo runs.
pub fn pytest(environment: Environment, folder: &str) -> Result<Cmd<'static>> {
    Ok(environment
        .command()?
        .args(["-m", "pytest", "-q", "-p", "no:cacheprovider", folder])
        .env("PARFOCAL_COMMAND", release::command()?)
        .env("PYTHONWARNINGS", "ignore"))
}
