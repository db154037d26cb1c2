//! `cargo xtask bench fiji`: what the plugin costs beside the network, in turns with the same stack through the C ABI.

use std::collections::BTreeMap;

use crate::package::fiji::fiji;
use crate::package::HERE;
use crate::tools::machine::{self, JAVA};
use crate::tools::maven::{maven, property, run_alone};
use crate::tools::{cargo, cmd, in_folder, output, read_text, root, Result};

const ROUNDS: usize = 3;

/// Prints the median of each figure. There is no limit: people compare the figures.
pub fn bench() -> Result<()> {
    if !HERE {
        println!("fiji: skipped: the package for Fiji is made on Linux on x86-64 only");
        return Ok(());
    }
    if let Some(reason) = machine::missing(&[JAVA])? {
        println!("fiji: skipped: {reason}");
        return Ok(());
    }
    let mut figures: BTreeMap<String, (Vec<f64>, String)> = BTreeMap::new();
    let class_path = class_path()?;
    let library = fiji()?.library();
    for _ in 0..ROUNDS {
        let c = output(cargo().args(["bench", "--quiet", "--package", "parfocal", "--bench", "c_call"]))?;
        // Java warms up by itself in a few planes; a round of each kind is enough.
        let bench = ["org.parfocal.fiji.PluginBench", "2048", "2048", "20", "1"];
        let library = property("parfocal.library", &library);
        let java = cmd!("java -Xmx3g -Djava.awt.headless=true -cp {class_path} {library} {bench...}");
        let java = output(in_folder(java, &root().join("fiji-plugin")))?;
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

/// The class path of the plugin and its tests, with ImageJ.
fn class_path() -> Result<String> {
    let plugin = root().join("fiji-plugin/target");
    let list = "parfocal-classpath.txt";
    run_alone(
        maven(&["test-compile", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:build-classpath"])
            .arg(format!("-Dmdep.outputFile=target/{list}")),
    )?;
    let others = read_text(&plugin.join(list))?;
    Ok(format!("{}:{}:{}", plugin.join("test-classes").display(), plugin.join("classes").display(), others.trim()))
}
