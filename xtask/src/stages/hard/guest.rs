//! How the library behaves as a guest: what it writes and whom it calls, the end of the process, memory that cannot be
//! had, what its threads inherit, what it costs while idle, and the caller's thread.

use std::fs;
use std::path::{Path, PathBuf};

use xshell::Cmd;

use super::hosts;
use super::library::{source, tiny, watch, Ended, Library};
use super::watched::guest;
use crate::stages::Outcome;
use crate::tools::machine::need;
use crate::tools::python::Environment;
use crate::tools::{at, cmd, empty_folder, files, root, run, say, shell, target, walk, Result};

const OPTIONS: &str = "device=cpu threads=2";

/// A program of tests/c on the tiny model.
pub struct Program {
    library: &'static Library,
    program: PathBuf,
}

impl Program {
    pub fn build(name: &str, flags: &[&str]) -> Result<Program> {
        let library = guest()?;
        Ok(Program { library, program: library.program(name, &[source(&format!("{name}.c"))], flags)? })
    }

    /// Its command: MODEL LOG OPTIONS and the rest.
    pub fn command(&self, log: &Path, rest: &[&str]) -> Cmd<'static> {
        self.library.command(&self.program).arg(tiny()).arg(log).arg(OPTIONS).args(rest)
    }

    /// Runs it to its end.
    pub fn ended(&self, rest: &[&str]) -> Result<Ended> {
        let log = self.library.place()?.join("guest.log");
        watch(self.command(&log, rest), &log)
    }

    /// Runs it; it must end well and print nothing. Returns its log.
    pub fn silent(&self, rest: &[&str]) -> Result<String> {
        self.ended(rest)?.silent(&rest.join(" "))
    }
}

/// Seconds that each program lives on: a telemetry client sends after some.
const QUIET_SECONDS: &str = "20";

/// What a host did beside what was asked for, from the log of its calls to the system.
fn unasked(trace: &str, allowed: &[&str]) -> Vec<String> {
    let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"];
    let sockets = ["AF_INET", "AF_NETLINK"];
    let changes = ["mkdir(", "mkdirat(", "rename(", "renameat", "unlink(", "unlinkat(", "link(", "linkat(", "symlink"];
    let is_unasked = |line: &&str| {
        let done = !line.contains(" = -1 ");
        let socket = sockets.iter().any(|word| line.contains(word));
        let file = writes.iter().chain(&changes).any(|word| line.contains(word));
        socket || (file && done && !allowed.iter().any(|path| line.contains(path)))
    };
    trace.lines().filter(is_unasked).map(str::to_owned).collect()
}

