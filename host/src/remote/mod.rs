//! The same run in an E2B sandbox: [`adapter`] ships what a run needs, follows
//! it and fetches what it leaves; [`worker`] is this program in the sandbox,
//! where it runs the very code of a local run; [`protocol`] is what they say to
//! each other; [`client`] speaks E2B's own.

pub mod adapter;
pub mod client;
pub mod protocol;
pub mod sweep;
pub mod template;
pub mod worker;

use crate::problem::{Error, Problem};

/// What E2B's client says, as an error of this program.
pub(crate) fn problem(error: client::Error) -> Error {
    use client::Kind;
    let problem = Problem::new("e2b", error.message);
    Error::environment(match error.kind {
        // The message says already what to do.
        Kind::Auth => problem,
        Kind::Invalid | Kind::NotFound => problem.help("see `osiris e2b doctor`"),
        _ => problem.help("check the network with `osiris e2b doctor`"),
    })
}
