//! The test stage `gpu`: WebGPU on a Vulkan device in software, through the engine, C, the JVM and the command.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use xshell::Cmd;

use super::{skip, Outcome};
use crate::package::{soname, Project};
use crate::tools::machine::{in_ci, missing, JAVA};
use crate::tools::{
    at, cache, cargo, cmd, empty_folder, files, has_extension, has_program, in_folder, lock, make_folder,
    remove_folder, root, run, run_quietly, runtime, say, target, walk, webgpu, Result,
};

/// Debian packages: SwiftShader, Vulkan's loader, Vulkan's headers. By name: the first one's version changes each week.
const PACKAGES: &[&str] = &["chromium-common", "libvulkan1", "libvulkan-dev"];
/// What must be in them.
const SWIFTSHADER: &str = "usr/lib/chromium/libvk_swiftshader.so";
const ICD: &str = "usr/lib/chromium/vk_swiftshader_icd.json";
const HEADER: &str = "usr/include/vulkan/vk_layer.h";
/// The layer's name in its manifest.
const LAYER: &str = "VK_LAYER_PARFOCAL_test";

pub fn check() -> Result<Outcome> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return skip("SwiftShader is taken from Debian's packages for x86-64 only");
    }
    if let Some(program) = ["apt-get", "dpkg", "gcc"].iter().find(|program| !has_program(program)) {
        return skip(format!("missing: {program}, to get SwiftShader from Debian's packages"));
    }
    let vulkan = match vulkan() {
        Ok(vulkan) => vulkan,
        Err(why) => return skip(format!("no Vulkan in software: {why}")),
    };
    let work = target().join("gpu");
    empty_folder(&work)?;
    let machine = Machine::new(&vulkan, &work)?;
    let started = Instant::now();
    let tests = ["test", "--package", "parfocal", "--test", "gpu", "--", "--nocapture", "--test-threads=1"];
    run(machine.with(cargo().args(tests)))?;
    run(cargo().args(["build", "--quiet", "--package", "parfocal", "--lib"]))?;
    // By the name that programs are linked with, and the one that they ask for.
    let library = work.join("lib");
    make_folder(&library)?;
    for name in ["libparfocal.so", &soname()?] {
        let to = library.join(name);
        fs::copy(target().join("debug/libparfocal.so"), &to).map_err(at(&to))?;
    }
    c(&machine, &library, &work)?;
    let skipped = missing(&[JAVA])?;
    if skipped.is_none() {
        java(&machine, &library, &work)?;
    }
    say!("WebGPU in software: {:.0} s", started.elapsed().as_secs_f64());
    match skipped {
        Some(reason) => skip(format!("the JVM's part: {reason}")),
        None => Ok(Outcome::PassedWithout("no hardware GPU, so no speed".into())),
    }
}

/// The folder with SwiftShader, Vulkan's loader and headers, unpacked at first use.
fn vulkan() -> Result<PathBuf> {
    let folder = cache()?.join("vulkan-software");
    let _lock = lock("vulkan-software")?;
    if folder.join("complete").exists() {
        return Ok(folder);
    }
    say!("fetching {} (once)", PACKAGES.join(", "));
    let partial = folder.with_extension("partial");
    empty_folder(&partial)?;
    let download = || run_quietly(in_folder(cmd!("apt-get -qq download {PACKAGES...}"), &partial));
    if let Err(why) = download() {
        if !in_ci() {
            return Err(why);
        }
        run_quietly(cmd!("apt-get -qq update"))?;
        download()?;
    }
    for package in files(&partial)?.iter().filter(|path| has_extension(path, "deb")) {
        run(cmd!("dpkg --extract {package} {partial}"))?;
        fs::remove_file(package).map_err(at(package))?;
    }
    if let Some(absent) = [SWIFTSHADER, ICD, HEADER].iter().find(|name| !partial.join(name).is_file()) {
        return Err(format!("{} have no {absent}; expected SwiftShader and Vulkan's headers", PACKAGES.join(", ")));
    }
    // Chromium's folder has another loader, which is not the one that people have.
    let loader = walk(&partial.join("usr/lib"))?.into_iter().find(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("libvulkan.so.1.") && !path.ends_with("chromium") && !name.ends_with("TOC")
    });
    let loader = loader.ok_or("libvulkan1 has no libvulkan.so.1.*")?;
    make_folder(&partial.join("loader"))?;
    let to = partial.join("loader/libvulkan.so.1");
    fs::copy(&loader, &to).map_err(at(&to))?;
    fs::write(partial.join("complete"), b"").map_err(at(&partial))?;
    remove_folder(&folder)?;
    fs::rename(&partial, &folder).map_err(at(&folder))?;
    Ok(folder)
}

