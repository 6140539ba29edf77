//! The contract, host side. Nothing but the macro.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "plugin",
    imports: {
        "osiris:driver/tables.[method]reader.schema": async | trappable,
        "osiris:driver/tables.[method]reader.next": async | trappable,
        "osiris:driver/tables.[method]writer.open": async | trappable,
        "osiris:driver/tables.[method]writer.send": async | trappable,
        "osiris:driver/tables.[method]writer.forward": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "osiris:driver/tables.batch": crate::table::Batch,
        "osiris:driver/tables.reader": super::tables::Reader,
        "osiris:driver/tables.writer": super::tables::Writer,
    },
});
