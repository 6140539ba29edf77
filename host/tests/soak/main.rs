//! Many runs in one process, good and bad in turn: nothing is left of any, neither memory nor open
//! files, threads or temporary files. `cargo xtask soak` asks for more runs than the tests do.
#![cfg(target_os = "linux")]

mod footprint;
mod mix;

use std::time::Instant;

use self::footprint::Footprint;
use self::mix::{MIX, Place};

/// How many runs the tests take; `OSIRIS_SOAK_RUNS` asks for another number.
const RUNS: usize = 240;
/// What the allocator may keep beyond what it held after the first tenth, in bytes: its own pools,
/// which one run fills more than another. It is no allowance for each run.
const SLACK: u64 = 12 << 20;

#[test]
fn nothing_is_left_of_a_run() {
    let asked = std::env::var("OSIRIS_SOAK_RUNS").ok();
    let runs = asked.map_or(RUNS, |text| text.parse().expect("OSIRIS_SOAK_RUNS is a number"));
    let tenth = (runs / 10).next_multiple_of(MIX.len());
    let place = Place::new();
    let started = Instant::now();
    println!("    runs  seconds  memory KiB  files  threads");
    let mut warm: Option<Footprint> = None;
    for run in 0..tenth * 10 {
        place.run(&MIX[run % MIX.len()]);
        if (run + 1) % tenth == 0 {
            let now = Footprint::settled(warm.as_ref());
            let seconds = started.elapsed().as_secs_f64();
            println!("{:>8}  {seconds:>7.1}  {now}", run + 1);
            let first = warm.get_or_insert(now);
            assert!(now.files <= first.files, "{} files are open, not {}", now.files, first.files);
            assert!(now.threads <= first.threads, "{} threads run", now.threads);
            assert!(
                now.memory <= first.memory + SLACK,
                "it holds {} bytes, {} of them since the first tenth of the runs",
                now.memory,
                now.memory - first.memory
            );
            assert_eq!(place.leftovers(), Vec::<String>::new());
        }
    }
}
