//! `osiris init`.

mod gitignore;
mod template;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::fs::atomic;
use osiris_core::fs::layout::{CONNECTIONS_FILE, DRIVERS_DIR, SETTINGS_FILE};
use osiris_pipeline::connection::Connections;
use serde_json::json;

use self::template::Family;
use super::render::{BOLD, DIM, SUCCESS, paint};
use super::shell::{CommandOutput, display_path};

pub(super) use self::template::Template;

const EXAMPLES: &str = "\
Examples:
  osiris init                               add osiris to the working directory
  osiris init demo                          create a project in a new directory
  osiris init --template csv-to-postgres    start with another pipeline
  osiris init demo --force                  restore the pipeline and its data

Templates:
  hello              copy a CSV file; runs without further files or services
  csv-to-postgres    load a CSV file into PostgreSQL
  mysql-to-csv       export a table of MySQL or MariaDB to a CSV file
  postgres-to-csv    export a table of PostgreSQL to a CSV file
  incremental        load the new rows of a MySQL table into PostgreSQL, run after run

Existing files stay as they are. `.gitignore` gets the lines that it lacks, so that
Git ignores .env and the files that runs leave. The command can be repeated, also to
add the pipelines of other templates to a project.";

/// Name of the file with Git's exceptions.
const GITIGNORE: &str = ".gitignore";
/// Name of the file with the variables of the connections.
const VARIABLES: &str = ".env.example";

/// Create a project, or add osiris to a directory
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Project directory; created if missing
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Pipeline to start with
    #[arg(long, value_name = "NAME", value_enum, hide_possible_values = true, default_value_t = Template::Hello)]
    template: Template,
    /// Overwrite the template's pipeline and data; no other file is ever replaced
    #[arg(long)]
    force: bool,
}

/// The result for one file.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Created,
    Replaced,
    /// These lines were added.
    Extended(Vec<&'static str>),
    /// The file existed and is unchanged.
    Kept {
        /// Whether `--force` would replace the file.
        replaceable: bool,
    },
}

pub(super) fn init(args: &Args) -> Result<CommandOutput> {
    let Args { dir, template, force } = args;
    let families = template.families();
    make_folder(&dir.join(DRIVERS_DIR))?;
    let mut files = vec![
        (SETTINGS_FILE, create(dir, SETTINGS_FILE, include_str!("files/osiris.yaml"))?),
        (GITIGNORE, extend_gitignore(&dir.join(GITIGNORE))?),
    ];
    let mut missing_connections = Vec::new();
    if !families.is_empty() {
        // A connections file above the project also counts: a new one would hide it.
        let outcome = match Connections::read(&absolute(dir)) {
            Ok(Connections { file: None, .. }) => {
                create(dir, CONNECTIONS_FILE, &template::connections(families))?
            }
            existing => {
                let has = |family: &&Family| {
                    existing.as_ref().is_ok_and(|connections| {
                        connections.choose(family.name(), Some(Family::ALIAS)).is_ok()
                    })
                };
                missing_connections.extend(families.iter().filter(|family| !has(family)));
                Outcome::Kept { replaceable: false }
            }
        };
        files.push((CONNECTIONS_FILE, outcome));
        files.push((VARIABLES, create(dir, VARIABLES, &template::variables(families))?));
    }
    for (name, content) in template.files() {
        let outcome = match create(dir, name, content)? {
            Outcome::Kept { .. } => replace(&dir.join(name), content, *force)?,
            created => created,
        };
        files.push((name, outcome));
    }
    Ok(answer(&absolute(dir), *template, &files, &missing_connections))
}

fn absolute(dir: &Path) -> PathBuf {
    fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned())
}

