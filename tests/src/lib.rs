//! Tests of the whole program: the real `osiris` in a project folder of its own.
//!
//! `cases/` holds what a folder can say: a project, the commands to run and all
//! that they must print and leave. `tests/` holds the rest.

pub mod attack;
pub mod built;
pub mod case;
pub mod cloud;
pub mod databases;
pub mod disk;
pub mod osiris;
pub mod parity;
pub mod processor;
pub mod sandbox;
pub mod secret;
pub mod service;
pub mod session;
pub mod snapshot;
pub mod wait;
pub mod wasm;
pub mod web;

pub use cloud::Cloud;
pub use osiris::{Finished, Osiris, Running};
pub use sandbox::Sandbox;
