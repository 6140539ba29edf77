//! One test for each attack of `hostile/attacks.yaml`.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use osiris_tests::attack;

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("hostile");
    let attacks = attack::list(&folder.join("attacks.yaml"));
    let trial = |attack: attack::Attack| {
        let folder = folder.clone();
        Trial::test(attack.attack.clone(), move || attack.run(&folder).map_err(Failed::from))
    };
    let trials = attacks.into_iter().map(trial).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
