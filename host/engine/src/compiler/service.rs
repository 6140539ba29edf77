//! The process that compiles: reads one component from stdin and writes its code to stdout.

use std::io::{self, Read, Write};

use osiris_core::driver::MAX_SIZE;

use super::super::{Engine, EngineConfig};
use super::Compiler;
use super::confine::{close_inherited, confine};
use super::refusal::Refusal;

/// Arguments of a process that compiles for another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// ID of the process that waits for the code.
    pub parent: u32,
    /// Size of the component, in bytes.
    pub size: usize,
    /// Identity of the engine that will run the code.
    pub engine: String,
    /// Whether the code can be interrupted.
    pub interrupts: bool,
}

/// Compiles a component. Returns `false` if the component was refused: stdout then has the refusal
/// instead of code. The process stays confined afterwards, and should end.
///
/// # Errors
/// Returns an error if the component cannot be read or the code cannot be written.
pub fn serve(order: &Order) -> io::Result<bool> {
    close_inherited();
    confine(order)?;
    let mut component = Vec::with_capacity(order.size.min(1 << 20));
    io::stdin().lock().take(MAX_SIZE + 1).read_to_end(&mut component)?;
    let compiled = compile(order, &component);
    let (code, done) = match compiled {
        Ok(code) => (code, true),
        Err(refusal) => (serde_json::to_vec(&refusal)?, false),
    };
    let mut stdout = io::stdout().lock();
    stdout.write_all(&code)?;
    stdout.flush()?;
    Ok(done)
}

fn compile(order: &Order, component: &[u8]) -> Result<Vec<u8>, Refusal> {
    let failed = |reason: String| Refusal::Failed(reason);
    if component.len() != order.size {
        return Err(failed("the compiler process received an incomplete component".to_owned()));
    }
    let setup =
        EngineConfig { cache: None, interrupts: order.interrupts, compiler: Compiler::InProcess };
    let engine = Engine::with_config(&setup).map_err(|error| failed(error.to_string()))?;
    if engine.identity() != order.engine {
        return Err(failed("the compiler process runs another version of osiris".to_owned()));
    }
    engine.compile_here(component)
}
