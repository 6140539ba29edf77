//! Runs data pipelines whose steps are drivers: WebAssembly components that
//! target the `osiris:driver` world.
//!
//! Data flows one way: [`cli`] reads a [`project`], [`compile`] turns a
//! pipeline into a [`manifest`], [`run`] executes it through [`driver`] over the
//! edges of [`table`], and [`session`] keeps what the run leaves. [`remote`] has the
//! same done in a sandbox.

pub mod atomic;
pub mod below;
pub mod canonical;
pub mod cli;
pub mod compile;
pub mod connection;
pub mod driver;
pub mod fence;
pub mod manifest;
pub mod problem;
pub mod project;
pub mod remote;
pub mod run;
pub mod schema;
mod secret;
pub mod session;
pub mod table;
pub mod wording;
pub mod yaml;
