//! The published schema of the record, docs/record.schema.json: every real record fits it, and nothing else does.

use std::path::Path;

use serde_json::{Value, json};

use crate::{
    report_pages,
    spine::{report, station},
};

/// Every keyword that the schema uses, and that [`faults`] understands.
const KEYWORDS: [&str; 16] = [
    "$defs",
    "$id",
    "$ref",
    "$schema",
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "items",
    "minItems",
    "minimum",
    "oneOf",
    "pattern",
    "properties",
    "required",
];

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/record.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// What does not fit, by the rules of JSON Schema 2020-12 for the keywords above and `type`, `title`.
fn faults(root: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fault = |what: &str| found.push(format!("{at}: {what}"));
    if let Some(types) = schema.get("type") {
        let types: Vec<&str> =
            types.as_str().map_or_else(|| types.as_array().unwrap().iter().map(|t| t.as_str().unwrap()).collect(), |t| vec![t]);
        let fits = |name: &str| match name {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "boolean" => value.is_boolean(),
            "integer" => value.is_i64() || value.is_u64(),
            "null" => value.is_null(),
            other => panic!("unknown type {other}"),
        };
        if !types.into_iter().any(fits) {
            fault("has another type");
        }
    }
    if schema.get("const").is_some_and(|wanted| wanted != value) {
        fault("is another constant");
    }
    if schema.get("enum").is_some_and(|allowed| !allowed.as_array().unwrap().contains(value)) {
        fault("is none of the allowed values");
    }
    if let (Some(pattern), Some(text)) = (schema.get("pattern"), value.as_str()) {
        let strategy = pattern_matches(pattern.as_str().unwrap(), text);
        if !strategy {
            fault("does not have the form");
        }
    }
    if let (Some(minimum), Some(number)) = (schema.get("minimum"), value.as_i64())
        && number < minimum.as_i64().unwrap()
    {
        fault("is too small");
    }
    if let Some(items) = value.as_array()
        && (items.len() as u64) < schema.get("minItems").and_then(Value::as_u64).unwrap_or(0)
    {
        fault("has too few items");
    }
    if let Some(object) = value.as_object() {
        let properties = schema.get("properties").and_then(Value::as_object);
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !object.contains_key(name.as_str().unwrap()) {
                fault(&format!("lacks {name}"));
            }
        }
        if schema.get("additionalProperties") == Some(&json!(false)) {
            for name in object.keys().filter(|name| !properties.unwrap().contains_key(*name)) {
                fault(&format!("has the unknown {name}"));
            }
        }
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
            let outcomes: Vec<_> = choices.iter().map(|choice| faults(root, choice, value, at)).collect();
            let fitting = outcomes.iter().filter(|faults| faults.is_empty()).count();
            if fitting == 0 || choice == "oneOf" && fitting > 1 {
                fault(&format!("fits {fitting} choices: {outcomes:?}"));
            }
        }
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = root.pointer(reference.strip_prefix('#').unwrap()).unwrap_or_else(|| panic!("{reference} leads nowhere"));
        found.extend(faults(root, target, value, at));
    }
    if let (Some(items), Some(schema)) = (value.as_array(), schema.get("items")) {
        found.extend(items.iter().enumerate().flat_map(|(index, item)| faults(root, schema, item, &format!("{at}/{index}"))));
    }
    if let (Some(object), Some(properties)) = (value.as_object(), schema.get("properties").and_then(Value::as_object)) {
        let known = object.iter().filter_map(|(name, value)| Some((name, value, properties.get(name)?)));
        found.extend(known.flat_map(|(name, value, schema)| faults(root, schema, value, &format!("{at}/{name}"))));
    }
    found
}

