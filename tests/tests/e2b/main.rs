//! Runs in a sandbox with failures: nothing is lost, nothing is left running, and the run either
//! recovers or reports an error, as the test's name says.

mod commands;
mod control;
mod create;
mod ctrl_c;
mod disk;
mod drivers;
mod files;
mod fixture;
mod host;
mod kill;
mod life;
mod offline;
mod outcome;
mod runtime;
mod stream;
mod time;
mod worker;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Number of concurrent tests: most of them wait most of the time.
const AT_ONCE: usize = 8;

/// A test with its name. Panics on failure.
pub(crate) type Test = (&'static str, fn());

/// Lists functions of a module as tests.
macro_rules! tests {
    ($($name:ident),* $(,)?) => {
        &[$((concat!(module_path!(), "::", stringify!($name)), $name)),*]
    };
}
pub(crate) use tests;

fn main() -> ExitCode {
    let all = [
        commands::TESTS,
        control::TESTS,
        create::TESTS,
        ctrl_c::TESTS,
        disk::TESTS,
        drivers::TESTS,
        files::TESTS,
        host::TESTS,
        kill::TESTS,
        life::TESTS,
        offline::TESTS,
        stream::TESTS,
        time::TESTS,
    ];
    let trial = |(name, test): &Test| {
        let test = *test;
        Trial::test(*name, move || {
            test();
            Ok(())
        })
    };
    let trials = all.into_iter().flatten().map(trial).collect();
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(AT_ONCE);
    libtest_mimic::run(&arguments, trials).exit_code()
}
