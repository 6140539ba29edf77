//! The engine that compiles drivers and runs them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, OptLevel};

use super::DriverFile;
use super::bindings::{Plugin, PluginPre};
use super::cache::Cache;
use super::spec::Spec;
use super::state::State;
use super::{files, interfaces, lists, sockets};
use crate::own_folder;
use crate::problem::{Error, Problem, Result};

/// How often a running driver lets the host look at its time and at a cancel.
const TICK: Duration = Duration::from_millis(10);
/// The driver's own stack.
const WASM_STACK: usize = 1 << 20;
/// The stack of its fiber, which host functions use too.
const FIBER_STACK: usize = 2 << 20;

/// How an engine is set up.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The folder in which compiled code is kept; none keeps none.
    pub cache: Option<PathBuf>,
    /// Whether a driver can be stopped wherever it is. Only who measures what that
    /// costs does without.
    pub interrupts: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { cache: own_folder::root(), interrupts: true }
    }
}

/// Compiles drivers. One per process is enough.
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<State>,
    cache: Option<Cache>,
}

/// A driver that is compiled and fits this host.
#[derive(Clone)]
pub struct Driver {
    pub(super) pre: PluginPre<State>,
    /// What it says of itself.
    pub spec: Arc<Spec>,
    /// The sha256 of its bytes.
    pub sha256: String,
}

impl Engine {
    /// Starts an engine as it is for users.
    ///
    /// # Errors
    /// The machine cannot run compiled WebAssembly.
    pub fn new() -> Result<Self> {
        Self::with(&Setup::default())
    }

    /// Starts an engine and the thread of its clock.
    ///
    /// # Errors
    /// The machine cannot run compiled WebAssembly.
    pub fn with(setup: &Setup) -> Result<Self> {
        Self::start(setup).map_err(|error| {
            Error::environment(Problem::new(
                "engine",
                format!("the WebAssembly engine did not start: {error}"),
            ))
        })
    }

    fn start(setup: &Setup) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .epoch_interruption(setup.interrupts)
            .max_wasm_stack(WASM_STACK)
            .async_stack_size(FIBER_STACK)
            .cranelift_opt_level(OptLevel::Speed)
            // The same bits on every machine.
            .cranelift_nan_canonicalization(true)
            .wasm_relaxed_simd(false)
            // Nothing that a driver needs.
            .generate_address_map(false)
            .native_unwind_info(false);
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        files::add_to_linker(&mut linker)?;
        sockets::add_to_linker(&mut linker)?;
        Plugin::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |state| state)?;
        lists::add_to_linker(&mut linker)?;
        let weak = engine.weak();
        std::thread::Builder::new().name("osiris-epoch".into()).spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                std::thread::sleep(TICK);
            }
        })?;
        Ok(Self { engine, linker, cache: setup.cache.as_deref().and_then(Cache::open) })
    }

    pub(super) fn inner(&self) -> &wasmtime::Engine {
        &self.engine
    }

    /// Whether a driver is compiled only once on this machine.
    pub fn keeps_code(&self) -> bool {
        self.cache.is_some()
    }

    /// The file with the compiled code of a driver, by the hash of its component;
    /// none if it is not kept.
    pub fn compiled(&self, sha256: &str) -> Option<PathBuf> {
        self.cache.as_ref()?.file(&self.engine, sha256)
    }

    /// Keeps the code that this host compiled on another machine, under its name
    /// there. Nobody else's code may come this way: it is run as it is.
    ///
    /// # Errors
    /// There is no cache, or it cannot be written.
    pub fn adopt(&self, name: &str, file: &Path) -> io::Result<()> {
        let cache = self.cache.as_ref().ok_or(io::ErrorKind::NotFound)?;
        cache.adopt(name, file)
    }

    /// Compiles a driver, or takes the code that was compiled before. `bytes` and
    /// `sha256` are the file's; `compiling` is called before what takes a while.
    ///
    /// # Errors
    /// The component is damaged, or was built for another world.
    pub fn load(
        &self,
        file: &DriverFile,
        bytes: &[u8],
        sha256: String,
        compiling: impl FnOnce(),
    ) -> Result<Driver> {
        if let Some(problem) = interfaces::mismatch(file) {
            return Err(Error::invalid(problem));
        }
        let cached = self.cache.as_ref().and_then(|cache| cache.get(&self.engine, &sha256));
        let component = match cached {
            Some(component) => component,
            None => {
                compiling();
                self.compile(file, bytes, &sha256)?
            }
        };
        let pre =
            self.linker.instantiate_pre(&component).and_then(PluginPre::new).map_err(|error| {
                let why =
                    format!("the driver `{}` does not fit this host: {error:#}", file.spec.name);
                Error::invalid(
                    Problem::new("world_mismatch", why)
                        .in_file(&file.path)
                        .help(format!("build it for the world `plugin` of {}", super::CONTRACT)),
                )
            })?;
        Ok(Driver { pre, spec: file.spec.clone(), sha256 })
    }

    fn compile(&self, file: &DriverFile, bytes: &[u8], sha256: &str) -> Result<Component> {
        let component = Component::new(&self.engine, bytes).map_err(|error| {
            Error::invalid(
                Problem::new("component_invalid", format!("the component is not valid: {error:#}"))
                    .in_file(&file.path)
                    .help("build or download it again"),
            )
        })?;
        if let Some(cache) = &self.cache {
            cache.put(&self.engine, sha256, &component);
        }
        Ok(component)
    }
}
