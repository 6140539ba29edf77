//! Bindings that `wit-bindgen` generates from `wit/driver.wit`. Native builds use only the records;
//! the functions exist only inside a host.

wit_bindgen::generate!({
    path: "../../wit",
    world: "plugin",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "osiris_sdk::bindings",
});
