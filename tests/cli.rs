//! The command: bad input ends with a clear message, exit code 1 and no output; what the command prints; exit codes.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn parfocal() -> Command {
    Command::new(env!("CARGO_BIN_EXE_parfocal"))
}

/// The test model, which is smaller than the built-in one.
const TINY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/models/tiny.onnx");

fn restore(input: &Path, output: &Path, more: &[&str]) -> Output {
    let model: &[&str] = if more.contains(&"--model") { &[] } else { &["--model", TINY] };
    parfocal().arg("restore").arg(input).arg("-o").arg(output).args(model).args(more).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn files(folder: &TempDir) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Checks for exit code 1, a message with all the words, and an unchanged folder.
fn check_refused(output: &Output, words: &[&str], folder: &TempDir, before: &[&str]) {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.starts_with("error: "), "{message}");
    for word in words {
        assert!(message.contains(word), "'{word}' is not in: {message}");
    }
    assert!(output.stdout.is_empty(), "{output:?}");
    assert_eq!(files(folder), before, "{message}");
}

/// Input, and what its message must say: what was found, what was expected or to be done.
const BAD: &[(&str, &[&str])] = &[
    ("missing.tif", &["there is no such file", "expected a TIFF image"]),
    ("", &["this is a folder", "expected a TIFF file"]),
    ("empty.tif", &["the file is empty", "expected a TIFF image"]),
    ("header-only.tif", &["ends after 6 bytes", "copy it again"]),
    ("truncated.tif", &["page 1: strip 1 should be 1073 bytes at 208", "the file ends at 1181", "copy it again"]),
    ("png.tif", &["not a TIFF file", "a PNG image", "expected `II` or `MM`"]),
    ("one-bit.tif", &["1-bit samples", "expected integers of 2 to 16"]),
    ("palette.tif", &["a palette (indexed colour) image", "expected grey or RGB"]),
    ("complex.tif", &["complex samples", "expected integers of 2 to 16"]),
    ("cmyk.tif", &["CMYK", "expected grey or RGB"]),
    ("absurd-size.tif", &["4000000000x4000000000"]),
    ("absurd-deflate.tif", &["cannot hold its 24000000 bytes"]),
    ("absurd-count.tif", &["claims 2147483647 values", "more than the 1281 bytes of the file"]),
    ("predictor-packbits.tif", &["predictor 2 with compression PackBits is ambiguous", "save the file again"]),
    ("predictor-none.tif", &["predictor 2 with compression none is ambiguous", "save the file again"]),
    ("predictor-float.tif", &["predictor 3 is for floats", "found 16-bit", "save the file again"]),
    ("zero-width.tif", &["ImageWidth is 0", "expected at least 1"]),
    ("circle.tif", &["turns in a circle"]),
];

#[test]
fn every_bad_input_is_refused_with_a_clear_message() {
    for (name, words) in BAD {
        let folder = TempDir::new().unwrap();
        let input = data("bad").join(name);
        let named = input.display().to_string();
        let done = restore(&input, &folder.path().join("out.tif"), &[]);
        check_refused(&done, &[&[named.as_str()], *words].concat(), &folder, &[]);
    }
}

#[test]
fn an_absurd_size_allocates_nothing() {
    let script = "ulimit -v 200000; exec \"$@\"";
    let folder = TempDir::new().unwrap();
    let done = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_parfocal"), "info"])
        .arg(data("bad/absurd-count.tif"))
        .output()
        .unwrap();
    check_refused(&done, &["claims 2147483647 values"], &folder, &[]);
}

