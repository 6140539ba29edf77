//! Prerequisites of checks.

use osiris_core::contract::Mode;

use super::harness::Harness;

/// Prerequisites to run a case of an extractor.
pub(super) const EXTRACTS: &[Requirement] =
    &[Requirement::Driver, Requirement::Case(Mode::Extract)];
/// Prerequisites to run a case of a transform.
pub(super) const TRANSFORMS: &[Requirement] =
    &[Requirement::Driver, Requirement::Case(Mode::Transform)];
/// Prerequisites to run a case of a writer.
pub(super) const WRITES: &[Requirement] = &[Requirement::Driver, Requirement::Case(Mode::Write)];

/// A prerequisite; the check is skipped without it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Requirement {
    /// A spec that can be read.
    Spec,
    /// A component that this host can run.
    Driver,
    /// A case of this mode.
    Case(Mode),
    /// A case of a mode that takes rows.
    Input,
    /// Any case.
    Any,
    /// The capability `discover`.
    Discover,
    /// The capability `doctor`.
    Doctor,
    /// The capability `state`.
    State,
    /// The capability `partition`.
    Partition,
    /// A network address taken from the configuration.
    Network,
    /// Pointers to secrets.
    Secrets,
    /// Files to read.
    Reads,
    /// `--connection`.
    Connection,
    /// `--previous`.
    Previous,
}

impl Requirement {
    /// Returns the reason to skip the check, or `None` if the prerequisite is met.
    pub(super) fn lacking(self, harness: &Harness) -> Option<String> {
        let Some(spec) = &harness.spec else {
            return Some("the spec cannot be read".to_owned());
        };
        let lacks = |has: bool, reason: &str| (!has).then(|| reason.to_owned());
        let can = spec.capabilities;
        match self {
            Self::Spec => None,
            Self::Driver => lacks(
                harness.driver().is_some(),
                "the component does not load: see `component.loads`",
            ),
            Self::Case(mode) => harness.without_case(mode),
            Self::Input => {
                lacks(harness.input_case().is_some(), "no case of a mode that takes rows")
            }
            Self::Any => lacks(harness.base().is_some(), "no case: add cases with `--cases`"),
            Self::Discover => lacks(can.discover, "the spec does not declare `discover`"),
            Self::Doctor => lacks(can.doctor, "the spec does not declare `doctor`"),
            Self::State => lacks(can.state, "the spec does not declare `state`"),
            Self::Partition => lacks(can.partition, "the spec does not declare `partition`"),
            Self::Network => lacks(
                spec.network.iter().any(|entry| entry.host.starts_with('/')),
                "the spec requests no address from the configuration",
            ),
            Self::Secrets => lacks(!spec.secrets.is_empty(), "the spec names no secrets"),
            Self::Reads => lacks(!spec.files.read.is_empty(), "the spec reads no files"),
            Self::Connection => lacks(harness.reference.is_some(), "requires `--connection`"),
            Self::Previous => lacks(harness.previous.is_some(), "requires `--previous`"),
        }
    }
}
