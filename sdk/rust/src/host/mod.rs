//! The two hosts of a driver, with the same interface: osiris for a component, and memory for a
//! native test.

#[cfg(not(target_family = "wasm"))]
pub(crate) mod memory;
#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(not(target_family = "wasm"))]
pub(crate) use memory::{Batch, Host, Reader, Writer};
#[cfg(target_family = "wasm")]
pub(crate) use wasm::{Batch, Host, Reader, Writer};