#[test]
fn the_input_is_never_the_output() {
    let folder = TempDir::new().unwrap();
    let input = folder.path().join("in.tif");
    std::fs::copy(data("good/u8.tif"), &input).unwrap();
    std::fs::create_dir(folder.path().join("sub")).unwrap();
    std::fs::hard_link(&input, folder.path().join("hard.tif")).unwrap();
    let mut same = vec![input.clone(), folder.path().join("sub/../in.tif"), folder.path().join("hard.tif")];
    let mut before = vec!["hard.tif", "in.tif", "sub"];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&input, folder.path().join("link.tif")).unwrap();
        same.push(folder.path().join("link.tif"));
        before.insert(2, "link.tif");
    }
    let bytes = std::fs::read(&input).unwrap();
    for output in same {
        for more in [&[][..], &["--force"]] {
            let done = restore(&input, &output, more);
            let named = output.display().to_string();
            check_refused(&done, &[&named, "are the same file", "choose another name"], &folder, &before);
        }
    }
    let done = parfocal()
        .current_dir(folder.path())
        .args(["restore", "in.tif", "-o", "./in.tif", "--force"])
        .output()
        .unwrap();
    check_refused(&done, &["./in.tif", "are the same file"], &folder, &before);
    assert_eq!(std::fs::read(&input).unwrap(), bytes);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn an_output_is_never_another_input_of_the_same_call() {
    let folder = TempDir::new().unwrap();
    for name in ["a.tif", "a-restored.tif"] {
        std::fs::copy(data("good/u8.tif"), folder.path().join(name)).unwrap();
    }
    // Like a second `restore *.tif -o .`.
    let call = |inputs: &[&str]| {
        let mut command = parfocal();
        command.arg("restore").args(inputs).args(["-o", ".", "--force", "--model", TINY]);
        command.current_dir(folder.path()).output().unwrap()
    };
    let words = ["a-restored.tif: the output of a.tif is itself an input", "never changed", "another folder"];
    check_refused(&call(&["a.tif", "a-restored.tif"]), &words, &folder, &["a-restored.tif", "a.tif"]);
    let unchanged = std::fs::read(folder.path().join("a-restored.tif")).unwrap();
    assert_eq!(unchanged, std::fs::read(data("good/u8.tif")).unwrap());
    assert!(call(&["a.tif"]).status.success());
}

