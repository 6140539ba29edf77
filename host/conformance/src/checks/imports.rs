//! Imports of the component, read from the file.

use super::super::check::{Check, Verdict, ensure, skip};
use super::super::harness::Harness;
use super::super::requirement::Requirement;

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "imports.sockets",
        title: "sockets are imported only if the spec requests the network",
        fix: "list the destinations in `network`, or remove code that uses sockets",
        needs: &[Requirement::Driver],
        run: |harness| {
            unless(harness, "wasi:sockets/tcp", |harness| Ok(!harness.spec()?.network.is_empty()))
        },
    },
    Check {
        id: "imports.filesystem",
        title: "the filesystem is imported only if the spec names files or the driver writes artifacts",
        fix: "list the files in `files`, or remove code that uses `std::fs`",
        needs: &[Requirement::Driver],
        run: |harness| {
            unless(harness, "wasi:filesystem/", |harness| {
                let files = &harness.spec()?.files;
                let leaves = harness.normals().iter().any(|one| !one.outcome.artifacts.is_empty());
                Ok(!files.read.is_empty() || !files.write.is_empty() || leaves)
            })
        },
    },
    Check {
        id: "imports.network-used",
        title: "the network is requested only if the component imports sockets",
        fix: "remove `network` from the spec: unused permissions should not be granted",
        needs: &[Requirement::Driver],
        run: |harness| {
            let asks = !harness.spec()?.network.is_empty();
            ensure(!asks || imports(harness, "wasi:sockets/tcp").is_some(), || {
                "the spec has `network`, but the component imports no sockets".to_owned()
            })
        },
    },
    Check {
        id: "imports.files-used",
        title: "files are requested only if the component imports the filesystem",
        fix: "remove `files` from the spec: unused permissions should not be granted",
        needs: &[Requirement::Driver],
        run: |harness| {
            let files = &harness.spec()?.files;
            let asks = !files.read.is_empty() || !files.write.is_empty();
            ensure(!asks || imports(harness, "wasi:filesystem/").is_some(), || {
                "the spec has `files`, but the component does not import the filesystem".to_owned()
            })
        },
    },
];

fn imports<'b>(harness: &'b Harness, prefix: &str) -> Option<&'b String> {
    harness.file.as_ref()?.imports.iter().find(|import| import.starts_with(prefix))
}

fn unless(
    harness: &Harness,
    prefix: &str,
    declared: impl Fn(&Harness) -> Result<bool, super::super::check::NotPassed>,
) -> Verdict {
    if harness.file.is_none() {
        return Err(skip("the spec is not valid: see the group `spec`"));
    }
    match imports(harness, prefix) {
        Some(import) if !declared(harness)? => ensure(false, || {
            format!("the component imports `{import}`, but the spec does not declare its use")
        }),
        _ => Ok(()),
    }
}
