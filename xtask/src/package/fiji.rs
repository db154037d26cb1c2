//! `cargo xtask package fiji`: an update site's files and one zip for Fiji or ImageJ, in target/dist/fiji.

mod checks;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::{copy, folder_of, package, program, write, Project, HERE, RUNTIME};
use crate::tools::hash::sha256;
use crate::tools::maven::{self, Jars};
use crate::tools::python::Environment;
use crate::tools::{at, cmd, empty_folder, in_folder, root, run, say, shown, target, webgpu, Result};

/// The folder of natives in Fiji's `lib`, and in the Java library's jar.
const PLATFORM: &str = "linux64";
const IN_JAR: &str = "natives/linux_64";
const LIBRARY: &str = "libparfocal.so";

/// What `fiji` makes.
#[derive(Clone)]
pub struct Fiji {
    /// The folder of an update site: `plugins/`, `jars/`, `lib/`, `licenses/`.
    pub site: PathBuf,
    pub zip: PathBuf,
    /// The command that was built together with the library.
    pub command: PathBuf,
}

impl Fiji {
    /// The library, with ONNX Runtime beside it.
    pub fn library(&self) -> PathBuf {
        self.site.join("lib").join(PLATFORM).join(LIBRARY)
    }
}

/// Builds, checks and packs. Once in a run of the task runner.
pub fn fiji() -> Result<Fiji> {
    static DONE: OnceLock<Result<Fiji>> = OnceLock::new();
    DONE.get_or_init(make).clone()
}

fn make() -> Result<Fiji> {
    if !HERE {
        return Err("package fiji: made on Linux on x86-64 only; docs/packaging.md has what other systems need".into());
    }
    // Library, runtime and licences are those of the archive: built and checked once.
    package()?;
    let project = Project::read()?;
    let tree = target().join("package/tree").join(project.name());
    let jars = maven::jars(&project.version)?;
    let work = target().join("package/fiji");
    empty_folder(&work)?;
    let opened = open(&jars, &work)?;
    checks::jars(&opened)?;

    let dist = root().join("target/dist/fiji");
    empty_folder(&dist)?;
    let fiji = Fiji {
        site: dist.join("update-site"),
        zip: dist.join(format!("parfocal-fiji-{}-linux-x86_64.zip", project.version)),
        command: tree.join("bin/parfocal"),
    };
    let plugin_name = format!("Parfocal_-{}.jar", project.version);
    let library_name = format!("parfocal-java-{}.jar", project.version);
    pack(&fiji.site.join("plugins").join(&plugin_name), &[&opened.plugin])?;
    pack(&fiji.site.join("jars").join(&library_name), &[&opened.library])?;
    natives(&project, &tree, &fiji.site.join("lib").join(PLATFORM))?;
    licences(&tree, &fiji.site.join("licenses/parfocal"))?;
    checks::library(&fiji.library())?;

    // One folder to drop into `plugins`. Nothing looks for `lib/` there, so the native libraries lie in the jar.
    let with_natives = work.join("natives");
    natives(&project, &tree, &with_natives.join(IN_JAR))?;
    properties(&project, &with_natives.join(IN_JAR))?;
    let drop = work.join("drop-in");
    let folder = drop.join("plugins/Parfocal");
    pack(&folder.join(&plugin_name), &[&opened.plugin])?;
    pack(&folder.join(&library_name), &[&opened.library, &with_natives])?;
    licences(&tree, &folder.join("licenses"))?;
    copy(&root().join("xtask/package/fiji.txt"), &folder.join("README.txt"))?;
    pack(&fiji.zip, &[&drop])?;
    let size = fs::metadata(&fiji.zip).map_or(0, |m| m.len());
    say!("package: {} ({:.1} MB)", shown(&fiji.zip), size as f64 / 1e6);
    Ok(fiji)
}

/// The jars' contents in folders.
struct Opened {
    plugin: PathBuf,
    library: PathBuf,
}

fn open(jars: &Jars, work: &Path) -> Result<Opened> {
    let opened = Opened { plugin: work.join("plugin"), library: work.join("library") };
    for (jar, folder) in [(&jars.plugin, &opened.plugin), (&jars.library, &opened.library)] {
        empty_folder(folder)?;
        run(in_folder(cmd!("jar xf {jar}"), folder))?;
    }
    Ok(opened)
}

/// The library, ONNX Runtime and WebGPU for it, as in the archive for builders.
fn natives(project: &Project, tree: &Path, folder: &Path) -> Result<()> {
    let from = tree.join("lib");
    program(&from.join(project.soname()), &folder.join(LIBRARY))?;
    program(&from.join(webgpu::FILE), &folder.join(webgpu::FILE))?;
    program(&from.join(RUNTIME), &folder.join(RUNTIME))
}

/// What the Java library must know before it unpacks them; read by `BundledNatives.java`.
fn properties(project: &Project, folder: &Path) -> Result<()> {
    let mut text =
        format!("version={}\nlibrary={LIBRARY}\nfiles={LIBRARY} {RUNTIME} {}\n", project.version, webgpu::FILE);
    for name in [LIBRARY, RUNTIME, webgpu::FILE] {
        let file = folder.join(name);
        let size = fs::metadata(&file).map_err(at(&file))?.len();
        text += &format!("{name}.size={size}\n{name}.sha256={}\n", sha256(&file)?);
    }
    write(&folder.join("natives.properties"), &text)
}

/// The licences of the archive, and that of the parser in the plugin's jar.
fn licences(tree: &Path, folder: &Path) -> Result<()> {
    super::licences::carry(tree, folder, "| minimal-json (in the plugin's jar) | 0.9.5 | MIT | `minimal-json/` |\n")?;
    copy(&root().join("fiji-plugin/licenses/minimal-json.txt"), &folder.join("minimal-json/LICENSE.txt"))
}

/// Packs folders as one zip or jar, whose bytes depend on their files only.
fn pack(zip: &Path, folders: &[&Path]) -> Result<()> {
    folder_of(zip)?;
    run(Environment::Package.command()?.arg("xtask/package/zip.py").arg(zip).args(folders))?;
    super::permit(zip, 0o644)
}

/// The zip unpacked into a folder with a space in its name, as a user's `Fiji.app` or `ImageJ` may have.
pub fn unpacked() -> Result<PathBuf> {
    let folder = target().join("package/fiji/my ImageJ");
    empty_folder(&folder)?;
    run(Environment::Package.command()?.args(["-m", "zipfile", "-e"]).arg(fiji()?.zip).arg(&folder))?;
    Ok(folder)
}

/// The same files give the same zip, byte for byte.
pub fn same_bytes() -> Result<()> {
    let fiji = fiji()?;
    let again = target().join("package/fiji/again.zip");
    pack(&again, &[&unpacked()?])?;
    let (first, second) = (sha256(&fiji.zip)?, sha256(&again)?);
    fs::remove_file(&again).map_err(at(&again))?;
    if first == second {
        return Ok(());
    }
    Err(format!("packing the same files twice gives {first} and {second}"))
}
