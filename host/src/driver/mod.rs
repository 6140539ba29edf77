//! The wasm side: engine, registry, grants, limits, instances and the tables between them.
pub mod spec;
