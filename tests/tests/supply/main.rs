//! Sources of drivers: files, web servers and registries, correct and malicious, and their entries
//! in `osiris.lock`.

mod hostile;
mod https;
mod indexed;
mod kit;
mod locked;
mod login;
mod lookups;
mod registry;
mod stranger;
mod update;
