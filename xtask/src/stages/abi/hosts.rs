//! Programs of other people: suites, examples and the programs of docs/c-cpp.md, built with pkg-config and with CMake.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::{linked, model, silent, sources, suite_sources, with_library, C, CPP, OPTIONS};
use crate::tools::{
    at, cmd, in_folder, make_folder, output, read, read_text, root, run, run_quietly, shell, stem, Result,
};

/// Runs one suite, which must be silent.
fn suite(program: &Path, prefix: &Path, work: &Path) -> Result<()> {
    let log = program.with_extension("log");
    silent(with_library(program, prefix).arg(model()).arg(work).arg(&log).arg(OPTIONS), &log)
}

/// Runs an example on the test model, briefly; it must print what it promises.
fn example(program: &Path, prefix: &Path, brief: &[&str]) -> Result<()> {
    let printed = output(with_library(program, prefix).arg(model()).arg("threads=1").args(brief))?;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let expected: &[&str] = match name.as_ref() {
        "one_frame" => &["restored 320x240 pixels; focus score"],
        "stack_with_cancel" => &[" of 12 planes", "CANCELLED"],
        "camera" => &["live: 100 frames of 64x48", "acquisition: 100 frames of 64x48", "latency ms: median", "99%"],
        _ => return Err(format!("{name}: an example that is new to xtask/src/stages/abi/hosts.rs")),
    };
    match expected.iter().find(|piece| !printed.contains(**piece)) {
        None => Ok(()),
        Some(piece) => Err(format!("{name}: '{piece}' is not in what it prints:\n{printed}")),
    }
}

/// The model (the test model if empty), the arguments, what is printed, and whether that is a success.
type Ending = (&'static str, &'static [&'static str], &'static str, bool);

/// An example also ends if its model does not exist, its run fails, or it has nothing to do.
fn endings(program: &Path, prefix: &Path) -> Result<()> {
    let cases: &[Ending] = match stem(program).as_str() {
        "stack_with_cancel" => {
            &[("no/such.onnx", &["threads=1"], "no/such.onnx", false), ("", &["threads=1 memory=1"], "memory=1", false)]
        }
        "camera" => &[
            ("no/such.onnx", &["threads=1"], "no/such.onnx", false),
            ("", &["threads=1 memory=1", "1", "1000", "900"], "memory=1", false),
            ("", &["threads=1", "0", "64", "48"], "live: 0 frames of 64x48", true),
        ],
        _ => &[("no/such.onnx", &["threads=1"], "no/such.onnx", false)],
    };
    for (path, arguments, expected, success) in cases {
        let path = if path.is_empty() { model() } else { path.into() };
        let command = with_library(program, prefix).arg(path).args(*arguments);
        let (ended, printed) = within_a_minute(command.into(), &program.with_extension("printed"))?;
        if ended.success() != *success || !printed.contains(expected) {
            return Err(format!(
                "{} {arguments:?}: {ended}; expected success: {success}, and '{expected}' in its output:\n{printed}",
                program.display()
            ));
        }
    }
    Ok(())
}

/// Runs a program that may not end; returns what it printed.
fn within_a_minute(mut command: Command, printed: &Path) -> Result<(ExitStatus, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |e: std::io::Error| format!("{name}: {e}");
    // A file, not a pipe: nobody reads while it runs.
    let file = fs::File::create(printed).map_err(failed)?;
    let mut child = command.stdout(file.try_clone().map_err(failed)?).stderr(file).spawn().map_err(failed)?;
    let started = Instant::now();
    let ended = loop {
        if let Some(ended) = child.try_wait().map_err(failed)? {
            break ended;
        }
        if started.elapsed() > Duration::from_secs(60) {
            child.kill().and_then(|()| child.wait()).map_err(failed)?;
            return Err(format!("{name} {:?}: still running after a minute", command.get_args().collect::<Vec<_>>()));
        }
        thread::sleep(Duration::from_millis(20));
    };
    Ok((ended, String::from_utf8_lossy(&read(printed)?).into_owned()))
}

/// Arguments that make an example short.
fn brief(name: &str) -> &'static [&'static str] {
    match name {
        "camera" => &["1", "64", "48"],
        "stack_with_cancel" => &["2"],
        _ => &[],
    }
}

/// Compiles and links with what pkg-config prints.
fn compile(compiler: &str, flags: &[&str], sources: &[PathBuf], prefix: &Path, program: &Path) -> Result<()> {
    let library = &linked(prefix)?;
    run(cmd!("{compiler} {flags...} {sources...} -o {program} {library...} -lm -lpthread"))
}

/// Plain compiler lines.
pub fn with_pkg_config(prefix: &Path, work: &Path) -> Result<()> {
    let program = work.join("suite_c");
    compile("gcc", C, &suite_sources("tests/c", "c")?, prefix, &program)?;
    suite(&program, prefix, work)?;
    for standard in ["-std=c++17", "-std=c++20"] {
        let program = work.join(format!("suite{standard}"));
        compile("g++", &[CPP, &[standard]].concat(), &suite_sources("tests/cpp", "cpp")?, prefix, &program)?;
        suite(&program, prefix, work)?;
    }
    mixed_standards(prefix, work)?;
    // The copies in the archive, not those of the repository.
    for (folder, compiler, flags, extension) in [("c", "gcc", C, "c"), ("cpp", "g++", CPP, "cpp")] {
        let flags = if extension == "c" { flags.to_vec() } else { [flags, &["-std=c++17"]].concat() };
        make_folder(&work.join(folder))?;
        for here in sources(&format!("bindings/{folder}"), extension)? {
            let source = prefix.join("share/parfocal/examples").join(folder).join(here.file_name().unwrap_or_default());
            let name = stem(&here);
            let program = work.join(folder).join(&name);
            compile(compiler, &flags, &[source], prefix, &program)?;
            example(&program, prefix, brief(&name))?;
            endings(&program, prefix)?;
        }
    }
    Ok(())
}

