//! The engine that compiles drivers and runs them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once};
use std::time::Duration;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::driver::spec::Spec;
use osiris_core::driver::{Content, DriverFile, compat};
use osiris_core::fs::cache_dir;
use wasmtime::component::{Component, Linker};
use wasmtime::{Config, OptLevel};

use super::bindings::{Plugin, PluginPre};
use super::cache::CodeCache;
use super::compiled_driver::{CodeLocation, CompiledDriver};
use super::compiler::{self, Compiler, Output, Refusal};
use super::state::HostState;
use super::{lists, sockets, vfs};

/// Interval at which running drivers yield to the host, for time limits and cancellations.
const EPOCH_TICK: Duration = Duration::from_millis(10);
/// Stack size of a driver's WebAssembly code.
const WASM_STACK: usize = 1 << 20;
/// Stack size of a driver's fiber, which host functions use too.
const FIBER_STACK: usize = 2 << 20;

/// Configuration of an engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// The directory of the code cache. `None` disables the cache.
    pub cache: Option<PathBuf>,
    /// Whether drivers can be interrupted anywhere. Disabled only to measure the cost of
    /// interrupts.
    pub interrupts: bool,
    /// Place where components are compiled.
    pub compiler: Compiler,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self { cache: cache_dir::cache_root(), interrupts: true, compiler: Compiler::default() }
    }
}

/// Compiles drivers and runs them. One engine per process is enough. An engine starts no thread
/// before the first call into a driver.
pub struct Engine {
    engine: wasmtime::Engine,
    linker: Linker<HostState>,
    cache: Option<CodeCache>,
    compiler: Compiler,
    interrupts: bool,
    clock: Once,
}

/// A compiled driver that is compatible with this host.
#[derive(Clone)]
pub struct Driver {
    pub(super) pre: PluginPre<HostState>,
    /// Spec of the driver.
    pub spec: Arc<Spec>,
    /// SHA-256 of the component.
    pub sha256: String,
}

impl Engine {
    /// Creates an engine with the default configuration.
    ///
    /// # Errors
    /// Returns an error if the machine cannot run compiled WebAssembly.
    pub fn new() -> Result<Self> {
        Self::with_config(&EngineConfig::default())
    }

    /// Creates an engine.
    ///
    /// # Errors
    /// Returns an error if the machine cannot run compiled WebAssembly.
    pub fn with_config(setup: &EngineConfig) -> Result<Self> {
        Self::start(setup).map_err(|error| {
            Error::environment(Diagnostic::new(
                Code::EngineFailed,
                format!("cannot start the WebAssembly engine: {error}"),
            ))
        })
    }

