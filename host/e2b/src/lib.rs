//! Runs in an E2B sandbox: [`runner`] uploads everything a run needs, follows the run and downloads
//! its results; [`worker`] is this program in the sandbox, where it executes the same code as a
//! local run; [`protocol`] is the protocol between the two; [`e2b_client`] speaks E2B's own.
//!
//! ```
//! use osiris_e2b::protocol::Command;
//!
//! let text = serde_json::to_string(&Command::Cancel)?;
//! assert_eq!(text, r#"{"cmd":"cancel"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

pub mod protocol;
pub mod runner;
pub mod sweep;
pub mod template;
pub mod worker;

use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error};

/// Converts an error of E2B's client into an error of this program.
pub fn problem(error: e2b_client::Error) -> Error {
    use e2b_client::Kind;
    let problem = Diagnostic::new(Code::E2bFailed, error.message);
    Error::environment(match error.kind {
        // The message already says what to do.
        Kind::Auth => problem,
        Kind::Invalid | Kind::NotFound => problem.help("run `osiris e2b doctor`"),
        _ => problem.help("check the network with `osiris e2b doctor`"),
    })
}
