//! `wasi:sockets` with the permissions of a call: look-ups of permitted names only, and a limit on
//! sockets. The engine's own implementation checks connections with [`Network::may_use`].

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use osiris_core::driver::limits::{Limit, Limits};
use wasmtime::component::{HasData, Linker, Resource};
use wasmtime_wasi::p2::bindings::sockets::ip_name_lookup::{
    self, Host, HostResolveAddressStream, ResolveAddressStream,
};
use wasmtime_wasi::p2::bindings::sockets::network::{
    self, ErrorCode, IpAddress, IpAddressFamily, Network as Handle,
};
use wasmtime_wasi::p2::bindings::sockets::tcp_create_socket;
use wasmtime_wasi::p2::{DynPollable, SocketError, SocketResult, TcpSocket};
use wasmtime_wasi::sockets::WasiSocketsCtxView;

use super::network::Network;
use super::state::HostState;
use super::timer::StepTimer;

/// Maximum length of a DNS name with a final dot, in bytes.
const MAX_NAME: usize = 254;
/// Address passed to the engine instead of a known name.
const NO_LOOK_UP: &str = "127.0.0.1";
/// Look-ups that a call can do in a burst, and further look-ups per second. Limited because a
/// look-up continues even after its caller has given up.
const LOOK_UPS: u64 = 256;
const LOOK_UPS_A_SECOND: u64 = 10;

/// A name that is being looked up.
pub(super) struct LookUp {
    name: String,
    /// The known addresses that the driver has not read yet.
    addresses: Option<VecDeque<IpAddr>>,
}

/// The sockets of one call, and the engine's own implementation.
pub(super) struct View<'a> {
    wasi: WasiSocketsCtxView<'a>,
    network: &'a Network,
    pending_look_ups: &'a mut HashMap<u32, LookUp>,
    look_up_count: &'a mut u64,
    clock: &'a StepTimer,
    limits: &'a Limits,
    denial: &'a mut Option<String>,
}

struct Access;

impl HasData for Access {
    type Data<'a> = View<'a>;
}

/// Replaces the engine's sockets with the checked ones.
pub(super) fn add_to_linker(linker: &mut Linker<HostState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    ip_name_lookup::add_to_linker::<_, Access>(linker, HostState::sockets)?;
    tcp_create_socket::add_to_linker::<_, Access>(linker, HostState::sockets)?;
    linker.allow_shadowing(false);
    Ok(())
}

impl network::Host for View<'_> {
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

impl network::HostNetwork for View<'_> {
    fn drop(&mut self, handle: Resource<Handle>) -> wasmtime::Result<()> {
        network::HostNetwork::drop(&mut self.wasi, handle)
    }
}

impl Host for View<'_> {
    fn resolve_addresses(
        &mut self,
        handle: Resource<Handle>,
        name: String,
    ) -> Result<Resource<ResolveAddressStream>, SocketError> {
        if name.len() > MAX_NAME {
            return Err(ErrorCode::InvalidArgument.into());
        }
        if !self.network.may_look_up(&name) {
            return Err(ErrorCode::AccessDenied.into());
        }
        *self.look_up_count += 1;
        let max = LOOK_UPS + LOOK_UPS_A_SECOND * self.clock.seconds();
        if *self.look_up_count > max {
            *self.denial = Some(format!(
                "it resolved host names {} times; the maximum is {LOOK_UPS} plus {LOOK_UPS_A_SECOND} per second. A driver can cache resolved addresses",
                self.look_up_count
            ));
            return Err(ErrorCode::TemporaryResolverFailure.into());
        }
        let addresses = self
            .network
            .known_addresses(&name)
            .map(|addresses| addresses.iter().copied().collect());
        // Looking up an IP address uses no resolver: the engine's stream is only a placeholder for
        // the known addresses.
        let query = if addresses.is_some() { NO_LOOK_UP } else { &name };
        let stream = self.wasi.resolve_addresses(handle, query.to_owned())?;
        self.pending_look_ups.insert(stream.rep(), LookUp { name, addresses });
        Ok(stream)
    }
}

impl HostResolveAddressStream for View<'_> {
    fn resolve_next_address(
        &mut self,
        stream: Resource<ResolveAddressStream>,
    ) -> Result<Option<IpAddress>, SocketError> {
        let rep = stream.rep();
        let address = match self.pending_look_ups.get_mut(&rep) {
            Some(LookUp { addresses: Some(addresses), .. }) => {
                addresses.pop_front().map(wasi_address)
            }
            _ => self.wasi.resolve_next_address(stream)?,
        };
        if let (Some(address), Some(LookUp { name, .. })) =
            (address, self.pending_look_ups.get(&rep))
        {
            self.network.record_resolution(name, std_address(address));
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
        self.pending_look_ups.remove(&stream.rep());
        HostResolveAddressStream::drop(&mut self.wasi, stream)
    }
}

impl tcp_create_socket::Host for View<'_> {
    fn create_tcp_socket(&mut self, family: IpAddressFamily) -> SocketResult<Resource<TcpSocket>> {
        // Counting is cheap compared to opening a socket.
        let open =
            self.wasi.table.iter_mut().filter(|entry| entry.is::<TcpSocket>()).count() as u64;
        if open >= self.limits.get(Limit::Sockets) {
            let request = format!("it tried to open socket {}", open + 1);
            *self.denial = Some(self.limits.exceeded_message(Limit::Sockets, request));
            return Err(ErrorCode::NewSocketLimit.into());
        }
        self.wasi.create_tcp_socket(family)
    }
}

impl HostState {
    fn sockets(&mut self) -> View<'_> {
        let Self {
            wasi,
            table,
            network,
            pending_look_ups,
            look_up_count,
            clock,
            limits,
            denial,
            ..
        } = self;
        let wasi = WasiSocketsCtxView { ctx: wasi.sockets(), table };
        View { wasi, network, pending_look_ups, look_up_count, clock, limits, denial }
    }
}

fn std_address(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).into(),
    }
}

fn wasi_address(address: IpAddr) -> IpAddress {
    match address {
        IpAddr::V4(ip) => IpAddress::Ipv4(ip.octets().into()),
        IpAddr::V6(ip) => IpAddress::Ipv6(ip.segments().into()),
    }
}
