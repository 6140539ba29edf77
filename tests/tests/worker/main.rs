//! `osiris worker` by itself: its messages, the commands that it rejects, and its behavior without
//! a host.

mod life;
mod no_host;
mod refusals;
mod talk;