#[test]
fn a_call_that_restores_nothing_leaves_no_folder() {
    let folder = TempDir::new().unwrap();
    let done = restore(&data("bad/palette.tif"), &folder.path().join("new/"), &[]);
    check_refused(&done, &["palette"], &folder, &[]);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_range_far_wider_than_the_values_is_refused() {
    let folder = TempDir::new().unwrap();
    for name in ["good/f32.tif", "good/u16.tif"] {
        let done = restore(&data(name), &folder.path().join("out.tif"), &["--normalize=-1e30:1e30"]);
        let words = [name, "times as wide as the frame's own values", "expected a range near these"];
        check_refused(&done, &words, &folder, &[]);
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn an_output_that_exists_is_kept_without_force() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("out.tif");
    std::fs::write(&output, "mine").unwrap();
    let done = restore(&data("good/u8.tif"), &output, &[]);
    check_refused(&done, &["out.tif", "exists already", "--force"], &folder, &["out.tif"]);
    assert_eq!(std::fs::read(&output).unwrap(), b"mine");
    let done = restore(&data("good/u8.tif"), &output, &["--force"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert_eq!((files(&folder), &std::fs::read(&output).unwrap()[..2]), (vec!["out.tif".to_owned()], &b"II"[..]));
}

#[cfg(unix)]
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn force_replaces_files_only_and_follows_links() {
    let folder = TempDir::new().unwrap();
    let pipe = folder.path().join("pipe.tif");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let done = restore(&data("good/u8.tif"), &pipe, &["--force"]);
    check_refused(&done, &["pipe.tif", "the output is no regular file"], &folder, &["pipe.tif"]);
    let done = restore(&pipe, &folder.path().join("out.tif"), &[]);
    check_refused(&done, &["pipe.tif", "no regular file", "expected a TIFF file"], &folder, &["pipe.tif"]);
    // Refused before a model is opened, so no runtime is needed.
    let dangling = folder.path().join("dangling.tif");
    std::os::unix::fs::symlink("nowhere.tif", &dangling).unwrap();
    for more in [&[][..], &["--force"]] {
        let done = restore(&data("good/u8.tif"), &dangling, more);
        let words = ["dangling.tif: the output is a link to nowhere.tif, where there is no file", "remove the link"];
        check_refused(&done, &words, &folder, &["dangling.tif", "pipe.tif"]);
    }
    std::fs::remove_file(dangling).unwrap();
    let (real, link) = (folder.path().join("real.tif"), folder.path().join("link.tif"));
    std::fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let done = restore(&data("good/u8.tif"), &link, &["--force"]);
    assert!(done.status.success(), "{}", stderr(&done));
    assert!(link.is_symlink() && std::fs::read(&real).unwrap().starts_with(b"II"), "the link's file is replaced");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn an_output_folder_that_cannot_be_written_is_refused() {
    let folder = TempDir::new().unwrap();
    let input = data("good/u8.tif");
    let done = restore(&input, &folder.path().join("none/out.tif"), &[]);
    check_refused(&done, &["out.tif", "none, does not exist", "create it first"], &folder, &[]);
    std::fs::write(folder.path().join("file"), "").unwrap();
    let done = restore(&input, &folder.path().join("file/out.tif"), &[]);
    check_refused(&done, &["out.tif", "file, is not a folder", "name a file in a folder"], &folder, &["file"]);
    // Root may write to read-only folders, but nobody may create files in /proc.
    let closed = TempDir::new().unwrap();
    let mut permissions = std::fs::metadata(closed.path()).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(closed.path(), permissions).unwrap();
    let enforced = std::fs::write(closed.path().join("probe"), "").is_err();
    let read_only = if enforced { closed.path() } else { Path::new("/proc") };
    if !enforced && !cfg!(target_os = "linux") {
        eprintln!("skipped: this user may write into read-only folders, and there is no /proc");
        return;
    }
    let done = restore(&input, &read_only.join("out.tif"), &[]);
    let named = format!("creating a file in the folder {}", read_only.display());
    check_refused(&done, &["out.tif", &named], &folder, &["file"]);
    assert!(!read_only.join("out.tif").exists());
}

#[cfg(unix)]
#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn without_space_nothing_is_left() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("out.tif");
    // With SIGXFSZ ignored, writing past the limit is an error, as on a full disk. The unit is 512 or 1024 bytes.
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
    let done = Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_parfocal"), "restore"])
        .arg(data("good/f32.tif"))
        .arg("-o")
        .arg(&output)
        .output()
        .unwrap();
    let named = output.display().to_string();
    check_refused(&done, &[&named, "writing a page", "is there space left", "File too large"], &folder, &[]);
}

#[test]
fn a_missing_runtime_or_model_is_named() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("out.tif");
    let done = parfocal()
        .args(["restore", "-o"])
        .arg(&output)
        .arg(data("good/u8.tif"))
        .env("PARFOCAL_ONNXRUNTIME", "/nowhere/libonnxruntime.so")
        .output()
        .unwrap();
    check_refused(&done, &["/nowhere/libonnxruntime.so", "does not exist", "install ONNX Runtime"], &folder, &[]);
    let done = parfocal().arg("doctor").env("PARFOCAL_ONNXRUNTIME", "/nowhere/libonnxruntime.so").output().unwrap();
    assert_eq!(done.status.code(), Some(1));
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(text.contains("missing: ONNX Runtime: /nowhere/libonnxruntime.so"), "{text}");
    let done = restore(&data("good/u8.tif"), &output, &["--model", "/nowhere/model.onnx"]);
    check_refused(&done, &["/nowhere/model.onnx: no such file"], &folder, &[]);
}

#[test]
fn wrong_usage_exits_with_2() {
    let u8 = data("good/u8.tif").display().to_string();
    let u16 = data("good/u16.tif").display().to_string();
    for (arguments, word) in [
        (vec![], "Usage: parfocal <COMMAND>"),
        (vec!["refocus"], "unrecognized subcommand 'refocus'"),
        (vec!["restore", &u8], "--output <OUT>"),
        (vec!["restore", &u8, "-o", "x.tif", "--tile", "3"], "tile=3: expected auto, or pixels from 16 to 65536"),
        (vec!["restore", &u8, "-o", "x.tif", "--normalize", "5:1"], "expected two finite numbers"),
        (vec!["restore", &u8, &u16, "-o", "x.tif"], "2 inputs, but the output 'x.tif' is one file"),
        (vec!["restore", &u8, &u8, "-o", "x/"], "two inputs would both become x/u8-restored.tif"),
        (vec!["restore", &u8, &u16, "-o", "x/", "--error-map", "m.tif"], "m.tif: one file for the maps of 2 inputs"),
        (vec!["compare", &u8], "<B>"),
    ] {
        let folder = TempDir::new().unwrap();
        let done = parfocal().current_dir(folder.path()).args(&arguments).output().unwrap();
        assert_eq!(done.status.code(), Some(2), "{arguments:?}: {done:?}");
        assert!(stderr(&done).contains(word), "{arguments:?}: '{word}' is not in: {}", stderr(&done));
        assert!(files(&folder).is_empty(), "{arguments:?}");
    }
    for arguments in [["--help", "restore"], ["restore", "--help"], ["--version", ""]] {
        let done = parfocal().args(arguments.iter().filter(|a| !a.is_empty())).output().unwrap();
        assert!(done.status.success() && !done.stdout.is_empty(), "{arguments:?}: {done:?}");
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn files_are_restored_into_a_folder_and_a_bad_one_does_not_stop_the_rest() {
    let folder = TempDir::new().unwrap();
    let done = parfocal()
        .current_dir(folder.path())
        .arg("restore")
        .args(["good/u8.tif", "bad/palette.tif", "good/ome.ome.tif"].map(data))
        .args(["-o", "out/", "--json", "--model", TINY])
        .output()
        .unwrap();
    assert_eq!(done.status.code(), Some(3), "{done:?}");
    assert!(stderr(&done).contains("palette.tif: page 1: a palette"), "{}", stderr(&done));
    let report = json(&done);
    let ok: Vec<bool> = report["files"].as_array().unwrap().iter().map(|f| f["ok"].as_bool().unwrap()).collect();
    assert_eq!(ok, [true, false, true]);
    assert_eq!(report["files"][1]["status"], "Unsupported");
    assert_eq!(report["files"][2]["pages"], 6);
    assert_eq!(report["model"]["name"], "tiny");
    let mut names: Vec<_> =
        std::fs::read_dir(folder.path().join("out")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["ome-restored.ome.tif", "u8-restored.tif"]);
}

/// Runs `parfocal restore` on good files in a folder of its own.
fn restore_some(folder: &TempDir, names: &[&str], more: &[&str]) -> Output {
    let inputs = names.iter().map(|name| data(name));
    let mut command = parfocal();
    command.current_dir(folder.path()).arg("restore").args(inputs).args(["-o", "out/", "--model", TINY]).args(more);
    command.output().unwrap()
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn many_files_end_with_a_table_in_their_order() {
    let folder = TempDir::new().unwrap();
    let names = ["good/stack-u8.tif", "good/u8.tif", "bad/palette.tif", "good/u16.tif", "good/rgb8.tif"];
    // Several at a time.
    let done = restore_some(&folder, &names, &["--threads", "1"]);
    assert_eq!(done.status.code(), Some(3), "{done:?}");
    let text = String::from_utf8_lossy(&done.stdout);
    let lines: Vec<&str> = text.lines().collect();
    let arrows: Vec<_> = lines.iter().filter_map(|l| l.split(" -> ").next().filter(|_| l.contains(" -> "))).collect();
    let expected: Vec<_> = [0, 1, 3, 4].iter().map(|&i| data(names[i]).display().to_string()).collect();
    assert_eq!(arrows, expected);
    let table = lines.iter().position(|l| l.starts_with("result")).unwrap();
    assert!(lines[table + 1].starts_with("restored        5"), "{text}");
    assert!(lines[table + 3].starts_with("failed          -") && lines[table + 3].ends_with("palette.tif"), "{text}");
    assert!(lines.last().unwrap().starts_with("5 files: 4 restored, 1 failed in "), "{text}");
    // The same bytes as one by one.
    for (name, restored) in [("good/u16.tif", "u16-restored.tif"), ("good/stack-u8.tif", "stack-u8-restored.tif")] {
        let alone = folder.path().join(format!("alone-{restored}"));
        assert!(restore(&data(name), &alone, &["--threads", "1"]).status.success());
        assert_eq!(std::fs::read(&alone).unwrap(), std::fs::read(folder.path().join("out").join(restored)).unwrap());
    }
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_dry_run_writes_nothing_and_says_what_it_would() {
    let folder = TempDir::new().unwrap();
    let done = restore_some(&folder, &["good/stack-u8.tif", "good/u16.tif"], &["--dry-run"]);
    assert!(done.status.success(), "{done:?}");
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(text.contains("-> out/stack-u8-restored.tif: would write 5 pages of 37x29 8-bit grey, at most "), "{text}");
    assert!(text.contains(" kB, in about ") && text.contains("2 files: at most "), "{text}");
    assert!(text.ends_with("nothing was written\n"), "{text}");
    assert!(files(&folder).is_empty());
    let report = json(&restore_some(&folder, &["good/u16.tif"], &["--dry-run", "--json"]));
    let file = &report["files"][0];
    assert!(file["most_bytes"].as_u64().unwrap() > 37 * 29 * 2 && file["seconds"].as_f64().unwrap() > 0.0, "{report}");
    // What a run would refuse, this refuses.
    let (_, output) = (std::fs::create_dir(folder.path().join("out")), folder.path().join("out/u16-restored.tif"));
    std::fs::write(&output, "mine").unwrap();
    let done = restore_some(&folder, &["good/u16.tif"], &["--dry-run"]);
    assert_eq!(done.status.code(), Some(1));
    assert!(stderr(&done).contains("the output exists already"), "{}", stderr(&done));
    assert_eq!(std::fs::read(&output).unwrap(), b"mine");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn a_batch_is_resumed() {
    let folder = TempDir::new().unwrap();
    let names = ["good/stack-u8.tif", "good/u16.tif", "good/ome.ome.tif"];
    let first = restore_some(&folder, &names[..2], &[]);
    assert!(first.status.success(), "{first:?}");
    let out = folder.path().join("out/u16-restored.tif");
    let before = std::fs::metadata(&out).unwrap().modified().unwrap();
    let done = restore_some(&folder, &names, &["--resume"]);
    assert!(done.status.success(), "{done:?}");
    let text = String::from_utf8_lossy(&done.stdout);
    assert_eq!(text.matches("complete already, left out").count(), 2, "{text}");
    assert!(text.contains("3 files: 1 restored, 2 left out, since complete in "), "{text}");
    assert_eq!(std::fs::metadata(&out).unwrap().modified().unwrap(), before);
    // With other settings, another model or another input it is not the same output.
    let refused = |more: &[&str], words: &str| {
        let done = restore_some(&folder, &names[1..2], &[&["--resume"], more].concat());
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        let message = stderr(&done);
        assert!(
            message.contains("u16-restored.tif: the output exists already, but is not") && message.contains(words),
            "{message}"
        );
    };
    refused(&["--normalize", "0:5000"], "other settings, without 'normalize=0:5000'");
    std::fs::copy(data("good/u16.tif"), &out).unwrap();
    refused(&[], "no record of a restoration");
    std::fs::copy(data("good/u8.tif"), &out).unwrap();
    refused(&[], "1 pages of 37x29 8-bit grey, expected 1 of 37x29 16-bit grey");
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn without_a_terminal_one_line_and_no_bar_is_printed() {
    let folder = TempDir::new().unwrap();
    let done = restore(&data("good/stack-u8.tif"), &folder.path().join("out.tif"), &[]);
    assert!(done.status.success() && done.stderr.is_empty(), "{done:?}");
    let text = String::from_utf8_lossy(&done.stdout);
    assert!(text.lines().count() == 1 && text.contains("5 pages of 37x29 8-bit grey"), "{text}");
    let done = restore(&data("good/u8.tif"), &folder.path().join("far.tif"), &["--pixel-size-um", "40"]);
    assert!(done.status.success(), "{done:?}");
    assert!(stderr(&done).contains("u8.tif: pixel size 40 um: the model was trained for"), "{}", stderr(&done));
}

#[test]
fn info_describes_images_and_models() {
    let info = |path: &str| json(&parfocal().args(["info", "--json"]).arg(path).output().unwrap());
    let image = info(data("good/imagej-be.tif").to_str().unwrap());
    for (key, expected) in [
        ("width", 24.into()),
        ("pages", 4.into()),
        ("pixel_type", Value::from("16-bit")),
        ("description", "ImageJ".into()),
        ("byte_order", "big-endian".into()),
        ("pixel_size_um", 0.325.into()),
    ] {
        assert_eq!(image[key], expected, "{key}");
    }
    assert_eq!(image["axes"]["frames"], 2);
    let model = info(TINY);
    assert_eq!((&model["kind"], &model["name"]), (&"model".into(), &"tiny".into()));
    let text = parfocal().arg("info").arg(data("good/rgba8.tif")).output().unwrap();
    assert!(String::from_utf8_lossy(&text.stdout).contains("RGBA"), "{text:?}");
    let folder = TempDir::new().unwrap();
    let bad = parfocal().arg("info").arg(data("bad/png.tif")).output().unwrap();
    check_refused(&bad, &["png.tif", "a PNG image"], &folder, &[]);
}

#[test]
fn compare_gives_psnr_ssim_gain_and_offset() {
    let compare = |a: &str, b: &str| parfocal().args(["compare", "--json"]).args([data(a), data(b)]).output().unwrap();
    let equal = json(&compare("good/lzw-u8.tif", "good/u8.tif"));
    assert_eq!((&equal["raw"]["psnr"], &equal["raw"]["ssim"]), (&Value::Null, &1.0.into()));
    // The 32-bit pattern is the 8-bit one / 4 - 20, which the fit must find.
    let scaled = json(&compare("good/f32.tif", "good/u8.tif"));
    let number = |value: &Value| value.as_f64().unwrap();
    assert!((number(&scaled["fitted"]["gain"]) - 4.0).abs() < 1e-9, "{scaled}");
    assert!((number(&scaled["fitted"]["offset"]) - 80.0).abs() < 1e-6, "{scaled}");
    assert!(number(&scaled["fitted"]["ssim"]) > 0.999_999 && number(&scaled["raw"]["ssim"]) < 0.9, "{scaled}");
    let (low, high) = (number(&scaled["raw"]["psnr"]), number(&scaled["data_range"]));
    assert!((0.0..10.0).contains(&low) && (high - 250.0).abs() < 1.0, "{scaled}");

    let folder = TempDir::new().unwrap();
    let sizes = parfocal().arg("compare").args([data("good/u8.tif"), data("good/17x23.tif")]).output().unwrap();
    check_refused(&sizes, &["u8.tif", "37x29", "17x23", "images of one size"], &folder, &[]);
    let constant = parfocal().arg("compare").args([data("good/u16.tif"), data("good/constant.tif")]).output().unwrap();
    check_refused(&constant, &["constant.tif", "the reference is constant"], &folder, &[]);
    let nan = parfocal().arg("compare").args([data("good/nan.tif"), data("good/f32.tif")]).output().unwrap();
    check_refused(&nan, &["nan.tif: page 1", "not finite"], &folder, &[]);
}

#[test]
#[cfg_attr(no_runtime, ignore = "needs ONNX Runtime: cargo xtask setup")]
fn doctor_reports_model_and_runtime() {
    let done = parfocal().args(["doctor", "--json", "--threads", "1"]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let found = json(&done);
    assert_eq!(found["ok"], true);
    assert_eq!(found["model"]["threads"], 1);
    assert!(found["runtime_version"].as_str().unwrap().starts_with("1."), "{found}");
}
