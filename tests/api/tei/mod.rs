//! `/tei`: text-embeddings-inference's shapes over the model, and its error.

mod classify;
mod embed;
mod errors;
mod tokens;

use serde_json::{Value, json};

use crate::support::answer::{Answer, floats, rows};
use crate::support::app::TestApp;
use crate::support::schema::Schemas;

/// One text alone or with others; the largest difference seen is 6e-8.
const TOLERANCE: f32 = 1e-5;

/// The number of tokens that the tiny model `sentence` reads at once.
const LIMIT: usize = 24;

/// The model's folder.
const MODEL: &str = "sentence";

/// Posts fields to a route below `/tei`.
async fn post(app: &TestApp, route: &str, body: Value) -> Answer {
    app.post(&format!("/tei{route}"), body).await
}

/// The body of a 200, after a check that it and the request are as the contract says.
async fn checked(app: &TestApp, route: &str, body: Value) -> Value {
    let path = format!("/tei{route}");
    let schemas = Schemas::new(app.get("/openapi.json").await.json());
    let operation = &schemas.contract()["paths"][&path]["post"];
    schemas.check(&operation["requestBody"]["content"]["application/json"]["schema"], &body);
    let answer = app.post(&path, body).await.ok();
    schemas.check(schemas.answer("post", &path, "200", "application/json"), &answer);
    answer
}

/// Rows of `/embed` by the recipe `native`, with further fields.
async fn native(app: &TestApp, fields: Value) -> Vec<Vec<f32>> {
    let mut body = json!({"recipe": "native"});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    rows(&app.post("/embed", body).await.ok()["embeddings"])
}

/// A field of each object of a list, as numbers.
fn field(list: &Value, name: &str) -> Vec<f32> {
    let list = list.as_array().unwrap().iter().map(|item| item[name].clone());
    floats(&list.collect())
}

/// A text of so many words, each of them a token of its own: `film` or `good`.
fn words(count: usize) -> String {
    let word = |at: usize| if at * at % 3 == 1 { "film" } else { "good" };
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}
