//! The cache: downloads, Python environments and builds that outlive a checkout.

use std::env;
use std::fs;
use std::path::PathBuf;

use super::{at, make_folder, Result};

/// The folder: PARFOCAL_CACHE, or `parfocal` in the user's cache folder.
pub fn cache() -> Result<PathBuf> {
    let folder = if let Some(folder) = env::var_os("PARFOCAL_CACHE") {
        PathBuf::from(folder)
    } else if let Some(folder) = env::var_os("XDG_CACHE_HOME") {
        PathBuf::from(folder).join("parfocal")
    } else if let Some(folder) = env::var_os("LOCALAPPDATA") {
        PathBuf::from(folder).join("parfocal")
    } else if let Some(home) = env::var_os("HOME") {
        PathBuf::from(home).join(".cache/parfocal")
    } else {
        return Err("no place for downloads: set PARFOCAL_CACHE to a folder".into());
    };
    make_folder(&folder)?;
    Ok(folder)
}

/// While it lives, other runs of the task runner wait for this part of the cache.
pub struct Lock(#[allow(dead_code)] fs::File);

pub fn lock(name: &str) -> Result<Lock> {
    let path = cache()?.join(format!("{name}.lock"));
    let file = fs::File::create(&path).map_err(at(&path))?;
    file.lock().map_err(|e| format!("{}: cannot be locked: {e}", path.display()))?;
    Ok(Lock(file))
}
