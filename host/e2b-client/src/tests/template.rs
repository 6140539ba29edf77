//! Builds a template in the emulator.

use std::time::Duration;

use async_compression::tokio::bufread::GzipEncoder;
use e2b_local::{Effect, Fault, Options};
use tokio::io::AsyncReadExt as _;

use super::super::envd::Envd;
use super::super::error::Kind;
use super::super::{Create, Source, Step, Template};
use super::emulator::{Cloud, create, shell};

const HASH: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

fn template(run: &str) -> Template {
    let step = |kind: &str, args: &[&str], hash: Option<&str>| Step {
        kind: kind.into(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        files_hash: hash.map(Into::into),
    };
    Template {
        name: "ours:v1".into(),
        cpu_count: 2,
        memory_mib: 1024,
        from: "base".into(),
        steps: vec![
            step("COPY", &["hello", "/usr/local/bin/hello", "", "0755"], Some(HASH)),
            step("RUN", &[run, "user"], None),
        ],
    }
}

/// Returns a gzipped tar with one program.
async fn files() -> Source {
    let program = b"#!/bin/sh\necho hello from the template\n";
    let mut header = tar::Header::new_gnu();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, "hello", &program[..]).unwrap();
    let tar = tar.into_inner().unwrap();
    let mut small = Vec::new();
    GzipEncoder::new(&tar[..]).read_to_end(&mut small).await.unwrap();
    Source::bytes(small)
}

#[tokio::test]
async fn built_template_runs_its_files() {
    let cloud = Cloud::start(Options::default()).await;
    let (control, timeout) = (&cloud.control, Duration::from_secs(30));
    let template = template("/usr/local/bin/hello");
    let build = control.create_template(&template).await.unwrap();
    cloud.server.fault(Fault::on("*", Effect::Drop).containing("/_storage/"));
    assert!(control.send_files(&build, HASH, &files().await).await.unwrap());
    assert!(!control.send_files(&build, HASH, &files().await).await.unwrap());
    let requests = cloud.server.requests();
    let uploads = requests.iter().filter(|(route, _)| route.starts_with("PUT /_storage/"));
    assert_eq!(uploads.map(|(_, times)| times).sum::<u64>(), 2);
    control.start_build(&build, &template).await.unwrap();
    let mut log = Vec::new();
    control.wait_build(&build, timeout, |line| log.push(line.to_owned())).await.unwrap();
    assert!(log.iter().any(|line| line.contains("hello from the template")), "{log:?}");

    let request = Create { template: "ours:v1".into(), ..create("r1") };
    let sandbox = control.create(&request).await.unwrap();
    let envd = Envd::new(&cloud.settings, &sandbox).unwrap();
    let finished = envd.run(&shell("hello")).await.unwrap();
    assert_eq!(finished.stdout, b"hello from the template\n");
}

#[tokio::test]
async fn failed_build_reports_its_reason() {
    let cloud = Cloud::start(Options::default()).await;
    let (control, timeout) = (&cloud.control, Duration::from_secs(30));
    let template = template("echo it is broken; exit 7");
    let build = control.create_template(&template).await.unwrap();
    control.send_files(&build, HASH, &files().await).await.unwrap();
    control.start_build(&build, &template).await.unwrap();
    let error = control.wait_build(&build, timeout, |_| ()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains('7'), "{error}");

    let unknown = Create { template: "ours:v2".into(), ..create("r1") };
    let error = control.create(&unknown).await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound, "{error}");
}