/// A host, watched while it lives in an empty home: it may write below `allowed` only, and open no socket.
fn watched(name: &str, make: impl Fn(Cmd<'static>) -> Cmd<'static>, allowed: &[&str]) -> Result<Vec<String>> {
    let place = target().join("hard/quiet").join(name);
    empty_folder(&place)?;
    let (home, trace) = (place.join("home"), place.join("trace"));
    empty_folder(&home)?;
    let calls = "trace=%network,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,unlink,unlinkat,link,linkat";
    let strace = shell().cmd("strace").args(["-f", "-qq", "-e", calls, "-e", "signal=none", "-o"]).arg(&trace);
    let command = make(strace).env("HOME", &home).env("TMPDIR", &home);
    let ended = watch(command, &place.join("log"))?;
    if !ended.success {
        return Err(format!("{name}: {}\n{}\n{}", ended.status, ended.printed, ended.log));
    }
    let trace = fs::read(&trace).map_err(at(&trace))?;
    let mut allowed: Vec<&str> = allowed.to_vec();
    let own = place.display().to_string();
    let log = format!("{own}/log");
    allowed.extend([log.as_str(), "/dev/null", "/dev/tty", "/proc/self"]);
    let mut found = unasked(&String::from_utf8_lossy(&trace), &allowed);
    found.extend(walk(&home)?.iter().map(|file| format!("left behind: {}", file.display())));
    Ok(found)
}

/// An environment that holds the search path only.
pub fn bare(command: Cmd<'static>) -> Cmd<'static> {
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default())
}

/// No file, no socket, no look-up: in every host that is on this machine, with our runtime and with one that has a
/// telemetry client.
pub fn quiet() -> Result<Outcome> {
    need(&[("strace", "strace")])?;
    let program = Program::build("guest_quiet", &[])?;
    let folder = target().join("hard/quiet/files");
    empty_folder(&folder)?;
    let asked = folder.display().to_string();
    let image = root().join("tests/data/good/u16.tif");
    // The wheel that the Python tools use is of a release that has one.
    let python = Environment::Light.interpreter()?;
    let theirs = telemetry_runtime(&python)?;
    let host = |log: &Path, output: &str, options: String| {
        let (library, program, image) = (program.library, program.program.clone(), image.clone());
        let (log, output) = (log.to_owned(), folder.join(output));
        move |watcher: Cmd<'static>| {
            let command = bare(watcher).env("LD_LIBRARY_PATH", &library.folder).arg(&program).arg(tiny());
            command.arg(&log).arg(&options).arg(&image).arg(&output).arg(QUIET_SECONDS)
        }
    };
    let place = |name: &str| target().join("hard/quiet").join(name).join("log");
    let own = host(&place("ours"), "ours.tif", OPTIONS.into());
    let other = host(&place("theirs"), "theirs.tif", format!("{OPTIONS} runtime='{}'", theirs.display()));
    let release = target().join("debug/parfocal");
    run(crate::tools::cargo().args(["build", "--quiet", "--locked", "--package", "parfocal", "--bin", "parfocal"]))?;
    let runtime = guest()?.folder.join(RUNTIME);
    let command = |watcher: Cmd<'static>| {
        let watcher = bare(watcher).env("PARFOCAL_ONNXRUNTIME", &runtime).arg(&release).arg("restore");
        watcher.arg(&image).arg("-o").arg(folder.join("command.tif"))
    };
    // Shows that the watcher sees what a telemetry client does.
    let blind = |watcher: Cmd<'static>| {
        let code = format!(
            "import time, onnxruntime; onnxruntime.InferenceSession({:?}); time.sleep(5)",
            tiny().display().to_string()
        );
        bare(watcher).env("PYTHONDONTWRITEBYTECODE", "1").arg(&python).arg("-c").arg(code)
    };
    let others = hosts::all(QUIET_SECONDS)?;
    let found = std::thread::scope(|scope| -> Result<Vec<(&str, Vec<String>)>> {
        let mut started = vec![
            ("C", scope.spawn(|| watched("ours", own, &[&asked]))),
            ("C, a runtime with telemetry", scope.spawn(|| watched("theirs", other, &[&asked]))),
            ("command", scope.spawn(|| watched("command", command, &[&asked]))),
            ("planted", scope.spawn(|| watched("planted", blind, &[]))),
        ];
        for host in others {
            started.push((host.name, scope.spawn(move || watched(host.name, &host.live, host.allowed))));
        }
        started.into_iter().map(|(name, host)| Ok((name, host.join().map_err(|_| "a watcher failed")??))).collect()
    })?;
    for (name, found) in found {
        match (name, found.is_empty()) {
            ("planted", true) => return Err("a Python that calls home was not seen: the watcher is blind".into()),
            ("planted", false) => say!("planted telemetry: seen ({} calls)", found.len()),
            (_, true) => say!("{name}: no file, no socket beside what was asked for"),
            (_, false) => return Err(format!("{name}: unasked for:\n  {}", found.join("\n  "))),
        }
    }
    Ok(Outcome::Passed)
}

/// The name that the library looks for beside itself.
const RUNTIME: &str = crate::package::RUNTIME;

