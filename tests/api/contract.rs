//! The contract: the file in the repository, the contract that the server returns, and its answers.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use strata::model::encoder::EncoderChoice;
use strata_kernels::{Dtype, InstructionSet};

use crate::support::answer::Answer;
use crate::support::app::{TestApp, config};
use crate::support::checkpoint::tagger;
use crate::support::heads::TestHead;
use crate::support::judge::Judge;
use crate::support::root;
use crate::support::schema::Schemas;
use crate::support::tiny;

/// The routes of this version that the contract describes.
const ROUTES: [(&str, &str); 32] = [
    ("post", "/embed"),
    ("post", "/classify"),
    ("post", "/tag"),
    ("post", "/zero-shot"),
    ("get", "/health"),
    ("get", "/livez"),
    ("get", "/readyz"),
    ("get", "/metrics"),
    ("get", "/info"),
    ("post", "/v1/embeddings"),
    ("get", "/v1/models"),
    ("get", "/v1/models/{name}"),
    ("post", "/rerank"),
    ("post", "/v1/rerank"),
    ("post", "/v2/rerank"),
    ("post", "/v2/embed"),
    ("post", "/tei/embed"),
    ("post", "/tei/embed_all"),
    ("post", "/tei/embed_sparse"),
    ("post", "/tei/predict"),
    ("post", "/tei/rerank"),
    ("post", "/tei/similarity"),
    ("post", "/tei/tokenize"),
    ("post", "/tei/decode"),
    ("get", "/tei/info"),
    ("get", "/tei/health"),
    ("get", "/v2"),
    ("get", "/v2/health/live"),
    ("get", "/v2/health/ready"),
    ("get", "/v2/models/{model}"),
    ("get", "/v2/models/{model}/ready"),
    ("post", "/v2/models/{model}/infer"),
];

const PROBLEM: &str = "application/problem+json";

async fn schemas(app: &TestApp) -> Schemas {
    Schemas::new(app.get("/openapi.json").await.json())
}

#[test]
fn the_file_in_the_repository_is_the_contract() {
    let file = std::fs::read_to_string(root().join("openapi.yaml")).unwrap();
    let contract = strata::http::openapi::yaml().unwrap();
    assert!(file == contract, "openapi.yaml is old: run cargo run -- openapi > openapi.yaml");
}

#[tokio::test]
async fn the_server_gives_its_contract_in_yaml_and_in_json_before_it_is_ready() {
    let app = TestApp::starting(&config(tiny("sentence")));
    let yaml = app.get("/openapi.yaml").await;
    assert_eq!(yaml.header("content-type"), "application/yaml");
    assert_eq!(yaml.text(), strata::http::openapi::yaml().unwrap());
    let json = app.get("/openapi.json").await;
    assert_eq!(json.header("content-type"), "application/json");
    use utoipa::OpenApi;
    let contract = serde_json::to_value(strata::http::openapi::Contract::openapi()).unwrap();
    assert_eq!(json.json(), contract);
}

