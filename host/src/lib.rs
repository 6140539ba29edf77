//! Runs data pipelines whose steps are drivers: WebAssembly components that
//! target the `osiris:driver` world.
//!
//! Data flows one way: [`cli`] reads a [`project`], [`compile`] turns a
//! pipeline into a [`manifest`], [`run`] executes it through [`driver`] over the
//! edges of [`table`], and [`session`] keeps what the run leaves. [`remote`] has the
//! same done in a sandbox. [`supply`] brings drivers from elsewhere, and pins them;
//! [`trust`] decides which drivers may run. [`conformance`] checks a driver by calling it as a run does.

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
