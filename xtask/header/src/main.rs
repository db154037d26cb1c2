//! `include/parfocal.h` from `src/ffi/`: `parfocal-header FILE` writes it to FILE.

fn main() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(target) = std::env::args_os().nth(1) else {
        eprintln!("usage: parfocal-header FILE");
        std::process::exit(2);
    };
    let config =
        cbindgen::Config::from_file(root.join("src/ffi/cbindgen.toml")).expect("src/ffi/cbindgen.toml is sound");
    let sources = ["src/ffi"].map(|folder| root.join(folder));
    let mut builder = cbindgen::Builder::new().with_config(config);
    for folder in &sources {
        let mut files: Vec<_> =
            std::fs::read_dir(folder).expect("src/ffi is there").flatten().map(|f| f.path()).collect();
        files.sort();
        for file in files.into_iter().filter(|f| f.extension().is_some_and(|e| e == "rs")) {
            builder = builder.with_src(file);
        }
    }
    builder.generate().expect("src/ffi parses").write_to_file(target);
}
