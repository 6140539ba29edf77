//! Bounds on the work of checking values against a schema.

use serde_json::{Map, Value};

/// Maximum values in a schema, references expanded.
const MAX_SIZE: usize = 20_000;
/// Maximum nesting depth, references expanded.
const MAX_DEPTH: usize = 100;
/// Keywords that make the target of a reference depend on the path to it.
const DYNAMIC: [&str; 5] =
    ["$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "$anchor"];

/// Keywords whose values are patterns.
const PATTERN: &str = "pattern";
const PATTERNS: &str = "patternProperties";
/// Maximum patterns, references expanded.
const MAX_PATTERNS: usize = 64;
/// Keywords that depend on the results of other keywords.
const UNEVALUATED: [&str; 2] = ["unevaluatedProperties", "unevaluatedItems"];
/// Maximum nesting depth of these keywords: each level doubles the work of the levels within.
const MAX_UNEVALUATED: usize = 3;

/// State of the walk through a schema.
struct Walk<'s> {
    root: &'s Value,
    values: usize,
    patterns: usize,
    /// Whether keywords that depend on other keywords' results are nested too deeply.
    is_tangled: bool,
}

/// Walks the schema as a validator would, following each reference. A reference to itself exceeds
/// the limits, so no recursive schema passes, and checking a value costs at most [`MAX_SIZE`] steps
/// for each of its parts. Returns the number of patterns.
pub(super) fn check(schema: &Value) -> Result<usize, String> {
    if !schema.is_object() {
        return Err("must be a mapping".to_owned());
    }
    let mut walk = Walk { root: schema, values: MAX_SIZE, patterns: 0, is_tangled: false };
    walk.node(schema, 0, 0)?;
    if walk.is_tangled {
        return Err(format!(
            "nests more than {MAX_UNEVALUATED} levels of `{}`",
            UNEVALUATED.join("` and `")
        ));
    }
    Ok(walk.patterns)
}

impl Walk<'_> {
    fn node(&mut self, node: &Value, depth: usize, unevaluated: usize) -> Result<(), String> {
        if depth > MAX_DEPTH {
            return Err("refers to itself or is nested too deeply".to_owned());
        }
        self.values = self.values.checked_sub(1).ok_or("is too large, or refers to itself")?;
        match node {
            Value::Object(map) => {
                let unevaluated = self.keywords(map, depth, unevaluated)?;
                if let Some(Value::String(reference)) = map.get("$ref") {
                    let target = target(self.root, reference).ok_or_else(|| {
                        format!(
                            "has an unsupported `$ref`, expected one like `#/$defs/name`: `{reference:.60}`"
                        )
                    })?;
                    self.node(target, depth + 1, unevaluated)?;
                }
                map.values().try_for_each(|value| self.node(value, depth + 1, unevaluated))
            }
            Value::Array(items) => {
                items.iter().try_for_each(|item| self.node(item, depth + 1, unevaluated))
            }
            _ => Ok(()),
        }
    }

    /// Checks the keywords of a mapping, which can be a subschema. Returns the nesting depth of
    /// keywords that depend on other keywords' results.
    fn keywords(
        &mut self,
        map: &Map<String, Value>,
        depth: usize,
        mut unevaluated: usize,
    ) -> Result<usize, String> {
        let is_text = |key: &&str| matches!(map.get(*key), Some(Value::String(_)));
        if let Some(keyword) = DYNAMIC.iter().find(|key| is_text(key)) {
            return Err(format!("uses `{keyword}`, which is not supported"));
        }
        if depth > 0 && is_text(&"$id") {
            return Err("has an `$id` below its root, which is not supported".to_owned());
        }
        let of_keys = map.get(PATTERNS).and_then(Value::as_object).map_or(0, Map::len);
        self.patterns += usize::from(is_text(&PATTERN)) + of_keys;
        if self.patterns > MAX_PATTERNS {
            return Err(format!("has more than {MAX_PATTERNS} patterns"));
        }
        if UNEVALUATED.iter().any(|key| map.contains_key(*key)) {
            unevaluated += 1;
            self.is_tangled |= unevaluated > MAX_UNEVALUATED;
        }
        Ok(unevaluated)
    }
}

/// Returns the target of a reference within the schema.
pub(super) fn target<'s>(root: &'s Value, reference: &str) -> Option<&'s Value> {
    root.pointer(reference.strip_prefix('#')?)
}
