//! A bad ONNX Runtime: missing, not a library, too old, a second one. Each case needs a fresh process: the test starts
//! itself again with the case in its environment.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;

use parfocal::error::Status;
use parfocal::restore::model::Model;
use parfocal::restore::options::OpenOptions;

const CASE: &str = "PARFOCAL_TEST_RUNTIME";

/// In the child: opens the test model with the runtime of the case; prints status and message.
#[test]
fn child() {
    let Some(path) = std::env::var_os(CASE) else { return };
    let options = if path == "(variable)" {
        OpenOptions::default()
    } else {
        OpenOptions { runtime: Some(path.into()), ..OpenOptions::default() }
    };
    match Model::open_memory(common::TINY, &options) {
        Ok(_) => println!("opened"),
        Err(error) => println!("{:?}: {error}", error.status()),
    }
}

fn opened_with(case: &Path, variable: Option<&Path>) -> String {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(CASE, case);
    command.env_remove("PARFOCAL_ONNXRUNTIME");
    if let Some(variable) = variable {
        command.env("PARFOCAL_ONNXRUNTIME", variable);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "the child must not crash: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn refused(text: &str, parts: &[&str]) {
    for part in parts.iter().chain(&["Runtime: "]) {
        assert!(text.contains(part), "no '{part}' in: {text}");
    }
}

#[test]
fn a_missing_runtime_is_named_with_what_to_do() {
    let none = Path::new("/none/libonnxruntime.so");
    refused(&opened_with(none, None), &["/none/libonnxruntime.so", "does not exist", "runtime=PATH", "1.22 or later"]);
    let variable = Path::new("(variable)");
    refused(
        &opened_with(variable, None),
        &["PARFOCAL_ONNXRUNTIME is not set", "has no libparfocal_onnxruntime", "1.22 or later"],
    );
    refused(&opened_with(variable, Some(none)), &["/none/libonnxruntime.so (PARFOCAL_ONNXRUNTIME) does not exist"]);
    refused(&opened_with(variable, Some(Path::new("lib.so"))), &["'lib.so'", "expected an absolute path"]);
    refused(&opened_with(&std::env::temp_dir(), None), &["is a folder", "expected the library file"]);
}

#[test]
fn a_file_that_is_no_library_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("libonnxruntime.so");
    std::fs::write(&text, "not a library").unwrap();
    refused(&opened_with(&text, None), &["libonnxruntime.so", "not a loadable library", "expected an ONNX Runtime"]);
}

/// Builds a shared library from C; `None` if there is no compiler.
fn library(folder: &Path, name: &str, source: &str) -> Option<PathBuf> {
    let (code, library) = (folder.join(format!("{name}.c")), folder.join(format!("{name}.so")));
    std::fs::write(&code, source).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&code).status();
    match built {
        Ok(status) if status.success() => Some(library),
        other => {
            assert!(std::env::var_os("CI").is_none(), "no C compiler: {other:?}");
            eprintln!("skipped: no C compiler ({other:?})");
            None
        }
    }
}

#[test]
fn another_library_and_an_old_runtime_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    if let Some(path) = library(folder.path(), "other", "int answer(void) { return 42; }") {
        refused(&opened_with(&path, None), &["other.so", "a library without OrtGetApiBase", "1.22 or later"]);
    }
    // The C API of a release before 1.22, as far as its version.
    let old = "
        typedef struct { const void *(*get_api)(unsigned); const char *(*version)(void); } Base;
        static const void *get_api(unsigned version) { (void)version; return 0; }
        static const char *version(void) { return \"1.20.1\"; }
        static const Base base = { get_api, version };
        const Base *OrtGetApiBase(void) { return &base; }";
    if let Some(path) = library(folder.path(), "old", old) {
        refused(&opened_with(&path, None), &["old.so", "ONNX Runtime 1.20.1", "expected", "1.22 or later"]);
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn the_right_one_opens_and_a_second_one_is_refused() {
    let path = common::runtime();
    assert!(opened_with(&path, None).contains("opened"));
    assert!(opened_with(Path::new("(variable)"), Some(&path)).contains("opened"));
    let options = OpenOptions { runtime: Some(path.clone()), ..OpenOptions::default() };
    Model::open_memory(common::TINY, &options).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("libonnxruntime.so");
    std::fs::copy(&path, &copy).unwrap();
    let Err(error) = Model::open_memory(common::TINY, &OpenOptions { runtime: Some(copy), ..options.clone() }) else {
        panic!("a second runtime must be refused")
    };
    assert_eq!(error.status(), Status::Runtime);
    assert!(
        error.message().contains("this process already runs") && error.message().contains("another process"),
        "{error}"
    );
    // The first runtime still works.
    Model::open_memory(common::TINY, &options).unwrap();
}
