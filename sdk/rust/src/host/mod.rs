//! The two hosts that a driver may have: osiris itself around a component, and
//! memory around a native test. Both have the same shape.

#[cfg(not(target_family = "wasm"))]
pub(crate) mod memory;
#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(not(target_family = "wasm"))]
pub(crate) use memory::{Batch, Host, Reader, Writer};
#[cfg(target_family = "wasm")]
pub(crate) use wasm::{Batch, Host, Reader, Writer};
