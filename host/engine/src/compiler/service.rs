//! The process that compiles: reads one component from stdin and writes its code to stdout.

use std::io::{self, Read, Write};

use osiris_core::driver::MAX_SIZE;

use super::super::{Engine, EngineConfig};
use super::Compiler;
use super::budget::Budget;
use super::refusal::Refusal;
use crate::process_sandbox::ProcessSandbox;

/// Processor seconds for the process to end after its soft limit.
const LAST_SECONDS: u64 = 2;

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

/// Closes the files that this process inherited besides its standard streams, from a shell or
/// another ancestor.
#[cfg(target_os = "linux")]
fn close_inherited() {
    // Not readable inside the sandbox of an E2B worker, but there are no inherited files there.
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers = open.flatten().filter_map(|file| file.file_name().to_str()?.parse().ok());
    let numbers: Vec<i32> = numbers.filter(|number| *number > 2).collect();
    for number in numbers {
        // The directory stream itself is already closed.
        if std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok() {
            #[expect(unsafe_code, reason = "nobody owns what another process left open")]
            // SAFETY: the descriptor is open, as just checked, and nothing in this process owns it:
            // this is the first operation of the process, which has no other thread.
            unsafe {
                rustix::io::close(number);
            }
        }
    }
}

/// Not implemented on this system.
#[cfg(not(target_os = "linux"))]
fn close_inherited() {}

/// Drops all access that this process does not need.
#[cfg(target_os = "linux")]
fn confine(order: &Order) -> io::Result<()> {
    use rustix::process::{
        DumpableBehavior, Resource, Rlimit, Signal, getppid, getrlimit, set_dumpable_behavior,
        set_parent_process_death_signal, setrlimit,
    };
    // Nothing else ends this process if its parent is killed.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let parent = getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
    if parent != Some(order.parent) {
        return Err(io::Error::other("the parent process has ended"));
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    let budget = Budget::of(order.size);
    for (resource, soft) in [
        (Resource::Core, 0),
        (Resource::Nofile, 16),
        (Resource::Fsize, budget.code),
        (Resource::Cpu, budget.seconds),
        (Resource::Data, budget.memory),
        (Resource::As, budget.addresses),
    ] {
        let before = getrlimit(resource).maximum;
        let soft = before.map_or(soft, |before| before.min(soft));
        // At the hard limit the kernel kills the process without a reason.
        let hard = if resource == Resource::Cpu { soft + LAST_SECONDS } else { soft };
        let hard = before.map_or(hard, |before| before.min(hard));
        setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })?;
    }
    ProcessSandbox::deny_all().enforce();
    Ok(())
}

/// Not implemented on this system.
#[cfg(not(target_os = "linux"))]
fn confine(_: &Order) -> io::Result<()> {
    Ok(())
}
