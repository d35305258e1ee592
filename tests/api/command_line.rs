//! What the real binary prints for shells and for `man`, and what follows if it can't be written.

use std::fs;
use std::process::Command;

use crate::support::process::Strata;

const COMMANDS: [&str; 12] = [
    "fetch",
    "serve",
    "compare",
    "train",
    "evaluate",
    "calibrate",
    "bench",
    "health",
    "key",
    "openapi",
    "completions",
    "man",
];

fn printed(args: &[&str]) -> String {
    let output = Strata::new(args).output();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn completions_of_every_shell_have_the_commands_and_their_flags() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = printed(&["completions", shell]);
        for word in COMMANDS.iter().chain(&["print-config", "held-out"]) {
            assert!(script.contains(word), "{shell}: no {word}");
        }
    }
}

#[test]
fn bash_completes_a_command_a_flag_and_a_value_with_the_script() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("strata");
    fs::write(&script, printed(&["completions", "bash"])).unwrap();
    // What bash does when the tab key is pressed after the last word.
    let completed = |words: &str| {
        let last = words.split(' ').count() - 1;
        let line = format!(
            ". '{}'; COMP_WORDS=({words}); COMP_CWORD={last}; \
             _strata strata \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{}]}}\"; \
             echo \"${{COMPREPLY[@]}}\"",
            script.display(),
            last - 1
        );
        let output = Command::new("bash").args(["-c", &line]).output().expect("bash is installed");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(completed("strata ser"), "serve");
    assert_eq!(completed("strata serve --print"), "--print-config");
    assert_eq!(completed("strata train --class-weights bal"), "balanced");
}

#[test]
fn each_command_has_a_page_with_its_flags_and_examples() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("man");
    assert!(printed(&["man", "--out", out.to_str().unwrap()]).is_empty());
    let page = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1 + COMMANDS.len());
    for command in COMMANDS {
        let page = page(&format!("strata-{command}.1"));
        assert!(page.contains(&format!(".TH strata-{command} 1")), "{page}");
        assert!(page.contains(".SH EXAMPLES\n.nf\n"), "{command}");
        assert!(page.contains(&format!("\n  strata {command}")), "{command}");
        assert_eq!(printed(&["man", command]), page, "{command}");
    }
    assert!(page("strata-serve.1").contains("\\-\\-print\\-config"));
    assert_eq!(printed(&["man"]), page("strata.1"));
    assert!(page("strata.1").contains("strata\\-serve(1)"));
}

#[test]
fn a_reader_that_leaves_is_no_error() {
    for args in ["openapi", "completions bash", "man serve", "serve --print-config"] {
        let binary = env!("CARGO_BIN_EXE_strata");
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(binary);
        command.args(args.split(' ')).current_dir(folder.path()).env_clear().stdout(writer);
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success() && said.is_empty(), "{args}: {:?} {said}", output.status);
    }
}

#[test]
fn output_that_cannot_be_written_is_one_line_and_exit_1() {
    // A device of Linux that is always full.
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_strata"));
    let output = command.args(["completions", "bash"]).env_clear().stdout(full).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), said.lines().count()), (Some(1), 1), "{said}");
    assert!(said.starts_with("error: standard output can't be written: "), "{said}");
    assert!(said.ends_with("; send it to another file\n"), "{said}");
}
