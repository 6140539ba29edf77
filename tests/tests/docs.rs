//! Two tests per page of the documentation: its commands print what it shows, and its links lead
//! somewhere.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use osiris_tests::docs;

fn main() -> ExitCode {
    let pages = docs::pages().expect("the pages are there");
    let trials = pages.into_iter().flat_map(|page| {
        let name = page.display().to_string();
        let commands = page.clone();
        [
            Trial::test(format!("{name} commands"), move || {
                docs::run(&commands).map_err(Failed::from)
            }),
            Trial::test(format!("{name} links"), move || {
                docs::check_links(&page).map_err(Failed::from)
            }),
        ]
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}
