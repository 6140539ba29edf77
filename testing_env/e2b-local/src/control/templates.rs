//! Templates, and the trees of files that sandboxes of them start with.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use axum::extract::{Path as Part, State as Shared};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::body::answer;
use super::build::Builds;
use super::{Error, Server};
use crate::options::{Options, Template};
use crate::sandbox::{clean, create_base_dirs, letters};

/// A template that sandboxes can be made from.
#[derive(Debug, Clone)]
pub(crate) struct Image {
    pub(crate) id: String,
    /// `name` for all tags, or `name:tag`.
    pub(crate) names: Vec<String>,
    pub(crate) envd: String,
    /// The tree of its files.
    pub(crate) root: PathBuf,
    /// Variables of every process.
    pub(crate) variables: BTreeMap<String, String>,
    /// The working folder of processes that name none.
    pub(crate) workdir: String,
}

/// All templates that are ready.
#[derive(Debug)]
pub(crate) struct Templates {
    images: Mutex<Vec<Image>>,
    pub(super) builds: Builds,
    /// The password in the addresses of uploads.
    pub(super) pass: String,
    /// The folder of trees and uploads.
    pub(super) folder: PathBuf,
}

impl Templates {
    /// The templates of the options, made in a folder.
    pub(crate) fn new(options: &Options, folder: &Path, user: Option<u32>) -> Result<Self> {
        let mut templates = options.templates.clone();
        templates.entry("base".to_owned()).or_default();
        let make = |(name, template)| image(options, folder, name, template, user);
        let images = templates.into_iter().map(make).collect::<Result<_>>()?;
        Ok(Self {
            images: Mutex::new(images),
            builds: Builds::default(),
            pass: letters(32),
            folder: folder.to_owned(),
        })
    }

    /// The template that a create names by its id or name, with or without a tag.
    pub(super) fn find(&self, reference: &str) -> Result<Image, Error> {
        let (name, tag) = reference.split_once(':').unwrap_or((reference, "default"));
        let images = self.lock();
        let mut candidates = images.iter().filter(|image| image.is(name)).peekable();
        if candidates.peek().is_none() {
            let message = format!("template '{reference}' not found");
            return Err(Error::new(StatusCode::NOT_FOUND, message));
        }
        let found = candidates.find(|image| image.id == name || image.has(name, tag));
        found.cloned().ok_or_else(|| {
            let message = format!("tag '{tag}' does not exist for template '{name}'");
            Error::new(StatusCode::NOT_FOUND, message)
        })
    }

    /// The id that a name has with any tag.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        self.lock().iter().find(|image| image.is(name)).map(|image| image.id.clone())
    }

    /// Adds a template, whose names no older one has from then on.
    pub(super) fn add(&self, image: Image) {
        let mut images = self.lock();
        for older in images.iter_mut() {
            older.names.retain(|name| !image.names.contains(name));
        }
        images.push(image);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Image>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Image {
    fn is(&self, name: &str) -> bool {
        let bare = |full_name: &String| full_name.split(':').next() == Some(name);
        self.id == name || self.names.iter().any(bare)
    }

    fn has(&self, name: &str, tag: &str) -> bool {
        self.names.iter().any(|full_name| match full_name.split_once(':') {
            Some(parts) => parts == (name, tag),
            None => full_name == name && tag == "default",
        })
    }
}

pub(super) async fn alias(
    Shared(state): Server,
    Part(name): Part<String>,
) -> Result<Response, Error> {
    let id = state.templates.id(&name).ok_or_else(|| {
        let message = format!("template '{name}' not found");
        Error::new(StatusCode::NOT_FOUND, message)
    })?;
    Ok(answer(StatusCode::OK, &json!({"templateID": id, "public": false})))
}

pub(super) async fn remove(
    Shared(state): Server,
    Part(id): Part<String>,
) -> Result<StatusCode, Error> {
    let image = state.templates.find(&id)?;
    // Its files stay as long as the emulator: sandboxes may be copying them.
    state.templates.lock().retain(|other| other.id != image.id);
    Ok(StatusCode::NO_CONTENT)
}

fn image(
    options: &Options,
    folder: &Path,
    name: String,
    template: Template,
    user: Option<u32>,
) -> Result<Image> {
    let id = letters(20);
    let root = folder.join(&id);
    create_base_dirs(&root, user)?;
    for file in &template.files {
        let to = root.join(&clean(&file.to)[1..]);
        let result = (|| {
            fs::create_dir_all(to.parent().unwrap_or(&root))?;
            fs::copy(&file.from, &to)?;
            fs::set_permissions(&to, Permissions::from_mode(file.mode))
        })();
        result
            .with_context(|| format!("cannot copy {} to {}", file.from.display(), to.display()))?;
    }
    let envd = template.envd_version.unwrap_or_else(|| options.envd_version.clone());
    Ok(Image {
        id,
        names: vec![name],
        envd,
        root,
        variables: BTreeMap::new(),
        workdir: "/home/user".to_owned(),
    })
}
