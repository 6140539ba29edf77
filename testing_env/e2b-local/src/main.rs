//! `e2b-local`: the emulator as a program, until Ctrl-C.

use std::time::Duration;

use anyhow::Result;
use clap::Parser;
use e2b_local::{E2bLocal, Enforce, Options};
use tokio::signal::unix::{SignalKind, signal};

/// An emulator of the E2B cloud on this machine
#[derive(Debug, Parser)]
struct Arguments {
    /// The port of the control plane; 0 is any free one
    #[arg(long, default_value_t = 3000)]
    api_port: u16,
    /// The port of the sandboxes; 0 is any free one
    #[arg(long, default_value_t = 49983)]
    sandbox_port: u16,
    /// The limit of the memory of a sandbox's processes together, in MiB
    #[arg(long, default_value_t = 2048)]
    memory: u64,
    /// The longest lifetime of a sandbox, in hours
    #[arg(long, default_value_t = 24)]
    hours: u64,
    /// Hold sandboxes to their egress rules; needs root, `ip` and `nft`
    #[arg(long, value_enum, default_value_t = Enforce::WherePossible)]
    enforce_network: Enforce,
    /// Serve the host names of a domain over TLS instead, such as e2b.app; needs root
    #[arg(long)]
    domain: Option<String>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let server = E2bLocal::start(Options {
        api_port: arguments.api_port,
        sandbox_port: arguments.sandbox_port,
        memory: arguments.memory << 20,
        lifetime: Duration::from_secs(arguments.hours * 60 * 60),
        enforce_network: arguments.enforce_network,
        domain: arguments.domain,
        ..Options::default()
    })?;
    for (name, value) in server.env() {
        println!("export {name}={value}");
    }
    if let [program, arguments @ ..] = &*server.command() {
        let quoted = arguments.iter().map(|word| format!(" '{word}'")).collect::<String>();
        eprintln!("The names exist for what runs below this command:\n  {program}{quoted} COMMAND");
    }
    if let Some(reason) = server.unenforced() {
        eprintln!("Sandboxes reach whatever this machine reaches: {reason}.");
    }
    eprintln!("Sandboxes live until Ctrl-C, in folders below {}.", std::env::temp_dir().display());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = tokio::signal::ctrl_c() => result?,
            _ = terminate.recv() => {}
        }
        anyhow::Ok(())
    })
}
