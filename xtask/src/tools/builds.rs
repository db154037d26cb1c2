//! Builds of other people's crates that outlive a checkout: a fresh clone compiles only what this repository holds.
//!
//! Cargo names such builds by content, not by path, so those of one checkout serve another. The crates of this
//! repository are left out: cargo compares their times only, and an older checkout would take them for its own.

use std::fs;
use std::path::{Path, PathBuf};

use super::hash::hex_sha256;
use super::{at, cache, cmd, empty_folder, lock, make_folder, output, read, root, run, say, target, Result};

/// The packages of this repository.
const OURS: &[&str] = &["parfocal", "parfocal-fuzz", "parfocal-header", "parfocal-threads", "xtask"];

/// Files that decide what is built, beside the compiler.
const MANIFESTS: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "tests/fuzz/Cargo.lock",
    "tests/fuzz/Cargo.toml",
    "tests/threads/Cargo.lock",
    "tests/threads/Cargo.toml",
    "xtask/Cargo.toml",
    "xtask/header/Cargo.lock",
    "xtask/header/Cargo.toml",
];

/// Puts the builds of an earlier run into the target folder, once.
pub fn restore() -> Result<()> {
    let archive = archive()?;
    let marker = target().join(archive.file_name().unwrap_or_default()).with_extension("restored");
    let _lock = lock("builds")?;
    if archive.is_file() && !marker.exists() {
        say!("taking the builds of other crates from the cache");
        make_folder(&target())?;
        let target = target();
        run(cmd!("tar --extract --file {archive} --directory {target}"))?;
        fs::write(&marker, b"").map_err(at(&marker))?;
    }
    Ok(())
}

/// Keeps the builds for other checkouts, unless the cache has them; deletes those of other compilers and dependencies.
pub fn save() -> Result<()> {
    let archive = archive()?;
    let _lock = lock("builds")?;
    if archive.is_file() {
        return Ok(());
    }
    let folder = archive.parent().unwrap_or(Path::new(""));
    empty_folder(folder)?;
    let mut names = Vec::new();
    for profile in profiles(&target())? {
        names.extend(kept(&profile)?);
    }
    let (list, partial) = (folder.join("names"), folder.join("partial"));
    let target = target();
    let relative = names.iter().filter_map(|path| path.strip_prefix(&target).ok());
    let lines: String = relative.map(|path| format!("{}\n", path.display())).collect();
    fs::write(&list, lines).map_err(at(&list))?;
    // posix: times in fractions of a second, which cargo compares.
    run(cmd!("tar --create --format=posix --file {partial} --directory {target} --files-from {list}"))?;
    fs::rename(&partial, &archive).map_err(at(&archive))
}

/// The file in the cache, by the compiler and the dependencies.
fn archive() -> Result<PathBuf> {
    let mut key = output(cmd!("rustc -vV"))?.into_bytes();
    for manifest in MANIFESTS {
        key.extend(read(&root().join(manifest))?);
    }
    Ok(cache()?.join("builds").join(format!("{}.tar", &hex_sha256(&key)[..16])))
}

/// The folders below in which cargo keeps the builds of one profile.
fn profiles(folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.join(".fingerprint").is_dir() {
        return Ok(vec![folder.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let path = entry.map_err(at(folder))?.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(profiles(&path)?);
        }
    }
    Ok(found)
}

/// What to keep of one profile: all entries whose names end with the hash of another package than ours.
fn kept(profile: &Path) -> Result<Vec<PathBuf>> {
    let entries = |name: &str| -> Result<Vec<PathBuf>> {
        let folder = profile.join(name);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let entries = fs::read_dir(&folder).map_err(at(&folder))?;
        Ok(entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect())
    };
    let prints = entries(".fingerprint")?;
    let others: Vec<&str> =
        prints.iter().filter_map(|p| name_and_hash(p)).filter(|(name, _)| !OURS.contains(name)).map(|p| p.1).collect();
    let mut found = Vec::new();
    for folder in [".fingerprint", "build", "deps"] {
        let is_others = |path: &PathBuf| name_and_hash(path).is_some_and(|(_, hash)| others.contains(&hash));
        found.extend(entries(folder)?.into_iter().filter(is_others));
    }
    found.sort();
    Ok(found)
}

/// `libserde-0123456789abcdef.rlib` in its two parts.
fn name_and_hash(path: &Path) -> Option<(&str, &str)> {
    let name = path.file_name()?.to_str()?;
    name.split('.').next()?.rsplit_once('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_builds_of_other_packages_are_kept() {
        let folder = target().join("builds-test");
        empty_folder(&folder).unwrap();
        let profile = folder.join("hard/debug");
        for name in [
            ".fingerprint/serde-11/lib",
            ".fingerprint/parfocal-22/lib",
            ".fingerprint/xtask-33/bin",
            "build/serde-11/out/a.rs",
            "build/parfocal-22/out/a.rs",
            "deps/libserde-11.rlib",
            "deps/serde-11.d",
            "deps/libparfocal-22.rlib",
            "deps/libparfocal.so",
            "deps/serde-44.d",
            "incremental/serde-11/a",
        ] {
            let file = profile.join(name);
            make_folder(file.parent().unwrap()).unwrap();
            fs::write(file, b"").unwrap();
        }
        assert_eq!(profiles(&folder).unwrap(), std::slice::from_ref(&profile));
        let found = kept(&profile).unwrap();
        let names: Vec<_> = found.iter().map(|path| path.strip_prefix(&profile).unwrap().to_str().unwrap()).collect();
        assert_eq!(names, [".fingerprint/serde-11", "build/serde-11", "deps/libserde-11.rlib", "deps/serde-11.d"]);
    }

    #[test]
    fn the_packages_of_the_repository_are_known() {
        for manifest in MANIFESTS.iter().filter(|name| name.ends_with(".toml")) {
            let text = String::from_utf8(read(&root().join(manifest)).unwrap()).unwrap();
            let name = text.lines().find_map(|line| line.strip_prefix("name = ")).unwrap().trim_matches('"');
            assert!(OURS.contains(&name), "{manifest}: {name}");
        }
    }
}
