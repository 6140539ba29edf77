//! Real servers for tests and benchmarks. Each has its own directory and port, listens on loopback
//! only, and is removed when dropped.

pub mod certificate;
mod each;
mod fields;
mod folder;
pub mod https;
mod install;
pub mod mariadb;
pub mod mysql;
pub mod newest;
pub mod pgbouncer;
mod port;
pub mod postgres;
mod programs;
mod proxy;
pub mod registry;
mod spawn;
mod unstable;

pub use each::{Database, Servers};
pub use fields::with_fields;
pub use folder::Folder;
pub use install::{install, program};
pub use port::{free, wait};
pub use proxy::cutting_proxy;
pub use spawn::spawn;
