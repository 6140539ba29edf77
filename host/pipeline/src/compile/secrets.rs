//! Finds secrets in a pipeline file, which must not contain any.

use osiris_core::code::Code;
use osiris_core::diagnostic::Diagnostic;
use osiris_core::driver::spec::Spec;
use osiris_core::schema::Schema;
use osiris_core::secret_keys;
use osiris_core::yaml::{Diagnostics, Node, Position, Value};

/// Maximum length of a value that is not taken for a secret despite a key of [`secret_keys::is_name`].
const SHORT: usize = 4;

/// Reports every secret in the file outside the steps' configurations.
pub(super) fn scan_file(root: &Node, problems: &mut Diagnostics<'_>) {
    let mut scan = Scan { schema: None, problems };
    for entry in root.as_map().into_iter().flatten() {
        if entry.key != "steps" {
            scan.entry(&entry.key, entry.position, &entry.value, &entry.key, "");
            continue;
        }
        for (index, step) in entry.value.as_list().into_iter().flatten().enumerate() {
            for entry in step.as_map().into_iter().flatten().filter(|entry| entry.key != "config") {
                let path = format!("steps[{index}].{}", entry.key);
                scan.entry(&entry.key, entry.position, &entry.value, &path, "");
            }
        }
    }
}

/// Reports every secret in a step's configuration before parameters are substituted: by name, by
/// form, and at the places that the driver's spec declares as secret. `index` is the step's
/// number.
pub(super) fn scan_config(
    index: usize,
    config: &Node,
    driver: Option<(&Spec, &Schema)>,
    problems: &mut Diagnostics<'_>,
) {
    let root = format!("steps[{index}].config");
    let mut scan = Scan { schema: driver.map(|(_, schema)| schema), problems };
    scan.children(config, &root, "");
    for pointer in driver.into_iter().flat_map(|(spec, _)| &spec.secrets) {
        if let Some((node, path)) = follow(config, pointer, &root) {
            let position = config.position_of(pointer);
            scan.whole(node, position, &path);
        }
    }
}

/// Returns the node that a pointer leads to and its path for messages.
fn follow<'n>(config: &'n Node, pointer: &str, root: &str) -> Option<(&'n Node, String)> {
    let mut found = (config, root.to_owned());
    for segment in pointer.split('/').skip(1) {
        let key = segment.replace("~1", "/").replace("~0", "~");
        found = match &found.0.value {
            Value::List(items) => {
                (items.get(key.parse::<usize>().ok()?)?, format!("{}[{key}]", found.1))
            }
            _ => (&found.0.entry(&key)?.value, format!("{}.{key}", found.1)),
        };
    }
    Some(found)
}

struct Scan<'a, 'f> {
    schema: Option<&'a Schema>,
    problems: &'a mut Diagnostics<'f>,
}

impl Scan<'_, '_> {
    /// Checks one key; `path` is for messages, `pointer` for the schema.
    fn entry(&mut self, key: &str, position: Position, value: &Node, path: &str, pointer: &str) {
        let by_name = secret_keys::is_secret_key(key);
        // A value from the driver's list of choices is not a secret.
        let is_choice = self.schema.is_some_and(|schema| schema.is_choice(pointer));
        if by_name && !is_choice {
            match value.entry("default") {
                Some(default) => self.named(&default.value, position, &format!("{path}.default")),
                None => self.named(value, position, path),
            }
        }
        self.url(value, position, path);
        self.children(value, path, pointer);
    }

    fn children(&mut self, node: &Node, path: &str, pointer: &str) {
        match &node.value {
            Value::Map(entries) => {
                for entry in entries {
                    let key = &entry.key;
                    let escaped = key.replace('~', "~0").replace('/', "~1");
                    let (path, pointer) = (format!("{path}.{key}"), format!("{pointer}/{escaped}"));
                    self.entry(key, entry.position, &entry.value, &path, &pointer);
                }
            }
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let (path, pointer) =
                        (format!("{path}[{index}]"), format!("{pointer}/{index}"));
                    self.url(item, item.position, &path);
                    self.children(item, &path, &pointer);
                }
            }
            _ => {}
        }
    }

    /// Reports a value whose key means a secret.
    fn named(&mut self, value: &Node, position: Position, path: &str) {
        match &value.value {
            Value::Text(text) if text.len() > SHORT && !is_placeholder(text) => {
                self.report(position, path);
            }
            Value::Number(number) if number.to_string().len() > SHORT => {
                self.report(position, path)
            }
            Value::List(items) => items.iter().for_each(|item| self.named(item, position, path)),
            _ => {}
        }
    }

    /// Reports a value that the driver's spec declares as secret, and everything inside the
    /// value.
    fn whole(&mut self, value: &Node, position: Position, path: &str) {
        match &value.value {
            Value::Text(text) if !text.is_empty() && !is_placeholder(text) => {
                self.report(position, path);
            }
            Value::Number(_) => self.report(position, path),
            Value::List(items) => items.iter().for_each(|item| self.whole(item, position, path)),
            Value::Map(entries) => {
                entries.iter().for_each(|entry| self.whole(&entry.value, position, path));
            }
            _ => {}
        }
    }

    /// Reports a text that is a URL with a password.
    fn url(&mut self, value: &Node, position: Position, path: &str) {
        if value.as_text().is_some_and(has_url_password) {
            self.report(position, path);
        }
    }

    fn report(&mut self, position: Position, path: &str) {
        let path: String =
            path.chars().filter(|c| !osiris_core::invisible::is_invisible(*c)).take(200).collect();
        let message =
            format!("inline secret at `{path}`: a compiled pipeline must not contain secrets");
        let help = "remove the value from the file and from the file's history";
        self.problems.report(position, Diagnostic::new(Code::SecretInline, message).help(help));
    }
}

/// Returns whether a text only names the source of a secret: `${NAME}`. A parameter does not
/// count, since its value would be compiled in.
fn is_placeholder(text: &str) -> bool {
    text.strip_prefix("${").and_then(|text| text.strip_suffix('}')).is_some_and(|name| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    })
}

/// Returns whether a text contains `scheme://user:password@`.
fn has_url_password(text: &str) -> bool {
    secret_keys::url_passwords(text).any(|password| !is_placeholder(password))
}
