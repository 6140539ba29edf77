//! Checks the rules that every manifest must satisfy, whatever produced it.

use std::collections::HashMap;

use osiris_core::contract::Mode;
use osiris_core::text::quoted;

use super::{Manifest, Step, cfg_path};

impl Manifest {
    /// Checks that ids are safe as file names, that every step comes after the steps it needs, and
    /// that each step gets the tables that its mode takes.
    ///
    /// # Errors
    /// Returns the first problem, as a sentence.
    pub fn check(&self) -> Result<(), String> {
        // Steps by id in lower case, because ids become file names.
        let mut before: HashMap<String, &Step> = HashMap::new();
        if !is_safe(&self.pipeline.id, 100) {
            return Err(format!(
                "the pipeline id {} is not safe as a file name",
                quoted(&self.pipeline.id)
            ));
        }
        if self.steps.is_empty() {
            return Err("the manifest has no steps".to_owned());
        }
        for step in &self.steps {
            check_step(step, &before)?;
            if before.insert(step.id.to_lowercase(), step).is_some() {
                return Err(format!("duplicate step id {}", quoted(&step.id)));
            }
        }
        Ok(())
    }
}

fn check_step(step: &Step, before: &HashMap<String, &Step>) -> Result<(), String> {
    let name = quoted(&step.id);
    if !is_safe(&step.id, 64) {
        return Err(format!("the step id {name} is not safe as a file name"));
    }
    if step.cfg_path != cfg_path(&step.id) {
        return Err(format!("step {name}: `cfg_path` must be `{}`", cfg_path(&step.id)));
    }
    let mut tables = 0;
    for (index, need) in step.needs.iter().enumerate() {
        if step.needs[..index].contains(need) {
            return Err(format!("step {name} needs {} twice", quoted(need)));
        }
        let needed = before.get(&need.to_lowercase()).filter(|step| step.id == *need);
        match needed.map(|step| step.mode) {
            None => {
                return Err(format!(
                    "step {name} needs {}, which is not an earlier step",
                    quoted(need)
                ));
            }
            Some(Mode::Write) => {}
            Some(_) => tables += 1,
        }
    }
    match (step.mode, tables) {
        (Mode::Discover, _) => Err(format!("step {name} cannot have the mode `discover`")),
        (Mode::Extract, 1..) => Err(format!("step {name} extracts and cannot have an input table")),
        (Mode::Write, tables) if tables != 1 => {
            Err(format!("step {name} must have exactly one input table, but has {tables}"))
        }
        _ => Ok(()),
    }
}

/// Returns whether `text` is a file name that cannot leave its directory.
fn is_safe(text: &str, max_length: usize) -> bool {
    !text.is_empty()
        && text.len() <= max_length
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
}
