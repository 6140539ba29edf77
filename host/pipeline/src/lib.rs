//! Reads a [`project`] and its [`connection`]s, and [`compile`]s a pipeline in YAML to a sealed
//! [`manifest`] and the configuration of each step.

pub mod compile;
pub mod connection;
pub mod manifest;
pub mod project;