    fn start(setup: &EngineConfig) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .epoch_interruption(setup.interrupts)
            .max_wasm_stack(WASM_STACK)
            .async_stack_size(FIBER_STACK)
            .cranelift_opt_level(OptLevel::Speed)
            // NaNs with the same bits on every machine.
            .cranelift_nan_canonicalization(true)
            .wasm_relaxed_simd(false)
            // With the GC proposal, function subtypes are valid even without a collector, and an
            // indirect call through a table of them reaches missing code, which aborts the process.
            .wasm_gc(false)
            // Drivers need neither of these.
            .generate_address_map(false)
            .native_unwind_info(false);
        let engine = wasmtime::Engine::new(&config)?;
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
        vfs::add_to_linker(&mut linker)?;
        sockets::add_to_linker(&mut linker)?;
        Plugin::add_to_linker::<_, wasmtime::component::HasSelf<_>>(&mut linker, |state| state)?;
        lists::add_to_linker(&mut linker)?;
        let EngineConfig { cache, interrupts, compiler } = setup.clone();
        let cache = cache.as_deref().and_then(CodeCache::open);
        Ok(Self { engine, linker, cache, compiler, interrupts, clock: Once::new() })
    }

    /// Returns the engine after starting its clock: the thread that makes running drivers yield.
    pub(super) fn running(&self) -> &wasmtime::Engine {
        self.clock.call_once(|| {
            let weak = self.engine.weak();
            let tick = move || {
                while let Some(engine) = weak.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(EPOCH_TICK);
                }
            };
            let started = std::thread::Builder::new().name("osiris-epoch".into()).spawn(tick);
            // Without the clock no driver could be stopped, so none must run.
            started.expect("the system has a thread for the engine's clock");
        });
        &self.engine
    }

    /// Returns an identifier that differs between engines that cannot run each other's code.
    pub(super) fn identity(&self) -> String {
        super::cache::identity(&self.engine)
    }

    /// Returns whether the engine has a code cache, so that a driver is compiled only once on this
    /// machine.
    pub fn has_cache(&self) -> bool {
        self.cache.is_some()
    }

    /// Returns the cached code of the component with this hash. Returns `None` if the code is not
    /// cached.
    pub fn cached_code(&self, sha256: &str) -> Option<PathBuf> {
        self.cache.as_ref()?.file(&self.identity(), sha256)
    }

    /// Imports into the cache the code that this host compiled on another machine, under the name
    /// that the file has there. The code is executed without further checks, so it must come from
    /// this host.
    ///
    /// # Errors
    /// Returns an error if the cache is disabled or cannot be written.
    pub fn import_code(&self, name: &str, file: &Path) -> io::Result<()> {
        let cache = self.cache.as_ref().ok_or(io::ErrorKind::NotFound)?;
        cache.adopt(name, file)
    }

    /// Compiles the driver in a file, or finds its cached code, and loads it. For programs that
    /// choose their drivers themselves: no lockfile and no policy is asked.
    ///
    /// # Errors
    /// Returns an error if the file is not a driver, or if [`Engine::code`] or [`Engine::link`]
    /// does.
    pub fn load(&self, path: &Path) -> Result<Driver> {
        let file = DriverFile::read(path)?;
        file.check()?;
        self.link(&self.code(&file, file.content()?, || {})?)
    }

    /// Compiles a driver, or finds its cached code, without loading it into this process. `content`
    /// belongs to the file; `compiling` is called before a compilation, which can take long.
    ///
    /// # Errors
    /// Returns an error if the component is damaged, was built for another world, or exceeds the
    /// limits on compilation.
    pub fn code(
        &self,
        file: &DriverFile,
        content: &Content,
        compiling: impl FnOnce(),
    ) -> Result<CompiledDriver> {
        let Content { bytes, sha256 } = content;
        if let Some(problem) = compat::import_mismatch(file) {
            return Err(Error::invalid(problem));
        }
        let (spec, path) = (file.spec.clone(), file.path.clone());
        let code = |location| CompiledDriver { location, spec, path, sha256: sha256.clone() };
        if let Some(cached) = self.cached_code(sha256) {
            return Ok(code(CodeLocation::File(cached)));
        }
        compiling();
        let location = self.compile(bytes, sha256).map_err(|refusal| refusal.error(file))?;
        Ok(code(location))
    }

    fn compile(&self, bytes: &[u8], sha256: &str) -> Result<CodeLocation, Refusal> {
        let identity = self.identity();
        let mut output = match &self.compiler {
            Compiler::InProcess => Output::Bytes(self.compile_here(bytes)?),
            Compiler::Child(program) => {
                Output::File(compiler::in_child(program, bytes, &identity, self.interrupts)?)
            }
        };
        if let Some(cache) = &self.cache
            && let Some(cached) = cache.put(&identity, sha256, &mut output)
        {
            return Ok(CodeLocation::File(cached));
        }
        let bytes = output.bytes();
        let bytes = bytes
            .map_err(|error| Refusal::Failed(format!("cannot read the compiled code: {error}")))?;
        Ok(CodeLocation::Bytes(bytes.into()))
    }

    /// Compiles a component in this process, and checks that it is compatible with this host.
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
    /// Returns an error if the code was damaged since or was compiled by another program.
    pub fn link(&self, code: &CompiledDriver) -> Result<Driver> {
        let pre = code.location.component(&self.engine).and_then(|component| self.fit(&component));
        let pre = pre.map_err(|error| code.unusable(&error))?;
        Ok(Driver { pre, spec: code.spec.clone(), sha256: code.sha256.clone() })
    }

    fn fit(&self, component: &Component) -> wasmtime::Result<PluginPre<HostState>> {
        self.linker.instantiate_pre(component).and_then(PluginPre::new)
    }
}
