use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::NamedTempFile;

use super::names::variable;
use super::*;
use crate::model::recipe::Pooling;

mod encoder;

const DEFAULTS: &str = include_str!("../../../config/strata.toml");

fn written(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn environment(variables: &[(&str, &str)]) -> Sources {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    Sources { environment: variables.iter().map(owned).collect(), ..Sources::default() }
}

/// The configuration that a file with this text gives.
fn loaded(text: &str) -> Result<Config, ConfigError> {
    let file = written(text);
    Config::load(&Sources { file: Some(file.path().to_owned()), ..Sources::default() })
}

/// The error message for a file with this text, with FILE for its path.
fn refused(text: &str) -> String {
    let file = written(text);
    let sources = Sources { file: Some(file.path().to_owned()), ..Sources::default() };
    let path = file.path().to_str().unwrap();
    Config::load(&sources).unwrap_err().to_string().replace(path, "FILE")
}

fn refused_variable(name: &str, value: &str) -> String {
    Config::load(&environment(&[(name, value)])).unwrap_err().to_string()
}

/// Every key of the defaults with the comment above it and its value.
fn documented() -> Vec<(String, String, &'static str)> {
    let (mut section, mut comment, mut all) = (String::new(), String::new(), Vec::new());
    for line in DEFAULTS.lines() {
        if let Some(text) = line.strip_prefix('#') {
            comment += text;
        } else if let Some((key, value)) = line.split_once(" = ") {
            all.push((format!("{section}{key}"), std::mem::take(&mut comment), value));
        } else {
            comment.clear();
            if let Some(name) = line.strip_prefix('[') {
                section = name.replace(']', ".");
            }
        }
    }
    all
}

#[test]
fn the_defaults_are_allowed_and_each_is_documented_with_its_variable() {
    let config = Config::defaults().unwrap();
    assert_eq!(config.address().to_string(), "127.0.0.1:8080");
    assert_eq!(config.http.timeout, Duration::from_secs(30));
    assert_eq!(config.limits.sequence_tokens, None);
    assert_eq!(config.classify.heads, None);
    let documented = documented();
    let keys: Vec<&String> = documented.iter().map(|(key, ..)| key).collect();
    assert_eq!(keys, Sources::default().read().unwrap().keys().iter().collect::<Vec<_>>());
    for (key, comment, _) in &documented {
        assert!(comment.ends_with(&format!(" {}", variable(key))), "{key}:{comment}");
    }
}

#[test]
fn the_comment_of_every_number_states_the_range_that_is_checked() {
    for (key, comment, _) in
        documented().into_iter().filter(|(.., value)| value.parse::<i64>().is_ok())
    {
        let below = refused_variable(&variable(&key), "-1");
        let (_, range) = below.split_once(": must be ").unwrap();
        assert!(comment.contains(&format!(" {range}")), "{key} must be {range}:{comment}");
        let max: i64 = range.rsplit(' ').next().unwrap().parse().unwrap();
        let above = refused_variable(&variable(&key), &(max + 1).to_string());
        assert!(above.ends_with(range), "{above}");
    }
}

#[test]
fn flags_win_over_the_environment_over_the_file_over_the_defaults() {
    let file = written("port = 1\nthreads = 1\nhost = '::1'\n[log]\nfilter = 'warn'");
    let sources = Sources {
        file: Some(file.path().to_owned()),
        flags: Flags { port: Some(3), ..Flags::default() },
        ..environment(&[("STRATA_PORT", "2"), ("STRATA_THREADS", "2"), ("HOME", "/root")])
    };
    let settings = sources.read().unwrap();
    let config = Config::try_from(&settings).unwrap();
    assert_eq!((config.port, config.encoder.threads.get()), (3, 2));
    assert_eq!(config.host.to_string(), "::1");
    let origins = ["port", "threads", "host", "model"].map(|key| settings.origin(key));
    assert_eq!(origins, ["--port", "STRATA_THREADS", file.path().to_str().unwrap(), "default"]);
}

#[test]
fn the_printed_settings_are_toml_with_the_same_values_and_every_origin() {
    let file = written("[recipes.mine]\nlayers = [-1]\npooling = 'cls'\n[http]\ngrace_ms = 5");
    let sources = Sources {
        file: Some(file.path().to_owned()),
        flags: Flags { model: Some("a \"b\" # c".to_owned()), ..Flags::default() },
        ..environment(&[("STRATA_CLASSIFY_HEADS", "tone, topic")])
    };
    let printed = sources.read().unwrap().to_string();
    let again = written(&printed);
    let again = Sources { file: Some(again.path().to_owned()), ..Sources::default() };
    let values = |text: &str| text.parse::<toml::Table>().unwrap();
    assert_eq!(values(&printed), values(&again.read().unwrap().to_string()));
    let origin = |start: &str| {
        let line = printed.lines().find(|line| line.starts_with(start)).unwrap();
        line.rsplit("# from ").next().unwrap().to_owned()
    };
    assert_eq!(origin("model"), "--model");
    assert_eq!(origin("heads = [\"tone\""), "STRATA_CLASSIFY_HEADS");
    assert_eq!(origin("port"), "default");
    assert_eq!(origin("grace_ms"), file.path().to_str().unwrap());
    assert_eq!(origin("mine"), file.path().to_str().unwrap());
}

#[test]
fn head_folders_from_flags_are_added_to_the_configured_ones() {
    let folders = |names: &[&str]| names.iter().map(PathBuf::from).collect::<Vec<_>>();
    let sources = Sources {
        flags: Flags { heads: folders(&["c", "d"]), ..Flags::default() },
        ..environment(&[("STRATA_HEADS", "a,b")])
    };
    let settings = sources.read().unwrap();
    assert_eq!(Config::try_from(&settings).unwrap().heads, folders(&["a", "b", "c", "d"]));
    assert_eq!(settings.origin("heads"), "STRATA_HEADS and --heads");
    let alone = Sources { environment: Vec::new(), ..sources };
    assert_eq!(alone.read().unwrap().origin("heads"), "--heads");
}

#[test]
fn an_unknown_key_or_variable_is_refused_with_the_nearest_known_one() {
    let message = "unknown key batching.budget_token (from FILE); \
                   the nearest known key is batching.budget_tokens";
    assert_eq!(refused("[batching]\nbudget_token = 1"), message);
    assert!(refused("prot = 1").contains("the nearest known key is port"));
    assert!(refused("[htpt]").starts_with("unknown key htpt"));
    let message = "unknown environment variable STRATA_BATCHING_BUDGET; \
                   the nearest known one is STRATA_BATCHING_BUDGET_TOKENS";
    assert_eq!(refused_variable("STRATA_BATCHING_BUDGET", "1"), message);
    assert!(refused_variable("STRATA_RECIPES", "{}").contains("unknown environment variable"));
}

#[test]
fn the_variables_of_a_kubernetes_service_are_ignored_and_named() {
    let links = [
        ("STRATA_SERVICE_HOST", "10.0.0.1"),
        ("STRATA_SERVICE_PORT", "80"),
        ("STRATA_SERVICE_PORT_HTTP_WEB", "80"),
        ("STRATA_PORT", "tcp://10.0.0.1:80"),
        ("STRATA_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("STRATA_PORT_80_TCP_PROTO", "tcp"),
        ("STRATA_PORT_80_TCP_PORT", "80"),
        ("STRATA_PORT_80_TCP_ADDR", "10.0.0.1"),
        ("STRATA_PORT_53_UDP", "udp://10.0.0.1:53"),
        ("STRATA_CANARY_SERVICE_HOST", "10.0.0.2"),
        ("STRATA_CANARY_PORT", "tcp://10.0.0.2:80"),
        ("STRATA_CANARY_PORT_80_TCP_ADDR", "10.0.0.2"),
    ];
    let sources = environment(&links);
    assert_eq!(sources.service_links(), links.map(|(name, _)| name));
    assert_eq!(Config::load(&sources).unwrap().port, 8080);
    let sources = environment(&[("STRATA_PORT", "81"), ("STRATA_HEADS_POLL_MS", "1")]);
    assert!(sources.service_links().is_empty());
    assert!(refused_variable("STRATA_CANARY", "tcp://10.0.0.2:80").contains("unknown"));
    assert!(refused_variable("STRATA_PORT_80", "80").contains("unknown"));
}

#[test]
fn a_value_of_the_wrong_type_is_refused_with_the_type_that_is_needed() {
    let message = "port = \"8080\" (from FILE): must be a whole number";
    assert_eq!(refused("port = '8080'"), message);
    assert!(refused("port = 80.5").contains("must be a whole number"));
    assert!(refused("threads = true").contains("must be a whole number"));
    assert!(refused("http = 5").contains("http = 5 (from FILE): must be a table"));
    assert!(refused("[model]\nname = 'x'").contains("must be a string"));
    assert!(refused("heads = 'one'").contains("must be a list of strings"));
    assert!(refused("heads = [1]").contains("must be a list of strings"));
    assert!(refused("recipes.mine = 'last-four'").contains("must be a table"));
    let message = "port = \"http://10.0.0.1\" (from STRATA_PORT): must be a whole number";
    assert_eq!(refused_variable("STRATA_PORT", "http://10.0.0.1"), message);
    assert!(refused_variable("STRATA_THREADS", "").contains("must be a whole number"));
}

#[test]
fn an_impossible_value_is_refused_with_what_is_allowed() {
    let message = "batching.budget_tokens = 0 (from FILE): must be 1 to 1048576";
    assert_eq!(refused("batching.budget_tokens = 0"), message);
    assert!(refused("port = 65536").contains("must be 0 to 65535"));
    assert!(refused("http.timeout_ms = 0").contains("must be 1 to 3600000"));
    assert!(refused("http.grace_ms = -1").contains("must be 1 to 600000"));
    let capped = refused("http.max_timeout_ms = 10");
    assert!(capped.contains("must be no less than http.timeout_ms, 30000"), "{capped}");
    let queue = refused("batching.queue_tokens = 10");
    assert!(queue.contains("must be no fewer than batching.budget_tokens, 512"), "{queue}");
    assert!(refused("host = 'localhost'").contains("must be an IP address"));
    assert!(refused("model = ' '").contains("must be the path of a folder"));
    assert!(refused("encoder = 'fast'").contains(": must be one of auto, packed, reference"));
    assert!(refused("log.format = 'xml'").contains("must be one of pretty, json"));
    assert!(refused("log.filter = 'inof'").contains("\"inof\" is not a level"));
    assert!(refused("embed.recipe = 'mine'").contains("must be one of last-four, "));
}

#[test]
fn a_recipe_of_the_file_is_read_and_may_be_the_default() {
    let config = loaded(
        "embed.recipe = 'cls-2'\n\
         [recipes.cls-2]\nlayers = [-2]\npooling = 'cls'\nweights = [1]",
    )
    .unwrap();
    assert_eq!(config.embed.recipe, "cls-2");
    assert_eq!(config.recipes["cls-2"].layers, [-2]);
    assert_eq!(config.recipes["cls-2"].pooling, Pooling::Cls);
}

#[test]
fn a_recipe_with_a_wrong_name_or_a_wrong_field_is_refused() {
    assert!(refused("[recipes.Mine]").contains("recipes.Mine = {} (from FILE): the name must be"));
    assert!(refused("[recipes.'a.b']").contains("the name must be made of"));
    assert!(refused("[recipes.native]").contains("must not be that of a built-in recipe"));
    let wrong = refused("[recipes.mine]\npooling = 'avg'");
    assert!(wrong.contains("recipes.mine") && wrong.contains("pooling"), "{wrong}");
    assert!(wrong.contains("unknown variant `avg`"), "{wrong}");
    assert!(refused("[recipes.mine]\nlayer = [1]").contains("unknown field `layer`"));
}

#[test]
fn an_error_names_the_file_that_cannot_be_read_or_is_not_toml() {
    let sources = Sources { file: Some("/nowhere/at.toml".into()), ..Sources::default() };
    let message = Config::load(&sources).unwrap_err().to_string();
    assert!(message.contains("cannot read the configuration file /nowhere/at.toml"), "{message}");
    let message = refused("port = = 1");
    assert!(message.starts_with("FILE is not valid TOML: "), "{message}");
    assert!(message.contains("line 1"), "{message}");
}

#[test]
fn a_variable_that_ends_in_file_names_a_file_with_the_value() {
    let file = written("9000\n");
    let path = file.path().to_str().unwrap();
    let config = Config::load(&environment(&[("STRATA_PORT_FILE", path)])).unwrap();
    assert_eq!(config.port, 9000);
    let list = written("a,b\r\n");
    let path_of_list = list.path().to_str().unwrap();
    let config = Config::load(&environment(&[("STRATA_ALIASES_FILE", path_of_list)])).unwrap();
    assert_eq!(config.aliases, ["a", "b"]);
    // What Kubernetes sets is no setting.
    let linked = [("STRATA_PORT", "tcp://10.0.0.1:80"), ("STRATA_PORT_FILE", path)];
    assert_eq!(Config::load(&environment(&linked)).unwrap().port, 9000);
    let twice = environment(&[("STRATA_PORT", "1"), ("STRATA_PORT_FILE", path)]);
    let said = Config::load(&twice).unwrap_err().to_string();
    assert!(said.starts_with("STRATA_PORT_FILE is set, and the variable without"), "{said}");
    let said = refused_variable("STRATA_PORT_FILE", "/nowhere");
    assert!(said.starts_with("STRATA_PORT_FILE: /nowhere: No such file"), "{said}");
    let said = refused_variable("STRATA_PROT_FILE", "/nowhere");
    assert!(said.contains("unknown environment variable STRATA_PROT_FILE"), "{said}");
}

#[test]
fn the_file_of_keys_is_a_setting_of_its_own() {
    let config = Config::load(&environment(&[("STRATA_AUTH_KEYS_FILE", "keys.toml")])).unwrap();
    assert_eq!(config.auth.source.file, Some(PathBuf::from("keys.toml")));
    assert_eq!(config.auth.source.text, "");
}

#[test]
fn keys_that_cannot_be_used_are_refused_without_being_shown() {
    for text in ["a = 'my-key'", "my-key", "my-key = my-key", "a = {sha256 = 'x', 'my-key' = 1}"] {
        let said = refused_variable("STRATA_AUTH_KEYS", text);
        assert!(said.contains("auth.keys = (not shown) (from STRATA_AUTH_KEYS)"), "{said}");
        assert!(!said.contains("my-key"), "{said}");
    }
}

#[test]
fn a_key_in_the_wrong_place_is_not_shown() {
    let key = "strata_0123456789abcdefghijklmnopqrstuvwxyzABCDEFG";
    for text in [
        format!("[auth.keys]\nsearch = '{key}'"),
        format!("[auth]\n{key} = 'search'"),
        format!("{key} = 'search'"),
        format!("[auth]\nkeys = \"{key} = 'search'\""),
        format!("[auth]\nkeys = \"search = '{key}'\""),
        format!("[auth]\nkeys = ['{key}']"),
    ] {
        let said = refused(&text);
        assert!(!said.contains(key) && said.contains("not shown"), "{text}: {said}");
    }
}

#[test]
fn what_requires_keys_is_not_left_blank_by_a_variable() {
    for (name, value) in [("STRATA_AUTH_KEYS", ""), ("STRATA_AUTH_KEYS_FILE", " ")] {
        let said = refused_variable(name, value);
        assert!(said.contains("is blank, so that no request would need a key"), "{said}");
    }
    loaded("[auth]\nkeys = ''\nkeys_file = ''").unwrap();
    assert!(refused("[auth]\nkeys = ' '").contains("is blank"));
}

#[test]
fn origins_are_those_that_browsers_send() {
    for origin in ["https://example.org", "http://localhost:3000", "*"] {
        let config = loaded(&format!("[http]\ncors_origins = [\"{origin}\"]")).unwrap();
        assert_eq!(config.http.cors_origins, [origin]);
    }
    for other in [
        "example.org",
        "https://example.org/",
        "https://a@example.org",
        "https://Example.org",
        "https://example.org:443",
        "https://*.example.org",
        "ftp://example.org",
        "null",
        "",
    ] {
        let said = refused(&format!("[http]\ncors_origins = [\"{other}\"]"));
        assert!(said.contains("must be origins as browsers send them"), "{other}: {said}");
    }
}

#[test]
fn the_keys_of_settings_that_differ_are_listed() {
    let read = |text: &str| {
        let file = written(text);
        let path = Some(file.path().to_owned());
        Sources { file: path, ..Sources::default() }.read().unwrap()
    };
    let (one, other) = (read("port = 1\n[log]\nfilter = 'warn'"), read("[recipes.a]"));
    assert_eq!(one.changed(&other), ["port", "log.filter", "recipes"]);
    assert!(one.changed(&one).is_empty());
}
