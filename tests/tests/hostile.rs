//! One test per attack of `attacks/attacks.yaml` and `attacks/probes.yaml`, and per malicious
//! component. `attacks/expected/` has what users see of each.

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use osiris_tests::attack::{self, probe, spec};

fn main() -> ExitCode {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("attacks");
    let expected = folder.join("expected");
    let attacks = attack::list(&folder.join("attacks.yaml"));
    let trial = |attack: attack::Attack| {
        let expected = expected.clone();
        Trial::test(attack.attack.clone(), move || attack.run(&expected).map_err(Failed::from))
    };
    let mut trials: Vec<_> = attacks.into_iter().map(trial).collect();
    trials.extend(probe::list(&folder.join("probes.yaml")).into_iter().map(|probe| {
        let expected = expected.clone();
        Trial::test(probe.name(), move || probe.run(&expected).map_err(Failed::from))
    }));
    trials.extend(spec::all().into_iter().map(|lie| {
        let expected = expected.clone();
        Trial::test(lie.name, move || lie.run(&expected).map_err(Failed::from))
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
