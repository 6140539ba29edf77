//! The checks, by group.

mod cancel;
mod compat;
mod component;
mod config;
mod discover;
mod doctor;
mod errors;
mod imports;
mod input;
mod memory;
mod run;
mod secrets;
mod spec;
mod spec_schema;
mod state;
mod telemetry;
pub(super) mod types;

use super::check::Check;

pub(super) use self::input::refusable;

/// Returns all checks, in the order of the report.
pub(super) fn all() -> impl Iterator<Item = &'static Check> {
    [
        component::CHECKS,
        spec::CHECKS,
        spec_schema::CHECKS,
        imports::CHECKS,
        config::CHECKS,
        run::CHECKS,
        input::CHECKS,
        types::CHECKS,
        memory::CHECKS,
        telemetry::CHECKS,
        discover::CHECKS,
        doctor::CHECKS,
        secrets::CHECKS,
        errors::CHECKS,
        cancel::CHECKS,
        state::CHECKS,
        compat::CHECKS,
    ]
    .into_iter()
    .flatten()
}
