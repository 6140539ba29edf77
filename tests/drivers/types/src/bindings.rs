//! What `wit-bindgen` makes of the contract, and nothing else.

wit_bindgen::generate!({ path: "../../../wit", world: "plugin" });
