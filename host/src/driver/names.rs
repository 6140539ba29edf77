//! `wasi:sockets/ip-name-lookup` for names that were granted only.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    self, Host, HostResolveAddressStream, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{
    self, ErrorCode, IpAddress, Network as Handle,
};
use wasmtime_wasi::p2::{DynPollable, SocketError};
use wasmtime_wasi::sockets::WasiSocketsCtxView;

use super::network::Network;
use super::state::State;

/// Looks names up for one call.
pub(super) struct Names<'a> {
    wasi: WasiSocketsCtxView<'a>,
    network: &'a Network,
    asked: &'a mut HashMap<u32, String>,
}

struct Access;

impl HasData for Access {
    type Data<'a> = Names<'a>;
}

/// Puts the checked look-up in the place of the engine's own.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    ip_name_lookup::add_to_linker::<_, Access>(linker, State::names)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl network::Host for Names<'_> {
    fn convert_error_code(&mut self, error: SocketError) -> wasmtime::Result<ErrorCode> {
        network::Host::convert_error_code(&mut self.wasi, error)
    }

    fn network_error_code(
        &mut self,
        error: Resource<wasmtime::Error>,
    ) -> wasmtime::Result<Option<ErrorCode>> {
        network::Host::network_error_code(&mut self.wasi, error)
    }
}

impl network::HostNetwork for Names<'_> {
    fn drop(&mut self, handle: Resource<Handle>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.wasi, handle)
    }
}

impl Host for Names<'_> {
    fn resolve_addresses(
        &mut self,
        handle: Resource<Handle>,
        name: String,
    ) -> Result<Resource<ResolveAddressStream>, SocketError> {
        if !self.network.may_look_up(&name) {
            return Err(ErrorCode::AccessDenied.into());
        }
        let stream = self.wasi.resolve_addresses(handle, name.clone())?;
        self.asked.insert(stream.rep(), name);
        Ok(stream)
    }
}

impl HostResolveAddressStream for Names<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        let name = self.asked.get(&stream.rep());
        let address = self.wasi.resolve_next_address(stream)?;
        if let (Some(address), Some(name)) = (address, name) {
            self.network.learn(name, std_address(address));
        }
        Ok(address)
    }

    fn subscribe(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        HostResolveAddressStream::subscribe(&mut self.wasi, stream)
    }

    fn drop(&mut self, stream: Resource<ResolveAddressStream>) -> wasmtime::Result<()> {
        self.asked.remove(&stream.rep());
        HostResolveAddressStream::drop(&mut self.wasi, stream)
    }
}

impl State {
    fn names(&mut self) -> Names<'_> {
        let Self { wasi, table, network, asked, .. } = self;
        Names { wasi: WasiSocketsCtxView { ctx: wasi.sockets(), table }, network, asked }
    }
}

fn std_address(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).into(),
    }
}
