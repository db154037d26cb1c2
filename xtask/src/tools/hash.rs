//! SHA-256 as text, for pinned downloads and for names in the cache.

use std::path::Path;

use sha2::{Digest, Sha256};

use super::{read, Result};

/// Of a file.
pub fn sha256(path: &Path) -> Result<String> {
    Ok(hex_sha256(&read(path)?))
}

pub fn hex_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
