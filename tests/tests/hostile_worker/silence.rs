//! Workers that end early, and workers that stay silent.

use crate::attack::{Attack, attack};

pub(crate) const ATTACKS: &[Attack] = &[
    attack("exits-at-once", 3, "sandbox", "it printed: no such luck", "sys.exit('no such luck')"),
    attack("exits-when-ready", 1, "sandbox", "exit status 7", "begin(); sys.exit(7)"),
    attack("dies", 1, "sandbox", "killed", "begin(); os.kill(os.getpid(), 9)"),
    attack("silent", 1, "timeout", "--e2b-timeout", "wait()"),
    attack("silent-in-the-run", 1, "timeout", "--e2b-timeout", "begin(); wait()"),
];
