//! Files that no step writes, and files that are not what they are said to be.

use crate::attack::{Attack, attack};

/// What is said of a file that no step writes.
pub(crate) const NO_STEP: &str = "which no step of this run writes";

pub(crate) const ATTACKS: &[Attack] = &[
    attack("file-above", 1, "protocol", NO_STEP, "finish(begin(), [offer('../x')])"),
    attack(
        "file-far-above",
        1,
        "protocol",
        NO_STEP,
        "finish(begin(), [offer('lines.txt/../../x')])",
    ),
    attack("file-absolute", 1, "protocol", NO_STEP, "finish(begin(), [offer('/etc/x')])"),
    attack("file-env", 1, "protocol", NO_STEP, "re = begin(); finish(re, [make('.env')])"),
    attack(
        "file-connections",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('osiris_connections.yaml')])",
    ),
    attack(
        "file-pipeline",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('pipeline.yaml')])",
    ),
    attack(
        "file-of-another-session",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('logs/run_20260101T000000000Z-00000000/artifacts/ask/x')])",
    ),
    attack(
        "file-of-osiris",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make(f'logs/run_{plan[\"session_id\"]}/status.json')])",
    ),
    attack(
        "file-of-no-step",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make(f'logs/run_{plan[\"session_id\"]}/artifacts/other/x')])",
    ),
    attack(
        "file-beside-a-good-one",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('lines.txt'), make('other.txt')])",
    ),
    attack("file-nameless", 1, "protocol", NO_STEP, "re = begin(); finish(re, [offer('')])"),
    attack(
        "file-twice",
        1,
        "protocol",
        "twice",
        "re = begin(); finish(re, [make('lines.txt'), make('lines.txt')])",
    ),
    attack(
        "file-missing",
        1,
        "sandbox",
        "lines.txt",
        "re = begin(); finish(re, [offer('lines.txt')])",
    ),
    attack(
        "file-that-is-a-link",
        1,
        "sandbox",
        "lines.txt",
        "re = begin(); make('lines.txt'); os.remove(plan['base'] + '/lines.txt'); \
         os.symlink('/etc/shadow', plan['base'] + '/lines.txt'); finish(re, [offer('lines.txt')])",
    ),
    attack(
        "file-altered",
        1,
        "sandbox",
        "its sha256 is not what the worker says",
        "re = begin(); finish(re, [make('lines.txt', sha256='0' * 64)])",
    ),
    attack(
        "file-longer",
        1,
        "sandbox",
        "longer than the worker says",
        "re = begin(); finish(re, [make('lines.txt', size=3)])",
    ),
    attack(
        "file-shorter",
        1,
        "sandbox",
        "lines.txt",
        "re = begin(); finish(re, [make('lines.txt', size=1 << 60)])",
    ),
];
