//! Reads a [`project`] and its [`connection`]s, and [`compile`]s a pipeline in YAML to a sealed
//! [`manifest`] and the configuration of each step.
//!
//! ```
//! use osiris_pipeline::connection::Reference;
//!
//! let reference: Reference = "@postgres.prod".parse().map_err(|problem| format!("{problem}"))?;
//! assert_eq!((&*reference.family, &*reference.alias), ("postgres", "prod"));
//! # Ok::<(), String>(())
//! ```

pub mod compile;
pub mod connection;
pub mod manifest;
pub mod project;
