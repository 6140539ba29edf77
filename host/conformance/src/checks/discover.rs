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
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) const CHECKS: &[Check] = &[
    Check {
        id: "discover.answers",
        title: "discovery lists datasets",
        fix: "implement `discover`, or write `capabilities: {discover: false}`",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |bench| {
            let found = ask(bench)?;
            found
                .map(drop)
                .or_else(|failure| fail(format!("({}) {}", failure.kind, failure.message)))
        },
    },
    Check {
        id: "discover.in-time",
        title: "discovery ends within 10 seconds",
        fix: "query the service's catalog once for all tables, not for each table",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |bench| {
            let started = Instant::now();
            listed(bench)?;
            let took = started.elapsed();
            ensure(took <= PATIENCE, || format!("discovery took {:.1} s", took.as_secs_f64()))
        },
    },
    Check {
        id: "discover.stable",
        title: "discovery lists the same datasets each time",
        fix: "list datasets in a fixed order, and leave out times and counters",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |bench| ensure(listed(bench)? == listed(bench)?, || "two lists differ".to_owned()),
    },
    Check {
        id: "discover.sorted",
        title: "datasets are sorted by name",
        fix: "sort them: `datasets.sort_by(|a, b| a.name.cmp(&b.name))`",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |bench| {
            let found = listed(bench)?;
            let pairs = found.windows(2).filter(|pair| pair[0].name > pair[1].name);
            none(pairs.map(|pair| format!("`{}` comes before `{}`", pair[0].name, pair[1].name)))
        },
    },
    Check {
        id: "discover.unique",
        title: "datasets and their columns have unique names",
        fix: "add the schema to the name, or leave out datasets that cannot be read by name",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |bench| {
            let found = listed(bench)?;
            let mut odd = repeated("dataset", found.iter().map(|one| one.name.as_str()));
            for dataset in &found {
                let names = dataset.fields.iter().map(|field| field.name.as_str());
                odd.extend(repeated(&format!("column of `{}`", dataset.name), names));
            }
            none(odd)
        },
    },
    Check {
        id: "discover.kinds",
        title: "a dataset is a table, view, file, endpoint, collection or stream",
        fix: "use the closest of these kinds",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |bench| {
            let found = listed(bench)?;
            let odd = found.iter().filter(|one| !KINDS.contains(&one.kind.as_str()));
            none(odd.map(|one| format!("`{}` has the kind {:?}", one.name, one.kind)))
        },
    },
    Check {
        id: "discover.formats",
        title: "column formats are Arrow formats",
        fix: "use the SDK's DataType, or a format string of Arrow's C Data Interface",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |bench| {
            let mut odd = Vec::new();
            for dataset in listed(bench)? {
                for column in &dataset.fields {
                    if !is_format(&column.format) {
                        odd.push(format!(
                            "`{}.{}` has the format {:?}",
                            dataset.name, column.name, column.format
                        ));
                    }
                }
            }
            none(odd)
        },
    },
    Check {
        id: "discover.native-types",
        title: "columns have the type name of the service",
        fix: "set `native_type`",
        needs: &[Requirement::Driver, Requirement::Discover],
        run: |bench| {
            let mut bare = Vec::new();
            for dataset in listed(bench)? {
                let columns =
                    dataset.fields.iter().filter(|column| column.native_type.trim().is_empty());
                bare.extend(columns.map(|column| {
                    format!("`{}.{}` has no native type", dataset.name, column.name)
                }));
            }
            none(bare)
        },
    },
    Check {
        id: "discover.no-secrets",
        title: "the listed datasets contain no secret",
        fix: "leave the connection's values out of names and types",
        needs: &[Requirement::Driver, Requirement::Discover, Requirement::Secrets],
        run: |bench| {
            let redactor = redactor(bench.secrets())?;
            let text = format!("{:?}", listed(bench)?);
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
        run: |bench| {
            if bench.spec()?.capabilities.discover {
                return Ok(());
            }
            match ask(bench)? {
                Ok(found) => fail(format!(
                    "the capability is not declared, but the driver lists {} datasets",
                    found.len()
                )),
                Err(_) => Ok(()),
            }
        },
    },
];

/// Returns the datasets in the driver's order, or the driver's failure.
fn ask(bench: &Harness) -> Result<Result<Vec<Dataset>, CallError>, NotPassed> {
    let case = bench.base();
    let config = match (bench.connected()?, &case) {
        (Some(config), _) => config,
        (None, Some(case)) => bench.config(case)?,
        (None, None) if bench.spec()?.capabilities.discover => {
            return Err(skip("requires `--connection` or a case"));
        }
        (None, None) => bench.pretend(None)?.config,
    };
    bench.discover(case.as_ref(), &config)
}

fn listed(bench: &Harness) -> Result<Vec<Dataset>, NotPassed> {
    ask(bench)?.map_err(|_| skip("discovery fails: see `discover.answers`"))
}

fn repeated<'n>(what: &str, names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let twice = names.windows(2).filter(|pair| pair[0] == pair[1]);
    let twice = twice.map(|pair| format!("the {what} `{}` is listed twice", pair[0]));
    let nameless =
        names.iter().filter(|name| name.is_empty()).map(|_| format!("a {what} has no name"));
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
