//! Compares an answer with the expected one.

use serde_json::Value;

/// The most that a number may differ, relative to 1 or to the number if that is larger. The largest
/// difference seen is 5.4e-7, of which up to 5e-8 is rounding of the expected values.
const TOLERANCE: f64 = 1e-5;

/// The largest difference, or what differs.
pub fn compare(answer: &Value, expect: &Value) -> Result<f64, String> {
    for name in ["tokens", "truncated"] {
        if let Some(expected) = expect.get(name)
            && answer["usage"][name] != *expected
        {
            return Err(format!("{name} are {}, expected {expected}", answer["usage"][name]));
        }
    }
    let mut largest = 0.0_f64;
    if let Some(expected) = expect.get("embeddings") {
        largest = largest.max(apart(&answer["embeddings"], expected, "embeddings")?);
    }
    let results = expect.get("results").and_then(Value::as_array);
    for (index, expected) in results.into_iter().flatten().enumerate() {
        let found = &answer["results"][index]["checkpoint"];
        for name in ["logits", "probabilities"] {
            let null = &Value::Null;
            let expected = expected.get(name).unwrap_or(null);
            let place = format!("{name} of {index}");
            largest = largest.max(apart(found.get(name).unwrap_or(null), expected, &place)?);
        }
    }
    Ok(largest)
}

/// The largest difference of two numbers at the same place of nested lists.
fn apart(found: &Value, expected: &Value, place: &str) -> Result<f64, String> {
    match (found, expected) {
        (Value::Null, Value::Null) => Ok(0.0),
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            let mut largest = 0.0_f64;
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                largest = largest.max(apart(found, expected, &format!("{place}, {index}"))?);
            }
            Ok(largest)
        }
        (Value::Number(_), Value::Number(_)) => {
            let [found, expected] = [found, expected].map(|number| number.as_f64().unwrap());
            let difference = (found - expected).abs() / expected.abs().max(1.0);
            if difference <= TOLERANCE {
                Ok(difference)
            } else {
                Err(format!("{place} is {found}, expected {expected}: {difference:.2e} apart"))
            }
        }
        _ => Err(format!("{place} is {}, expected {}", short(found), short(expected))),
    }
}

/// The beginning of a value's JSON.
fn short(value: &Value) -> String {
    value.to_string().chars().take(80).collect()
}
