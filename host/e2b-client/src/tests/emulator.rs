//! Tests against the emulator, with real files and processes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use e2b_local::{E2bLocal, Options, Versions};

use super::super::control::State;
use super::super::envd::Envd;
use super::super::error::Kind;
use super::super::{
    Command, Control, Create, Health, Output, Process, Sandbox, Settings, Signal, Source, Type,
};

/// An emulator and a client for it.
pub(super) struct Cloud {
    pub(super) server: E2bLocal,
    pub(super) settings: Settings,
    pub(super) control: Control,
}

impl Cloud {
    pub(super) async fn start(options: Options) -> Self {
        let server = tokio::task::spawn_blocking(|| E2bLocal::start(options).unwrap());
        let server = server.await.unwrap();
        let env = BTreeMap::from(server.env());
        let settings = Settings::from(|name| {
            env.get(name).cloned().map(osiris_core::variable::Variable::exported)
        })
        .unwrap();
        let control = Control::new(&settings).unwrap();
        Self { server, settings, control }
    }

    pub(super) async fn sandbox(&self) -> (Sandbox, Envd) {
        let sandbox = self.control.create(&create("r1")).await.unwrap();
        let envd = Envd::new(&self.settings, &sandbox).unwrap();
        (sandbox, envd)
    }
}

pub(super) fn create(run: &str) -> Create {
    Create {
        template: "base".into(),
        timeout: Duration::from_secs(120),
        metadata: BTreeMap::from([("run".into(), run.into())]),
        env: BTreeMap::from([("GLOBAL".into(), "everywhere".into())]),
        ..Create::default()
    }
}

pub(super) fn shell(script: &str) -> Command {
    Command { cmd: "/bin/sh".into(), args: vec!["-c".into(), script.into()], ..Command::default() }
}

/// Reads until standard output contains this text.
async fn until(process: &mut Process, text: &str) {
    let mut all = Vec::new();
    while !String::from_utf8_lossy(&all).contains(text) {
        if let Output::Stdout(piece) = process.next().await.unwrap().unwrap() {
            all.extend_from_slice(&piece);
        }
    }
}

/// Returns the exit of the process; the stream must end properly.
async fn exit_status(process: &mut Process) -> (i32, String) {
    let mut end = None;
    while let Some(output) = process.next().await.unwrap() {
        if let Output::Exited { code, status } = output {
            end = Some((code, status));
        }
    }
    end.unwrap()
}

/// Returns bytes that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let byte = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(byte).take(len).collect()
}

pub(super) async fn read(envd: &Envd, path: &str, from: u64) -> Vec<u8> {
    let mut download = envd.download(path, from).await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = download.next().await.unwrap() {
        all.extend_from_slice(&piece);
    }
    all
}

#[tokio::test]
async fn sandbox_is_created_listed_extended_and_killed() {
    for versions in [Versions::V1, Versions::V2] {
        let cloud = Cloud::start(Options { versions, ..Options::default() }).await;
        let control = &cloud.control;
        let (sandbox, envd) = cloud.sandbox().await;
        control.create(&create("r2")).await.unwrap();
        assert_eq!(control.list(&BTreeMap::new()).await.unwrap().len(), 2);
        let sandboxes = control.list(&create("r1").metadata).await.unwrap();
        assert_eq!((sandboxes.len(), sandboxes[0].id.as_str()), (1, sandbox.id.as_str()));
        assert_eq!(sandboxes[0].state, State::Running);

        let before = control.info(&sandbox.id).await.unwrap().unwrap().end_at;
        control.set_timeout(&sandbox.id, Duration::from_secs(600)).await.unwrap();
        assert!(control.info(&sandbox.id).await.unwrap().unwrap().end_at > before);
        let connected = control.connect(&sandbox.id, Duration::from_secs(60)).await.unwrap();
        assert_eq!(connected.id, sandbox.id);
        control.metrics(&sandbox.id).await.unwrap();
        assert!(matches!(envd.health().await, Health::Up));

        control.kill(&sandbox.id).await.unwrap();
        control.kill(&sandbox.id).await.unwrap();
        assert!(matches!(envd.health().await, Health::Gone));
        assert!(control.info(&sandbox.id).await.unwrap().is_none());
        let error = envd.stat("/").await.unwrap_err();
        assert_eq!(error.kind, Kind::SandboxGone);
        assert_eq!(cloud.server.sandboxes().len(), 1);
    }
}

