//! Foundation of the other crates of osiris: reads and writes files, and reads the spec, limits and
//! interfaces of a driver without running the driver.
//!
//! - [`diagnostic`], [`text`] and [`sanitize`] build the messages that users see.
//! - [`yaml`] and [`schema`] read configuration with the position of every value.
//! - [`paths`] decides the files that a step can access; [`fs`] opens and writes the host's own.
//! - [`redact`] and [`secret_keys`] keep secrets out of every text.
//! - [`driver`] reads a driver's file: its spec, limits and interfaces.
//!
//! ```
//! use osiris_core::redact::Redactor;
//!
//! let redactor = Redactor::new(["hunter2hunter2".to_owned()])?;
//! let text = redactor.redact("login with hunter2hunter2 failed");
//! assert_eq!(text, "login with ***MASKED*** failed");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(not(unix))]
compile_error!(
    "osiris runs on Linux and macOS only: it opens files relative to open directories, as POSIX systems do; on Windows, build and run it in WSL 2"
);

pub mod budget;
pub mod canonical;
pub mod code;
pub mod contract;
pub mod core_dumps;
pub mod diagnostic;
pub mod driver;
pub mod fs;
pub mod invisible;
pub mod paths;
pub mod program;
pub mod redact;
pub mod sanitize;
pub mod schema;
pub mod secret_keys;
pub mod sync;
pub mod telemetry;
pub mod text;
pub mod variable;
pub mod yaml;
