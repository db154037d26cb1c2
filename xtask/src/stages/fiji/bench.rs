//! What the Fiji plugin costs beside the network, in turns with the same stack through the C ABI: part of `cargo xtask bench`.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use crate::package::fiji::fiji;
use crate::package::HERE;
use crate::tools::machine::{self, JAVA};
use crate::tools::maven::{maven, property};
use crate::tools::{cargo, output, root, run, Result};

const ROUNDS: usize = 3;

/// Prints the median of each figure. There is no limit: the figures are to be compared.
pub fn bench() -> Result<()> {
    if !HERE {
        println!("fiji: skipped: the package for Fiji is made on Linux on x86-64 only");
        return Ok(());
    }
    if !machine::provide(&[JAVA])? {
        return Ok(());
    }
    let mut figures: BTreeMap<String, (Vec<f64>, String)> = BTreeMap::new();
    let class_path = class_path()?;
    let library = fiji()?.library();
    for _ in 0..ROUNDS {
        let c = output(cargo().args(["bench", "--quiet", "--package", "parfocal", "--bench", "c_call"]))?;
        let java = output(
            Command::new("java")
                // Java warms up by itself in a few planes; a round of each kind is enough.
                .args(["-Xmx3g", "-Djava.awt.headless=true", "-cp", &class_path])
                .arg(property("parfocal.library", &library))
                .args(["org.parfocal.fiji.PluginBench", "2048", "2048", "20", "1"])
                .current_dir(root().join("fiji-plugin")),
        )?;
        for line in c.lines().chain(java.lines()) {
            let words: Vec<&str> = line.split(' ').collect();
            let [name, value, unit] = words[..] else { continue };
            let Ok(value) = value.parse() else { continue };
            figures.entry(name.into()).or_insert_with(|| (Vec::new(), unit.into())).0.push(value);
        }
    }
    println!("fiji: 2048x2048x20, u16, tiny network, 2 threads; medians of {ROUNDS} rounds in turns");
    for (name, (mut values, unit)) in figures {
        values.sort_by(f64::total_cmp);
        println!(
            "fiji: {name} {:.2} {unit} (from {:.2} to {:.2})",
            values[values.len() / 2],
            values[0],
            values.last().unwrap()
        );
    }
    Ok(())
}

/// Classes and jars of the plugin and its tests, ImageJ's among them.
fn class_path() -> Result<String> {
    let plugin = root().join("fiji-plugin/target");
    let list = "parfocal-classpath.txt";
    run(maven(&["test-compile", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"])
        .arg(format!("-Dmdep.outputFile=target/{list}")))?;
    let others = fs::read_to_string(plugin.join(list)).map_err(|e| format!("{list}: {e}"))?;
    Ok(format!("{}:{}:{}", plugin.join("test-classes").display(), plugin.join("classes").display(), others.trim()))
}
