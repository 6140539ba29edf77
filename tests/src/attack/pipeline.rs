//! The attacked project and its surroundings.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::json;

use super::{Attack, Beside, Mode};
use crate::osiris::Osiris;
use crate::secret::SECRET;
use crate::{Finished, TestProject, project};

/// Content of a file that no driver may read or change.
const OUTSIDE: &str = "not for drivers\n";

/// A service that accepts connections and never answers.
static SILENT: LazyLock<TcpListener> =
    LazyLock::new(|| TcpListener::bind("127.0.0.1:0").expect("loopback has a free port"));

/// Returns the port of the silent service.
pub(super) fn port() -> u16 {
    SILENT.local_addr().expect("it is bound").port()
}

/// Creates files around the project that no driver may touch, and links to them.
pub(super) fn surround(project: &TestProject) {
    let outside = project.outside();
    fs::write(outside.join("secret.txt"), OUTSIDE).expect("the folder can be written");
    fs::create_dir_all(outside.join("elsewhere")).expect("the folder can be written");
    project.write("data/file.txt", "mine\n");
    for (name, target) in
        [("link-to-file", "../../secret.txt"), ("link-to-folder", "../.."), ("link-to-root", "/")]
    {
        symlink(target, project.path("data").join(name)).expect("links can be made");
    }
}

/// Adds a connection to the silent service; `attack` is for `discover` and `doctor` calls.
pub(super) fn connect(project: &TestProject, host: &str, attack: &str) {
    let connection = json!({
        "host": host, "port": port(), "password": "${SECRET}", "attack": attack,
    });
    let connections = json!({"version": 1, "connections": {"test": {"main": connection}}});
    project.write("osiris_connections.yaml", connections.to_string());
}

/// Checks that everything around the project is unchanged.
pub(super) fn check_outside(project: &TestProject) -> Result<(), String> {
    let mut files = Vec::new();
    project::walk(project.outside(), &mut |path| {
        if !path.starts_with(project.root()) {
            files.push(path.to_owned());
        }
    });
    let secret = project.outside().join("secret.txt");
    if files != [secret.clone()] || fs::read_to_string(secret).ok().as_deref() != Some(OUTSIDE) {
        return Err(format!("something changed outside the project: {files:?}"));
    }
    Ok(())
}

impl Attack {
    /// Writes the project and runs it.
    pub(super) fn execute(&self, project: &TestProject) -> Finished {
        let settings = json!({"version": 1, "limits": self.limits});
        project.write("osiris.yaml", settings.to_string());
        project.write("pipeline.yaml", self.pipeline().to_string());
        surround(project);
        if let Some(host) = &self.connection {
            connect(project, host, "nothing");
        }
        if self.pipe {
            let made = Command::new("mkfifo").arg(project.path("data/pipe")).status();
            assert!(made.expect("mkfifo runs").success(), "a named pipe can be made");
        }
        if self.beside == Some(Beside::Writer) {
            fs::create_dir(project.path("out")).expect("the project can be written");
        }
        let finished = self.osiris(project).run();
        if self.pipe {
            // Checks that read the files would block on the pipe.
            fs::remove_file(project.path("data/pipe")).expect("the pipe is there");
        }
        finished
    }

    pub(super) fn osiris(&self, project: &TestProject) -> Osiris {
        let mut osiris = project.osiris(["run", "pipeline.yaml"]).test_drivers();
        osiris = osiris.env("SECRET", SECRET);
        if let Some(bytes) = self.file_size {
            osiris = osiris.file_size(bytes);
        }
        if let Some(count) = self.open_files {
            osiris = osiris.open_files(count);
        }
        osiris
    }

    fn pipeline(&self) -> serde_json::Value {
        let (mode, mut needs) = match self.mode {
            Mode::Read => ("read", vec![]),
            Mode::Transform => ("transform", vec!["bystander"]),
            Mode::Write => ("write", vec!["bystander"]),
        };
        needs.push("bystander-sink");
        if self.source.is_some() {
            needs = vec!["feeder", "bystander-sink"];
        }
        let mut config = json!({"attack": self.attack, "path": "data"});
        if self.writes {
            config["output"] = "out.txt".into();
        }
        if self.connection.is_some() {
            config["connection"] = "@test.main".into();
        }
        let mut steps = vec![
            json!({
                "id": "bystander", "component": "test.source", "mode": "read",
                "config": {"rows": self.rows, "batch": 1},
            }),
            json!({
                "id": "bystander-sink", "component": "test.sink", "mode": "write",
                "needs": ["bystander"], "config": {"path": "bystander.txt"},
            }),
            json!({
                "id": "attack", "component": "test.hostile", "mode": mode, "needs": needs,
                "config": config,
            }),
        ];
        if let Some(source) = &self.source {
            steps.push(json!({
                "id": "feeder", "component": "test.hostile", "mode": "read",
                "needs": ["bystander-sink"], "config": {"attack": source},
            }));
        }
        let mut end = "attack";
        if self.lagging {
            let forward = |id: &str, needs: &[&str]| json!({"id": id, "component": "test.passthrough", "mode": "transform", "needs": needs});
            steps.extend([forward("fast", &["attack"]), forward("lagging", &["fast", "attack"])]);
            end = "lagging";
        }
        if self.mode != Mode::Write {
            steps.push(json!({
                "id": "victim", "component": "test.sink", "mode": "write",
                "needs": [end], "config": {"path": "victim.txt"},
            }));
        }
        match self.beside {
            None => {}
            Some(Beside::Writer) => steps.push(json!({
                "id": "writer", "component": "filesystem.csv_writer", "mode": "write",
                "needs": ["attack"], "config": {"path": "out/ids.csv"},
            })),
            Some(Beside::Late) => steps.extend([
                json!({
                    "id": "late", "component": "test.source", "mode": "read", "needs": ["victim"],
                }),
                json!({
                    "id": "late-sink", "component": "test.sink", "mode": "write",
                    "needs": ["late"], "config": {"path": "late.txt"},
                }),
            ]),
        }
        json!({"oml_version": "0.1.0", "name": "attack", "steps": steps})
    }
}
