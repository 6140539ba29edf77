//! Decides about every path in a project: for local runs, for the files sent to a sandbox and
//! returned from it, for `doctor`, `discover` and the conformance kit.
//!
//! Each path has one normal form ([`ProjectPath`]). [`Resolver`] resolves it to an open directory
//! and one name in it, so that nothing can change between check and use. [`Permissions`] decide
//! what a step may do with the result, and [`check`] rejects a configuration before a run.

mod check;
mod normalize;
mod permissions;
mod reserved;
mod resolver;
mod stat;
mod unfinished;
mod unlink;

#[cfg(test)]
mod tests;

pub use check::{AccessMode, Refusal, check, setting};
pub use normalize::{PathFault, ProjectPath};
pub use permissions::{Others, PathAccess, PermissionSources, Permissions};
pub use reserved::{CLEANED_CONFIG, RESERVED, reserved, reserved_to_write};
pub use resolver::{Location, Resolver, leads_outside, rename_new};
pub use stat::{FileKind, Identity, Stat};
pub use unfinished::{UnfinishedLog, remove_all_unfinished, remove_unfinished};
pub use unlink::{remove_own, set_aside};
