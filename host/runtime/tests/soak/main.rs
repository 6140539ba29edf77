//! Executes many runs in one process, successful and failing ones in turn, and checks that none
//! of them leaves memory, open files, threads or temporary files behind. `cargo xtask soak`
//! executes more runs than the tests do.
#![cfg(target_os = "linux")]

mod footprint;
mod mix;

use std::time::Instant;

use self::footprint::Footprint;
use self::mix::{Fixture, MIX};

/// Number of runs in the tests; `OSIRIS_SOAK_RUNS` overrides it.
const RUNS: usize = 240;
/// Memory in bytes that the process may hold in addition to that after the first tenth of the
/// runs: pools of the allocator, which some runs fill more than others. Not an allowance per run.
const SLACK: u64 = 12 << 20;

#[test]
fn repeated_runs_leave_no_memory_files_or_threads() {
    let requested = std::env::var("OSIRIS_SOAK_RUNS").ok();
    let runs = requested.map_or(RUNS, |text| text.parse().expect("OSIRIS_SOAK_RUNS is a number"));
    let tenth = (runs / 10).next_multiple_of(MIX.len());
    let fixture = Fixture::new();
    let started = Instant::now();
    println!("    runs  seconds  memory KiB  files  threads");
    let mut baseline: Option<Footprint> = None;
    for run in 0..tenth * 10 {
        fixture.run(&MIX[run % MIX.len()]);
        if (run + 1) % tenth == 0 {
            let now = Footprint::when_idle(baseline.as_ref());
            let seconds = started.elapsed().as_secs_f64();
            println!("{:>8}  {seconds:>7.1}  {now}", run + 1);
            let first = baseline.get_or_insert(now);
            assert!(now.files <= first.files, "{} files are open, not {}", now.files, first.files);
            assert!(now.threads <= first.threads, "{} threads run", now.threads);
            assert!(
                now.memory <= first.memory + SLACK,
                "it holds {} bytes, {} of them since the first tenth of the runs",
                now.memory,
                now.memory - first.memory
            );
            assert_eq!(fixture.leftovers(), Vec::<String>::new());
        }
    }
}
