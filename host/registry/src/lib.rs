//! The registry: fetches drivers from files, web servers and OCI registries, locks, signs and
//! publishes them. Fetched bytes are checked before they are written, and `osiris.lock` pins the
//! bytes that the project uses: no other driver of the same name runs. [`index`] finds drivers by
//! name. [`trust`] decides which drivers may run, and what they may access at most.
//!
//! ```
//! use osiris_registry::trust::Pattern;
//!
//! let pattern: Pattern = "acme.*".parse().map_err(|_| "not a pattern")?;
//! assert!(pattern.matches("acme.crm", &[]));
//! assert!(!pattern.matches("filesystem.csv_writer", &[]));
//! # Ok::<(), &str>(())
//! ```

pub mod bundle;
mod fetch;
mod http_client;
pub mod index;
mod installer;
pub mod known_sources;
mod lockfile;
pub mod oci;
mod source;
pub mod trust;

pub use fetch::{Fetched, Fetcher, Progress, Wanted};
pub use installer::{DriverInstaller, hash_file};
pub use lockfile::{Entry, Lockfile, is_driver_name, is_sha256};
pub use source::Source;
