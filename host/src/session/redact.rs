//! Secrets stay out of everything that a session writes.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// What stands in place of a secret.
pub const MASK: &str = "***MASKED***";

/// Knows the secret values of a run. Every sink of a session passes its text
/// through the run's one redactor.
#[derive(Default)]
pub struct Redactor {
    /// Longest first, so that a secret that contains another is masked whole.
    needles: Vec<String>,
}

impl Redactor {
    /// Masks these values, as they are and as they look inside a JSON string.
    /// An empty value masks nothing.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Self {
        let mut needles = Vec::new();
        for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
            let quoted = Value::from(secret.as_str()).to_string();
            needles.push(quoted[1..quoted.len() - 1].to_owned());
            needles.push(secret);
        }
        needles.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        needles.dedup();
        Self { needles }
    }

    /// The text with every known secret masked.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for needle in &self.needles {
            if text.contains(needle) {
                text = Cow::Owned(text.replace(needle, MASK));
            }
        }
        text
    }

    /// Masks in every key and value.
    pub fn map(&self, map: &mut Map<String, Value>) {
        if self.needles.is_empty() {
            return;
        }
        for (key, mut value) in std::mem::take(map) {
            self.value(&mut value);
            map.insert(self.text(&key).into_owned(), value);
        }
    }

    /// Masks in every string of the value, keys included.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text).into_owned(),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(map) => self.map(map),
            // A secret made of digits may have been read as a number.
            Value::Number(number) => {
                if let Cow::Owned(masked) = self.text(&number.to_string()) {
                    *value = Value::String(masked);
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Redactor({} values)", self.needles.len())
    }
}

/// The configuration with the values at these JSON pointers masked. A pointer
/// to nothing, or to null, masks nothing; one to an object masks all of it.
#[must_use]
pub fn mask(config: &Value, pointers: &[String]) -> Value {
    let mut masked = config.clone();
    for pointer in pointers {
        if let Some(value) = masked.pointer_mut(pointer)
            && !value.is_null()
        {
            *value = Value::from(MASK);
        }
    }
    masked
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        let redactor = Redactor::new(["pa\"ss".to_owned(), "pa\"ssword".to_owned(), String::new()]);
        assert_eq!(redactor.text("at pa\"ssword!"), "at ***MASKED***!");
        assert_eq!(redactor.text(r#"{"p":"pa\"ss"}"#), r#"{"p":"***MASKED***"}"#);
        let mut value = json!({"a": ["pa\"ss"], "pa\"ss": 1});
        redactor.value(&mut value);
        assert_eq!(value, json!({"a": [MASK], MASK: 1}));
    }

    #[test]
    fn a_secret_number_is_masked() {
        let mut value = json!({"pin": 123456, "rows": 7});
        Redactor::new(["123456".to_owned()]).value(&mut value);
        assert_eq!(value, json!({"pin": MASK, "rows": 7}));
    }

    #[test]
    fn pointers_mask_only_what_is_there() {
        let config = json!({"host": "db", "auth": {"key": "k", "none": null}, "list": ["a", "b"]});
        let pointers = ["/auth/key", "/auth/none", "/list/1", "/missing/deep"].map(str::to_owned);
        assert_eq!(
            mask(&config, &pointers),
            json!({"host": "db", "auth": {"key": MASK, "none": null}, "list": ["a", MASK]})
        );
    }
}
