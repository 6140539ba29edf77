//! The process that compiles: one component, from standard input to standard output.

use std::io::{self, Read, Write};

use super::super::{Engine, MAX_SIZE, Setup};
use super::Compiler;
use super::budget::Budget;
use super::refusal::Refusal;
use crate::fence::Fence;

/// Time that a process may take to end.
const LAST_SECONDS: u64 = 2;

/// What a process is started with that compiles for another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The id of the process that waits for the code.
    pub parent: u32,
    /// The size of the component, in bytes.
    pub size: usize,
    /// The identity of the engine that will run the code.
    pub engine: String,
    /// Whether the code can be interrupted.
    pub interrupts: bool,
}

/// Compiles a component. Returns false if it was refused: then a reason is there in the
/// place of code. This process has little of anything from here on, and should end.
///
/// # Errors
/// The component cannot be read, or the code not be written.
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
    let failed = |why: String| Refusal::Failed(why);
    if component.len() != order.size {
        return Err(failed("it was cut off on its way to the compiler".to_owned()));
    }
    let setup = Setup { cache: None, interrupts: order.interrupts, compiler: Compiler::InProcess };
    let engine = Engine::with(&setup).map_err(|error| failed(error.to_string()))?;
    if engine.identity() != order.engine {
        return Err(failed("the program that compiles is of another version".to_owned()));
    }
    engine.compile_here(component)
}

/// Closes what this process was left beside its standard streams, by a shell or whoever
/// started the first one.
#[cfg(target_os = "linux")]
fn close_inherited() {
    // Behind the fence of a sandbox's worker this cannot be read, and nothing was left.
    let Ok(open) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers = open.flatten().filter_map(|file| file.file_name().to_str()?.parse().ok());
    let numbers: Vec<i32> = numbers.filter(|number| *number > 2).collect();
    for number in numbers {
        // The list itself is closed already.
        if std::fs::symlink_metadata(format!("/proc/self/fd/{number}")).is_ok() {
            #[expect(unsafe_code, reason = "nobody owns what another process left open")]
            // SAFETY: the descriptor is open, as was just seen, and nothing in this process owns
            // it: this is the first thing that it does, and it has no other thread.
            unsafe {
                rustix::io::close(number);
            }
        }
    }
}

/// Nothing is left to a process on this system unless it is named.
#[cfg(not(target_os = "linux"))]
fn close_inherited() {}

/// Takes from this process whatever it does not need.
#[cfg(target_os = "linux")]
fn confine(order: &Order) -> io::Result<()> {
    use rustix::process::{
        DumpableBehavior, Resource, Rlimit, Signal, getppid, getrlimit, set_dumpable_behavior,
        set_parent_process_death_signal, setrlimit,
    };
    // Nobody else ends it if who waits for it is killed.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let parent = getppid().map(|pid| pid.as_raw_nonzero().get().cast_unsigned());
    if parent != Some(order.parent) {
        return Err(io::Error::other("the process that waits for the code is gone"));
    }
    set_dumpable_behavior(DumpableBehavior::NotDumpable).ok();
    let budget = Budget::of(order.size);
    for (resource, most) in [
        (Resource::Core, 0),
        (Resource::Nofile, 16),
        (Resource::Fsize, budget.code),
        (Resource::Cpu, budget.seconds),
        (Resource::Data, budget.memory),
        (Resource::As, budget.addresses),
    ] {
        let before = getrlimit(resource).maximum;
        let most = before.map_or(most, |before| before.min(most));
        // At the second limit the system kills without saying why.
        let last = if resource == Resource::Cpu { most + LAST_SECONDS } else { most };
        let last = before.map_or(last, |before| before.min(last));
        setrlimit(resource, Rlimit { current: Some(most), maximum: Some(last) })?;
    }
    Fence::sealed().raise();
    Ok(())
}

/// There are no such limits on this system that hold for one process.
#[cfg(not(target_os = "linux"))]
fn confine(_: &Order) -> io::Result<()> {
    Ok(())
}
