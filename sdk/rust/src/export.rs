//! The `export!` macro, which turns a driver type into a component.

/// Exports a type as the driver of this crate, and embeds the `spec.yaml` next to its `Cargo.toml`
/// as the custom section `osiris:spec`. Used once per crate, which must be a `cdylib`. Native
/// builds only type-check the driver.
///
/// ```
/// use osiris_sdk::{Context, Driver, Error, Input, Output, Result, Schema, Step, Summary};
///
/// pub struct Nothing;
///
/// impl Driver for Nothing {
///     type Config = serde_json::Value;
///
///     fn run(
///         _: &Context,
///         _: Step<Self::Config>,
///         _: Vec<Input>,
///         output: Option<Output>,
///     ) -> Result<Summary> {
///         let mut output = output.ok_or_else(|| Error::unsupported("it only extracts"))?;
///         output.open(&Schema::default())?; // no columns, and no rows
///         Ok(Summary::default())
///     }
/// }
///
/// osiris_sdk::export!(Nothing); // the last line of `src/lib.rs`
/// # osiris_sdk::testing::run::<Nothing>(serde_json::json!({})).expect_ok();
/// ```
#[macro_export]
macro_rules! export {
    ($driver:ty) => {
        const _: () = {
            const SPEC: &[u8] = ::core::include_bytes!(::core::concat!(
                ::core::env!("CARGO_MANIFEST_DIR"),
                "/spec.yaml"
            ));
            $crate::__export!($driver, SPEC);
        };
    };
}

#[cfg(target_family = "wasm")]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($driver:ty, $spec:ident) => {
        type Component = $crate::guest::Component<$driver>;
        $crate::bindings::export_component!(Component with_types_in $crate::bindings);

        // Bytes instead of a reference: a custom section cannot hold pointers.
        #[used]
        #[unsafe(link_section = "osiris:spec")]
        static SECTION: [u8; $spec.len()] = *$spec.first_chunk().unwrap();
    };
}

#[cfg(not(target_family = "wasm"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __export {
    ($driver:ty, $spec:ident) => {
        const fn check<D: $crate::Driver>() {}
        check::<$driver>();
        let _ = $spec;
    };
}
