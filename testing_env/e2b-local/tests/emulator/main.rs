//! The emulator by its wire: what it does, and what goes wrong on demand.

mod client;
mod control;
mod drops;
mod faults;
mod files;
mod input;
mod limits;
mod names;
mod network;
mod process;
mod program;
mod streams;
mod templates;
