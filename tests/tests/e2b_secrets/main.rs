//! What gets into a sandbox and what E2B sees of it: what the plan declares, and
//! no secret where anybody looks.

mod key;
mod parcel;
mod reach;
mod told;
mod worker;
