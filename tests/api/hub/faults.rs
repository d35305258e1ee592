//! Whatever goes wrong, the model is served whole, or one line names the file and what to do.

use std::fs;
use std::time::Duration;

use axum::http::StatusCode;
use sha2::{Digest, Sha256};

use super::server::{Fault, NAME, Request};
use super::{Setup, errors, folder, names, refusal};
use crate::support::process::BINARY;
use crate::support::tiny;

/// The large file.
const WEIGHTS: &str = "model.safetensors";

#[test]
fn a_connection_that_is_cut_off_three_times_goes_on_where_it_stopped() {
    let setup = Setup::new();
    let cuts = [30_000, 20_000, 40_000];
    setup.hub.contents().faults.extend(cuts.map(Fault::Cut));
    let running = setup.serve(NAME).start();
    running.terminate();
    let (status, _, log) = running.wait();
    assert!(status.success(), "{log}");
    assert_eq!(log.matches("fetching it again").count(), cuts.len(), "{log}");
    let requests = setup.hub.take_requests();
    let starts = requests.iter().filter(|request| request.file == WEIGHTS);
    let starts: Vec<usize> = starts.map(|request| request.start).collect();
    assert_eq!(starts, [0, 30_000, 50_000, 90_000]);
    setup.assert_only_whole_files();
}

#[test]
fn a_process_that_is_killed_leaves_what_the_next_one_goes_on_with() {
    let setup = Setup::new();
    setup.hub.contents().faults.push_back(Fault::Stall(50_000));
    let mut command = std::process::Command::new(BINARY);
    let variables = [
        ("HF_ENDPOINT", setup.hub.url()),
        ("HF_HUB_CACHE", setup.cache.path().to_str().unwrap().to_owned()),
    ];
    let mut child = command.args(["fetch", NAME]).env_clear().envs(variables).spawn().unwrap();
    let draft = || {
        let entries = fs::read_dir(setup.drafts()).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).max().unwrap_or_default()
    };
    while draft() < 50_000 {
        std::thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // Nothing of it can be served.
    setup.assert_only_whole_files();
    let offline = refusal(&setup.serve(NAME).env("HF_HUB_OFFLINE", "1").output());
    assert!(offline.contains("HF_HUB_OFFLINE is set"), "{offline}");
    setup.hub.take_requests();
    folder(&setup.fetch());
    let resumed = Request { file: WEIGHTS.to_owned(), start: 50_000 };
    assert!(setup.hub.take_requests().contains(&resumed));
    setup.assert_only_whole_files();
}

#[test]
fn a_hub_that_stops_sending_is_asked_again() {
    let setup = Setup::new();
    setup.hub.contents().faults.push_back(Fault::Stall(1_000));
    let output = setup.command(&["fetch", NAME]).env("HF_HUB_DOWNLOAD_TIMEOUT", "1").output();
    assert!(errors(&output).contains("the hub sent nothing for 1s; fetching it again"));
    folder(&output);
    let resumed = Request { file: WEIGHTS.to_owned(), start: 1_000 };
    assert!(setup.hub.take_requests().contains(&resumed));
    setup.assert_only_whole_files();
}

#[test]
fn a_connection_that_brings_nothing_any_more_is_given_up_with_what_is_there_kept() {
    let setup = Setup::new();
    setup.hub.contents().faults.push_back(Fault::Cut(9_000));
    setup.hub.contents().faults.extend([Fault::Cut(0); 5]);
    let cut = refusal(&setup.fetch());
    assert!(cut.starts_with(&format!("{NAME}, {WEIGHTS}: ")), "{cut}");
    assert!(cut.ends_with("; run it again: it goes on where it stopped"), "{cut}");
    setup.assert_only_whole_files();
    setup.hub.take_requests();
    folder(&setup.fetch());
    let resumed = Request { file: WEIGHTS.to_owned(), start: 9_000 };
    assert!(setup.hub.take_requests().contains(&resumed));
}

#[test]
fn a_file_that_came_damaged_is_fetched_again() {
    let setup = Setup::new();
    setup.hub.contents().faults.push_back(Fault::Damage);
    let output = setup.fetch();
    let said = errors(&output);
    folder(&output);
    assert!(said.contains("model.safetensors: SHA-256 of what came is"), "{said}");
    assert!(said.contains("; fetching it again"), "{said}");
    setup.assert_only_whole_files();
}

