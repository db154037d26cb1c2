//! Functions of at most 80 lines in `src/` and `training/`, and lines of at most 120 characters.

use std::path::Path;

use syn::visit::{self, Visit};

use crate::tools::machine::python;
use crate::tools::{cmd, output, read_text, root, Result};

const LONGEST_FUNCTION: usize = 80;
const LONGEST_LINE: usize = 120;

/// Functions that may be longer: the file, the name, and why.
const LONG_FUNCTIONS: &[(&str, &str, &str)] = &[];

/// Python is left to ruff.
const CODE: &[&str] = &["*.rs", "*.java", "*.c", "*.h", "*.cpp", "*.hpp", "*.m"];
/// Files with longer lines, and why.
const LONG_LINES: &[(&str, &str)] = &[
    ("include/parfocal.h", "written by cbindgen"),
    ("src/ffi/", "the comments are those of include/parfocal.h, whose lines hosts know"),
];

struct Function {
    file: String,
    line: usize,
    name: String,
    lines: usize,
}

/// Everything that is too long, in words.
pub fn too_long() -> Result<Vec<String>> {
    let rust = tracked(&["src/*.rs"])?.into_iter().map(|file| {
        let text = read_text(&root().join(&file))?;
        rust_functions(&file, &text)
    });
    let mut functions: Vec<Function> = rust.collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    functions.extend(python_functions(&tracked(&["training/*.py"])?)?);
    let mut wrong = judged(&functions, LONG_FUNCTIONS);
    for file in tracked(CODE)? {
        if !LONG_LINES.iter().any(|(path, _)| file.starts_with(path)) {
            wrong.extend(long_lines(&file, &read_text(&root().join(&file))?));
        }
    }
    Ok(wrong)
}

fn tracked(patterns: &[&str]) -> Result<Vec<String>> {
    let listed = output(cmd!("git ls-files -- {patterns...}"))?;
    // A file may be deleted before the commit that says so.
    Ok(listed.lines().filter(|file| root().join(file).is_file()).map(str::to_owned).collect())
}

/// Functions that are too long without being in the list, and entries of the list that are not needed.
fn judged(functions: &[Function], allowed: &[(&str, &str, &str)]) -> Vec<String> {
    let is_allowed = |f: &Function| allowed.iter().any(|(file, name, _)| f.file == *file && f.name == *name);
    let long: Vec<_> = functions.iter().filter(|f| f.lines > LONGEST_FUNCTION).collect();
    let mut wrong: Vec<String> = long
        .iter()
        .filter(|f| !is_allowed(f))
        .map(|f| format!("{}:{}: {} has {} lines; at most {LONGEST_FUNCTION}", f.file, f.line, f.name, f.lines))
        .collect();
    let unused = allowed.iter().filter(|(file, name, _)| !long.iter().any(|f| f.file == *file && f.name == *name));
    wrong.extend(unused.map(|(file, name, _)| format!("{file}: {name} is allowed to be long, but is not")));
    wrong
}

fn long_lines(file: &str, text: &str) -> Vec<String> {
    let lengths = text.lines().map(|line| line.chars().count()).enumerate();
    lengths
        .filter(|(_, length)| *length > LONGEST_LINE)
        .map(|(at, length)| format!("{file}:{}: {length} characters; at most {LONGEST_LINE}", at + 1))
        .collect()
}

