//! The names that the readers of a checkpoint's files know, and the tables of `docs/CHECKPOINTS.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use syn::visit::{self, Visit};
use syn::{Attribute, Field, ItemMod, ItemStruct, LitStr};

use crate::support::root;

/// Where a checkpoint's JSON files are read.
const READERS: [&str; 2] = ["src/text", "src/model/checkpoint"];

/// The names in the source of the readers.
#[derive(Default)]
struct Names {
    /// Fields of structs that serde reads.
    fields: BTreeSet<String>,
    /// Words in strings that look like a field's name.
    words: BTreeSet<String>,
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        let is_test = |attribute: &Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
        };
        if !module.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_struct(&mut self, item: &'ast ItemStruct) {
        if item.attrs.iter().any(derives_deserialize) {
            self.fields.extend(item.fields.iter().flat_map(written_names));
        }
        visit::visit_item_struct(self, item);
    }

    fn visit_lit_str(&mut self, literal: &'ast LitStr) {
        let word = literal.value();
        let parts: Vec<_> = word.split('_').collect();
        let is_part = |part: &&str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if parts.len() > 1 && parts.iter().all(is_part) {
            self.words.insert(word);
        }
    }
}

fn derives_deserialize(attribute: &Attribute) -> bool {
    let mut found = false;
    if attribute.path().is_ident("derive") {
        let _ = attribute.parse_nested_meta(|meta| {
            found |= meta.path.segments.last().is_some_and(|last| last.ident == "Deserialize");
            Ok(())
        });
    }
    found
}

/// The names that a field has in the file: its own, or those that `rename` and `alias` give it; none
/// for the field that takes all others.
fn written_names(field: &Field) -> Vec<String> {
    let own = field.ident.as_ref().map(|name| name.to_string().replace("r#", ""));
    let mut names: Vec<String> = own.into_iter().collect();
    for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("flatten") || meta.path.is_ident("skip") {
                names.clear();
            } else if let Ok(value) = meta.value() {
                let value: LitStr = value.parse()?;
                if meta.path.is_ident("rename") {
                    names = vec![value.value()];
                } else if meta.path.is_ident("alias") {
                    names.push(value.value());
                }
            }
            Ok(())
        });
    }
    names
}

/// All Rust files below a folder but tests.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests");
        if path.is_dir() && !is_test {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
}

fn names_in_source() -> Names {
    let mut files = Vec::new();
    for folder in READERS {
        sources(&root().join(folder), &mut files);
    }
    assert!(files.len() > 10, "{files:?}");
    let mut names = Names::default();
    for file in files {
        let source = fs::read_to_string(&file).unwrap();
        names.visit_file(&syn::parse_file(&source).unwrap());
    }
    names
}

/// The words in backticks.
fn code_words(text: &str) -> BTreeSet<String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// All words in backticks of the document, and those in the first column of a table.
fn names_in_document() -> (BTreeSet<String>, BTreeSet<String>) {
    let text = fs::read_to_string(root().join("docs/CHECKPOINTS.md")).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| "));
    let first = rows.filter_map(|row| row.split('|').next()).flat_map(code_words).collect();
    (code_words(&text), first)
}

#[test]
fn every_name_that_a_reader_knows_is_in_the_document() {
    let (mentioned, _) = names_in_document();
    let Names { fields, words } = names_in_source();
    assert!(fields.contains("hidden_size") && fields.contains("prompts"), "{fields:?}");
    let missing: Vec<_> = fields.union(&words).filter(|name| !mentioned.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/CHECKPOINTS.md lacks {missing:?}");
}

#[test]
fn every_name_in_the_documents_tables_is_known_to_a_reader() {
    let (_, listed) = names_in_document();
    let Names { fields, words } = names_in_source();
    assert!(listed.len() > 30, "{listed:?}");
    let unknown: Vec<_> =
        listed.iter().filter(|name| !fields.contains(*name) && !words.contains(*name)).collect();
    assert!(unknown.is_empty(), "no reader knows {unknown:?}");
}
