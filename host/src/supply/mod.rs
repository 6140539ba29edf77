//! Fetches drivers from files, web servers and OCI registries. Fetched bytes are checked before
//! they are written, and `osiris.lock` pins the bytes that the project uses: no other driver of
//! the same name runs.

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
