//! Discovery: the datasets that can be read or written.

use std::time::{Duration, Instant};

use osiris_engine::table::{Field, unflatten};
use osiris_engine::{CallError, Dataset};

use super::super::check::{Check, NotPassed, ensure, fail, none, redactor, skip};
use super::super::harness::Harness;
use super::super::requirement::Requirement;

/// Dataset kinds defined by the contract.
const KINDS: [&str; 6] = ["table", "view", "file", "endpoint", "collection", "stream"];
/// Maximum time that people wait for a list.
const MAX_TIME: Duration = Duration::from_secs(10);

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "discover.answers",
        title: "discovery lists datasets",
        fix: "implement `discover`, or write `capabilities: {discover: false}`",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |harness| {
            let result = discover_result(harness)?;
            result
                .map(drop)
                .or_else(|failure| fail(format!("({}) {}", failure.kind, failure.message)))
        },
    },
    Check {
        id: "discover.in-time",
        title: "discovery ends within 10 seconds",
        fix: "query the service's catalog once for all tables, not for each table",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |harness| {
            let started = Instant::now();
            list_datasets(harness)?;
            let took = started.elapsed();
            ensure(took <= MAX_TIME, || format!("discovery took {:.1} s", took.as_secs_f64()))
        },
    },
    Check {
        id: "discover.stable",
        title: "discovery lists the same datasets each time",
        fix: "list datasets in a fixed order, and leave out times and counters",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |harness| {
            // Estimates of a server change without a change of the data.
            let list = || -> Result<Vec<Dataset>, NotPassed> {
                let mut datasets = list_datasets(harness)?;
                datasets.iter_mut().for_each(|dataset| dataset.estimated_row_count = None);
                Ok(datasets)
            };
            ensure(list()? == list()?, || "two lists differ".to_owned())
        },
    },
    Check {
        id: "discover.sorted",
        title: "datasets are sorted by name",
        fix: "sort them: `datasets.sort_by(|a, b| a.name.cmp(&b.name))`",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |harness| {
            let datasets = list_datasets(harness)?;
            let pairs = datasets.windows(2).filter(|pair| pair[0].name > pair[1].name);
            none(pairs.map(|pair| format!("`{}` comes before `{}`", pair[0].name, pair[1].name)))
        },
    },
    Check {
        id: "discover.unique",
        title: "datasets and their columns have unique names",
        fix: "add the schema to the name, or leave out datasets that cannot be read by name",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |harness| {
            let datasets = list_datasets(harness)?;
            let mut duplicates =
                find_duplicates("dataset", datasets.iter().map(|one| one.name.as_str()));
            for dataset in &datasets {
                let names = dataset.fields.iter().map(|field| field.name.as_str());
                duplicates.extend(find_duplicates(&format!("column of `{}`", dataset.name), names));
            }
            none(duplicates)
        },
    },
    Check {
        id: "discover.kinds",
        title: "a dataset is a table, view, file, endpoint, collection or stream",
        fix: "use the closest of these kinds",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |harness| {
            let datasets = list_datasets(harness)?;
            let invalid = datasets.iter().filter(|one| !KINDS.contains(&one.kind.as_str()));
            none(invalid.map(|one| format!("`{}` has the kind {:?}", one.name, one.kind)))
        },
    },
    Check {
        id: "discover.formats",
        title: "column formats are Arrow formats",
        fix: "use the SDK's DataType, or a format string of Arrow's C Data Interface",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |harness| {
            let mut invalid = Vec::new();
            for dataset in list_datasets(harness)? {
                for column in &dataset.fields {
                    if !is_format(&column.format) {
                        invalid.push(format!(
                            "`{}.{}` has the format {:?}",
                            dataset.name, column.name, column.format
                        ));
                    }
                }
            }
            none(invalid)
        },
    },
    Check {
        id: "discover.native-types",
        title: "columns have the type name of the service",
        fix: "set `native_type`",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |harness| {
            let mut untyped = Vec::new();
            for dataset in list_datasets(harness)? {
                let columns =
                    dataset.fields.iter().filter(|column| column.native_type.trim().is_empty());
                untyped.extend(columns.map(|column| {
                    format!("`{}.{}` has no native type", dataset.name, column.name)
                }));
            }
            none(untyped)
        },
    },
    Check {
        id: "discover.no-secrets",
        title: "the listed datasets contain no secret",
        fix: "leave the connection's values out of names and types",
        needs: &[Requirement::Driver, Requirement::Discover, Requirement::Secrets],
        run: |harness| {
            let redactor = redactor(harness.secrets())?;
            let text = format!("{:?}", list_datasets(harness)?);
            ensure(redactor.redact(&text) == text, || {
                "the datasets contain a secret of the connection".to_owned()
            })
        },
    },
    Check {
        id: "discover.declared",
        title: "discovery works only if the spec declares the capability",
        fix: "write `capabilities: {discover: true}` and the mode `discover`",
        needs: &[Requirement::Driver],
        run: |harness| {
            if harness.spec()?.capabilities.discover {
                return Ok(());
            }
            match discover_result(harness)? {
                Ok(datasets) => fail(format!(
                    "the capability is not declared, but the driver lists {} datasets",
                    datasets.len()
                )),
                Err(_) => Ok(()),
            }
        },
    },
];

/// Returns the datasets in the driver's order, or the driver's failure.
fn discover_result(harness: &Harness) -> Result<Result<Vec<Dataset>, CallError>, NotPassed> {
    let case = harness.base();
    let config = match (harness.connected()?, &case) {
        (Some(config), _) => config,
        (None, Some(case)) => harness.config(case)?,
        (None, None) if harness.spec()?.capabilities.discover => {
            return Err(skip("requires `--connection` or a case"));
        }
        (None, None) => harness.synthetic_config(None)?.config,
    };
    harness.discover(case.as_ref(), &config)
}

fn list_datasets(harness: &Harness) -> Result<Vec<Dataset>, NotPassed> {
    discover_result(harness)?.map_err(|_| skip("discovery fails: see `discover.answers`"))
}

fn find_duplicates<'n>(kind: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let twice = names.windows(2).filter(|pair| pair[0] == pair[1]);
    let twice = twice.map(|pair| format!("the {kind} `{}` is listed twice", pair[0]));
    let nameless =
        names.iter().filter(|name| name.is_empty()).map(|_| format!("a {kind} has no name"));
    twice.chain(nameless).collect()
}

/// Returns whether `format` is a valid format string. For nested types, only the outermost type is
/// given.
fn is_format(format: &str) -> bool {
    if matches!(format, "+s" | "+l" | "+L") || format.starts_with("+w:") {
        return true;
    }
    let field = Field {
        name: "x".to_owned(),
        format: format.to_owned(),
        nullable: true,
        metadata: Vec::new(),
        children: 0,
    };
    unflatten(&[field]).is_ok()
}
