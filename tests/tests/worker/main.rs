//! `osiris worker` by itself: what it says, what it refuses, and what it does when
//! nobody is there.

mod life;
mod lonely;
mod refusals;
mod talk;
