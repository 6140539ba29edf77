//! Templates with osiris and its drivers preinstalled, so that a run uploads only its plan and its
//! inputs.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use e2b_client::{Control, Error, Source, Step, Template};
use flate2::Compression;
use flate2::write::GzEncoder;
use osiris_core::canonical;

use super::runner::Blob;

/// Time limit of a build.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Paths of the files in a template, where the runner looks for them.
const RUNTIME: &str = "/usr/local/bin/osiris";
const DRIVERS: &str = "/usr/local/lib/osiris/drivers";
const COMPILED: &str = "/usr/local/lib/osiris/compiled";

/// Content of a template.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// Name of the template.
    pub name: String,
    /// The base template.
    pub from: String,
    /// Number of virtual CPUs.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mib: u32,
    /// The files, by path in the template.
    pub files: Vec<(String, Blob)>,
}

impl Recipe {
    /// Returns the files of a runtime, drivers and compiled code, by path in the template.
    pub fn files(
        runtime: Blob,
        drivers: impl IntoIterator<Item = (String, Blob)>,
        compiled: impl IntoIterator<Item = (String, Blob)>,
    ) -> Vec<(String, Blob)> {
        let drivers =
            drivers.into_iter().map(|(name, blob)| (format!("{DRIVERS}/{name}.wasm"), blob));
        let compiled =
            compiled.into_iter().map(|(name, blob)| (format!("{COMPILED}/{name}"), blob));
        std::iter::once((RUNTIME.to_owned(), runtime)).chain(drivers).chain(compiled).collect()
    }

    /// Writes a directory for E2B's own tool: a Dockerfile and the files that it copies.
    ///
    /// # Errors
    /// Returns an error if the directory exists or cannot be written.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir(folder)?;
        let mut text = format!("FROM e2bdev/{}\n", self.from);
        for (target, blob) in &self.files {
            let name = file_name(target);
            fs::copy(&blob.path, folder.join(name))?;
            text.push_str(&format!("COPY {name} {target}\n"));
        }
        text.push_str(&format!("RUN chmod 755 {RUNTIME} && {RUNTIME} --version\n"));
        fs::write(folder.join("Dockerfile"), text)
    }

    /// Builds the template in E2B. Passes progress messages to `log`.
    ///
    /// # Errors
    /// Returns an error if the build fails or a file cannot be read.
    pub async fn build(&self, control: &Control, mut log: impl FnMut(&str)) -> Result<(), Error> {
        let mut template = Template {
            name: self.name.clone(),
            cpu_count: self.cpus,
            memory_mib: self.memory_mib,
            from: self.from.clone(),
            steps: Vec::new(),
        };
        let build = control.create_template(&template).await?;
        let scratch =
            tempfile::tempdir().map_err(|error| Error::local("create a directory", &error))?;
        for (target, blob) in &self.files {
            let name = file_name(target);
            let tar = scratch.path().join("files.tar.gz");
            pack(blob, name, &tar).map_err(|error| Error::local("pack a file", &error))?;
            let hash = canonical::sha256(format!("COPY {name} {target} {}", blob.sha256));
            let is_uploaded = control.send_files(&build, &hash, &Source::file(&tar)).await?;
            log(&format!("{} {target}", if is_uploaded { "Uploaded" } else { "Reused" }));
            let args = [name, target, "root:root", "0755"].map(str::to_owned).to_vec();
            template.steps.push(Step { kind: "COPY".to_owned(), args, files_hash: Some(hash) });
        }
        let args = vec![format!("{RUNTIME} --version"), "user".to_owned()];
        template.steps.push(Step { kind: "RUN".to_owned(), args, files_hash: None });
        control.start_build(&build, &template).await?;
        control.wait_build(&build, PATIENCE, log).await
    }
}

fn file_name(target: &str) -> &str {
    target.rsplit('/').next().unwrap_or(target)
}

/// Packs one file as a gzipped tar.
fn pack(blob: &Blob, name: &str, into: &PathBuf) -> io::Result<()> {
    let mut tar = tar::Builder::new(GzEncoder::new(fs::File::create(into)?, Compression::fast()));
    let mut header = tar::Header::new_gnu();
    header.set_size(blob.size);
    header.set_mode(0o755);
    header.set_mtime(0);
    tar.append_data(&mut header, name, fs::File::open(&blob.path)?)?;
    tar.into_inner()?.finish()?.flush()
}
