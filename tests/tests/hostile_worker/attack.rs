//! What workers try, and what the run says of it.

/// A worker, from `worker.py` and this.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// How the run must end.
    pub(crate) exit: i32,
    /// The kind of failure.
    pub(crate) kind: &'static str,
    /// A part of the message.
    pub(crate) says: &'static str,
    /// What the worker does, in Python.
    pub(crate) does: &'static str,
    /// What the last step of the pipeline writes.
    pub(crate) output: &'static str,
}

impl Attack {
    /// With another output of the last step.
    pub(crate) const fn on(self, output: &'static str) -> Self {
        Self { output, ..self }
    }
}

/// One that does this must come to that end.
pub(crate) const fn attack(
    name: &'static str,
    exit: i32,
    kind: &'static str,
    says: &'static str,
    does: &'static str,
) -> Attack {
    Attack { name, exit, kind, says, does, output: "lines.txt" }
}
