//! Installs a release from a local server, and uses the program alone, without any other file of
//! the build.

use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use osiris_tests::built;
use osiris_tests::web::Web;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// A server of the release, and the home of a user who installs it.
struct Place {
    server: Web,
    home: TempDir,
}

impl Place {
    /// Serves the release; `change` replaces files by name.
    fn serving(change: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let server = Web::start(move |request, stream| {
            let name = request.path.trim_start_matches('/');
            let answer = match fs::read(built::dist().join(name)) {
                Ok(content) => {
                    let content = change(name, content);
                    let mut answer =
                        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", content.len())
                            .into_bytes();
                    answer.extend(content);
                    answer
                }
                Err(_) => b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_vec(),
            };
            stream.write_all(&answer).ok();
        });
        Self { server, home: tempfile::tempdir().unwrap() }
    }

    fn install(&self) -> Output {
        self.command("sh")
            .arg(built::dist().join("install.sh"))
            .env("OSIRIS_DOWNLOAD_URL", format!("http://{}", self.server.host()))
            .output()
            .unwrap()
    }

    /// Creates a command with nothing of this build in its environment.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home.path()).current_dir(self.home.path());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command
    }

    fn program(&self) -> PathBuf {
        self.home.path().join(".local/bin/osiris")
    }

    /// Runs the installed program and returns what it prints on stdout.
    fn osiris(&self, arguments: &[&str]) -> String {
        let output = self.command(self.program()).args(arguments).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {text}");
        String::from_utf8(output.stdout).unwrap()
    }
}

fn unchanged(_: &str, content: Vec<u8>) -> Vec<u8> {
    content
}

#[test]
fn installed_program_runs_a_pipeline_without_other_files() {
    let place = Place::serving(unchanged);
    let output = place.install();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("Add it to your PATH"), "{text}");
    for file in ["bash-completion/completions/osiris", "man/man1/osiris.1", "man/man1/osiris-run.1"]
    {
        assert!(place.home.path().join(".local/share").join(file).is_file(), "{file}");
    }
    let version = place.osiris(&["version"]);
    assert!(version.contains("contract  osiris:driver@"), "{version}");
    assert!(version.contains("6 in the program"), "{version}");
    let drivers = place.osiris(&["drivers", "list"]);
    assert_eq!(drivers.matches("comes with osiris").count(), 6, "{drivers}");
    place.osiris(&["init", "demo"]);
    place.osiris(&["run", "--project", "demo", "demo/pipelines/hello.yaml"]);
    assert!(place.home.path().join("demo/output/planets.csv").is_file());
    place.osiris(&["doctor"]);
}

/// An upgrade replaces the program while it runs.
#[test]
fn second_installation_replaces_the_first() {
    let place = Place::serving(unchanged);
    assert!(place.install().status.success());
    let before = fs::metadata(place.program()).unwrap();
    assert!(place.install().status.success());
    let after = fs::metadata(place.program()).unwrap();
    assert_ne!(
        std::os::unix::fs::MetadataExt::ino(&before),
        std::os::unix::fs::MetadataExt::ino(&after)
    );
    assert_eq!(after.permissions().mode() & 0o111, 0o111);
}

#[track_caller]
fn is_refused(place: &Place, reason: &str) {
    let output = place.install();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains(reason), "{text}");
    assert!(!place.home.path().join(".local").exists());
}

#[test]
fn changed_archive_is_refused() {
    is_refused(
        &Place::serving(|name, mut content| {
            if name.ends_with(".tar.gz") {
                content.push(0);
            }
            content
        }),
        "the checksum of",
    );
}

/// Somebody who changes the archive changes its checksum too.
#[test]
fn checksums_of_somebody_else_are_refused() {
    is_refused(
        &Place::serving(|name, content| match name {
            "SHA256SUMS" => content.iter().rev().copied().collect(),
            _ => content,
        }),
        "the signature of",
    );
}

#[test]
fn missing_release_is_an_error() {
    let place = Place::serving(unchanged);
    let output = place
        .command("sh")
        .arg(built::dist().join("install.sh"))
        .env("OSIRIS_DOWNLOAD_URL", format!("http://{}/nowhere", place.server.host()))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot download http://"));
}

