//! The names and identifiers that an output of an OME set gets.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// The names under which the files of an OME set come back.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// File name of the input.
    pub input: String,
    /// File name of the output; `None` if it is not UTF-8, which XML cannot hold.
    pub output: Option<String>,
    /// Output's file name for each input's of a set that is restored into a folder of its own; empty otherwise.
    pub set: HashMap<String, String>,
    /// What new identifiers are made from: the same for all files of one call.
    pub seed: String,
}

impl Names {
    /// A new identifier for each old one: another for other outputs, the same for every file of a call.
    pub(in crate::tiff) fn uuid(&self, old: &str) -> String {
        let mut hash = Sha256::new();
        hash.update(self.seed.as_bytes());
        hash.update([0]);
        hash.update(old.as_bytes());
        let digest = hash.finalize();
        let mut bytes = [0u8; 16];
        bytes.copy_from_slice(&digest[..16]);
        // Version 8 (RFC 9562): made by the rule of an application.
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        format!("urn:uuid:{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}
