//! Builds templates: steps run in a sandbox, whose files the template has then.

mod copy;
mod step;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::extract::{Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use self::step::{Failure, Step};
use super::body::{answer, parse};
use super::{Error, Image, Server};
use crate::sandbox::{NewSandbox, Sandbox, letters};
use crate::state::State;

/// The most lines of a log in one answer.
const PAGE: usize = 100;

/// The time limit of a build.
const LIMIT: Duration = Duration::from_secs(60 * 60);

/// All builds, by id.
#[derive(Debug, Default)]
pub(super) struct Builds(Mutex<BTreeMap<String, Build>>);

/// A build, which may not have begun.
#[derive(Debug)]
struct Build {
    template: String,
    names: Vec<String>,
    status: &'static str,
    log: Vec<Value>,
    reason: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Create {
    name: String,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Start {
    from_template: Option<String>,
    #[serde(default)]
    steps: Vec<Step>,
    start_cmd: Option<String>,
    ready_cmd: Option<String>,
}

pub(super) async fn create(Shared(state): Server, body: Bytes) -> Result<Response, Error> {
    let create: Create = parse(&body)?;
    let (name, tag) = create.name.split_once(':').unwrap_or((&create.name, ""));
    let mut tags: Vec<&str> = create.tags.iter().map(String::as_str).collect();
    tags.extend((!tag.is_empty()).then_some(tag));
    if tags.is_empty() {
        tags.push("default");
    }
    // A name keeps its id from build to build.
    let existing_id = state.templates.id(name);
    let (template, id) = (existing_id.unwrap_or_else(|| letters(20)), letters(20));
    let body = json!({
        "templateID": template,
        "buildID": id,
        "public": false,
        "names": [name],
        "tags": tags,
        "aliases": [name],
    });
    let names = tags.iter().map(|tag| format!("{name}:{tag}")).collect();
    let build = Build { template, names, status: "waiting", log: Vec::new(), reason: None };
    state.templates.builds.lock().insert(id, build);
    Ok(answer(StatusCode::ACCEPTED, &body))
}

pub(super) async fn start(
    Shared(state): Server,
    Path((template, id)): Path<(String, String)>,
    body: Bytes,
) -> Result<StatusCode, Error> {
    let start: Start = parse(&body)?;
    let is_set = |command: &Option<String>| command.as_ref().is_some_and(|text| !text.is_empty());
    if is_set(&start.start_cmd) || is_set(&start.ready_cmd) {
        let message =
            "this emulator cannot keep running processes: leave startCmd and readyCmd out";
        return Err(Error::new(StatusCode::NOT_IMPLEMENTED, message));
    }
    let base = state.templates.find(start.from_template.as_deref().unwrap_or("base"))?;
    let names = {
        let mut builds = state.templates.builds.lock();
        let build = builds.get_mut(&id).filter(|build| build.template == template);
        let build = build.ok_or_else(|| no_build(&id))?;
        if build.status != "waiting" {
            return Err(Error::bad("build is not in waiting state"));
        }
        build.status = "building";
        build.names.clone()
    };
    tokio::spawn(async move {
        let result = run(&state, &id, &base, start.steps).await;
        let mut builds = state.templates.builds.lock();
        let Some(build) = builds.get_mut(&id) else { return };
        match result {
            Ok(image) => {
                state.templates.add(Image { id: template, names, ..image });
                build.status = "ready";
            }
            Err(failure) => {
                build.status = "error";
                build.reason = Some(json!({"message": failure.message, "step": failure.step}));
            }
        }
    });
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn status(
    Shared(state): Server,
    Path((template, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Error> {
    let query = query.unwrap_or_default();
    let number = |key: &str| {
        let value = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key);
        value.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let builds = state.templates.builds.lock();
    let build = builds.get(&id).filter(|build| build.template == template);
    let build = build.ok_or_else(|| no_build(&id))?;
    let offset = number("logsOffset").unwrap_or(0);
    let limit = number("limit").unwrap_or(PAGE).min(PAGE);
    let lines: Vec<&Value> = build.log.iter().skip(offset).take(limit).collect();
    let mut body = json!({
        "templateID": template,
        "buildID": id,
        "status": build.status,
        "logs": [],
        "logEntries": lines,
    });
    if let Some(reason) = &build.reason {
        body["reason"] = reason.clone();
    }
    Ok(answer(StatusCode::OK, &body))
}

impl Builds {
    fn log(&self, id: &str, step: usize, message: &str) {
        if let Some(build) = self.lock().get_mut(id) {
            build.log.push(json!({
                "timestamp": Timestamp::now().to_string(),
                "level": "info",
                "step": step.to_string(),
                "message": message,
            }));
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Build>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Executes the steps and returns the new template.
async fn run(
    state: &Arc<State>,
    id: &str,
    base: &Image,
    steps: Vec<Step>,
) -> Result<Image, Failure> {
    let mut image = base.clone();
    let mut number = 0;
    let work = async {
        for step in steps {
            number += 1;
            state.templates.builds.log(id, number, &step.title());
            // Each step starts from the files of the one before, without its processes.
            let new = NewSandbox { lifetime: LIMIT, ..NewSandbox::default() };
            let sandbox = Sandbox::make(state, &image, new)?;
            let output = step.execute(state, &sandbox, &mut image).await;
            sandbox.stop().await;
            let root = state.templates.folder.join(format!("{id}-{number}"));
            let output = output.and_then(|output| {
                std::fs::rename(sandbox.files.folder(), &root).context("cannot keep the files")?;
                Ok(output)
            });
            sandbox.kill().await;
            for line in output?.lines() {
                state.templates.builds.log(id, number, line);
            }
            image.root = root;
        }
        anyhow::Ok(())
    };
    let result = work.await;
    result.map_err(|error| Failure { message: format!("{error:#}"), step: number.to_string() })?;
    Ok(image)
}

fn no_build(id: &str) -> Error {
    Error::new(StatusCode::NOT_FOUND, format!("build '{id}' not found"))
}