fn answer(
    dir: &Path,
    template: Template,
    files: &[(&str, Outcome)],
    missing_connections: &[Family],
) -> CommandOutput {
    let (display, whole) = (display_path(dir), dir.display().to_string());
    let next = next(dir, &display, template);
    let all_kept = files.iter().all(|(_, outcome)| matches!(outcome, Outcome::Kept { .. }));
    let mut text = format!(
        "{} {} is an Osiris project{}\n",
        paint(SUCCESS, "✓"),
        paint(BOLD, if display == "." { &whole } else { &display }),
        if all_kept { ", and all files of the template exist" } else { "" }
    );
    let width = files.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, outcome) in files {
        let note = match outcome {
            Outcome::Created => String::new(),
            Outcome::Replaced => "replaced".to_owned(),
            Outcome::Extended(lines) => format!("added {}", lines.join(" ")),
            Outcome::Kept { replaceable: false } => "kept".to_owned(),
            Outcome::Kept { replaceable: true } => {
                "kept; differs from the template, `--force` replaces it".to_owned()
            }
        };
        let line = format!("{name:<width$}  {note}");
        text.push_str(&format!("  {}\n", paint(DIM, line.trim_end())));
    }
    if !missing_connections.is_empty() {
        text.push_str(&format!("Add to {CONNECTIONS_FILE}, below `connections:`:\n"));
        missing_connections.iter().for_each(|family| text.push_str(family.connection()));
    }
    text.push_str("Next:\n");
    next.iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    let named = |is: fn(&Outcome) -> bool| -> Vec<&str> {
        files.iter().filter(|(_, outcome)| is(outcome)).map(|(name, _)| *name).collect()
    };
    let ignored: Vec<&str> = files
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::Extended(lines) => Some(lines.as_slice()),
            _ => None,
        })
        .flatten()
        .copied()
        .collect();
    let reference = |family: &Family| format!("@{}.{}", family.name(), Family::ALIAS);
    let json = json!({
        "project": dir,
        "template": template.name(),
        "created": named(|outcome| *outcome == Outcome::Created),
        "replaced": named(|outcome| *outcome == Outcome::Replaced),
        "kept": named(|outcome| matches!(outcome, Outcome::Kept { .. })),
        "ignored": ignored,
        "missing_connections": missing_connections.iter().map(reference).collect::<Vec<_>>(),
        "next": next,
    });
    CommandOutput::new(json, text)
}

/// Returns the commands to type next.
fn next(dir: &Path, display: &str, template: Template) -> Vec<String> {
    let mut next = Vec::new();
    if display != "." {
        next.push(format!("cd {display}"));
    }
    if !template.families().is_empty() {
        if !dir.join(".env").exists() {
            next.push(format!("cp {VARIABLES} .env  # put your values there"));
        }
        next.push("osiris connections doctor".to_owned());
    }
    next.push(format!("osiris run {}", template.name()));
    next
}

/// Writes a file that does not exist yet.
fn create(dir: &Path, name: &str, content: &str) -> Result<Outcome> {
    let path = dir.join(name);
    make_folder(path.parent().unwrap_or(dir))?;
    match atomic::write_new(&path, content.as_bytes()) {
        Ok(()) => Ok(Outcome::Created),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Ok(Outcome::Kept { replaceable: false })
        }
        Err(error) => Err(unwritable(&path, &error)),
    }
}

/// Replaces an existing file that differs, if allowed.
fn replace(path: &Path, content: &str, force: bool) -> Result<Outcome> {
    // The target of a dangling symlink does not exist, and so differs.
    let differs = fs::read(path).ok().is_none_or(|existing| existing != content.as_bytes());
    if !differs || !force {
        return Ok(Outcome::Kept { replaceable: differs });
    }
    atomic::write(path, content.as_bytes()).map_err(|error| unwritable(path, &error))?;
    Ok(Outcome::Replaced)
}

/// Creates `.gitignore`, or adds the lines that are missing.
fn extend_gitignore(path: &Path) -> Result<Outcome> {
    match atomic::write_new(path, gitignore::NEW.as_bytes()) {
        Ok(()) => return Ok(Outcome::Created),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(unwritable(path, &error)),
    }
    let unreadable = |error: io::Error| {
        environment(path, format!("cannot add the missing lines: cannot read the file: {error}"))
    };
    // A symlink stays a symlink.
    let target = fs::canonicalize(path).map_err(unreadable)?;
    let existing = fs::read(&target).map_err(unreadable)?;
    let lines = gitignore::missing(&existing);
    if lines.is_empty() {
        return Ok(Outcome::Kept { replaceable: false });
    }
    let content = gitignore::append(existing, &lines);
    atomic::write(&target, &content).map_err(|error| unwritable(path, &error))?;
    Ok(Outcome::Extended(lines))
}

