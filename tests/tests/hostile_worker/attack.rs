//! Attacks of a worker, and the expected result of the run.

/// A malicious worker: `worker.py` with an attack filled in.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// Expected exit code of the run.
    pub(crate) exit: i32,
    /// Expected kind of failure.
    pub(crate) kind: &'static str,
    /// A part of the expected message.
    pub(crate) says: &'static str,
    /// The worker's actions, in Python.
    pub(crate) does: &'static str,
    /// Output path of the pipeline's last step.
    pub(crate) output: &'static str,
}

impl Attack {
    /// Changes the output path of the last step.
    pub(crate) const fn on(self, output: &'static str) -> Self {
        Self { output, ..self }
    }
}

/// Creates an attack with its expected result.
pub(crate) const fn attack(
    name: &'static str,
    exit: i32,
    kind: &'static str,
    says: &'static str,
    does: &'static str,
) -> Attack {
    Attack { name, exit, kind, says, does, output: "lines.txt" }
}
