//! Files that no step writes, and files that differ from the worker's description.

use crate::attack::{Attack, attack};

/// Message for a file that no step writes.
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
    attack(
        "files-beyond-the-disk",
        1,
        "protocol",
        "the limits `files` and `disk`",
        "finish(begin(), [offer('lines.txt', size=1 << 60)])",
    ),
    attack(
        "files-beyond-the-files",
        1,
        "protocol",
        "the limits `files` and `disk`",
        "re = begin(); at = f'logs/run_{plan[\"session_id\"]}/artifacts/ask/'
finish(re, [offer(at + str(n)) for n in range(50000)])",
    ),
    attack(
        "state-of-no-json",
        1,
        "protocol",
        "the state is not valid JSON",
        "re = begin(); finish(re, [make('.osiris/state/ask/ask.json', b'nonsense')])",
    ),
    attack(
        "state-of-many-mebibytes",
        1,
        "protocol",
        "the maximum is",
        "re = begin(); finish(re, [make('.osiris/state/ask/ask.json', b' ' * (17 << 20))])",
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
        "its sha256 is not the one that the worker reported",
        "re = begin(); finish(re, [make('lines.txt', sha256='0' * 64)])",
    ),
    attack(
        "file-longer",
        1,
        "sandbox",
        "longer than the worker reported",
        "re = begin(); finish(re, [make('lines.txt', size=3)])",
    ),
    attack(
        "file-shorter",
        1,
        "sandbox",
        "lines.txt",
        "re = begin(); finish(re, [make('lines.txt', size=100)])",
    ),
    attack(
        "file-of-the-project-lock",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('osiris.lock')])",
    )
    .on("."),
    attack(
        "file-of-the-project-lock-in-capitals",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('OSIRIS.LOCK')])",
    )
    .on("."),
    attack(
        "file-of-the-project-settings",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('osiris.yaml')])",
    )
    .on("."),
    attack(
        "file-of-the-project-driver",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('drivers/x.wasm')])",
    )
    .on("."),
    attack(
        "file-of-the-project-hook",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('.git/hooks/pre-commit')])",
    )
    .on("."),
    attack(
        "file-of-the-project-hook-below",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('sub/.git/hooks/pre-commit')])",
    )
    .on("."),
    attack(
        "file-of-the-project-env-of-another-name",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('.env.local')])",
    )
    .on("."),
    attack(
        "file-of-the-project-env-with-a-dot",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('.env.')])",
    )
    .on("."),
    attack(
        "file-of-the-project-envrc",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('.envrc')])",
    )
    .on("."),
    attack(
        "file-of-the-project-status",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('logs/run_x/status.json')])",
    )
    .on("."),
    attack(
        "file-of-the-project-state",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('.osiris/state/ask/other.json')])",
    )
    .on("."),
    attack(
        "file-of-the-project-dots",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('x/../osiris.lock')])",
    )
    .on("."),
    attack(
        "file-of-the-project-dots-to-a-driver",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('out/../drivers/x.wasm')])",
    )
    .on("."),
    attack(
        "file-of-the-project-a-dot",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('./x')])",
    )
    .on("."),
    // A step writes the whole directory, which contains links.
    attack(
        "file-through-a-link",
        1,
        "session",
        "is a symlink, which osiris does not follow",
        "re = begin(); finish(re, [make('out/link/x')])",
    )
    .on("out"),
    attack(
        "file-through-a-link-to-a-file",
        1,
        "session",
        "cannot write",
        "re = begin(); finish(re, [make('out/file/x')])",
    )
    .on("out"),
    attack(
        "file-onto-another-through-a-link",
        1,
        "session",
        "is a symlink, which osiris does not follow",
        "re = begin(); finish(re, [make('out/link/mine.txt')])",
    )
    .on("out"),
];