#[tokio::test]
async fn uploaded_files_download_unchanged() {
    let cloud = Cloud::start(Options::default()).await;
    let (_, envd) = cloud.sandbox().await;
    // The first upload is sent raw, the second compressed.
    let noise = noise(3_000_000);
    envd.upload("/home/user/in/data.bin", &Source::bytes(noise.clone())).await.unwrap();
    assert!(read(&envd, "/home/user/in/data.bin", 0).await == noise);
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| (n / 251) as u8).collect();
    let sent_bytes = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&sent_bytes);
    let source = Source::bytes(bytes.clone());
    let source = source.on_progress(move |sent| counter.store(sent, Ordering::Relaxed));
    envd.upload("/home/user/in/data.bin", &source).await.unwrap();
    assert_eq!(sent_bytes.load(Ordering::Relaxed), 3_000_000);
    let entry = envd.stat("/home/user/in/data.bin").await.unwrap().unwrap();
    assert_eq!((entry.kind, entry.size), (Type::File, 3_000_000));
    assert!(read(&envd, "/home/user/in/data.bin", 0).await == bytes);
    assert!(read(&envd, "/home/user/in/data.bin", 2_999_000).await == bytes[2_999_000..]);
    assert!(read(&envd, "/home/user/in/data.bin", 3_000_000).await.is_empty());

    envd.upload("/home/user/in/data.bin", &Source::bytes("")).await.unwrap();
    assert!(read(&envd, "/home/user/in/data.bin", 0).await.is_empty());
    envd.make_dir("/home/user/out").await.unwrap();
    envd.make_dir("/home/user/out").await.unwrap();
    envd.rename("/home/user/in/data.bin", "/home/user/out/a b").await.unwrap();
    assert_eq!(envd.stat("/home/user/in/data.bin").await.unwrap(), None);
    let missing = envd.download("/home/user/in/data.bin", 0).await.unwrap_err();
    assert_eq!(missing.kind, Kind::NotFound);
    let folder = envd.download("/home/user/out", 0).await.unwrap_err();
    assert_eq!(folder.kind, Kind::Invalid);
    envd.remove("/home/user/out").await.unwrap();
    envd.remove("/home/user/out").await.unwrap();
    assert_eq!(envd.stat("/home/user/out").await.unwrap(), None);
}

#[tokio::test]
async fn commands_run_with_env_cwd_and_exit_code() {
    let cloud = Cloud::start(Options::default()).await;
    let (_, envd) = cloud.sandbox().await;
    let command = Command {
        env: BTreeMap::from([("OWN".into(), "here".into())]),
        cwd: Some("/tmp".into()),
        ..shell("echo $GLOBAL $OWN; pwd; echo problem >&2; exit 3")
    };
    let finished = envd.run(&command).await.unwrap();
    assert_eq!((finished.exit_code, finished.cut), (3, false));
    assert_eq!(String::from_utf8(finished.stdout).unwrap(), "everywhere here\n/tmp\n");
    assert_eq!(String::from_utf8(finished.stderr).unwrap(), "problem\n");
    assert_eq!(envd.run(&shell("cat")).await.unwrap().exit_code, 0);
    let much = envd.run(&shell("head -c 3000000 /dev/zero")).await.unwrap();
    assert_eq!((much.exit_code, much.cut, much.stdout.len()), (0, true, 1 << 20));
    let missing = Command { cmd: "/no/such/program".into(), ..Command::default() };
    assert_eq!(envd.run(&missing).await.unwrap().exit_code, 127);
    let nowhere = Command { cwd: Some("/no/such/folder".into()), ..shell("true") };
    assert_eq!(envd.run(&nowhere).await.unwrap_err().kind, Kind::Invalid);
    let long = envd.with_timeout(Duration::from_secs(1)).run(&shell("exec sleep 600")).await;
    let long = long.unwrap_err();
    assert_eq!(long.kind, Kind::Timeout);
    assert!(long.message.contains("was killed"), "{long}");
}

#[tokio::test]
async fn detached_process_can_be_reattached() {
    let cloud = Cloud::start(Options::default()).await;
    let (_, envd) = cloud.sandbox().await;
    let envd = envd.with_keepalive(Duration::from_secs(1));
    let echo = Command { stdin: true, ..shell("while read l; do echo got $l; done; echo over") };
    let mut first = envd.start(&echo).await.unwrap();
    envd.send_input(first.pid, b"one\n").await.unwrap();
    until(&mut first, "got one\n").await;
    assert_eq!(first.next().await.unwrap(), Some(Output::KeepAlive));
    let pid = first.pid;
    drop(first);
    let mut second = envd.attach(pid).await.unwrap();
    assert_eq!(second.pid, pid);
    envd.send_input(pid, b"two\n").await.unwrap();
    until(&mut second, "got two\n").await;
    envd.close_stdin(pid).await.unwrap();
    until(&mut second, "over\n").await;
    assert_eq!(exit_status(&mut second).await, (0, "exit status 0".into()));
    let error = envd.send_input(pid, b"x").await.unwrap_err();
    assert_eq!(error.kind, Kind::NotFound);
}

#[tokio::test]
async fn signal_ends_a_process() {
    let cloud = Cloud::start(Options::default()).await;
    let (_, envd) = cloud.sandbox().await;
    for (signal, status) in [(Signal::Term, "signal: terminated"), (Signal::Kill, "signal: killed")]
    {
        let mut process = envd.start(&shell("exec sleep 600")).await.unwrap();
        envd.signal(process.pid, signal).await.unwrap();
        assert_eq!(exit_status(&mut process).await, (-1, status.into()));
        let error = envd.signal(process.pid, signal).await.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
    }
}

#[tokio::test]
async fn lost_stream_and_lost_sandbox_are_distinguished() {
    let cloud = Cloud::start(Options::default()).await;
    let (sandbox, envd) = cloud.sandbox().await;
    let mut process = envd.start(&shell("exec sleep 600")).await.unwrap();
    assert!(cloud.server.restart_envd(&sandbox.id));
    let error = loop {
        if let Err(error) = process.next().await {
            break error;
        }
    };
    assert_eq!(error.kind, Kind::StreamLost);
    assert!(matches!(envd.health().await, Health::Up));
    assert_eq!(envd.attach(process.pid).await.unwrap_err().kind, Kind::NotFound);
    assert!(cloud.server.kill_sandbox(&sandbox.id));
    assert!(matches!(envd.health().await, Health::Gone));
    assert_eq!(envd.attach(process.pid).await.unwrap_err().kind, Kind::SandboxGone);
}
