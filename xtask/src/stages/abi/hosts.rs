//! Programs of other people: suites, examples and the documentation's snippets, built with pkg-config and with CMake.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use super::{linked, model, silent, sources, suite_sources, C, CPP, OPTIONS};
use crate::tools::{output, root, run, Result};

/// One suite: compiled, run, silent.
fn suite(program: &Path, prefix: &Path, work: &Path) -> Result<()> {
    let log = program.with_extension("log");
    let mut command = Command::new(program);
    command.arg(model()).arg(work).arg(&log).arg(OPTIONS).env("LD_LIBRARY_PATH", prefix.join("lib"));
    silent(&mut command, &log)
}

/// An example on the test model, told to be brief; it must print something.
fn example(program: &Path, prefix: &Path, brief: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    command.arg(model()).arg("threads=1").args(brief).env("LD_LIBRARY_PATH", prefix.join("lib"));
    command.env_remove("PARFOCAL_ONNXRUNTIME");
    let said = output(&mut command)?;
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let expected: &[&str] = match name.as_ref() {
        "one_frame" => &["restored 320x240 pixels; focus score"],
        "stack_with_cancel" => &[" of 12 planes", "CANCELLED"],
        "camera" => &["live: 100 frames of 64x48", "acquisition: 100 frames of 64x48", "latency ms: median", "99%"],
        _ => return Err(format!("{name}: an example that is new to xtask/src/stages/abi/hosts.rs")),
    };
    match expected.iter().find(|piece| !said.contains(**piece)) {
        None => Ok(()),
        Some(piece) => Err(format!("{name}: '{piece}' is not in what it prints:\n{said}")),
    }
}

/// What is given, what it prints, and whether that is a success: runs that do no work must end, too.
type Ending = (&'static str, &'static [&'static str], &'static str, bool);

/// An example whose model is not there, whose run fails, or that is to do nothing.
fn endings(program: &Path, prefix: &Path) -> Result<()> {
    let tiny = model();
    let tiny = tiny.to_str().ok_or("the path of the checkout is not UTF-8")?;
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
        let mut command = Command::new(program);
        command.arg(if path.is_empty() { tiny } else { path }).args(*arguments);
        command.env("LD_LIBRARY_PATH", prefix.join("lib")).env_remove("PARFOCAL_ONNXRUNTIME");
        let (ended, said) = within_a_minute(&mut command, &program.with_extension("said"))?;
        if ended.success() != *success || !said.contains(expected) {
            return Err(format!(
                "{} {arguments:?}: {ended}; expected success: {success}, and '{expected}' in what it prints:\n{said}",
                program.display()
            ));
        }
    }
    Ok(())
}

/// Runs a program that may not end; what it printed to both.
fn within_a_minute(command: &mut Command, said: &Path) -> Result<(ExitStatus, String)> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |e: std::io::Error| format!("{name}: {e}");
    // A file, not a pipe: nobody reads while it runs.
    let file = fs::File::create(said).map_err(failed)?;
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
    Ok((ended, String::from_utf8_lossy(&fs::read(said).map_err(failed)?).into_owned()))
}

