//! docs/options.md is generated from the option table: `UPDATE_DOCS=1 cargo test --test options_doc` writes it.

use std::fmt::Write;
use std::path::Path;

use parfocal::restore::options::{Scope, TABLE};

fn page() -> String {
    let mut page = String::from(
        "# Options\n\n\
         Text, `key=value` separated by white space; a value with spaces stands in single quotes, with `\\'` and\n\
         `\\\\` inside. The command takes the same as flags: `pixel_size_um=0.2` is `--pixel-size-um 0.2`. A key that\n\
         is unknown, repeated or out of place, and a value that is not in the table, are errors that say what was\n\
         expected.\n\n\
         This page is made from the table in `src/restore/option_table.rs` by `UPDATE_DOCS=1 cargo test --test \
         options_doc`.\n",
    );
    for (scope, title) in [
        (Scope::Open, "When a model is opened"),
        (Scope::Run, "For one run"),
        (Scope::File, "When a file is restored, beside those of a run"),
        (Scope::Stream, "When a stream is opened"),
    ] {
        write!(page, "\n## {title}\n\n| key | values | default | what |\n|---|---|---|---|\n").unwrap();
        for key in TABLE.iter().filter(|key| key.scopes.contains(&scope)) {
            writeln!(page, "| `{}` | {} | {} | {} |", key.name, key.values, key.default, key.help).unwrap();
        }
    }
    page
}

#[test]
fn the_page_agrees_with_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/options.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, page()).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
    assert!(found == page(), "docs/options.md is not what src/restore/option_table.rs says: UPDATE_DOCS=1 writes it");
}
