//! The same pipelines on this machine and in a sandbox do the same.
//!
//! With `OSIRIS_TEST_LIVE=1` those without databases run in the real service.

mod attacks;
mod both;
mod databases;
mod failures;
mod plain;
