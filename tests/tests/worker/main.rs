//! `osiris worker` by itself: its messages, the commands that it rejects, and its behavior without
//! a host.

mod life;
mod lonely;
mod refusals;
mod talk;
