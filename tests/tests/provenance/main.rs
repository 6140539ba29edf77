//! The origin of a value decides what it allows: every origin with every permission, on this
//! machine and in a sandbox.

mod address;
mod file;
mod key;
mod owner;
mod shown;
mod spec;