/// What a process needs to find SwiftShader, the test's layer and WebGPU's library, and nothing else of this machine.
struct Machine {
    variables: Vec<(&'static str, PathBuf)>,
}

impl Machine {
    fn new(vulkan: &Path, work: &Path) -> Result<Self> {
        let layers = work.join("layers");
        make_folder(&layers)?;
        let (source, layer) = (root().join("tests/gpu/layer.c"), layers.join("libparfocal_test_layer.so"));
        let include = vulkan.join("usr/include");
        let warnings = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-D_GNU_SOURCE"];
        let shared = ["-shared", "-fPIC", "-fvisibility=hidden", "-I"];
        run(cmd!("gcc {warnings...} {shared...} {include} {source} -o {layer}"))?;
        let manifest = serde_json::json!({
            "file_format_version": "1.1.2",
            "layer": {
                "name": LAYER,
                "type": "GLOBAL",
                "library_path": layer,
                "api_version": "1.3.0",
                "implementation_version": "1",
                "description": "counts calls and lets them fail",
            },
        });
        let path = layers.join("layer.json");
        fs::write(&path, manifest.to_string()).map_err(at(&path))?;
        let library = work.join(webgpu::FILE);
        webgpu::place(&library)?;
        let home = work.join("home");
        make_folder(&home)?;
        let icd = vulkan.join(ICD);
        Ok(Self {
            variables: vec![
                ("VK_DRIVER_FILES", icd.clone()),
                ("VK_ICD_FILENAMES", icd),
                ("VK_LAYER_PATH", layers),
                ("VK_INSTANCE_LAYERS", LAYER.into()),
                ("LD_LIBRARY_PATH", vulkan.join("loader")),
                ("XDG_RUNTIME_DIR", home),
                ("PARFOCAL_TEST_LAYER", layer),
                ("PARFOCAL_WEBGPU", library),
                ("PARFOCAL_ONNXRUNTIME", runtime::install()?),
            ],
        })
    }

    fn with(&self, command: Cmd<'static>) -> Cmd<'static> {
        self.variables.iter().fold(command, |command, (name, value)| command.env(name, value))
    }
}

/// A program in C restores on WebGPU as on the CPU.
fn c(machine: &Machine, library: &Path, work: &Path) -> Result<()> {
    let (source, program) = (root().join("tests/gpu/host.c"), work.join("host"));
    let include = root().join("include");
    let warnings = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Werror"];
    let link = ["-lparfocal", "-lm", &format!("-Wl,-rpath,{}", library.display())];
    run(cmd!("gcc {warnings...} -I {include} {source} -o {program} -L {library} {link...}"))?;
    let model = root().join("tests/models/tiny.onnx");
    run(machine.with(cmd!("{program} {model}")))
}

/// And one in Java, through JNI.
fn java(machine: &Machine, library: &Path, work: &Path) -> Result<()> {
    let classes = work.join("classes");
    make_folder(&classes)?;
    let mut sources = walk(&root().join("bindings/java/src/main/java"))?;
    sources.retain(|path| has_extension(path, "java"));
    sources.push(root().join("tests/gpu/Host.java"));
    run(cmd!("javac -nowarn -d {classes} {sources...}"))?;
    // As Maven fills it in.
    let release = classes.join("org/parfocal/release.properties");
    fs::write(&release, format!("version={}\n", Project::read()?.version)).map_err(at(&release))?;
    let named = format!("-Dparfocal.library={}", library.join("libparfocal.so").display());
    let model = root().join("tests/models/tiny.onnx");
    run(machine.with(cmd!("java {named} -cp {classes} Host {model}")))
}
