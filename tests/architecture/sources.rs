//! The crate's files and their imports, read from the syntax: `use` declarations and paths, also inside functions and
//! macros.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// One file of `src/`, without its tests.
pub struct Source {
    /// Path below `src/`, with slashes.
    pub name: String,
    pub text: String,
    /// Paths that begin with `crate` or `super`, as the segments below `src/`: `[tiff, reader, Reader]`.
    pub imports: BTreeSet<Vec<String>>,
}

impl Source {
    pub fn parse(name: &str, text: &str) -> Self {
        let file = syn::parse_file(text).unwrap_or_else(|e| panic!("src/{name}: {e}"));
        let mut collector = Collector { module: module(name), imports: BTreeSet::new() };
        collector.visit_file(&file);
        Self { name: name.into(), text: text.into(), imports: collector.imports }
    }

    /// The folder below `src/`, or the file itself.
    pub fn room(&self) -> &str {
        self.name.split(['/', '.']).next().unwrap_or_default()
    }
}

/// All files of the crate except tests.
pub fn all(root: &Path) -> Vec<Source> {
    let mut paths = Vec::new();
    collect(root, &mut paths);
    paths.sort();
    assert!(paths.len() > 10);
    let name = |path: &PathBuf| path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    paths.iter().map(|path| Source::parse(&name(path), &std::fs::read_to_string(path).unwrap())).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("tests") {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// `tiff/reader.rs` is the module `[tiff, reader]`, `tiff/mod.rs` is `[tiff]`, `lib.rs` is `[]`.
fn module(name: &str) -> Vec<String> {
    let path = name.trim_end_matches(".rs").trim_end_matches("/mod");
    if path == "lib" {
        return Vec::new();
    }
    path.split('/').map(str::to_owned).collect()
}

/// For each file, the files that it imports from. A path belongs to the file of its longest known module.
pub fn arrows(sources: &[Source]) -> BTreeMap<&str, BTreeSet<&str>> {
    let files: BTreeMap<Vec<String>, &str> = sources.iter().map(|s| (module(&s.name), s.name.as_str())).collect();
    let file = |path: &[String]| (0..=path.len()).rev().find_map(|n| files.get(&path[..n]).copied());
    let targets = |source: &Source| source.imports.iter().filter_map(|path| file(path)).collect::<BTreeSet<_>>();
    sources
        .iter()
        .map(|source| {
            let mut found = targets(source);
            found.remove(source.name.as_str());
            (source.name.as_str(), found)
        })
        .collect()
}

/// A list of files of which each imports the next, and the last imports the first; `None` if there is none.
pub fn circle<'a>(arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Option<Vec<&'a str>> {
    fn follow<'a>(
        file: &'a str,
        arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
        done: &mut BTreeSet<&'a str>,
        trail: &mut Vec<&'a str>,
    ) -> Option<Vec<&'a str>> {
        if let Some(start) = trail.iter().position(|f| *f == file) {
            return Some(trail[start..].to_vec());
        }
        if !done.insert(file) {
            return None;
        }
        trail.push(file);
        let found = arrows.get(file).into_iter().flatten().find_map(|next| follow(next, arrows, done, trail));
        trail.pop();
        found
    }
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|file| follow(file, arrows, &mut done, &mut Vec::new()))
}

struct Collector {
    /// The module being visited, modules inside a file included.
    module: Vec<String>,
    imports: BTreeSet<Vec<String>>,
}

impl Collector {
    /// Resolves `crate`, `super` and `self` at the beginning of a path.
    fn add(&mut self, segments: &[String]) {
        let mut rest = segments;
        let mut path = match rest.first().map(String::as_str) {
            Some("crate") => Vec::new(),
            Some("super" | "self") => self.module.clone(),
            _ => return,
        };
        while let Some(first) = rest.first().filter(|s| matches!(s.as_str(), "crate" | "super" | "self")) {
            if first == "super" {
                path.pop();
            }
            rest = &rest[1..];
        }
        path.extend(rest.iter().cloned());
        self.imports.insert(path);
    }

    fn add_tree(&mut self, before: &[String], tree: &syn::UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(before),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(before, tree)),
        }
    }

    /// Finds paths in the arguments or the body of a macro, which are only tokens.
    fn add_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) => {
                    if colons != 2 {
                        self.add(&std::mem::take(&mut path));
                    }
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.add(&std::mem::take(&mut path));
                    self.add_tokens(group.stream());
                    colons = 0;
                }
                _ => {
                    self.add(&std::mem::take(&mut path));
                    colons = 0;
                }
            }
        }
        self.add(&path);
    }
}

/// Whether an item has `#[cfg(test)]` or `#[cfg(doctest)]`.
fn only_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|a| {
        a.path().is_ident("cfg") && matches!(&a.meta, syn::Meta::List(list) if list.tokens.to_string().contains("test"))
    })
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if only_tests(&item.attrs) {
            return;
        }
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !only_tests(&item.attrs) {
            self.add_tree(&[], &item.tree);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(&path.segments.iter().map(|s| s.ident.to_string()).collect::<Vec<_>>());
        visit::visit_path(self, path);
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(crate)` and `pub(super)` contain paths, but import nothing.
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.add_tokens(item.tokens.clone());
        visit::visit_macro(self, item);
    }
}