/// As far as each may go.
fn brief(name: &str) -> &'static [&'static str] {
    match name {
        "camera" => &["1", "64", "48"],
        "stack_with_cancel" => &["2"],
        _ => &[],
    }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Compiles with the words of pkg-config.
fn compile(compiler: &str, flags: &[&str], sources: &[PathBuf], prefix: &Path, program: &Path) -> Result<()> {
    run(Command::new(compiler)
        .args(flags)
        .args(sources)
        .arg("-o")
        .arg(program)
        .args(linked(prefix)?)
        .args(["-lm", "-lpthread"]))
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
    // As they lie in the archive, not as they lie here.
    for (folder, compiler, flags, ending) in [("c", "gcc", C, "c"), ("cpp", "g++", CPP, "cpp")] {
        let flags = if ending == "c" { flags.to_vec() } else { [flags, &["-std=c++17"]].concat() };
        for here in sources(&format!("bindings/{folder}"), ending)? {
            let source = prefix.join("share/parfocal/examples").join(folder).join(here.file_name().unwrap_or_default());
            let name = stem(&here);
            let program = work.join(folder).join(&name);
            fs::create_dir_all(work.join(folder)).map_err(|e| format!("{}: {e}", work.display()))?;
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
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut objects = Vec::new();
    for source in &sources("tests/cpp", "cpp")? {
        let standard = if stem(source) == "test_span" { "-std=c++17" } else { "-std=c++20" };
        let object = folder.join(stem(source)).with_extension("o");
        let mut command = Command::new("g++");
        run(command.args(CPP).arg(standard).arg("-c").arg(source).arg("-o").arg(&object).args(linked(prefix)?))?;
        objects.push(object);
    }
    let program = work.join("suite mixed");
    compile("g++", &[], &objects, prefix, &program)?;
    suite(&program, prefix, work)
}

/// `find_package(Parfocal)`.
pub fn with_cmake(prefix: &Path, work: &Path) -> Result<()> {
    let build = |source: &Path, name: &str| -> Result<PathBuf> {
        let folder = work.join(name);
        let found = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
        let quiet = ["-Wno-dev", "--log-level=WARNING", "-DCMAKE_BUILD_TYPE=RelWithDebInfo"];
        run(Command::new("cmake").arg("-S").arg(source).arg("-B").arg(&folder).arg(found).args(quiet))?;
        output(Command::new("cmake").arg("--build").arg(&folder))?;
        Ok(folder)
    };
    components(prefix, work)?;
    let suites = build(&root().join("tests/abi"), "cmake suites")?;
    for program in ["suite_c", "suite_cpp17", "suite_cpp20"] {
        suite(&suites.join(program), prefix, work)?;
    }
    for (folder, ending) in [("c", "c"), ("cpp", "cpp")] {
        let built = build(&prefix.join("share/parfocal/examples").join(folder), &format!("cmake {folder}"))?;
        for here in sources(&format!("bindings/{folder}"), ending)? {
            example(&built.join(stem(&here)), prefix, brief(&stem(&here)))?;
        }
    }
    Ok(())
}

/// There are no components, and CMake is told so.
fn components(prefix: &Path, work: &Path) -> Result<()> {
    let folder = work.join("cmake components");
    let script = folder.join("CMakeLists.txt");
    fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    fs::copy(root().join("xtask/package/components_test.cmake"), &script)
        .map_err(|e| format!("{}: {e}", script.display()))?;
    let found = format!("-DCMAKE_PREFIX_PATH={}", prefix.display());
    run(Command::new("cmake")
        .arg("-S")
        .arg(&folder)
        .arg("-B")
        .arg(folder.join("build"))
        .arg(found)
        .args(["-Wno-dev", "--log-level=WARNING"]))
}

/// The programs of docs/c-cpp.md: every fenced block of C or C++ is compiled and run.
pub fn snippets(prefix: &Path, work: &Path) -> Result<()> {
    let page = root().join("docs/c-cpp.md");
    let text = fs::read_to_string(&page).map_err(|e| format!("{}: {e}", page.display()))?;
    let mut count = 0;
    for (language, compiler, flags) in
        [("c", "gcc", [C, &["-x", "c"]].concat()), ("cpp", "g++", [CPP, &["-std=c++17", "-x", "c++"]].concat())]
    {
        let fence = format!("```{language}\n");
        for block in text.split(fence.as_str()).skip(1) {
            let code = block.split("```").next().unwrap_or_default();
            let (source, program) = (work.join(format!("snippet{count}.txt")), work.join(format!("snippet{count}")));
            fs::write(&source, code).map_err(|e| format!("{}: {e}", source.display()))?;
            // -x holds for all that follows, so for the libraries too.
            run(Command::new(compiler)
                .args(&flags)
                .arg(source)
                .args(["-x", "none", "-o"])
                .arg(&program)
                .args(linked(prefix)?)
                .args(["-lm", "-lpthread"]))?;
            let mut command = Command::new(&program);
            command.env("LD_LIBRARY_PATH", prefix.join("lib")).env_remove("PARFOCAL_ONNXRUNTIME").current_dir(work);
            output(&mut command)?;
            count += 1;
        }
    }
    if count < 2 {
        return Err(format!("{}: {count} programs; expected one in C and one in C++ at least", page.display()));
    }
    Ok(())
}
