//! The one place that decides about paths in a project: for a run on this machine, for
//! the files that go to a sandbox and come back from there, for `doctor`, `discover`
//! and the kit.
//!
//! A path has one normal form ([`ProjectPath`]). [`Resolver`] follows it to an opened
//! folder and one name in there, so that nothing can change between a check and the
//! use. [`Permissions`] say what a step may do with the result, and [`check`] refuses a
//! configuration before anything runs.

mod check;
mod normal;
mod own;
mod permissions;
mod reserved;
mod resolver;
mod stat;

#[cfg(test)]
mod tests;

pub use check::{AccessMode, Refusal, check, setting};
pub use normal::{PathFault, ProjectPath};
pub use own::{remove_own, set_aside};
pub use permissions::{May, Others, PermissionSources, Permissions};
pub use reserved::{CLEANED_CONFIG, RESERVED, reserved, reserved_to_write};
pub use resolver::{Location, Resolver, leads_outside, rename_new};
pub use stat::{FileKind, Identity, Stat};
