//! The asynchronous runtime of a run, whose threads Landlock restricts.

use std::io;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_engine::process_sandbox::ProcessSandbox;
use tokio::runtime::{Builder, Runtime};

/// Restricts this thread by Landlock, irreversibly, and returns a runtime whose threads have the
/// same restrictions. Until then the thread must not run the code of a driver.
///
/// # Errors
/// Returns an error if the threads cannot be started.
pub fn sandboxed_runtime(sandbox: &ProcessSandbox) -> Result<Runtime> {
    let failed = |error: io::Error| {
        let message = format!("cannot start the runtime: {error}");
        Error::environment(Diagnostic::new(Code::RuntimeFailed, message))
    };
    // Under Landlock, the number of CPUs of a container cannot be read.
    let threads = std::thread::available_parallelism().map_err(failed)?;
    sandbox.enforce();
    Builder::new_multi_thread().worker_threads(threads.get()).enable_all().build().map_err(failed)
}
