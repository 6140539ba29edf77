//! Configurations for a driver without its service: generated from the schema, with an address that
//! the kit chooses and secrets that it can recognize.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use osiris_core::contract::Mode;
use osiris_core::driver::spec::Spec;
use osiris_pipeline::connection::{CONNECTION_KEY, RESOLVED_KEY};
use serde_json::{Map, Value, json};

use super::cases::Case;
use super::check::{NotPassed, skip};
use super::fixtures::feeds;
use super::harness::Harness;
use super::invocation::{InputEnd, Invocation, Outcome};

/// A configuration, and the secrets planted in it.
#[derive(Debug, Clone)]
pub(super) struct SyntheticConfig {
    pub(super) config: Value,
    /// Pointer and value of each secret.
    pub(super) canaries: Vec<(String, String)>,
}

/// Results of a driver whose service is unreachable.
#[derive(Debug)]
pub(super) struct Unreachable {
    pub(super) synthetic: SyntheticConfig,
    /// One outcome per mode.
    pub(super) outcomes: Vec<Outcome>,
}

/// The `discard` port, where nothing listens.
const DISCARD_ADDRESS: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);

impl Harness {
    /// Runs the driver against a closed port, with canaries for secrets. Done only once, since the
    /// driver can retry for some time.
    pub(super) fn unreachable(&self) -> Result<&Unreachable, NotPassed> {
        self.unreachable.get_or_init(|| self.run_unreachable()).as_ref().map_err(Clone::clone)
    }

    fn run_unreachable(&self) -> Result<Unreachable, NotPassed> {
        let closed = self.closed()?;
        let synthetic = self.synthetic_config(Some(closed.address))?;
        let modes = self.spec()?.modes.iter().copied().filter(|mode| *mode != Mode::Discover);
        let run = |mode| {
            let case = self.base().filter(|case| case.mode == mode);
            let case = case.unwrap_or_else(|| Case::new(String::new(), mode, Map::new()));
            let config = synthetic.config.clone();
            let inputs = feeds(&case, InputEnd::Complete);
            let trial = Invocation {
                mode,
                config,
                inputs,
                cancel_at: None,
                state: None,
                share: None,
                keep: true,
            };
            self.run(&self.create_project(&case)?, trial)
        };
        let outcomes = modes.map(run).collect::<Result<_, _>>()?;
        Ok(Unreachable { synthetic, outcomes })
    }

    /// Returns the configuration that a connection to `address` would produce, with canaries for
    /// secrets. Without an address, nothing listens at the one used.
    pub(super) fn synthetic_config(
        &self,
        address: Option<SocketAddr>,
    ) -> Result<SyntheticConfig, NotPassed> {
        let spec = self.spec()?;
        let case_config = match self.base() {
            Some(case) => Some(self.config(&case)?),
            None => self.connected()?,
        };
        let mut config = case_config.unwrap_or_else(|| generated(spec));
        add_connection(&mut config, spec);
        let schema = spec.schema().map_err(skip)?;
        schema.fill(&mut config);
        // The author invents the values, so they must lead to this machine only.
        let address = address.unwrap_or(DISCARD_ADDRESS);
        for entry in &spec.network {
            put(&mut config, &entry.host, json!(address.ip().to_string()));
            if let Some(port) = entry.port.as_str() {
                put(&mut config, port, json!(address.port()));
            }
        }
        let mut canaries = Vec::new();
        for (index, pointer) in spec.secrets.iter().enumerate() {
            let canary = format!("c4nary{index}QmV3YXJlT2ZUaGUx");
            let mut with = config.clone();
            put(&mut with, pointer, json!(canary));
            // Skip secrets that are not strings or have a fixed format.
            if !schema.check(&with).iter().any(|finding| finding.pointer.starts_with(pointer)) {
                config = with;
                canaries.push((pointer.clone(), canary));
            }
        }
        if let Some(finding) = schema.check(&config).first() {
            let reason = format!("cannot generate a configuration: {}", finding.message);
            return Err(skip(format!("{reason}; add a case, or use `--connection`")));
        }
        Ok(SyntheticConfig { config, canaries })
    }
}

