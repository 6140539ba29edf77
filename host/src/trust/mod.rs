//! Trust in drivers: signatures inside the component, the project's policy, and the permissions
//! that are shown before a driver's first run.

mod admission;
mod asks;
mod ceilings;
mod key;
mod pattern;
mod policy;
mod rights;
mod seen;
mod signature;

pub use admission::Admission;
pub use asks::{Ask, Asks};
pub use ceilings::{Ceilings, FileCeiling, HostPort};
pub use key::{PublicKey, SecretKey};
pub use pattern::Pattern;
pub use policy::{Pin, Policy, Rule};
pub use rights::{Known, Right, Verdict};
pub use seen::Seen;
pub use signature::{sign, signers};
