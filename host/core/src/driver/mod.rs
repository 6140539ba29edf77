//! Driver files: finds them, and reads the spec, the limits and the interfaces of a component
//! without running the component.

pub mod addresses;
mod admission;
pub mod catalog;
pub mod compat;
pub mod embedded;
pub mod endpoints;
mod file;
pub mod limits;
pub mod pack;
mod producers;
pub mod provenance;
pub mod sections;
pub mod spec;

pub use admission::AdmissionPolicy;
pub use compat::nonstandard_import;
pub use file::{Content, DriverFile, MAX_SIZE};
pub use producers::{Producer, producers};
