//! Where drivers come from: files, web servers and OCI registries. What was
//! fetched is looked at before anything is placed, and `osiris.lock` says which
//! bytes the project uses; nothing else of that name runs.

pub mod bundle;
mod fetch;
pub(crate) mod known;
mod lock;
pub mod oci;
mod source;
mod store;
mod web;

pub use fetch::{Fetched, Fetcher, Progress, Wanted};
pub use lock::{Entry, Lock, is_sha256};
pub use source::Source;
pub use store::{Store, hash};
