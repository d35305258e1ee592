//! Checks JSON against the schemas of the OpenAPI contract. An unknown keyword is an error, so that none
//! is ignored unnoticed.

use serde_json::{Map, Value};

/// Keywords that do not restrict values.
const REMARKS: [&str; 6] =
    ["description", "example", "examples", "default", "format", "propertyNames"];

pub struct Schemas {
    contract: Value,
}

impl Schemas {
    /// The schemas of a contract in JSON.
    pub fn new(contract: Value) -> Self {
        Self { contract }
    }

    /// The schema of an operation's answer in the contract.
    pub fn answer(&self, method: &str, path: &str, status: &str, kind: &str) -> &Value {
        let operation = &self.contract["paths"][path][method];
        let schema = &operation["responses"][status]["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path} {status} {kind} is not in the contract");
        schema
    }

    pub fn contract(&self) -> &Value {
        &self.contract
    }

    /// Fails if `value` does not match the schema. Fields that the schema doesn't list are errors, even
    /// if it does not forbid them.
    #[track_caller]
    pub fn check(&self, schema: &Value, value: &Value) {
        if let Err(message) = self.matches(schema, value, "") {
            panic!("{message}\nin {value}");
        }
    }

    /// An error says where `value`, which is at the pointer `at`, does not match the schema, and why.
    fn matches(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let mismatch = |reason: &str| Err(format!("at \"{at}\": {reason}: {value}"));
        let Some(schema) = schema.as_object() else {
            return mismatch("the schema is not an object");
        };
        for (keyword, rule) in schema {
            let matches = match keyword.as_str() {
                "$ref" => {
                    let pointer = rule.as_str().unwrap().trim_start_matches('#');
                    let target = self.contract.pointer(pointer).expect(pointer);
                    self.matches(target, value, at)?;
                    true
                }
                "type" => names(rule).any(|name| has_type(value, name)),
                "enum" => rule.as_array().unwrap().contains(value),
                "minItems" => items(value).is_none_or(|count| count >= rule.as_u64().unwrap()),
                "maxItems" => items(value).is_none_or(|count| count <= rule.as_u64().unwrap()),
                "maximum" => value.as_f64().is_none_or(|number| number <= rule.as_f64().unwrap()),
                "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
                "oneOf" => {
                    let forms = rule.as_array().unwrap().iter();
                    forms.filter(|form| self.matches(form, value, at).is_ok()).count() == 1
                }
                "allOf" => {
                    self.matches(&self.all_of(rule), value, at)?;
                    true
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.matches(rule, item, &format!("{at}/{index}"))?;
                    }
                    true
                }
                "required" => value
                    .as_object()
                    .is_none_or(|object| names(rule).all(|name| object.contains_key(name))),
                "properties" => {
                    self.fields(schema, rule, value, at)?;
                    true
                }
                "additionalProperties" if rule.is_object() => {
                    for (name, field) in value.as_object().into_iter().flatten() {
                        self.matches(rule, field, &format!("{at}/{name}"))?;
                    }
                    true
                }
                "additionalProperties" => true,
                remark if REMARKS.contains(&remark) => true,
                other => return mismatch(&format!("this check doesn't know the keyword {other}")),
            };
            if !matches {
                return mismatch(&format!("it does not match {keyword}, which is {rule}"));
            }
        }
        Ok(())
    }

    /// The schemas of objects that `allOf` combines, as one schema.
    fn all_of(&self, parts: &Value) -> Value {
        let (mut properties, mut required) = (Map::new(), Vec::new());
        for part in parts.as_array().unwrap() {
            let pointer = part["$ref"].as_str().map(|pointer| pointer.trim_start_matches('#'));
            let part = pointer.map_or(part, |pointer| self.contract.pointer(pointer).unwrap());
            assert_eq!(part["type"], "object", "{part}");
            properties.extend(part["properties"].as_object().unwrap().clone());
            required.extend(part["required"].as_array().cloned().unwrap_or_default());
        }
        serde_json::json!({"type": "object", "properties": properties, "required": required})
    }

    fn fields(
        &self,
        schema: &Map<String, Value>,
        properties: &Value,
        value: &Value,
        at: &str,
    ) -> Result<(), String> {
        for (name, field) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            match properties.get(name) {
                Some(property) => self.matches(property, field, &at)?,
                None if schema.get("additionalProperties").is_some_and(Value::is_object) => {}
                None => return Err(format!("at \"{at}\": a field that the contract doesn't list")),
            }
        }
        Ok(())
    }
}

/// How many items a list has.
fn items(value: &Value) -> Option<u64> {
    value.as_array().map(|items| items.len() as u64)
}

/// The strings of a rule that is one string or a list of them.
fn names(rule: &Value) -> impl Iterator<Item = &str> {
    let listed = rule.as_array().into_iter().flatten().filter_map(Value::as_str);
    rule.as_str().into_iter().chain(listed)
}

fn has_type(value: &Value, name: &str) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("no JSON type is called {other}"),
    }
}

#[test]
fn values_that_do_not_match_a_schema_are_found() {
    let schemas = Schemas::new(serde_json::json!({
        "row": {
            "type": "array", "maxItems": 3, "items": {"type": "number", "minimum": 0, "maximum": 9},
        },
    }));
    let schema = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"$ref": "#/row"}, "b": {"type": ["string", "null"]}},
    });
    let mismatch = |value: Value| schemas.matches(&schema, &value, "").err();
    assert_eq!(mismatch(serde_json::json!({"a": [0, 1.5], "b": null})), None);
    for wrong in [
        serde_json::json!([]),
        serde_json::json!({"b": "x"}),
        serde_json::json!({"a": ["x"]}),
        serde_json::json!({"a": [-1]}),
        serde_json::json!({"a": [10]}),
        serde_json::json!({"a": [0, 0, 0, 0]}),
        serde_json::json!({"a": [], "b": 1}),
        serde_json::json!({"a": [], "c": 1}),
    ] {
        assert!(mismatch(wrong.clone()).is_some(), "{wrong}");
    }
}