fn make_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path)
        .map_err(|error| environment(path, format!("cannot create the directory: {error}")))
}

fn unwritable(path: &Path, error: &io::Error) -> Error {
    environment(path, format!("cannot write the project file: {error}"))
}

fn environment(path: &Path, message: String) -> Error {
    Error::environment(Diagnostic::new(Code::ProjectUnwritable, message).in_file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(dir: &Path, template: Template, force: bool) -> Args {
        Args { dir: dir.to_owned(), template, force }
    }

    #[test]
    fn existing_files_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let mine = [SETTINGS_FILE, ".env", VARIABLES, "data/planets.csv"];
        fs::create_dir(dir.join("data")).unwrap();
        for name in mine {
            fs::write(dir.join(name), "mine\n").unwrap();
        }
        fs::write(dir.join(GITIGNORE), "node_modules/").unwrap();
        let answer = init(&args(dir, Template::CsvToPostgres, false)).unwrap();
        let created = json!([CONNECTIONS_FILE, "pipelines/csv-to-postgres.yaml"]);
        assert_eq!(answer.json["created"], created);
        assert_eq!(answer.json["kept"], json!([SETTINGS_FILE, VARIABLES, "data/planets.csv"]));
        for name in mine {
            assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), "mine\n", "{name}");
        }
        let ignored = fs::read_to_string(dir.join(GITIGNORE)).unwrap();
        assert_eq!(ignored, "node_modules/\n/.osiris/\n/logs/\n/output/\n.env\n");
        assert!(dir.join(DRIVERS_DIR).is_dir());

        // `--force` replaces the example, and nothing else.
        let answer = init(&args(dir, Template::CsvToPostgres, true)).unwrap();
        assert_eq!(answer.json["replaced"], json!(["data/planets.csv"]));
        for name in [SETTINGS_FILE, ".env", VARIABLES] {
            assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), "mine\n", "{name}");
        }
        assert_eq!(fs::read_to_string(dir.join(GITIGNORE)).unwrap(), ignored);
    }

    #[test]
    fn repeated_init_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for force in [false, true] {
            init(&args(folder.path(), Template::Incremental, force)).unwrap();
            let answer = init(&args(folder.path(), Template::Incremental, force)).unwrap();
            assert_eq!(answer.json["created"], json!([]));
            assert_eq!(answer.json["replaced"], json!([]));
            assert_eq!(answer.json["kept"].as_array().unwrap().len(), 5);
            assert!(answer.text.contains("all files of the template exist"), "{}", answer.text);
        }
    }

    #[test]
    fn connection_that_a_kept_file_lacks_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        init(&args(folder.path(), Template::PostgresToCsv, false)).unwrap();
        let answer = init(&args(folder.path(), Template::Incremental, false)).unwrap();
        assert_eq!(answer.json["missing_connections"], json!(["@mysql.main"]));
        assert!(answer.text.contains("\n  mysql:\n    main:\n"), "{}", answer.text);
    }

    #[cfg(unix)]
    #[test]
    fn symlinked_gitignore_stays_a_symlink() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        fs::write(dir.join("shared"), "a\n").unwrap();
        std::os::unix::fs::symlink("shared", dir.join(GITIGNORE)).unwrap();
        init(&args(dir, Template::Hello, false)).unwrap();
        assert!(dir.join(GITIGNORE).symlink_metadata().unwrap().is_symlink());
        assert!(fs::read_to_string(dir.join("shared")).unwrap().ends_with("\n.env\n"));
    }

    #[test]
    fn init_into_a_file_is_rejected() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("file");
        fs::write(&dir, "").unwrap();
        let error = init(&args(&dir, Template::Hello, false)).unwrap_err().to_string();
        assert!(error.starts_with("cannot create the directory: Not a directory"), "{error}");
    }
}
