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

pub use admission::AdmittedDriver;
pub use ceilings::{Ceilings, FileCeiling, HostPort};
pub use key::{PublicKey, SecretKey};
pub use known_drivers::KnownDrivers;
pub use pattern::Pattern;
pub use permission_report::{Known, PermissionReport, Verdict};
pub use permissions::{Permission, RequestedPermissions};
pub use policy::{Pin, Policy, Rule};
pub use signature::{sign, signers, unsigned};
