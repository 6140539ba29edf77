//! A run in a sandbox of E2B's cloud.

pub mod client;
