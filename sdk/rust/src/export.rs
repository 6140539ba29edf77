//! `export!`: from a type to a component.

/// Makes this crate a driver of that type, and embeds the `spec.yaml` that lies
/// beside its `Cargo.toml` as the custom section `osiris:spec`. Once a crate,
/// which must be a `cdylib`; native builds only check it.
#[cfg(target_family = "wasm")]
#[macro_export]
macro_rules! export {
    ($driver:ty) => {
        const _: () = {
            type Component = $crate::guest::Component<$driver>;
    $crate::bindings::export_component!(Component with_types_in $crate::bindings);

            const TEXT: &[u8] = ::core::include_bytes!(::core::concat!(
                ::core::env!("CARGO_MANIFEST_DIR"),
                "/spec.yaml"
            ));
            #[used]
            #[unsafe(link_section = "osiris:spec")]
            static SPEC: [u8; TEXT.len()] = *TEXT.first_chunk().unwrap();
        };
    };
}

/// Makes this crate a driver of that type, and embeds the `spec.yaml` that lies
/// beside its `Cargo.toml` as the custom section `osiris:spec`. Once a crate,
/// which must be a `cdylib`; native builds only check it.
#[cfg(not(target_family = "wasm"))]
#[macro_export]
macro_rules! export {
    ($driver:ty) => {
        const _: () = {
            const fn check<D: $crate::Driver>() {}
            check::<$driver>();
            ::core::include_bytes!(::core::concat!(
                ::core::env!("CARGO_MANIFEST_DIR"),
                "/spec.yaml"
            ));
        };
    };
}
