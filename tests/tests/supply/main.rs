//! Where drivers come from: files, web servers and registries, good and bad ones,
//! and what `osiris.lock` makes of them.

mod hostile;
mod https;
mod kit;
mod locked;
mod login;
mod lookups;
mod registry;
mod stranger;
mod update;
