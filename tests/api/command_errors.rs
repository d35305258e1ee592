//! How commands of the real binary fail: with an exit code, and with one line that says what is wrong
//! and what to do about it.

use std::net::TcpListener;

use serde_json::json;

use crate::support::app::config;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::labelled::{Labels, write_file};
use crate::support::process::Strata;
use crate::support::tiny;

/// A command that fails.
pub struct Failing {
    /// Separated by spaces. `@` in front of a name stands for that tiny checkpoint.
    args: &'static str,
    /// Name and content of a file in the working directory; none if the name is empty.
    file: (&'static str, &'static str),
    code: i32,
    /// What is wrong: a file, a flag or a field.
    named: &'static str,
    /// What to do, or what is allowed.
    remedy: &'static str,
}

pub const NO_FILE: (&str, &str) = ("", "");

pub const fn failing(
    args: &'static str,
    file: (&'static str, &'static str),
    code: i32,
    named: &'static str,
    remedy: &'static str,
) -> Failing {
    Failing { args, file, code, named, remedy }
}

/// Runs the command and returns its one line on standard error. Warnings of the log are left out, such as
/// that the shipped heads are for another encoder.
pub fn line(strata: Strata, code: i32) -> String {
    let output = strata.env("STRATA_LOG_FILTER", "error").output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("error: "), "{said}");
    assert!(output.stdout.is_empty(), "{said}");
    said
}

#[track_caller]
pub fn check(cases: &[Failing]) {
    for Failing { args, file: (name, content), code, named, remedy } in cases {
        let checkpoint = |arg: &str| match arg.strip_prefix('@') {
            Some(name) => tiny(name).to_str().unwrap().to_owned(),
            None => arg.to_owned(),
        };
        let args: Vec<String> = args.split(' ').map(checkpoint).collect();
        let strata = args.iter().fold(Strata::new(&[]), |strata, arg| strata.arg(arg));
        let strata = if name.is_empty() { strata } else { strata.file(name, content) };
        let said = line(strata, *code);
        let (what, rest) = said.split_once(named).unwrap_or_else(|| panic!("no {named}: {said}"));
        assert!(rest.contains(remedy), "{args:?}: {what}{named}, then no {remedy:?}: {said}");
    }
}

#[test]
fn a_wrong_flag_is_one_line_that_says_what_is_allowed() {
    check(&[
        failing("serve --prot 1", NO_FILE, 2, "'--prot'", "'--port'"),
        failing("serve --port x", NO_FILE, 2, "--port", "a whole number from 0 to 65535"),
        failing("serve --port 70000", NO_FILE, 2, "--port", "a whole number from 0 to 65535"),
        failing("serve --threads all", NO_FILE, 2, "--threads", "a whole number from 0 to 1024"),
        failing("serve --host nowhere", NO_FILE, 2, "--host", "must be an IP address such as"),
        failing("serve --encoder fast", NO_FILE, 2, "--encoder", "must be one of auto, packed"),
        failing("serv", NO_FILE, 2, "'serv'", "'serve'"),
        failing("train --data d.tsv", NO_FILE, 2, "not provided", "--out <DIR/NAME>"),
        failing("train --data d --out a/b.c", NO_FILE, 2, "--out a/b.c", "only have letters"),
        failing("compare --data d --folds 1", NO_FILE, 2, "--folds", "from 2 to 100"),
        failing("compare --data d --seed a", NO_FILE, 2, "--seed", "whole number such as 8"),
        failing("bench --length 8 --seconds x", NO_FILE, 2, "--seconds", "such as 5 or 0.5"),
        failing("bench --length -1", NO_FILE, 2, "'-1'", "--help"),
        failing("completions bas", NO_FILE, 2, "'bas'", "bash, elvish, fish, powershell, zsh"),
        failing("man nothing", NO_FILE, 2, "\"nothing\"", "the commands are serve, compare"),
    ]);
}

#[test]
fn a_wrong_configuration_is_one_line_that_names_the_setting() {
    let file = "config/strata.toml";
    check(&[
        failing("serve --config no.toml", NO_FILE, 2, "no.toml", "by --config"),
        failing("serve", (file, "a = 1\nport = = 1\n"), 2, "line 2", "--print-config"),
        failing("serve", (file, "port = \"80"), 2, file, "--print-config"),
        failing("serve", (file, "prot = 1"), 2, "unknown key prot", "nearest known key is port"),
        failing("serve", (file, "port = -1"), 2, "port = -1", "must be 0 to 65535"),
        failing("train --data d --out h", (file, "port = -1"), 2, "port = -1", "must be 0 to"),
        // Without a flag, a server of another test could answer.
        failing("health --config config/strata.toml", (file, "port = true"), 2, "port", "must be"),
        failing(
            "health --host 127.0.0.1",
            (file, "[embed]\nrecipe = 'x'"),
            2,
            "embed.recipe",
            "native",
        ),
    ]);
}

#[test]
fn a_wrong_checkpoint_is_one_line_that_names_the_file() {
    let data = ("d.tsv", "text\tlabel\ngood\ta\n");
    check(&[
        failing("serve --port 0 --model no", NO_FILE, 2, "no: no such folder", "--model takes"),
        failing("serve --port 0 --model .", NO_FILE, 2, "config.json: not found", "expected"),
        failing("bench --length 8 --model .", ("config.json", "{"), 2, "config.json", "correct it"),
        failing("bench --data d.tsv --model no", data, 2, "no: no such folder", "--model takes"),
        failing(
            "serve --port 0 --model @sentence --heads no",
            NO_FILE,
            2,
            "no: No such file",
            "expected a folder that contains a folder for each head",
        ),
        failing(
            "serve --port 0 --model @sentence --heads h",
            ("h/mine/head.json", "{"),
            2,
            "h/mine: head.safetensors: ",
            "expected a folder with head.json and head.safetensors",
        ),
    ]);
}