/// ONNX Runtime's library in a Python's package.
fn telemetry_runtime(python: &Path) -> Result<PathBuf> {
    let code = "import importlib.util; print(importlib.util.find_spec('onnxruntime').submodule_search_locations[0])";
    let folder = crate::tools::output(cmd!("{python} -c {code}"))?;
    let folder = Path::new(folder.trim()).join("capi");
    let found = files(&folder)?.into_iter().find(|file| file.to_string_lossy().contains("libonnxruntime.so."));
    found.ok_or_else(|| format!("{}: no libonnxruntime.so", folder.display()))
}

/// Hosts that end while another thread opens, restores or streams; forked children; calls at the end; a shutdown.
pub fn leaving() -> Result<Outcome> {
    let program = Program::build("guest_leaving", &[])?;
    let as_asked = |rest: &[&str], ended: Ended| -> Result<()> {
        if ended.status.ends_with("exit status: 7") && ended.printed.is_empty() {
            return Ok(());
        }
        Err(format!(
            "{}: {}; expected status 7 and nothing printed\n{}{}",
            rest.join(" "),
            ended.status,
            ended.printed,
            ended.log
        ))
    };
    let exits = hosts::exits(50)?;
    for what in ["open", "restore", "stream"] {
        for number in 0..exits {
            // The first opening takes some tens of milliseconds.
            let after = hosts::moment(number, 150_001).to_string();
            let rest = [what, after.as_str()];
            as_asked(&rest, program.ended(&rest)?)?;
        }
        say!("C, {what}: {exits} ends at different moments, all as asked for");
    }
    for what in ["fork", "atexit"] {
        as_asked(&[what], program.ended(&[what, "0"])?)?;
        say!("{what}: as asked for");
    }
    Program::build("guest_shutdown", &[])?.silent(&[])?;
    say!("shutdown: running calls are cancelled, no thread is left, later calls are CLOSED");
    hosts::leave()
}

/// What the library's threads have inherited, a thread that cannot be had, and the option `priority`.
pub fn threads() -> Result<Outcome> {
    say!("{}", Program::build("guest_threads", &[])?.silent(&[])?.trim_end());
    Ok(Outcome::Passed)
}

/// Processor time of an open model and an open stream between frames.
pub fn idle() -> Result<Outcome> {
    say!("{}", Program::build("guest_idle", &[])?.silent(&[])?.trim_end());
    Ok(Outcome::Passed)
}

/// The caller's floating-point state, cancellation and stack.
pub fn caller() -> Result<Outcome> {
    say!("{}", Program::build("guest_caller", &[])?.silent(&[])?.trim_end());
    Ok(Outcome::Passed)
}

/// Every how many-th allocation of the first 2000 fails, one in each run; 1 tries all, in half an hour.
const EVERY: &str = "PARFOCAL_MALLOC_EVERY";

/// Memory that cannot be had, from opening to the doctor: OK or OUT_OF_MEMORY, nothing printed.
pub fn memory() -> Result<Outcome> {
    let program = Program::build("guest_memory", &["-ldl"])?;
    let place = program.library.place()?;
    let folder = place.join("memory");
    empty_folder(&folder)?;
    let (code, failing) = (source("fail_malloc.c"), place.join("fail_malloc.so"));
    run(cmd!("gcc -O1 -fPIC -shared -Wall -Wextra -Werror {code} -o {failing}"))?;
    the_linker_ends_processes(&place)?;
    let every = std::env::var(EVERY).unwrap_or_else(|_| "41".into());
    let (image, log) = (root().join("tests/data/good/u16.tif"), place.join("guest.log"));
    // In MiB; at the last everything is OK.
    let mut sweeps = vec![("before", "0", "140", "2"), ("after", "0", "66", "2")];
    // In parts: all of it takes longer than a program may.
    let parts = [("1", "500"), ("501", "1000"), ("1001", "1500"), ("1501", "2000")];
    sweeps.extend(parts.map(|(first, last)| ("malloc", first, last, every.as_str())));
    for (what, first, last, step) in sweeps {
        let numbers = [first, last, step];
        let command = program.command(&log, &[]).arg(&image).arg(&folder).arg(what).args(numbers);
        let command = if what == "malloc" { command.env("LD_PRELOAD", &failing) } else { command };
        say!("{}", watch(command, &log)?.silent(what)?.trim_end());
    }
    Ok(Outcome::Passed)
}