#[test]
fn a_file_with_another_hash_or_size_than_listed_is_never_served() {
    for (wrong_hash, wrong_size, words) in [
        (true, false, "SHA-256 of what came is "),
        (false, true, " bytes came, and the hub lists "),
    ] {
        let setup = Setup::new();
        setup.hub.contents().wrong_hash = wrong_hash;
        setup.hub.contents().wrong_size = wrong_size;
        let refused = refusal(&setup.serve(NAME).output());
        assert!(refused.starts_with(&format!("{NAME}, {WEIGHTS}: ")), "{refused}");
        assert!(refused.contains(words), "{refused}");
        assert!(refused.ends_with("; try again later, or tell those who run the hub"), "{refused}");
        let snapshots = names(&setup.repository().join("snapshots"));
        assert!(!snapshots.iter().any(|name| name.ends_with(WEIGHTS)), "{snapshots:?}");
        assert!(!setup.repository().join("refs/main").exists());
        setup.assert_only_whole_files();
    }
}

#[test]
fn a_draft_that_is_no_beginning_of_the_file_is_thrown_away() {
    let whole = fs::read(tiny("sentence").join(WEIGHTS)).unwrap();
    let hash = hex::encode(Sha256::digest(&whole));
    for length in [1_000, whole.len(), whole.len() + 1] {
        let setup = Setup::new();
        fs::create_dir_all(setup.drafts()).unwrap();
        fs::write(setup.drafts().join(&hash), vec![7; length]).unwrap();
        let fetched = folder(&setup.fetch());
        assert_eq!(fs::read(fetched.join(WEIGHTS)).unwrap(), whole, "{length}");
        assert_eq!(fs::read_dir(setup.drafts()).unwrap().count(), 0);
    }
}

#[test]
fn who_may_not_read_a_model_learns_why() {
    let setup = Setup::new();
    let url = setup.hub.url();
    let said = |token: &str, model: &str| {
        let command = setup.command(&["fetch", model]).env("HF_TOKEN", token);
        let output = command.output();
        assert!(!errors(&output).contains("hf_"), "{}", errors(&output));
        refusal(&output)
    };
    assert_eq!(
        said("", "org/other"),
        format!(
            "org/other: the hub {url} refuses this name without a token; check it; for a private model, set \
             HF_TOKEN"
        )
    );
    assert_eq!(
        said("", &format!("{NAME}@gone")),
        format!(
            "{NAME} has no revision \"gone\" on {url}; name one of its branches, tags or commits"
        )
    );
    setup.hub.contents().token = Some("hf_right".to_owned());
    assert!(said("", NAME).contains("refuses this name without a token"));
    assert_eq!(
        said("hf_wrong", NAME),
        format!(
            "{NAME}: the hub {url} refuses the token; set another HF_TOKEN, or none for a public model"
        )
    );
    assert!(
        said("hf_right", "org/other")
            .contains("refuses this name; check it; if the model is private")
    );
    setup.hub.contents().gated = true;
    assert_eq!(
        said("hf_right", NAME),
        format!(
            "{NAME}: the hub {url} refuses this model to the owner of the token; ask for access at \
             {url}/{NAME}"
        )
    );
    setup.hub.contents().gated = false;
    let token = setup.cache.path().join("token");
    fs::write(&token, "hf_right\n").unwrap();
    let command = setup.command(&["fetch", NAME]).env("HF_TOKEN_PATH", token.to_str().unwrap());
    folder(&command.output());
}

#[test]
fn a_repository_that_cannot_be_served_is_refused_before_its_files_are_fetched() {
    let setup = Setup::new();
    let mut files = setup.hub.contents().files();
    files.remove(WEIGHTS);
    files.remove("pytorch_model.bin");
    setup.hub.contents().commit(files.clone());
    assert_eq!(
        refusal(&setup.fetch()),
        format!(
            "{NAME}: it has no model.safetensors or pytorch_model.bin; ONNX files can't be served, so name \
             the repository of the model that they were made from"
        )
    );
    files.remove("config.json");
    setup.hub.contents().commit(files);
    let no_config = refusal(&setup.fetch());
    assert!(
        no_config.ends_with("it has no config.json, so it is no model of transformers"),
        "{no_config}"
    );
    assert!(setup.hub.take_requests().iter().all(|request| request.file == "modules.json"));
}

#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let setup = Setup::new();
    let file = setup.cache.path().join("file");
    fs::write(&file, "").unwrap();
    let command = setup.command(&["fetch", NAME]).env("HF_HUB_CACHE", file.to_str().unwrap());
    let refused = refusal(&command.output());
    assert!(refused.starts_with(&format!("{NAME}: {}/models--org--", file.display())), "{refused}");
    assert!(refused.ends_with("choose a folder for the cache with HF_HUB_CACHE"), "{refused}");
}

#[test]
fn a_hub_that_fails_is_no_hub() {
    let setup = Setup::new();
    setup.hub.contents().status = Some(StatusCode::INTERNAL_SERVER_ERROR);
    let refused = refusal(&setup.fetch());
    assert!(refused.contains("can't be reached: it answers with status 500"), "{refused}");
}