#[tokio::test]
async fn the_contract_lists_exactly_the_routes_that_exist() {
    let app = TestApp::tiny("sentence");
    let schemas = schemas(&app).await;
    let paths = schemas.contract()["paths"].as_object().unwrap();
    let mut listed: Vec<(&str, &str)> = Vec::new();
    for (path, item) in paths {
        listed.extend(
            item.as_object().unwrap().keys().map(|method| (method.as_str(), path.as_str())),
        );
    }
    listed.sort_unstable();
    let mut routes = ROUTES;
    routes.sort_unstable();
    assert_eq!(listed, routes);
    for (method, path) in ROUTES {
        let method: Method = method.to_uppercase().parse().unwrap();
        let answer = app
            .method(method, &path.replace("{name}", "sentence").replace("{model}", "sentence"))
            .await;
        assert_ne!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
}

fn check(schemas: &Schemas, method: &str, path: &str, status: &str, answer: &Answer) {
    let kind = answer.header("content-type");
    schemas.check(schemas.answer(method, path, status, kind), &answer.json());
}

#[tokio::test]
async fn answers_of_embed_are_as_the_contract_says() {
    let app = TestApp::tiny("sentence");
    let schemas = schemas(&app).await;
    let request = &schemas.contract()["components"]["schemas"]["EmbedRequest"];
    let weighted = json!({"layers": [1, 2], "combine": "weighted", "weights": [0.5, 0.5]});
    for body in [
        request["example"].clone(),
        json!({"inputs": "a", "recipe": "native", "prompt_name": "query"}),
        json!({"inputs": ["a", {"text": "b", "pair": "c"}], "recipe": weighted}),
        json!({"inputs": "a", "encoding": "base64", "dimensions": 3, "long_text": "error"}),
        json!({"inputs": {"text": "a"}, "tokens": true, "prompt": "b "}),
        json!({"inputs": "a", "tokens": true, "encoding": "base64"}),
    ] {
        schemas.check(request, &body);
        let answer = app.post("/embed", body).await;
        answer.ok();
        check(&schemas, "post", "/embed", "200", &answer);
    }
}

#[tokio::test]
async fn answers_of_classify_are_as_the_contract_says() {
    let mut config = config(tiny("sentence"));
    let folder = tempfile::tempdir().unwrap();
    let head = TestHead::new(&Judge::new(&config), &json!("last-four"), &["a", "b"]);
    head.save(folder.path(), "sentiment");
    config.heads = vec![folder.path().to_owned()];
    let app = TestApp::new(&config);
    let schemas = schemas(&app).await;
    let request = &schemas.contract()["components"]["schemas"]["ClassifyRequest"];
    for body in [
        request["example"].clone(),
        json!({"inputs": ["a", "b"], "embed": "last-four", "top_k": 1, "activation": "none"}),
    ] {
        schemas.check(request, &body);
        let answer = app.post("/classify", body).await;
        answer.ok();
        check(&schemas, "post", "/classify", "200", &answer);
    }
    for model in ["single-label", "multi-label", "regression", "cross-encoder"] {
        let answer =
            TestApp::tiny(model).post("/classify", json!({"inputs": "a", "top_k": 2})).await;
        answer.ok();
        check(&schemas, "post", "/classify", "200", &answer);
    }
}

#[tokio::test]
async fn answers_of_tag_and_zero_shot_are_as_the_contract_says() {
    let tagger = tagger();
    let text = json!({"inputs": ["a film", "b"], "aggregation": "none"});
    let labels = json!({"inputs": "a", "labels": ["good", "bad"], "multi_label": true});
    for (path, model, body, request) in [
        ("/tag", tagger.path().to_owned(), text, "TagRequest"),
        ("/zero-shot", tiny("null-softmax"), labels, "ZeroShotRequest"),
    ] {
        let app = TestApp::new(&config(model));
        let schemas = schemas(&app).await;
        let request = &schemas.contract()["components"]["schemas"][request];
        for body in [request["example"].clone(), body] {
            schemas.check(request, &body);
            let answer = app.post(path, body).await;
            answer.ok();
            check(&schemas, "post", path, "200", &answer);
        }
        check(&schemas, "get", "/info", "200", &app.get("/info").await);
    }
}

#[tokio::test]
async fn a_body_that_the_contract_does_not_allow_is_refused() {
    let app = TestApp::tiny("sentence");
    let schemas = schemas(&app).await;
    let request = &schemas.contract()["components"]["schemas"]["EmbedRequest"];
    for (body, status) in
        [(json!({"inputs": 1}), 400), (json!({"inputs": []}), 422), (json!({"input": "a"}), 400)]
    {
        let answer = app.post("/embed", body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
        assert_eq!(answer.header("content-type"), PROBLEM);
        check(&schemas, "post", "/embed", "4XX", &answer);
        check(&schemas, "post", "/classify", "4XX", &answer);
        if status == 400 {
            let checked = std::panic::catch_unwind(|| schemas.check(request, &body));
            assert!(checked.is_err(), "the contract allows {body}");
        }
    }
    let starting = TestApp::starting(&config(tiny("sentence")));
    let answer = starting.post("/embed", json!({"inputs": "a"})).await;
    check(&schemas, "post", "/embed", "5XX", &answer);
    check(&schemas, "get", "/info", "503", &starting.get("/info").await);
    check(&schemas, "get", "/health", "503", &starting.get("/health").await);
    check(&schemas, "get", "/readyz", "503", &starting.get("/readyz").await);
}

#[tokio::test]
async fn health_and_info_are_as_the_contract_says() {
    let app = TestApp::tiny("single-label");
    let schemas = schemas(&app).await;
    for path in ["/health", "/readyz", "/info"] {
        check(&schemas, "get", path, "200", &app.get(path).await);
    }
}

#[tokio::test]
async fn info_describes_the_model_its_recipes_and_its_heads() {
    let mut config = config(tiny("sentence"));
    let folder = tempfile::tempdir().unwrap();
    let judge = Judge::new(&config);
    TestHead::new(&judge, &json!("last-four-concat"), &["a", "b"]).save(folder.path(), "mine");
    let mut foreign = TestHead::new(&judge, &json!("last-four"), &["a", "b"]);
    foreign.descriptor.encoder = "0".repeat(64);
    foreign.save(folder.path(), "foreign");
    config.heads = vec![folder.path().to_owned()];
    config.encoder.choice = EncoderChoice::Packed;
    config.encoder.dtype = Dtype::Int8;
    config.encoder.instruction_set = Some(InstructionSet::Scalar);
    let info = TestApp::new(&config).get("/info").await.ok();
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info["model"]["name"], "sentence");
    assert_eq!(info["model"]["fingerprint"], judge.parts.fingerprint);
    assert_eq!((&info["model"]["layers"], &info["model"]["hidden_size"]), (&json!(3), &json!(32)));
    assert_eq!(info["encoder"]["name"], "packed");
    assert_eq!(info["encoder"]["dtype"], "int8");
    assert_eq!(info["encoder"]["instruction_set"], "scalar");
    let numerics = format!("packed-int8-plain-scalar-{}", strata_kernels::REVISION);
    assert_eq!(info["encoder"]["numerics"], numerics);
    // Only f32 has them.
    assert!(info["encoder"].get("f32_products").is_none());
    assert_eq!(info["limits"]["sequence_tokens"], 24);
    assert_eq!(info["limits"]["inputs"], 1024);
    assert_eq!(info["recipes"]["last-four"]["layers"], json!([3, 2, 1]));
    assert_eq!(info["recipes"]["last-four-concat"]["dimensions"], 96);
    assert_eq!(info["recipes"]["native"]["dimensions"], 16);
    assert_eq!(info["prompts"], json!({"document": "", "passage": "", "query": "query: "}));
    assert_eq!(info["heads"]["mine"]["labels"], json!(["a", "b"]));
    assert!(info["heads"].get("foreign").is_none());
    assert!(info["skipped_heads"]["foreign"].as_str().unwrap().contains("another encoder"));
    // With three encoder layers, last-four reads three, and a note says so.
    assert!(info["notes"][0].as_str().unwrap().contains("last-four"), "{}", info["notes"]);
}

#[tokio::test]
async fn the_docs_need_no_other_host() {
    let app = TestApp::starting(&config(tiny("sentence")));
    for path in ["/", "/docs"] {
        let redirect = app.get(path).await;
        assert!(redirect.status.is_redirection(), "{path}: {}", redirect.status);
        assert!(redirect.header("location").starts_with("/docs"), "{path}");
    }
    let page = app.get("/docs/").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-type").starts_with("text/html"));
    let page = page.gunzipped();
    assert!(!page.contains("//"), "{page}");
    let linked = page.split([' ', '>']).filter_map(|word| {
        let link = word.strip_prefix("src=").or(word.strip_prefix("href="))?;
        Some(link.trim_matches('"').trim_start_matches("./").to_owned())
    });
    let linked: Vec<String> = linked.collect();
    assert!(linked.contains(&"swagger-initializer.js".to_owned()), "{linked:?}");
    for link in linked {
        let part = app.get(&format!("/docs/{link}")).await;
        assert_eq!(part.status, StatusCode::OK, "{link}");
        assert!(!part.body.is_empty(), "{link}");
    }
    let start = app.get("/docs/swagger-initializer.js").await;
    assert!(start.text().contains("\"/openapi.json\""), "{}", start.text());
    assert!(!start.text().contains("http"), "{}", start.text());
    // Without it, the page would send the contract to a public server that validates it.
    assert!(start.text().contains("\"validatorUrl\": \"none\""), "{}", start.text());
}

#[tokio::test]
async fn every_field_of_the_contract_is_described() {
    let app = TestApp::starting(&config(tiny("sentence")));
    let contract = app.get("/openapi.json").await.json();
    let schemas = contract["components"]["schemas"].as_object().unwrap();
    for (name, schema) in schemas {
        for (field, property) in schema["properties"].as_object().into_iter().flatten() {
            let described = |value: &Value| value["description"].is_string();
            let within =
                property["oneOf"].as_array().is_some_and(|forms| forms.iter().any(described));
            assert!(described(property) || within, "{name}.{field} is not described: {property}");
        }
    }
}