/// Shows why some allocations are left out of the sweep: where they fail, glibc's dynamic linker ends any process,
/// while it opens the C++ library or first uses a library's thread-local memory.
fn the_linker_ends_processes(place: &Path) -> Result<()> {
    let (code, library, program) = (source("linker_ends.c"), place.join("local.so"), place.join("linker_ends"));
    run(cmd!("gcc -O1 -fPIC -shared -DLOCAL -Wall -Wextra -Werror {code} -o {library}"))?;
    run(cmd!("gcc -O1 -Wall -Wextra -Werror {code} -ldl -o {program}"))?;
    for (library, words) in [(library.as_path(), "thread-local data"), (Path::new("libstdc++.so.6"), "out of memory")] {
        let ends = |number: u32| {
            let command = shell().cmd(&program).arg(library).arg(number.to_string());
            let ended = watch(command, &place.join("linker_ends.log"))?;
            Ok(ended.status.ends_with("exit status: 127") && ended.printed.contains(words))
        };
        let ended = (1..=40).map(ends).collect::<Result<Vec<bool>>>()?.into_iter().filter(|ended| *ended).count();
        if ended == 0 {
            return Err(format!(
                "{}: no failed allocation ends the process with '{words}': this C library survives it, and \
                 tests/c/guest_memory.c need not leave it out",
                library.display()
            ));
        }
        say!("without Parfocal, {ended} of 40 failed allocations end a process that loads {}", library.display());
    }
    Ok(())
}

/// A system without /proc, RTLD_DEEPBIND beside another allocator, the header in C89.
pub fn small() -> Result<Outcome> {
    let header = root().join("include/parfocal.h");
    run(cmd!("gcc -std=c89 -pedantic-errors -Wall -Wextra -Werror -x c -fsyntax-only {header}"))?;
    let place = guest()?.place()?;
    let (image, log, folder) = (root().join("tests/data/good/u16.tif"), place.join("guest.log"), place.join("small"));
    empty_folder(&folder)?;
    let (code, other) = (source("other_malloc.c"), place.join("other_malloc.so"));
    run(cmd!("gcc -O1 -fPIC -shared -Wall -Wextra -Werror -Wno-use-after-free {code} -o {other}"))?;
    let deep = Program::build("guest_deep", &["-Wl,--as-needed", "-ldl"])?;
    let library = guest()?.folder.join("libparfocal.so");
    let command = deep.command(&log, &[]).arg(library).arg(&image).arg(folder.join("deep.tif"));
    watch(command.env("LD_PRELOAD", &other), &log)?.silent("RTLD_DEEPBIND beside another allocator")?;
    say!("RTLD_DEEPBIND beside another allocator: well");
    // A file system of its own over /proc and /sys, which only root may mount.
    let quiet = Program::build("guest_quiet", &[])?;
    let without = "mount -t tmpfs none /proc && mount -t tmpfs none /sys && exec \"$@\"";
    if !crate::tools::ran(cmd!("unshare -m sh -c {without} sh true"))?.1.status.success() {
        say!("without /proc: not tried, needs root");
        return Ok(Outcome::Passed);
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let command = guest()?.command(Path::new("unshare")).env("PATH", path).args(["-m", "sh", "-c", without, "sh"]);
    let command = command.arg(&quiet.program).arg(tiny()).arg(&log).arg(OPTIONS).arg(&image);
    watch(command.arg(folder.join("proc.tif")).arg("0"), &log)?.silent("without /proc")?;
    say!("without /proc: nothing is printed");
    Ok(Outcome::Passed)
}
