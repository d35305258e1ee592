//! A model is fetched once and then served, also without the hub.

use serde_json::{Value, json};

use super::server::{NAME, Request};
use super::{Setup, UNNEEDED, errors, folder, names, refusal};

async fn info(url: &str) -> Value {
    reqwest::get(url).await.unwrap().json().await.unwrap()
}

#[test]
fn only_the_files_that_are_read_are_fetched_and_only_once() {
    let setup = Setup::new();
    let first = folder(&setup.fetch());
    let mut expected: Vec<String> = setup.hub.contents().files().into_keys().collect();
    expected.retain(|name| !UNNEEDED.contains(&name.as_str()));
    assert_eq!(names(&first), expected);
    for (name, content) in setup.hub.contents().files() {
        assert!(UNNEEDED.contains(&&*name) || std::fs::read(first.join(name)).unwrap() == content);
    }
    assert_eq!(setup.hub.take_requests().len(), expected.len());
    assert_eq!(folder(&setup.fetch()), first);
    assert_eq!(setup.hub.take_requests(), []);
    assert_eq!(std::fs::read_dir(setup.drafts()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_server_has_the_name_and_the_commit_of_its_model() {
    let setup = Setup::new();
    let files = setup.hub.contents().files();
    let commit = setup.hub.contents().commit(files);
    let running = setup.serve(NAME).start();
    let found = info(&running.url("/info")).await;
    assert_eq!(
        (&found["model"]["name"], &found["model"]["commit"]),
        (&json!(NAME), &json!(commit))
    );
    let answer = reqwest::Client::new()
        .post(running.url("/embed"))
        .json(&json!({"inputs": "a text", "recipe": "native"}))
        .send();
    assert_eq!(answer.await.unwrap().status(), 200);
    running.terminate();
    assert!(running.wait().0.success());
}

#[test]
fn what_was_fetched_serves_offline_and_where_the_hub_is_gone() {
    let setup = Setup::new();
    folder(&setup.fetch());
    let offline = setup.serve(NAME).env("HF_HUB_OFFLINE", "1").start();
    offline.terminate();
    let (status, _, log) = offline.wait();
    assert!(status.success() && !log.contains("the hub"), "{log}");

    let gone = setup.serve(NAME).env("HF_ENDPOINT", "http://127.0.0.1:1").start();
    gone.terminate();
    let (status, _, log) = gone.wait();
    assert!(status.success(), "{log}");
    assert!(log.contains("the hub can't be asked; using what was fetched before"), "{log}");

    setup.hub.contents().status = Some(axum::http::StatusCode::BAD_GATEWAY);
    let output = setup.fetch();
    folder(&output);
    assert!(errors(&output).contains("it answers with status 502"), "{}", errors(&output));
}

#[test]
fn without_a_cache_the_reason_is_said_in_one_line() {
    let setup = Setup::new();
    let offline = refusal(&setup.serve(NAME).env("HF_HUB_OFFLINE", "1").output());
    let cache = setup.cache.path().display();
    assert_eq!(
        offline,
        format!(
            "{NAME}: HF_HUB_OFFLINE is set, and the cache {cache} does not have it; fetch it where there \
             is a network, with `strata fetch {NAME}`"
        )
    );
    let gone = refusal(&setup.serve(NAME).env("HF_ENDPOINT", "http://127.0.0.1:1").output());
    let begin = format!("{NAME}: the hub http://127.0.0.1:1 can't be reached: ");
    assert!(
        gone.starts_with(&begin) && gone.contains("check the network and HF_ENDPOINT"),
        "{gone}"
    );
    // A server that is no hub.
    let page = setup.command(&["fetch", "org/name/more"]).output();
    assert!(errors(&page).contains("must be org/name or org/name@revision"), "{}", errors(&page));
}

#[test]
fn a_new_commit_costs_only_the_files_that_changed() {
    let setup = Setup::new();
    let first = folder(&setup.fetch());
    setup.hub.take_requests();
    let mut files = setup.hub.contents().files();
    let config = files["config_sentence_transformers.json"].clone();
    files.insert("config_sentence_transformers.json".to_owned(), [&config[..], b"\n"].concat());
    let commit = setup.hub.contents().commit(files);
    let second = folder(&setup.fetch());
    assert!(second.ends_with(&commit) && second != first);
    let changed = Request { file: "config_sentence_transformers.json".to_owned(), start: 0 };
    assert_eq!(setup.hub.take_requests(), [changed]);
    // Both commits can still be had by their own names, and a tag is a name too.
    let older = first.file_name().unwrap().to_str().unwrap().to_owned();
    setup.hub.contents().tag("v1", &older);
    for revision in [older.as_str(), "v1"] {
        let named = setup.command(&["fetch", &format!("{NAME}@{revision}")]);
        assert_eq!(folder(&named.output()), first);
    }
    let offline = setup.command(&["fetch", &format!("{NAME}@v1")]).env("HF_HUB_OFFLINE", "1");
    assert_eq!(folder(&offline.output()), first);
}

#[test]
fn processes_that_fetch_at_the_same_time_share_the_work() {
    let setup = Setup::new();
    let fetched = std::thread::scope(|scope| {
        let fetching: Vec<_> = (0..4).map(|_| scope.spawn(|| setup.fetch())).collect();
        fetching.into_iter().map(|thread| folder(&thread.join().unwrap())).collect::<Vec<_>>()
    });
    assert!(fetched.iter().all(|folder| *folder == fetched[0]));
    assert_eq!(setup.hub.take_requests().len(), names(&fetched[0]).len());
}

#[test]
fn the_checked_model_is_that_of_the_hub_and_other_commands_take_its_name() {
    let setup = Setup::new();
    let output = setup.command(&["serve", "--check", "--model", NAME]).output();
    let said = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    assert!(said.contains(&format!("model        {NAME}, from ")), "{said}");
    assert!(said.contains("\ncommit       0"), "{said}");
    let texts = "a text\tx\nanother\ty\n".repeat(3);
    let calibrated = setup
        .command(&[
            "calibrate",
            "--model",
            NAME,
            "--data",
            "texts.tsv",
            "--text",
            "1",
            "--out",
            "native.json",
        ])
        .file("texts.tsv", &texts)
        .output();
    assert!(calibrated.status.success(), "{}", errors(&calibrated));
}
