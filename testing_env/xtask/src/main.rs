//! Builds, demonstrates, tests and measures osiris: `cargo xtask --help`.

mod alone;
mod arm64;
mod audit;
mod bench;
mod build;
mod cloud;
mod demo;
mod dist;
mod docs;
mod fuzz;
mod image;
mod notices;
mod prose;
mod servers;
mod shell;
mod soak;
mod test;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::fuzz::Effort;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, shows, tests and measures osiris")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds the host and its drivers, and runs a sample pipeline on real data.
    Demo,
    /// Builds everything and runs the tests: all of them, or the named parts.
    Test {
        #[arg(value_parser = test::PARTS.map(|(name, _)| name))]
        names: Vec<String>,
        /// Runs the parity suite in E2B's own cloud, for which E2B_API_KEY is the key.
        #[arg(long, conflicts_with = "names")]
        live: bool,
    },
    /// Measures osiris and its peers, all in this one run.
    Bench {
        #[arg(value_parser = bench::PARTS.map(|(name, _)| name))]
        names: Vec<String>,
        /// Print an array of `{name, unit, ours, peer, peer_value, ratio, goal}`.
        #[arg(long)]
        json: bool,
        /// Compare with another build in place of the peers: the folder with its osiris, drivers and
        /// test-drivers.
        #[arg(long, value_name = "DIR")]
        base: Option<PathBuf>,
    },
    /// Feeds the host with malformed input, by the named targets, or all.
    Fuzz {
        #[arg(value_parser = fuzz::TARGETS)]
        targets: Vec<String>,
        /// Seconds that each target runs.
        #[arg(long, default_value_t = 20)]
        seconds: u32,
        /// Try this number of inputs instead, the same ones each time.
        #[arg(long, value_name = "COUNT")]
        inputs: Option<u32>,
    },
    /// Executes many runs in one process, and checks that none of them leaves anything behind.
    Soak {
        /// Number of runs.
        #[arg(long, default_value_t = 10_000)]
        runs: u32,
    },
    /// Checks licences and sources of all dependencies, and that lockfiles pin them by hash.
    Audit {
        /// Ask the advisory databases of RustSec, npm and PyPI as well.
        #[arg(long)]
        online: bool,
    },
    /// Collects the licences of all crates that ship with osiris, next to the binary.
    Notices,
    /// Checks how doc comments begin.
    Prose,
    /// Writes the pages of the drivers in `docs/drivers/`, from their specs.
    Docs {
        /// Check that the pages are current instead.
        #[arg(long)]
        check: bool,
    },
    /// Builds the host, its drivers and the tests' drivers.
    Build,
    /// Builds the archives of a release, their checksums and the installer.
    Dist {
        /// Targets to build for; this machine's by default.
        #[arg(long = "target", value_name = "TUPLE")]
        targets: Vec<String>,
        /// Cargo's profile of the program.
        #[arg(long, default_value = "release")]
        profile: String,
        /// Directory that the installer downloads from.
        #[arg(long, env = "OSIRIS_RELEASE_URL", default_value = "")]
        url: String,
        /// Ed25519 key that signs the release, in PEM.
        #[arg(long, env = "OSIRIS_RELEASE_KEY", value_name = "FILE")]
        key: Option<PathBuf>,
        /// Also write a container image of the static program, as an archive with an OCI layout.
        #[arg(long)]
        image: bool,
    },
    /// Builds the program for 64-bit ARM, runs it in an emulator, and compares it with the one for
    /// this machine.
    Arm64,
    /// Starts the sample project's databases, until Ctrl-C.
    Services,
    /// Starts an emulator of the E2B cloud, until Ctrl-C.
    E2bLocal,
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Demo => demo::run(),
        Command::Test { live: true, .. } => test::live(),
        Command::Test { names, .. } => test::run(&names),
        Command::Bench { names, json, base } => bench::run(&names, json, base.as_deref()),
        Command::Fuzz { targets, seconds, inputs } => {
            let effort = inputs.map_or(Effort::Seconds(seconds), Effort::Inputs);
            fuzz::run(&targets, effort)
        }
        Command::Soak { runs } => soak::run(runs),
        Command::Audit { online } => audit::run(online),
        Command::Services => servers::run(),
        Command::E2bLocal => cloud::serve(),
        Command::Dist { targets, profile, url, key, image } => {
            dist::build(&targets, &profile, &url, key.as_deref(), image)
        }
        Command::Arm64 => arm64::run(),
        Command::Notices => notices::run(),
        Command::Prose => prose::run(),
        Command::Docs { check } => docs::run(check),
        Command::Build => {
            build::host()?;
            build::drivers()?;
            build::test_drivers()
        }
    }
}