fn rust_functions(file: &str, text: &str) -> Result<Vec<Function>> {
    struct Found<'a>(&'a str, Vec<Function>);
    impl Found<'_> {
        fn push(&mut self, signature: &syn::Signature, body: &syn::Block) {
            let first = signature.fn_token.span.start().line;
            let last = body.brace_token.span.close().end().line;
            let (file, name) = (self.0.to_owned(), signature.ident.to_string());
            self.1.push(Function { file, line: first, name, lines: last - first + 1 });
        }
    }
    impl<'ast> Visit<'ast> for Found<'_> {
        fn visit_item_fn(&mut self, f: &'ast syn::ItemFn) {
            self.push(&f.sig, &f.block);
            visit::visit_item_fn(self, f);
        }
        fn visit_impl_item_fn(&mut self, f: &'ast syn::ImplItemFn) {
            self.push(&f.sig, &f.block);
            visit::visit_impl_item_fn(self, f);
        }
        fn visit_trait_item_fn(&mut self, f: &'ast syn::TraitItemFn) {
            if let Some(body) = &f.default {
                self.push(&f.sig, body);
            }
            visit::visit_trait_item_fn(self, f);
        }
    }
    let parsed = syn::parse_file(text).map_err(|e| format!("{file}: {e}"))?;
    let mut found = Found(file, Vec::new());
    found.visit_file(&parsed);
    Ok(found.1)
}

fn python_functions(files: &[String]) -> Result<Vec<Function>> {
    let python = python()?;
    let script = Path::new("xtask/lint/function_lengths.py");
    let listed = output(cmd!("{python} {script} {files...}"))?;
    let function = |line: &str| {
        let (file, rest) = line.split_once(':')?;
        let (line, rest) = rest.split_once(": ")?;
        let (name, lines) = rest.split_once(' ')?;
        Some(Function { file: file.into(), line: line.parse().ok()?, name: name.into(), lines: lines.parse().ok()? })
    };
    let parsed =
        listed.lines().map(|line| function(line).ok_or_else(|| format!("{}: prints '{line}'", script.display())));
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A function of so many lines, also inside an `impl` and inside another function.
    fn planted(lines: usize) -> String {
        let body = "    work();\n".repeat(lines - 2);
        format!(
            "fn short() {{}}\nfn long() {{\n{body}}}\nimpl A {{\n#[inline]\npub fn method() {{\n{body}}}\n}}\n\
             fn outer() {{\nfn inner() {{\n{body}}}\n}}\n"
        )
    }

    #[test]
    fn long_rust_functions_are_found() {
        let fine = rust_functions("a.rs", &planted(LONGEST_FUNCTION - 2)).unwrap();
        assert_eq!(fine.len(), 5);
        assert_eq!(judged(&fine, &[]), [""; 0]);
        let long = rust_functions("a.rs", &planted(LONGEST_FUNCTION + 1)).unwrap();
        let wrong = judged(&long, &[]);
        assert_eq!(wrong[0], "a.rs:2: long has 81 lines; at most 80");
        let names: Vec<_> = wrong.iter().map(|line| line.split(' ').nth(1).unwrap()).collect();
        assert_eq!(names, ["long", "method", "outer", "inner"]);
        let allowed = ["long", "method", "outer", "inner"].map(|name| ("a.rs", name, "planted"));
        assert_eq!(judged(&long, &allowed), [""; 0]);
        assert_eq!(judged(&fine, &allowed[..1]), ["a.rs: long is allowed to be long, but is not"]);
    }

    #[test]
    fn long_python_functions_are_found() {
        let folder = crate::tools::target().join("lint");
        crate::tools::make_folder(&folder).unwrap();
        let file = folder.join("planted.py");
        let body = "        x = 1\n".repeat(LONGEST_FUNCTION - 1);
        std::fs::write(&file, format!("def short():\n    pass\n\nclass A:\n    @a\n    def long(self):\n{body}"))
            .unwrap();
        let found = python_functions(&[file.display().to_string()]).unwrap();
        let lengths: Vec<_> = found.iter().map(|f| (f.name.as_str(), f.line, f.lines)).collect();
        assert_eq!(lengths, [("short", 1, 2), ("long", 6, LONGEST_FUNCTION + 1)]);
        assert_eq!(judged(&found, &[]).len(), 1);
    }

    #[test]
    fn long_lines_are_found() {
        let text = format!("{}\n{}\n", "µ".repeat(LONGEST_LINE), "x".repeat(LONGEST_LINE + 1));
        assert_eq!(long_lines("a.rs", &text), ["a.rs:2: 121 characters; at most 120"]);
    }
}
