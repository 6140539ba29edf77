//! Finds texts that lose something when the server reads them.
//!
//! PostgreSQL's casts round, cut and leave out: `1.239` becomes money `$1.24`, and
//! `2024-01-01 10:00:00+05` a timestamp without its zone. Every type that does so has a condition
//! here, in SQL, for the texts that it would change.

use osiris_sdk::{Error, Result};
use postgres_common::{Session, identifier};
use tokio_postgres::types::{Kind, Type};

use crate::merge::{NAME, Stage};
use crate::plan::{Fed, Plan};
use crate::target::TargetColumn;

/// A time zone that no text names, so one with a zone of its own differs from it.
const ODD_ZONE: &str = "<+13:37>-13:37";
/// More digits after the point than the microseconds of a time.
const BELOW_MICROSECONDS: &str = "[.][0-9]{6}0*[1-9]";
/// Nothing but a date, and nothing but a time of day.
const DATE: &str = "^ *[0-9]+-[0-9]+-[0-9]+( BC| AD)? *$";
const TIME: &str = "^ *T?[0-9]{1,2}(:?[0-9]{2}){1,2}([.][0-9]*)? *([AaPp][Mm])? *$";
/// A date whose year nobody has to guess.
const FULL_YEAR: &str =
    "^ *([-+]?inf|[0-9]{4,}-[0-9]|[0-9]{4,}[/.][0-9]|[0-9]{8}([T ]|$)|.*[a-z]{3}.*[0-9]{4})";
/// A number within other text. Exponents are short, so that no number is huge.
const NUMBER: &str = "[-+]?(?:[0-9]+[.]?[0-9]*|[.][0-9]+)(?:[eE][-+]?[0-9]{1,3})?";

/// Returns an error for the first row whose text would be changed by the type of its column.
pub(crate) fn check(session: &Session, stage: &Stage<'_>, plan: &Plan) -> Result<()> {
    let texts = plan.columns.iter().filter(|fed| fed.as_text);
    let lossy: Vec<_> =
        texts.filter_map(|fed| Some((fed, loss(&identifier(&fed.target.name), fed)?))).collect();
    if lossy.is_empty() {
        return Ok(());
    }
    let number = &stage.number;
    let firsts: Vec<_> =
        lossy.iter().map(|(_, loss)| format!("min({number}) FILTER (WHERE {loss})")).collect();
    let sql = format!("SELECT {} FROM {NAME}", firsts.join(", "));
    session.run(&format!("SAVEPOINT exact; SET LOCAL timezone = '{ODD_ZONE}'"))?;
    let found = session.wait(session.client.query_one(&sql, &[]));
    session.run("ROLLBACK TO SAVEPOINT exact")?;
    let found = found?;
    let rows =
        (0..lossy.len()).filter_map(|index| Some((found.get::<_, Option<i64>>(index)?, index)));
    let Some((row, index)) = rows.min() else { return Ok(()) };
    let fed = lossy[index].0;
    Err(changed(session, stage, plan, fed, row)?)
}

/// Says what the value of a row would become.
fn changed(
    session: &Session,
    stage: &Stage<'_>,
    plan: &Plan,
    fed: &Fed,
    row: i64,
) -> Result<Error> {
    let (name, declared) = (identifier(&fed.target.name), &fed.target.declared);
    let sql = format!(
        "SELECT {name}, ({name}::{declared})::text FROM {NAME} WHERE {} = {row}",
        stage.number
    );
    let found = session.wait(session.client.query_one(&sql, &[]))?;
    let (value, becomes): (String, String) = (found.get(0), found.get(1));
    let why = format!(
        "would become {becomes:?}; write what the column can hold, or set `inexact: round` to take \
         what PostgreSQL makes of it"
    );
    Ok(plan.misfit(fed, row, &value, &why))
}

