//! Tests of the whole program: the real `osiris` in a temporary project.
//!
//! `cases/` holds tests that a directory can express: a project, the commands to run, and the
//! expected output and files. `tests/` holds the rest.

pub mod attack;
pub mod built;
pub mod case;
pub mod cloud;
pub mod conformance;
pub mod databases;
pub mod disk;
pub mod docs;
pub mod osiris;
pub mod parity;
pub mod processor;
pub mod project;
pub mod secret;
pub mod service;
pub mod session;
pub mod snapshot;
pub mod terminal;
pub mod wait;
pub mod wasm;
pub mod web;

pub use cloud::Cloud;
pub use osiris::{Finished, Osiris, Running};
pub use project::TestProject;