#[test]
fn a_wrong_data_file_is_one_line_that_names_line_and_column() {
    let unlabelled = ("d.tsv", "text\tstars\ngood\ta\n");
    let train = "train --no-cache --model @sentence --out h --data d.tsv";
    check(&[
        failing(train, NO_FILE, 2, "d.tsv: cannot be read", "name a file that exists"),
        failing(train, unlabelled, 2, "d.tsv, line 1: no column \"label\"", "\"text\", \"stars\""),
        failing(train, ("d.tsv", ""), 2, "d.tsv: no rows", "at least one is needed"),
        failing(train, ("d.tsv", "text\tlabel\na\tx\ty\n"), 2, "d.tsv, line 2", "the same number"),
        failing(train, ("d.tsv", "text\tlabel\na\tx\nb\tx\n"), 2, "d.tsv", "without two labels"),
        failing(
            "bench --model @sentence --data d.txt",
            ("d.txt", "text\na\n"),
            2,
            "d.txt",
            "must end in .tsv, .csv, .jsonl or .ndjson",
        ),
        failing(
            "evaluate --no-cache --model @sentence --head . --data d.tsv",
            unlabelled,
            2,
            ".: head.json: ",
            "expected a folder with head.json and head.safetensors",
        ),
        failing(
            "evaluate --no-cache --model @sentence --head none --data d.tsv",
            unlabelled,
            2,
            "\"none\"",
            "the heads are",
        ),
    ]);
}

#[test]
fn a_wrong_recipe_is_one_line_with_what_is_allowed() {
    let data = ("d.tsv", "text\tlabel\na\tx\nb\ty\n");
    let bench = "bench --length 8 --model @sentence --recipe";
    let recipe = |recipe: &str| format!("{bench} {recipe}").leak() as &str;
    check(&[
        failing(recipe("last-five"), NO_FILE, 2, "\"last-five\"", "the recipes are"),
        failing(recipe("{"), NO_FILE, 2, "--recipe", "such as {\"layers\""),
        failing(recipe("{\"layers\":[1]}]"), NO_FILE, 2, "trailing", "such as {\"layers\""),
        failing(recipe("{\"layer\":[1]}"), NO_FILE, 2, "`layer`", "such as {\"layers\""),
        failing(recipe("{\"layers\":[9]}"), NO_FILE, 2, "layer 9", "hidden states 0 to"),
        failing(
            "train --no-cache --model @sentence --out h --recipe last-five --data d.tsv",
            data,
            2,
            "d.tsv",
            "without two labels",
        ),
    ]);
}

#[test]
fn what_the_system_refuses_is_one_line_with_exit_code_1() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let said = line(Strata::serve("sentence").arg("--host").arg("192.0.2.1"), 1);
    assert!(said.contains("192.0.2.1") && said.contains("--host"), "{said}");
    let serve = Strata::new(&["serve", "--port", &port, "--model", "."]);
    let said = line(serve, 1);
    assert!(said.contains(&port) && said.contains("choose another with --port"), "{said}");
    drop(taken);
    let said = line(Strata::new(&["health", "--port", &port]), 1);
    assert!(said.contains("not ready") && said.contains("start it by `strata serve`"), "{said}");
    let said = line(Strata::new(&["man", "--out", "file/man"]).file("file", ""), 1);
    assert!(said.contains("--out file/man: ") && said.contains("can be written"), "{said}");
}

#[test]
fn a_broken_head_is_one_line_that_names_head_and_field() {
    let judge = Judge::new(&config(tiny("sentence")));
    let head = TestHead::new(&judge, &json!("last-four"), &["a", "b"]);
    let cases = [
        ("{", "not valid JSON", "write it again"),
        ("{\"labels\": 1}", "field \"labels\"", "expected a sequence"),
    ];
    for (json, named, allowed) in cases {
        let strata = Strata::serve("sentence").arg("--heads").arg("heads");
        head.save(&strata.folder().join("heads"), "mood");
        let said = line(strata.file("heads/mood/head.json", json), 2);
        assert!(said.starts_with("error: head \"mood\" (heads/mood): head.json: "), "{said}");
        assert!(said.contains(named) && said.contains(allowed), "{said}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_named_with_its_flag_before_anything_is_read() {
    let model = tiny("sentence");
    for (flag, value) in
        [("--out", "d.tsv/h"), ("--report", "no/r.html"), ("--save-features", "no/f")]
    {
        let out = if flag == "--out" { value } else { "h" };
        let args = ["train", "--no-cache", "--data", "d.tsv", "--out", out, "--model"];
        let strata = Strata::new(&args).arg(model.to_str().unwrap());
        write_file(strata.folder(), Labels::Single, "the end");
        let strata = if flag == "--out" { strata } else { strata.arg(flag).arg(value) };
        let output = strata.output();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        // Nothing was read or encoded before.
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(said.starts_with(&format!("error: {flag} {value}: ")), "{said}");
        assert!(said.trim_end().ends_with(" that can be written"), "{said}");
    }
}
