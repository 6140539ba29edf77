//! Trust in drivers: signatures inside the component, the project's policy, and the permissions
//! that are shown before a driver's first run.

mod admission;
mod ceilings;
mod key;
mod known_drivers;
mod pattern;
mod permission_report;
mod permissions;
mod policy;
mod signature;

pub use admission::Admission;
pub use ceilings::{Ceilings, FileCeiling, HostPort};
pub use key::{PublicKey, SecretKey};
pub use known_drivers::Seen;
pub use pattern::Pattern;
pub use permission_report::{Known, Right, Verdict};
pub use permissions::{Ask, Asks};
pub use policy::{Pin, Policy, Rule};
pub use signature::{sign, signers};
