//! The engine that compiles drivers and runs them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, OptLevel};

use super::DriverFile;
use super::bindings::{Plugin, PluginPre};
use super::cache::Cache;
use super::code::{Code, Place};
use super::compiler::{self, Compiler, Output, Refusal};
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
    /// Place where components are compiled.
    pub compiler: Compiler,
}

impl Default for Setup {
    fn default() -> Self {
        Self { cache: own_folder::root(), interrupts: true, compiler: Compiler::default() }
    }
}

/// Has drivers compiled, and runs them. One per process is enough. It starts no thread
/// before the first call of a driver.
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<State>,
    cache: Option<Cache>,
    compiler: Compiler,
    interrupts: bool,
    clock: Once,
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
    /// Makes an engine as it is for users.
    ///
    /// # Errors
    /// The machine cannot run compiled WebAssembly.
    pub fn new() -> Result<Self> {
        Self::with(&Setup::default())
    }

    /// Makes an engine.
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
            // Of that proposal, subtypes of functions are valid without a collector, and a call
            // through a table of them ends in code that is not there, which ends the process.
            .wasm_gc(false)
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
        let Setup { cache, interrupts, compiler } = setup.clone();
        let cache = cache.as_deref().and_then(Cache::open);
        Ok(Self { engine, linker, cache, compiler, interrupts, clock: Once::new() })
    }

    /// The engine, with its clock: a thread that lets running drivers look at their time.
    pub(super) fn running(&self) -> &wasmtime::Engine {
        self.clock.call_once(|| {
            let weak = self.engine.weak();
            let tick = move || {
                while let Some(engine) = weak.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(TICK);
                }
            };
            let started = std::thread::Builder::new().name("osiris-epoch".into()).spawn(tick);
            // Without it no driver could be stopped, so none may run.
            started.expect("the system has a thread for the engine's clock");
        });
        &self.engine
    }

    /// Tells engines apart that cannot run each other's code.
    pub(super) fn identity(&self) -> String {
        super::cache::identity(&self.engine)
    }

    /// Whether a driver is compiled only once on this machine.
    pub fn keeps_code(&self) -> bool {
        self.cache.is_some()
    }

    /// The file with the compiled code of a driver, by the hash of its component;
    /// none if it is not kept.
    pub fn compiled(&self, sha256: &str) -> Option<PathBuf> {
        self.cache.as_ref()?.file(&self.identity(), sha256)
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

    /// Compiles a driver, or finds the code that was compiled before, and loads it.
    /// `bytes` and `sha256` are the file's; `compiling` is called before what takes a
    /// while.
    ///
    /// # Errors
    /// As [`Engine::code`] and [`Engine::link`].
    pub fn load(
        &self,
        file: &DriverFile,
        bytes: &[u8],
        sha256: String,
        compiling: impl FnOnce(),
    ) -> Result<Driver> {
        self.link(&self.code(file, bytes, sha256, compiling)?)
    }

    /// Compiles a driver, or finds the code that was compiled before. Nothing of it is
    /// in this process then. `bytes` and `sha256` are the file's; `compiling` is called
    /// before what takes a while.
    ///
    /// # Errors
    /// The component is damaged, was built for another world, or takes too much to be
    /// compiled.
    pub fn code(
        &self,
        file: &DriverFile,
        bytes: &[u8],
        sha256: String,
        compiling: impl FnOnce(),
    ) -> Result<Code> {
        if let Some(problem) = interfaces::mismatch(file) {
            return Err(Error::invalid(problem));
        }
        let (spec, path) = (file.spec.clone(), file.path.clone());
        let code = |place| Code { place, spec, path, sha256: sha256.clone() };
        if let Some(kept) = self.compiled(&sha256) {
            return Ok(code(Place::File(kept)));
        }
        compiling();
        let place = self.compile(bytes, &sha256).map_err(|refusal| refusal.error(file))?;
        Ok(code(place))
    }

    fn compile(&self, bytes: &[u8], sha256: &str) -> Result<Place, Refusal> {
        let identity = self.identity();
        let mut output = match &self.compiler {
            Compiler::InProcess => Output::Bytes(self.compile_here(bytes)?),
            Compiler::Child(program) => {
                Output::File(compiler::in_child(program, bytes, &identity, self.interrupts)?)
            }
        };
        if let Some(cache) = &self.cache
            && let Some(kept) = cache.put(&identity, sha256, &mut output)
        {
            return Ok(Place::File(kept));
        }
        let bytes = output.bytes();
        let bytes = bytes.map_err(|error| Refusal::Failed(format!("its code is lost: {error}")))?;
        Ok(Place::Bytes(bytes.into()))
    }

    /// Compiles a component in this process, and sees that it fits this host.
    pub(super) fn compile_here(&self, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
        compiler::check(bytes).map_err(Refusal::Costly)?;
        let component = Component::new(&self.engine, bytes)
            .map_err(|error| Refusal::Invalid(format!("{error:#}")))?;
        self.fit(&component).map_err(|error| Refusal::Misfit(format!("{error:#}")))?;
        component.serialize().map_err(|error| Refusal::Failed(format!("{error:#}")))
    }

    /// Loads a driver's code into this process.
    ///
    /// # Errors
    /// The code was damaged since, or was compiled by another program.
    pub fn link(&self, code: &Code) -> Result<Driver> {
        let pre = code.place.component(&self.engine).and_then(|component| self.fit(&component));
        let pre = pre.map_err(|error| code.unusable(&error))?;
        Ok(Driver { pre, spec: code.spec.clone(), sha256: code.sha256.clone() })
    }

    fn fit(&self, component: &Component) -> wasmtime::Result<PluginPre<State>> {
        self.linker.instantiate_pre(component).and_then(PluginPre::new)
    }
}
