//! Bindings that `wit-bindgen` generates from the contract.

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });
