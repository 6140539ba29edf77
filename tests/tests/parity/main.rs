//! The same pipelines have the same results on this machine and in a sandbox.
//!
//! With `OSIRIS_TEST_LIVE=1`, those without databases run in the real service.

mod attacks;
mod both;
mod databases;
mod failures;
mod plain;