/// Generates a configuration that fits the schema as far as possible; values of an example come
/// first.
fn generated(spec: &Spec) -> Value {
    let mut config = sample(&spec.config_schema);
    let example: Map<String, Value> = spec
        .examples
        .first()
        .map(|one| one.config.clone().into_iter().collect())
        .unwrap_or_default();
    if let Value::Object(fields) = &mut config {
        let fits = |(key, _): &(String, Value)| key != CONNECTION_KEY && spec.has_key(key);
        fields.extend(example.into_iter().filter(fits));
    }
    config
}

/// Adds a connection if the configuration has none and the driver supports one.
fn add_connection(config: &mut Value, spec: &Spec) {
    let schema = spec.config_schema["properties"].get(RESOLVED_KEY);
    if let (Some(schema), Value::Object(fields)) = (schema, config)
        && !fields.contains_key(RESOLVED_KEY)
    {
        fields.insert(RESOLVED_KEY.to_owned(), sample(schema));
    }
}

/// Returns a value that fits a schema of a usual form.
fn sample(schema: &Value) -> Value {
    if let Some(value) = schema.get("default").or_else(|| schema.get("const")) {
        return value.clone();
    }
    let first = |key: &str| schema.get(key).and_then(|all| all.get(0));
    if let Some(value) = first("enum") {
        return value.clone();
    }
    if let Some(choice) = ["anyOf", "oneOf"].into_iter().find_map(first) {
        return sample(choice);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("string") => {
            let length = |key: &str| schema[key].as_u64().and_then(|n| usize::try_from(n).ok());
            let min = length("minLength").unwrap_or(0).min(1000);
            let max = length("maxLength").unwrap_or(usize::MAX);
            json!(format!("{:x<min$}", "conformance").chars().take(max).collect::<String>())
        }
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        Some("boolean") => json!(false),
        Some("array") => match schema["minItems"].as_u64() {
            Some(1..) => json!([sample(&schema["items"])]),
            _ => json!([]),
        },
        Some("object") => {
            let required = schema["required"].as_array().into_iter().flatten();
            let keys = required.filter_map(Value::as_str);
            let part = |key: &str| (key.to_owned(), sample(&schema["properties"][key]));
            Value::Object(keys.map(part).collect())
        }
        _ => Value::Null,
    }
}

/// Sets the value at a pointer, if the parent is an object.
fn put(config: &mut Value, pointer: &str, value: Value) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let key = key.replace("~1", "/").replace("~0", "~");
    if let Some(Value::Object(fields)) = config.pointer_mut(parent) {
        fields.insert(key, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn synthetic_config_fits_its_schema() {
        let schema = json!({
            "type": "object",
            "required": ["host", "port", "tls", "tags", "size", "inner"],
            "properties": {
                "host": {"type": "string", "minLength": 20},
                "port": {"type": "integer", "minimum": 5},
                "tls": {"enum": ["on", "off"]},
                "tags": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                "size": {"anyOf": [{"type": "boolean"}, {"type": "integer"}]},
                "inner": {"type": "object", "required": ["a"], "properties": {"a": {"default": 3}}},
            },
        });
        let config = sample(&schema);
        assert_eq!(config["inner"], json!({"a": 3}));
        assert_eq!(osiris_core::schema::Schema::closed(schema).unwrap().check(&config), []);
    }

    #[test]
    fn value_is_put_only_at_an_existing_pointer() {
        let mut config = json!({"a": {"b/c": 1}});
        put(&mut config, "/a/b~1c", json!(2));
        put(&mut config, "/x/y", json!(3));
        assert_eq!(config, json!({"a": {"b/c": 2}}));
    }
}
