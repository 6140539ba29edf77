//! What `wit-bindgen` makes of `wit/driver.wit`, and nothing else. Native
//! builds use only its records; its functions exist only inside a host.

wit_bindgen::generate!({
    path: "../../wit",
    world: "plugin",
    pub_export_macro: true,
    export_macro_name: "export_component",
    default_bindings_module: "osiris_sdk::bindings",
});