/// Units of both standards in one program: what takes a span for the others is C++17, the others are C++20.
fn mixed_standards(prefix: &Path, work: &Path) -> Result<()> {
    let folder = work.join("mixed");
    make_folder(&folder)?;
    let library = &linked(prefix)?;
    let mut objects = Vec::new();
    for source in &sources("tests/cpp", "cpp")? {
        let standard = if stem(source) == "test_span" { "-std=c++17" } else { "-std=c++20" };
        let object = folder.join(stem(source)).with_extension("o");
        run(cmd!("g++ {CPP...} {standard} -c {source} -o {object} {library...}"))?;
        objects.push(object);
    }
    let program = work.join("suite mixed");
    compile("g++", &[], &objects, prefix, &program)?;
    suite(&program, prefix, work)
}

const QUIET_CMAKE: &[&str] = &["-Wno-dev", "--log-level=WARNING"];

/// `find_package(Parfocal)`.
pub fn with_cmake(prefix: &Path, work: &Path) -> Result<()> {
    let found = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    let build = |source: &Path, name: &str| -> Result<PathBuf> {
        let folder = work.join(name);
        run(cmd!("cmake -S {source} -B {folder} {found} {QUIET_CMAKE...} -DCMAKE_BUILD_TYPE=RelWithDebInfo"))?;
        run_quietly(cmd!("cmake --build {folder}"))?;
        Ok(folder)
    };
    no_components(&found, work)?;
    installed(prefix, work)?;
    let suites = build(&root().join("tests/abi"), "cmake suites")?;
    for program in ["suite_c", "suite_cpp17", "suite_cpp20"] {
        suite(&suites.join(program), prefix, work)?;
    }
    for (folder, extension) in [("c", "c"), ("cpp", "cpp")] {
        let built = build(&prefix.join("share/parfocal/examples").join(folder), &format!("cmake {folder}"))?;
        for here in sources(&format!("bindings/{folder}"), extension)? {
            example(&built.join(stem(&here)), prefix, brief(&stem(&here)))?;
        }
    }
    Ok(())
}

/// A project that asks for components gets CMake's own answer: there are none.
fn no_components(found: &str, work: &Path) -> Result<()> {
    let folder = work.join("cmake components");
    let script = folder.join("CMakeLists.txt");
    make_folder(&folder)?;
    fs::copy(root().join("xtask/package/components_test.cmake"), &script).map_err(at(&script))?;
    let build = folder.join("build");
    run(cmd!("cmake -S {folder} -B {build} {found} {QUIET_CMAKE...}"))
}

/// A project that finds the package through a link to its CMake folder, and installs a program with the library and its
/// runtime: the program runs from there, without the archive.
fn installed(prefix: &Path, work: &Path) -> Result<()> {
    let folder = work.join("cmake installed");
    make_folder(&folder)?;
    let link = folder.join("Parfocal");
    #[cfg(unix)]
    std::os::unix::fs::symlink(prefix.join("lib/cmake/Parfocal"), &link).map_err(at(&link))?;
    let script = folder.join("CMakeLists.txt");
    fs::copy(root().join("xtask/package/install_test.cmake"), &script).map_err(at(&script))?;
    let example = prefix.join("share/parfocal/examples/c/one_frame.c");
    fs::copy(&example, folder.join("one_frame.c")).map_err(at(&example))?;
    let (build, to) = (folder.join("build"), folder.join("there"));
    let found = format!("-DParfocal_DIR={}", link.display());
    run(cmd!("cmake -S {folder} -B {build} {found} {QUIET_CMAKE...} -DCMAKE_INSTALL_PREFIX={to}"))?;
    run_quietly(cmd!("cmake --build {build} --target install"))?;
    let program =
        shell().cmd(to.join("bin/one_frame")).env_remove("PARFOCAL_ONNXRUNTIME").arg(model()).arg("threads=1");
    let printed = output(program)?;
    if printed.contains("restored 320x240 pixels") {
        return Ok(());
    }
    Err(format!("the installed example printed: {printed}"))
}

/// The programs of docs/c-cpp.md: every fenced block of C or C++ is compiled and run.
pub fn snippets(prefix: &Path, work: &Path) -> Result<()> {
    let page = root().join("docs/c-cpp.md");
    let text = read_text(&page)?;
    let library = &linked(prefix)?;
    let mut count = 0;
    for (language, compiler, flags) in
        [("c", "gcc", [C, &["-x", "c"]].concat()), ("cpp", "g++", [CPP, &["-std=c++17", "-x", "c++"]].concat())]
    {
        let flags = &flags;
        let fence = format!("```{language}\n");
        for block in text.split(fence.as_str()).skip(1) {
            let code = block.split("```").next().unwrap_or_default();
            let (source, program) = (work.join(format!("snippet{count}.txt")), work.join(format!("snippet{count}")));
            fs::write(&source, code).map_err(at(&source))?;
            // -x holds for all that follows, so also for the libraries.
            run(cmd!("{compiler} {flags...} {source} -x none -o {program} {library...} -lm -lpthread"))?;
            output(in_folder(with_library(&program, prefix), work))?;
            count += 1;
        }
    }
    if count < 2 {
        return Err(format!("{}: {count} programs; expected one in C and one in C++ at least", page.display()));
    }
    Ok(())
}
