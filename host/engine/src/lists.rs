//! Host functions that check the length of a driver's list before they copy any item. The engine
//! would copy the whole list, item by item without yielding, before the host could reject it.

use osiris_core::contract::CONTRACT;
use wasmtime::component::{ComponentType, Lift, Linker, Resource, WasmList};
use wasmtime::{AsContextMut, Result, StoreContextMut};

use super::bindings::osiris::driver::context::{Host, MetricValue};
use super::bindings::osiris::driver::types;
use super::failure::contract_violation;
use super::state::HostState;
use super::tables::Writer;
use crate::table::{Field, MAX_FIELDS, MAX_METADATA as MAX_METADATA_BYTES};

/// Maximum tags of one metric.
const MAX_TAGS: usize = 256;
/// Maximum metadata entries of all columns together.
const MAX_METADATA: usize = 1 << 16;

type Texts = WasmList<(String, String)>;

/// A column whose metadata is still in the driver's memory.
#[derive(ComponentType, Lift)]
#[component(record)]
struct Column {
    name: String,
    format: String,
    nullable: bool,
    metadata: Texts,
    children: u32,
}

/// Replaces the generated functions that copy lists first.
pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> Result<()> {
    let (package, version) = CONTRACT.split_once('@').unwrap_or((CONTRACT, ""));
    linker.allow_shadowing(true);
    linker.instance(&format!("{package}/context@{version}"))?.func_wrap("metric", metric)?;
    linker
        .instance(&format!("{package}/tables@{version}"))?
        .func_wrap_async("[method]writer.open", |store, arguments| {
            Box::new(open(store, arguments))
        })?;
    linker.allow_shadowing(false);
    Ok(())
}

fn metric(
    mut store: StoreContextMut<'_, HostState>,
    (name, value, unit, tags): (String, MetricValue, String, Texts),
) -> Result<()> {
    if tags.len() > MAX_TAGS {
        // Copying up to `MAX_TAGS` tags still makes a call fail that passes more bytes than
        // allowed.
        tags.iter(store.as_context_mut())?.take(MAX_TAGS).try_for_each(|tag| tag.map(drop))?;
        let reason = format!("it has {} tags; the maximum is {MAX_TAGS}", tags.len());
        store.data().journal.warn_dropped("metric", &reason);
        return Ok(());
    }
    let tags = tags.iter(store.as_context_mut())?.collect::<Result<_>>()?;
    store.data_mut().metric(name, value, unit, tags)
}

type Opened = (std::result::Result<(), types::Error>,);

async fn open(
    mut store: StoreContextMut<'_, HostState>,
    (writer, columns): (Resource<Writer>, WasmList<Column>),
) -> Result<Opened> {
    let invalid = |reason: String| {
        contract_violation(format!("it opened its output with an invalid schema: {reason}"))
    };
    if columns.len() > MAX_FIELDS {
        let count = columns.len();
        return Err(invalid(format!("the schema has {count} fields; the maximum is {MAX_FIELDS}")));
    }
    let columns = columns.iter(store.as_context_mut())?.collect::<Result<Vec<_>>>()?;
    // Each entry counts as more than its text, see `unflatten`.
    let large = |column: &&Column| column.metadata.len() > MAX_METADATA_BYTES / 64;
    if let Some(Column { name, .. }) = columns.iter().find(large) {
        return Err(invalid(format!(
            "column `{name}` has more than {MAX_METADATA_BYTES} bytes of metadata"
        )));
    }
    let metadata: usize = columns.iter().map(|column| column.metadata.len()).sum();
    if metadata > MAX_METADATA {
        return Err(invalid(format!(
            "the columns have {metadata} metadata entries; the maximum is {MAX_METADATA}"
        )));
    }
    let mut fields = Vec::with_capacity(columns.len());
    for Column { name, format, nullable, metadata, children } in columns {
        let metadata = match metadata.len() {
            0 => Vec::new(),
            _ => metadata.iter(store.as_context_mut())?.collect::<Result<_>>()?,
        };
        fields.push(Field { name, format, nullable, metadata, children });
    }
    Ok((store.data_mut().open_output(writer, fields).await?,))
}
