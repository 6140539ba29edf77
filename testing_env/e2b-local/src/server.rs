//! The emulator as tests hold it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use services::Folder;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::fault::{Fault, Faults};
use crate::listen::{Plane, listen, listen_with_tls};
use crate::names::Names;
use crate::options::Options;
use crate::state::State;

/// A running emulator. When it is dropped, every process of its sandboxes is
/// killed and every folder removed.
#[derive(Debug)]
pub struct E2bLocal {
    /// The address of the control plane, such as `http://127.0.0.1:3000`.
    pub api_url: String,
    /// The address of envd of all sandboxes.
    pub sandbox_url: String,
    /// The API key that it accepts.
    pub key: String,
    state: Arc<State>,
    /// Taken when it is dropped.
    runtime: Option<Runtime>,
    _folder: Folder,
}

/// A sandbox that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Living {
    /// Its id.
    pub id: String,
    /// The tags it was made with.
    pub metadata: BTreeMap<String, String>,
}

impl E2bLocal {
    /// Starts one on 127.0.0.1, with threads of its own.
    ///
    /// # Errors
    /// Returns an error if a port is taken, a template's file cannot be read, there is
    /// no room, or this machine lacks what the options need.
    pub fn start(options: Options) -> Result<Self> {
        let folder = Folder::new("e2b-local-")?;
        let (api_port, sandbox_port) = (options.api_port, options.sandbox_port);
        let state = State::new(options, folder.path().to_owned())?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("e2b-local")
            .enable_all()
            .build()?;
        let domain = state.options.domain.clone();
        let startup = async {
            if let Some(domain) = domain {
                let (names, listener) = Names::start(&domain, &state.folder.join("names"))?;
                let urls = ["api", "sandbox"].map(|host| format!("https://{host}.{domain}"));
                let _ = state.api_url.set(urls[0].clone());
                let _ = state.names.set(names);
                let tcp = TcpListener::from_std(listener.tcp)?;
                tokio::spawn(listen_with_tls(state.clone(), tcp, listener.tls));
                return anyhow::Ok(urls.into());
            }
            let api = bind(api_port).await?;
            let sandbox = bind(sandbox_port).await?;
            let urls = (url(&api)?, url(&sandbox)?);
            let _ = state.api_url.set(urls.0.clone());
            tokio::spawn(listen(state.clone(), Plane::Control, api));
            tokio::spawn(listen(state.clone(), Plane::Envd, sandbox));
            anyhow::Ok(urls)
        };
        let (api_url, sandbox_url) = in_thread(|| runtime.block_on(startup))?;
        let key = state.key.clone();
        Ok(Self { api_url, sandbox_url, key, state, runtime: Some(runtime), _folder: folder })
    }

    /// The variables that lead E2B's SDKs here, with their values. With a domain,
    /// they are the domain and the file of the authority to trust instead of addresses.
    #[must_use]
    pub fn env(&self) -> [(&'static str, String); 3] {
        let key = ("E2B_API_KEY", self.key.clone());
        match self.state.names.get() {
            Some(names) => [
                ("E2B_DOMAIN", names.domain.clone()),
                ("SSL_CERT_FILE", names.authority.display().to_string()),
                key,
            ],
            None => [
                ("E2B_API_URL", self.api_url.clone()),
                ("E2B_SANDBOX_URL", self.sandbox_url.clone()),
                key,
            ],
        }
    }

    /// The program and first arguments that run a command where the names of the
    /// domain are known. Nothing but the emulator can be reached there. Empty without
    /// a domain: then any command reaches the emulator.
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        self.state.names.get().map(Names::command).unwrap_or_default()
    }

    /// The reason why sandboxes are not held to their egress rules, with the remedy.
    /// Returns `None` if they are held to them.
    #[must_use]
    pub fn unenforced(&self) -> Option<&str> {
        self.state.unenforced.as_deref()
    }

    /// The sandboxes that live, by id.
    #[must_use]
    pub fn sandboxes(&self) -> Vec<Living> {
        let sandboxes = self.state.sandboxes();
        let sandboxes = sandboxes.values();
        sandboxes.map(|one| Living { id: one.id.clone(), metadata: one.metadata.clone() }).collect()
    }

    /// The folder of this machine that is `/home/user` of a living sandbox.
    #[must_use]
    pub fn home(&self, id: &str) -> Option<PathBuf> {
        Some(self.state.sandbox(id)?.files.folder().join("home/user"))
    }

    /// All that E2B would log or keep, in order: request lines, the bodies of
    /// creates, argv and variables of started processes, and what was sent to
    /// their standard input by `SendInput`, decoded.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.state.record.lines()
    }

    /// The number of requests of each route, such as `POST /v2/sandboxes`,
    /// `DELETE /sandboxes/{id}` or `POST /process.Process/Start`.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.state.record.counts()
    }

    /// Arms a fault.
    pub fn fault(&self, fault: Fault) {
        self.faults().add(fault);
    }

    /// Takes back all faults.
    pub fn clear_faults(&self) {
        self.faults().clear();
    }

    /// Ends a sandbox at once, as a failure of its machine would. False if there is none.
    pub fn kill_sandbox(&self, id: &str) -> bool {
        self.block_on(self.state.kill(id)).unwrap_or(false)
    }

    /// Restarts envd of a sandbox: streams break and processes are forgotten, but
    /// live on. False if there is no such sandbox.
    pub fn restart_envd(&self, id: &str) -> bool {
        let sandbox = self.state.sandbox(id);
        sandbox.inspect(|sandbox| sandbox.processes.forget()).is_some()
    }

    /// Sets the clock that `Date` and `startedAt` show so many seconds ahead.
    pub fn set_clock_ahead(&self, seconds: i64) {
        self.state.clock.set(seconds);
    }

    /// Cuts the network or brings it back: without it, every connection is dropped.
    pub fn set_online(&self, online: bool) {
        self.state.online.send_replace(online);
    }

    fn faults(&self) -> &Faults {
        &self.state.faults
    }

    fn block_on<T: Send>(&self, future: impl Future<Output = T> + Send) -> Option<T> {
        let runtime = self.runtime.as_ref()?;
        Some(in_thread(|| runtime.block_on(future)))
    }
}

impl Drop for E2bLocal {
    fn drop(&mut self) {
        self.state.online.send_replace(false);
        let ids: Vec<String> = self.state.sandboxes().keys().cloned().collect();
        self.block_on(async {
            for id in &ids {
                self.state.kill(id).await;
            }
        });
        if let Some(runtime) = self.runtime.take() {
            in_thread(|| runtime.shutdown_timeout(Duration::from_secs(5)));
        }
    }
}

/// Does something in a thread of its own: who asks may be inside a runtime, whose
/// threads must not wait for another.
fn in_thread<T: Send>(what: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let result = scope.spawn(what).join();
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

async fn bind(port: u16) -> Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}: choose another port"))
}

fn url(listener: &TcpListener) -> Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}
