//! Validates the messages of a worker, which is not trusted.

use osiris_core::contract::ErrorKind;
use osiris_runtime::session::{
    Record, RunError, RunStatus, Session, StatusFile, StepState, StepStatus,
};

use super::error::RemoteError;
use super::stream::StreamError;
use crate::protocol::Message;

/// Minimum size of a session line in addition to its texts, in bytes: less than a step is charged
/// for a line.
const FRAME: u64 = 32;
/// Text in the error of a driver or the host when a disk is full.
const DISK_FULL: &str = "the disk is full";

/// Validates a worker's final status and clamps its values to plausible ones.
pub(super) fn validate_status(
    remote: StatusFile,
    session: &Session,
) -> Result<StatusFile, RemoteError> {
    let initial = session.initial_status().clone();
    let same =
        |remote: &StepStatus, own: &StepStatus| remote.id == own.id && remote.driver == own.driver;
    let fits = remote.steps.len() == initial.steps.len()
        && remote.steps.iter().zip(&initial.steps).all(|(remote, own)| same(remote, own));
    if !fits {
        return Err(protocol_error("its steps are not those of the plan"));
    }
    let ok = remote.status == RunStatus::Success;
    let has_ended =
        matches!(remote.status, RunStatus::Success | RunStatus::Failed | RunStatus::Cancelled);
    let is_valid_error = remote
        .error
        .as_ref()
        .is_none_or(|error| is_kind(error.kind) && belongs_to_plan(error.step.as_deref(), session));
    let all_ok = remote.steps.iter().all(|step| step.status == StepState::Success);
    if !has_ended || ok == remote.error.is_some() || (ok && !all_ok) || !is_valid_error {
        return Err(protocol_error("its final status is inconsistent"));
    }
    let duration = Some(remote.execution_duration).filter(|seconds| seconds.is_finite());
    Ok(StatusFile {
        status: remote.status,
        execution_duration: duration.unwrap_or_default().max(0.0),
        steps_completed: remote.steps_completed.min(initial.steps_total),
        exit_code: Some(u8::from(!ok)),
        error: remote.error.map(|error| short(error, session)),
        rows_read: remote.rows_read,
        rows_written: remote.rows_written,
        rows_processed: remote.rows_processed,
        // The host knows the states itself.
        steps: remote.steps.into_iter().map(|step| StepStatus { state: None, ..step }).collect(),
        peak_memory_bytes: remote.peak_memory_bytes,
        ..initial
    })
}

/// Masks and shortens a failure's message, which can come from a sandbox, like a driver's.
pub(super) fn short(failure: RunError, session: &Session) -> RunError {
    let message = osiris_engine::sanitize_message(&failure.message, session.redactor());
    // The words of a limit name the limit.
    let message = if failure.kind == ErrorKind::Limit { message } else { name_disk(message) };
    let help = failure.help.map(|help| osiris_engine::sanitize_message(&help, session.redactor()));
    RunError { message, help, ..failure }
}

/// Adds that the sandbox's disk is full, which the driver's message does not say.
fn name_disk(mut message: String) -> String {
    if message.contains(DISK_FULL) {
        message.push_str(" (on the sandbox's disk; use a template with a larger disk)");
    }
    message
}

/// Returns whether a record belongs to a step of the run, or to the run itself. Only checks the
/// step: texts are masked when they are written.
pub(super) fn belongs_to_run(record: &Record, session: &Session) -> bool {
    match record {
        Record::Log { step, .. } => belongs_to_plan(step.as_deref(), session),
        _ => true,
    }
}

fn belongs_to_plan(step: Option<&str>, session: &Session) -> bool {
    let mut steps = session.initial_status().steps.iter();
    step.is_none_or(|step| steps.any(|own| own.id == step))
}

/// Returns whether a run can fail with this kind in the sandbox: any kind of a driver's failure, or
/// a failure to write the session's files.
fn is_kind(kind: ErrorKind) -> bool {
    kind.is_of_call() || kind == ErrorKind::Session
}

/// Returns the size of a record in the log budget: its texts and a line's frame, so that empty
/// records are not free.
pub(super) fn size(record: &Record) -> u64 {
    let texts = match record {
        Record::Event { event_type, fields, .. } => {
            event_type.len() + serde_json::to_string(fields).map_or(0, |text| text.len())
        }
        Record::Metric { metric, unit, tags, .. } => {
            metric.len() + unit.len() + tags.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>()
        }
        Record::Log { step, message, .. } => step.as_ref().map_or(0, String::len) + message.len(),
    };
    FRAME + texts as u64
}

/// Returns the error of a run whose message stream has ended.
pub(super) fn stream_error(why: StreamError) -> RemoteError {
    match why {
        StreamError::Died { status, stderr } => {
            let lines = stderr.lines().rev().take(5).collect::<Vec<_>>();
            let lines = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
            let output = if lines.is_empty() { lines } else { format!("; it printed: {lines}") };
            let hint = if status.contains("killed") {
                ": the sandbox probably ran out of memory; use a template with more memory, or lower `limits.memory` in `osiris.yaml`"
            } else {
                ""
            };
            RemoteError::failed(
                ErrorKind::Sandbox,
                format!("the worker in the sandbox ended unexpectedly ({status}){hint}{output}"),
            )
        }
        StreamError::Gone(why) => RemoteError::failed(
            ErrorKind::Sandbox,
            format!("the sandbox ended before the run ended: {why}; run the pipeline again"),
        ),
        StreamError::Protocol(why) => protocol_error(&why),
        StreamError::Refused(why) => RemoteError::failed(ErrorKind::Sandbox, why),
    }
}

/// Returns the error for a message that answers no command.
pub(super) fn unexpected_message(message: &Message) -> RemoteError {
    let name = serde_json::to_value(message).unwrap_or_default()["type"].take();
    protocol_error(&format!("unexpected message {name}"))
}

/// Returns the error for a violation of the protocol.
pub(super) fn protocol_error(why: &str) -> RemoteError {
    RemoteError::failed(
        ErrorKind::Protocol,
        format!("the worker in the sandbox violated the protocol: {why}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_disk_error_names_the_sandbox() {
        let message = name_disk("cannot write `a.csv`: the disk is full".to_owned());
        assert!(message.ends_with("(on the sandbox's disk; use a template with a larger disk)"));
        assert_eq!(name_disk("no such file".to_owned()), "no such file");
    }
}
