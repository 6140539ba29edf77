//! Runs data pipelines whose steps are drivers: WebAssembly components that target the
//! `osiris:driver` world.
//!
//! [`cli`] reads a [`project`], [`compile`] turns a pipeline into a [`manifest`], [`run`]
//! executes the manifest through [`driver`] over the edges of [`table`], and [`session`] records
//! the run. [`remote`] executes a run in a sandbox instead. [`supply`] fetches and pins drivers,
//! [`trust`] decides which drivers may run, and [`conformance`] tests a driver against the
//! contract.

mod allocator;
mod aside;
pub mod atomic;
pub mod below;
pub mod budget;
pub mod canonical;
pub mod cli;
pub mod compile;
pub mod conformance;
pub mod connection;
pub mod contract;
mod core_file;
pub mod driver;
pub mod fence;
mod http;
mod invisible;
pub mod manifest;
mod own_folder;
mod own_program;
pub mod paths;
pub mod problem;
pub mod project;
pub mod redact;
pub mod regular;
pub mod remote;
pub mod run;
pub mod sanitize;
pub mod schema;
mod secret;
pub mod session;
pub mod supply;
pub mod table;
pub mod telemetry;
pub mod trust;
pub mod wording;
pub mod yaml;
