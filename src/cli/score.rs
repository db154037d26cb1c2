//! `parfocal score`: the focus score of each page, and which is the sharpest.

use std::path::{Path, PathBuf};

use bytemuck::Pod;
use clap::{ArgMatches, Command};
use serde_json::{json, Value};

use super::arguments::{json, path};
use super::output::{complain, say, say_json, Failure};
use crate::error::Result;
use crate::image::focus::score_plane;
use crate::image::frame::{InPlace, Sample};
use crate::image::sample::with_sample;
use crate::tiff::Reader;

/// The subcommand and its arguments.
pub fn command() -> Command {
    Command::new("score")
        .about("Tell how sharp each page is, and which is the sharpest; larger is sharper")
        .arg(path("FILE").required(true).num_args(1..).help("TIFF files; focal stacks of one field and channel"))
        .arg(json())
}

pub fn run(arguments: &ArgMatches) -> std::result::Result<(), Failure> {
    let files: Vec<&PathBuf> = arguments.get_many("FILE").into_iter().flatten().collect();
    let machine = arguments.get_flag("json");
    let mut results: Vec<Value> = Vec::new();
    let mut failed = false;
    for file in files {
        let scores = scores(file);
        results.push(entry(file, &scores));
        match scores {
            Ok(scores) if !machine => print(file, &scores),
            Ok(_) => {}
            Err(error) => {
                complain("error", error.message());
                failed = true;
            }
        }
    }
    if machine {
        say_json(&json!({ "files": results }));
    }
    if failed {
        return Err(Failure::Reported);
    }
    Ok(())
}

/// One score for each page, with one page in memory at a time.
fn scores(file: &Path) -> Result<Vec<f64>> {
    fn pages<T: Sample + Pod>(reader: &mut Reader) -> Result<Vec<f64>> {
        let (shape, strides) = reader.format().colours();
        let mut pixels: Vec<T> = Vec::new();
        (0..reader.pages())
            .map(|index| {
                reader.read(index, &mut pixels)?;
                let page = InPlace::new(&mut pixels, shape, Some(strides)).and_then(|page| score_plane(&page, 0));
                page.map_err(|e| e.context(format_args!("{}: page {}", reader.path().display(), index + 1)))
            })
            .collect()
    }
    let mut reader = Reader::open(file)?;
    reader.uniform()?;
    with_sample!(reader.format().pixel_type, T => pages::<T>(&mut reader))
}

/// The page (from 0) with the largest score, the first if several are equal. `None` for one page or if all scores are
/// 0.
fn sharpest(scores: &[f64]) -> Option<usize> {
    let best = scores.iter().enumerate().rev().max_by(|a, b| a.1.total_cmp(b.1))?;
    (scores.len() > 1 && *best.1 > 0.0).then_some(best.0)
}

fn print(file: &Path, scores: &[f64]) {
    say(&file.display().to_string());
    say("page       score");
    for (index, score) in scores.iter().enumerate() {
        let mark = if sharpest(scores) == Some(index) { "  sharpest" } else { "" };
        say(&format!("{:<6}{score:10.6}{mark}", index + 1));
    }
}

fn entry(file: &Path, scores: &Result<Vec<f64>>) -> Value {
    let input = file.display().to_string();
    match scores {
        Ok(scores) => json!({
            "input": input,
            "ok": true,
            "scores": scores,
            "sharpest_page": sharpest(scores).map(|index| index + 1),
        }),
        Err(e) => json!({
            "input": input,
            "ok": false,
            "status": format!("{:?}", e.status()),
            "error": e.message(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sharpest_is_the_first_of_the_largest() {
        assert_eq!(sharpest(&[0.1, 0.3, 0.2, 0.3]), Some(1));
        assert_eq!(sharpest(&[0.0, 0.0]), None);
        assert_eq!(sharpest(&[0.4]), None);
    }
}