/// The few forms of patterns that the schema uses: anchored classes with counts, groups only at the end of a moment.
fn pattern_matches(pattern: &str, text: &str) -> bool {
    fn class(set: &str, c: char) -> bool {
        let chars: Vec<char> = set.chars().collect();
        chars.chunks(3).any(|range| matches!(range, [from, '-', to] if (*from..=*to).contains(&c)))
    }
    fn step(pattern: &str, text: &str) -> bool {
        if pattern == "$" {
            return text.is_empty();
        }
        if let Some(rest) = pattern.strip_prefix('(') {
            let (group, rest) = rest.split_once(")?").unwrap();
            return step(rest, text)
                || (0..=text.len())
                    .any(|at| text.is_char_boundary(at) && step(&format!("{group}$"), &text[..at]) && step(rest, &text[at..]));
        }
        let (set, rest): (Box<dyn Fn(char) -> bool>, &str) = if let Some(rest) = pattern.strip_prefix('[') {
            let (set, rest) = rest.split_once(']').unwrap();
            (Box::new(move |c| class(set, c)), rest)
        } else if let Some(rest) = pattern.strip_prefix('\\') {
            (Box::new(move |c| rest.starts_with(c)), &rest[1..])
        } else {
            (Box::new(move |c| pattern.starts_with(c)), &pattern[1..])
        };
        let (least, most, rest) = if let Some(rest) = rest.strip_prefix('+') {
            (1, usize::MAX, rest)
        } else if let Some((count, rest)) = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            let (least, most) = count.split_once(',').unwrap_or((count, count));
            (least.parse().unwrap(), most.parse().unwrap(), rest)
        } else {
            (1, 1, rest)
        };
        let run = text.chars().take_while(|c| set(*c)).count();
        (least..=run.min(most)).any(|taken| step(rest, &text[text.chars().take(taken).map(char::len_utf8).sum()..]))
    }
    step(pattern.strip_prefix('^').unwrap(), text)
}

#[track_caller]
pub fn assert_fits(record: &Value) {
    let schema = schema();
    let found = faults(&schema, &schema, record, "");
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn records_of_every_way_of_identification_fit() {
    for record in report_pages::records() {
        assert_fits(&serde_json::from_slice(&record.to_json().unwrap()).unwrap());
    }
}

#[test]
fn the_records_in_real_reports_fit() {
    let data = tempfile::tempdir().unwrap();
    for script in ["qualified-passport", "local-id-card"] {
        let said = station(data.path(), &["control", &format!("config/examples/{script}.toml"), "--json"]);
        let said: Value = serde_json::from_slice(&said.stdout).unwrap();
        let verified = station(data.path(), &["verify", &report(data.path(), &said), "--json"]);
        let verified: Value = serde_json::from_slice(&verified.stdout).unwrap();
        assert_fits(&verified["record"]);
    }
}

#[test]
fn a_record_without_a_part_or_with_a_strange_one_does_not_fit() {
    let schema = schema();
    let good: Value = serde_json::from_slice(&report_pages::records()[0].to_json().unwrap()).unwrap();
    let refused = |record: &Value| !faults(&schema, &schema, record, "").is_empty();
    for name in schema["required"].as_array().unwrap() {
        let mut record = good.clone();
        record.as_object_mut().unwrap().remove(name.as_str().unwrap());
        assert!(refused(&record), "{name} can be left out");
    }
    let changes = [
        ("/format", json!("bam-station record 1")),
        ("/layout", json!(0)),
        ("/control", json!("1")),
        ("/rules/master", json!("ABC")),
        ("/opened_at", json!("2026-11-21 09:00")),
        ("/opened_at", json!("2026-11-21T09:00:00.Z")),
        ("/function", json!("new card")),
        ("/scan/scan/upright/turn", json!(45)),
        ("/signature/attempts", json!(0)),
        ("/identification/method", json!("guess")),
        ("/limits", json!([])),
        ("/training", json!("yes")),
    ];
    for (place, value) in changes {
        let mut record = good.clone();
        *record.pointer_mut(place).unwrap() = value;
        assert!(refused(&record), "{place} was accepted");
    }
    for place in ["", "/person", "/identification", "/rules/issue_process", "/scan/scan/upright"] {
        let mut record = good.clone();
        record.pointer_mut(place).unwrap()["strange"] = json!(1);
        assert!(refused(&record), "something strange in {place} was accepted");
    }
}

#[test]
fn the_schema_uses_only_what_is_checked_here() {
    fn walk(schema: &Value, named: bool) {
        for (key, value) in schema.as_object().unwrap() {
            assert!(named || KEYWORDS.contains(&key.as_str()) || ["type", "title"].contains(&key.as_str()), "{key}");
            match (named, key.as_str()) {
                (false, "properties" | "$defs") => walk(value, true),
                (true, _) | (false, "items") => walk(value, false),
                (false, "oneOf" | "anyOf") => value.as_array().unwrap().iter().for_each(|choice| walk(choice, false)),
                _ => {}
            }
        }
    }
    walk(&schema(), false);
}