/// Returns the condition under which the text of a column would be changed, if it ever is.
fn loss(value: &str, fed: &Fed) -> Option<String> {
    let TargetColumn { native, declared, .. } = &fed.target;
    if has_numbers_within(native) {
        let numbers = |text: &str| {
            format!(
                "ARRAY(SELECT n[1]::numeric FROM regexp_matches({text}, '{NUMBER}', 'g') AS n \
                 ORDER BY 1)"
            )
        };
        let becomes = numbers(&format!("({value}::{declared})::text"));
        return Some(format!("{} <> {becomes}", numbers(value)));
    }
    match base(native).kind() {
        Kind::Array(item) => {
            let declared = declared.strip_suffix("[]").unwrap_or(declared);
            let condition = scalar("item", base(item), declared)?;
            Some(format!(
                "EXISTS (SELECT FROM unnest({value}::text[]) AS items (item) WHERE {condition})"
            ))
        }
        _ => scalar(value, base(native), declared),
    }
}

/// Returns the type below a domain.
fn base(native: &Type) -> &Type {
    match native.kind() {
        Kind::Domain(below) => base(below),
        _ => native,
    }
}

/// Returns true if a type is made of numbers that the server would round, with text around them.
fn has_numbers_within(native: &Type) -> bool {
    match native.kind() {
        Kind::Domain(item) | Kind::Array(item) => has_numbers_within(item),
        Kind::Composite(_) => true,
        Kind::Range(of) | Kind::Multirange(of) => {
            let discrete = matches!(*of, Type::INT4 | Type::INT8 | Type::DATE);
            !discrete && !matches!(*of, Type::NUMERIC | Type::TIMESTAMPTZ)
        }
        _ => matches!(
            native.name(),
            "point"
                | "lseg"
                | "path"
                | "box"
                | "polygon"
                | "line"
                | "circle"
                | "cube"
                | "vector"
                | "halfvec"
                | "sparsevec"
        ),
    }
}

/// Returns the condition for one value of a type that is declared in this way.
fn scalar(value: &str, native: &Type, declared: &str) -> Option<String> {
    let loose = format!("{}.{}", identifier(native.schema()), identifier(native.name()));
    let below = format!("{value} ~ '{BELOW_MICROSECONDS}'");
    let declares = format!("{value}::{loose} IS DISTINCT FROM ({value}::{declared})::{loose}");
    let zone = format!(
        "({value}::timestamptz AT TIME ZONE current_setting('timezone')) IS DISTINCT FROM \
         {value}::timestamp"
    );
    let guessed = format!("{value} !~* '{FULL_YEAR}'");
    let text = format!("({value}::{loose})::text IS DISTINCT FROM {value}");
    Some(match *native {
        Type::TIMESTAMP => format!("({below} OR {guessed} OR {declares} OR {zone})"),
        Type::TIMESTAMPTZ => format!("({below} OR {guessed} OR {declares})"),
        Type::TSTZ_RANGE | Type::TSTZMULTI_RANGE => format!("({below} OR {declares})"),
        Type::DATE => format!(
            "CASE WHEN {guessed} THEN true WHEN {value} ~ '{DATE}' THEN false ELSE {zone} OR {value}::timestamp IS DISTINCT \
             FROM ({value}::date)::timestamp END"
        ),
        Type::TIME => format!("({below} OR {declares} OR {value} !~ '{TIME}')"),
        Type::TIMETZ => format!("({below} OR {declares} OR {value} ~ '[0-9]-[0-9]+-[0-9]')"),
        Type::DATE_RANGE | Type::DATEMULTI_RANGE => format!("{value} ~ ':'"),
        // Months and days of 30 and 24 make intervals equal that are not the same.
        Type::INTERVAL => format!(
            "({below} OR ({value}::{loose})::text IS DISTINCT FROM ({value}::{declared})::text)"
        ),
        Type::MONEY => {
            let digits =
                |text: &str| format!("trim('0' FROM regexp_replace({text}, '[^0-9]', '', 'g'))");
            format!("{} <> {}", digits(value), digits(&format!("({value}::{declared})::text")))
        }
        Type::FLOAT4 | Type::FLOAT8 => format!(
            "CASE WHEN {value}::float8 IN ('Infinity', '-Infinity', 'NaN') THEN false ELSE \
             ({value}::{loose})::text::numeric <> {value}::numeric END"
        ),
        Type::OID | Type::XID => format!("({value}::{loose})::text::numeric <> {value}::numeric"),
        Type::CHAR | Type::NAME => text,
        Type::NUMERIC | Type::BIT | Type::VARBIT | Type::VARCHAR | Type::BPCHAR => declares,
        _ => return None,
    })
}
