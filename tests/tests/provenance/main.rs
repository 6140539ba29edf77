//! Who set a value, and what it opens: every setter with every right, on this machine and in
//! a sandbox.

mod address;
mod file;
mod key;
mod owner;
mod shown;
mod spec;
