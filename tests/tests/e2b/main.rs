//! Runs in a sandbox when something fails: nothing is lost, nothing is left
//! running, and the user is told, unless there is nothing to tell.

mod commands;
mod control;
mod create;
mod ctrl_c;
mod disk;
mod drivers;
mod files;
mod host;
mod kill;
mod life;
mod offline;
mod outcome;
mod place;
mod runtime;
mod stream;
mod time;
mod worker;
