//! Data that reaches a sandbox and E2B: only files that the plan declares, and no secret in any
//! visible place.

mod key;
mod output;
mod parcel;
mod reach;
mod worker;
