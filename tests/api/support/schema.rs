//! Checks JSON against the schemas of the contract: the keywords that it uses, and no others, so
//! that none is passed over in silence.

use serde_json::{Map, Value};

/// Keywords that say nothing about what is allowed.
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

    /// The schema of an operation's answer, as the contract has it.
    pub fn answer(&self, method: &str, path: &str, status: &str, kind: &str) -> &Value {
        let operation = &self.contract["paths"][path][method];
        let schema = &operation["responses"][status]["content"][kind]["schema"];
        assert!(schema.is_object(), "{method} {path} {status} {kind} is not in the contract");
        schema
    }

    pub fn contract(&self) -> &Value {
        &self.contract
    }

    /// Fails where `value` is not what the schema says. Fields that the schema doesn't list are
    /// wrong, whether or not it says so.
    #[track_caller]
    pub fn check(&self, schema: &Value, value: &Value) {
        if let Err(message) = self.problem(schema, value, "") {
            panic!("{message}\nin {value}");
        }
    }

    fn problem(&self, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
        let wrong = |what: &str| Err(format!("at \"{at}\": {what}: {value}"));
        let Some(schema) = schema.as_object() else {
            return wrong("the schema is no object");
        };
        for (keyword, says) in schema {
            let fine = match keyword.as_str() {
                "$ref" => {
                    let pointer = says.as_str().unwrap().trim_start_matches('#');
                    let target = self.contract.pointer(pointer).expect(pointer);
                    self.problem(target, value, at)?;
                    true
                }
                "type" => names(says).any(|name| has_type(value, name)),
                "enum" => says.as_array().unwrap().contains(value),
                "minimum" => value.as_f64().is_none_or(|number| number >= says.as_f64().unwrap()),
                "oneOf" => {
                    let forms = says.as_array().unwrap().iter();
                    forms.filter(|form| self.problem(form, value, at).is_ok()).count() == 1
                }
                "allOf" => {
                    self.problem(&self.all_of(says), value, at)?;
                    true
                }
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.problem(says, item, &format!("{at}/{index}"))?;
                    }
                    true
                }
                "required" => value
                    .as_object()
                    .is_none_or(|object| names(says).all(|name| object.contains_key(name))),
                "properties" => {
                    self.fields(schema, says, value, at)?;
                    true
                }
                "additionalProperties" if says.is_object() => {
                    for (name, field) in value.as_object().into_iter().flatten() {
                        self.problem(says, field, &format!("{at}/{name}"))?;
                    }
                    true
                }
                "additionalProperties" => true,
                remark if REMARKS.contains(&remark) => true,
                other => return wrong(&format!("this check doesn't know the keyword {other}")),
            };
            if !fine {
                return wrong(&format!("not what {keyword} says, {says}"));
            }
        }
        Ok(())
    }

    /// Objects that are to hold together, as one.
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
                Some(property) => self.problem(property, field, &at)?,
                None if schema.get("additionalProperties").is_some_and(Value::is_object) => {}
                None => return Err(format!("at \"{at}\": a field that the contract doesn't list")),
            }
        }
        Ok(())
    }
}

fn names(says: &Value) -> impl Iterator<Item = &str> {
    let listed = says.as_array().into_iter().flatten().filter_map(Value::as_str);
    says.as_str().into_iter().chain(listed)
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
fn a_schema_finds_what_is_wrong() {
    let schemas = Schemas::new(serde_json::json!({
        "row": {"type": "array", "items": {"type": "number", "minimum": 0}},
    }));
    let schema = serde_json::json!({
        "type": "object", "required": ["a"],
        "properties": {"a": {"$ref": "#/row"}, "b": {"type": ["string", "null"]}},
    });
    let problem = |value: Value| schemas.problem(&schema, &value, "").err();
    assert_eq!(problem(serde_json::json!({"a": [0, 1.5], "b": null})), None);
    for wrong in [
        serde_json::json!([]),
        serde_json::json!({"b": "x"}),
        serde_json::json!({"a": ["x"]}),
        serde_json::json!({"a": [-1]}),
        serde_json::json!({"a": [], "b": 1}),
        serde_json::json!({"a": [], "c": 1}),
    ] {
        assert!(problem(wrong.clone()).is_some(), "{wrong}");
    }
}
