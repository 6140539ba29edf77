//! `osiris doctor`.

use serde_json::json;

use super::pipeline::Workplace;
use super::render::{BAD, DIM, GOOD, STRONG, paint};
use super::shell::{Answer, Shell};
use crate::driver::Engine;
use crate::fence::{Fence, Strength};
use crate::problem::Exit;
use crate::problem::Result;
use crate::session::visible;

const EXAMPLES: &str = "\
Examples:
  osiris doctor
  osiris doctor --json
  osiris connections doctor       whether services can be reached
  osiris e2b doctor               whether runs in E2B can work";

/// Check this machine: engine, fences, drivers
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {}

pub(super) fn doctor(shell: &Shell) -> Result<Answer> {
    let place = Workplace::open(shell)?;
    let engine = Engine::new().map(|engine| match engine.keeps_code() {
        true => "compiles drivers, and keeps their code".to_owned(),
        false => "compiles drivers anew each time: its cache cannot be used".to_owned(),
    });
    let engine = engine.map_err(|error| error.to_string());
    // A thread of its own is fenced in, and this one not.
    let fence =
        std::thread::spawn(|| Fence { ports: Some(Vec::new()), ..Fence::default() }.raise())
            .join()
            .unwrap_or(Strength::None);
    let count = place.registry.drivers().count();
    let drivers = match place.registry.broken() {
        [] => Ok(format!("{count} in {} folders", place.registry.folders().len())),
        broken => Err(format!("{} files are no drivers: see `osiris drivers list`", broken.len())),
    };
    // A run is the same without a fence.
    let checks = [("engine", engine), ("fence", Ok(fence.to_string())), ("drivers", drivers)];
    let well = checks.iter().all(|(_, result)| result.is_ok());
    let json = json!({
        "status": if well { "success" } else { "error" },
        "version": env!("CARGO_PKG_VERSION"),
        "checks": checks.iter().map(|(name, result)| json!({
            "name": name,
            "ok": result.is_ok(),
            "message": result.as_ref().unwrap_or_else(|why| why),
        })).collect::<Vec<_>>(),
    });
    let text = checks.iter().map(|(name, result)| {
        let (style, glyph, said) = match result {
            Ok(said) => (GOOD, "✓", paint(DIM, &visible(said))),
            Err(why) => (BAD, "✗", visible(why).into_owned()),
        };
        format!("{} {} {said}\n", paint(style, glyph), paint(STRONG, &format!("{name:<9}")))
    });
    let exit = if well { 0 } else { Exit::Environment as u8 };
    Ok(Answer { json, text: text.collect(), exit, failed: false })
}
