//! `include/parfocal.h` from `src/ffi/`: `parfocal-header FILE` writes it to FILE.

use std::path::Path;
use std::process::ExitCode;

/// In the header's order; the first three give the enumerators.
const SOURCES: &[&str] = &[
    "error",
    "image/sample",
    "image/packed",
    "ffi/general",
    "ffi/model",
    "ffi/task",
    "ffi/restore",
    "ffi/focus",
    "ffi/stream",
    "ffi/packed",
];

fn main() -> ExitCode {
    let Some(target) = std::env::args_os().nth(1) else {
        eprintln!("usage: parfocal-header FILE");
        return ExitCode::from(2);
    };
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../src");
    let made = cbindgen::Config::from_file(source.join("ffi/cbindgen.toml")).and_then(|config| {
        let builder = SOURCES.iter().fold(cbindgen::Builder::new().with_config(config), |builder, file| {
            builder.with_src(source.join(file).with_extension("rs"))
        });
        builder.generate().map_err(|e| e.to_string())
    });
    match made {
        Ok(header) => {
            let mut text = Vec::new();
            header.write(&mut text);
            // C89 has no comma behind the last enumerator, and no such comments.
            let text = String::from_utf8_lossy(&text).replace(",\n};", "\n};");
            let text = text.replace("#endif  // __cplusplus", "#endif").replace("#endif // __cplusplus", "#endif");
            match std::fs::write(&target, text) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("parfocal-header: {}: {error}", Path::new(&target).display());
                    ExitCode::FAILURE
                }
            }
        }
        Err(error) => {
            eprintln!("parfocal-header: {error}");
            ExitCode::FAILURE
        }
    }
}