/// A driver of the project hides the one that comes with osiris, and says so.
#[test]
fn project_overrides_a_driver_of_osiris() {
    let place = Place::serving(unchanged);
    assert!(place.install().status.success());
    place.osiris(&["init", "demo"]);
    let own = built::folder().join("drivers/filesystem.csv_writer.wasm");
    let path = place.home.path().join("demo/drivers/filesystem.csv_writer.wasm");
    fs::copy(own, path).unwrap();
    let drivers = place.osiris(&["drivers", "list", "--project", "demo"]);
    assert!(drivers.contains("in place of 1.0.0 of osiris"), "{drivers}");
    let output = place
        .command(place.program())
        .args(["run", "--project", "demo", "demo/pipelines/hello.yaml"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("First use of the driver filesystem.csv_writer"), "{text}");
}

/// The extracted drivers lie where other programs of the user can write.
#[test]
fn changed_extracted_driver_is_refused() {
    let place = Place::serving(unchanged);
    assert!(place.install().status.success());
    place.osiris(&["init", "demo"]);
    let run = ["run", "--project", "demo", "demo/pipelines/hello.yaml"];
    place.osiris(&run);
    let extracted = extracted(&place.home.path().join(".cache/osiris/drivers"));
    for file in extracted.iter().filter(|file| file.ends_with("filesystem.csv_writer.wasm")) {
        let mut content = fs::read(file).unwrap();
        *content.last_mut().unwrap() ^= 1;
        fs::write(file, content).unwrap();
    }
    let output = place.command(place.program()).args(run).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("is not the driver that comes with osiris"), "{text}");
}

fn extracted(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let dirs = entries.flat_map(|entry| fs::read_dir(entry.path()).into_iter().flatten().flatten());
    dirs.map(|entry| entry.path()).collect()
}

/// A container with a read-only home is normal.
#[test]
fn program_runs_without_a_cache() {
    let place = Place::serving(unchanged);
    assert!(place.install().status.success());
    place.osiris(&["init", "demo"]);
    let output = place
        .command(place.program())
        .args(["run", "--project", "demo", "demo/pipelines/hello.yaml"])
        .env("OSIRIS_CACHE", "/proc/no-such-directory")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Every blob has the size and the hash that its descriptor names, and the layer has the program.
#[test]
fn container_image_is_a_whole_layout() {
    let image = fs::read_dir(built::image()).unwrap().next().unwrap().unwrap().path();
    let layout = tempfile::tempdir().unwrap();
    unpack(&image, layout.path());
    let json = |path: &Path| -> Value { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    assert_eq!(json(&layout.path().join("oci-layout"))["imageLayoutVersion"], "1.0.0");
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().unwrap();
        let path = layout.path().join("blobs").join(digest.replace(':', "/"));
        let content = fs::read(&path).unwrap();
        assert_eq!(descriptor["size"], content.len());
        assert_eq!(digest, sha256(&content));
        path
    };
    let index = json(&layout.path().join("index.json"));
    let manifest = json(&blob(&index["manifests"][0]));
    let config = json(&blob(&manifest["config"]));
    assert_eq!(config["config"]["Entrypoint"][0], "/usr/local/bin/osiris");
    assert_eq!(config["config"]["User"], "65532:65532");
    let [layer] = manifest["layers"].as_array().unwrap().as_slice() else { panic!("one layer") };
    let mut tar = Vec::new();
    let compressed = fs::File::open(blob(layer)).unwrap();
    flate2::read::GzDecoder::new(compressed).read_to_end(&mut tar).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"][0], sha256(&tar));
    let (file, root) = (layout.path().join("layer.tar"), layout.path().join("root"));
    fs::write(&file, tar).unwrap();
    fs::create_dir(&root).unwrap();
    unpack(&file, &root);
    let program = root.join("usr/local/bin/osiris");
    assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(Command::new(program).arg("version").status().unwrap().success());
    let certificates = fs::read_to_string(root.join("etc/ssl/certs/ca-certificates.crt")).unwrap();
    assert!(certificates.matches("BEGIN CERTIFICATE").count() > 100);
}

fn unpack(archive: &Path, dir: &Path) {
    let mut tar = Command::new("tar");
    let status = tar.arg("-xf").arg(archive).arg("-C").arg(dir).arg("--no-same-owner").status();
    assert!(status.unwrap().success());
}

fn sha256(content: &[u8]) -> String {
    let hash = Sha256::digest(content);
    format!("sha256:{}", hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
}
