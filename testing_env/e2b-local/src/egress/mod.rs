//! Holds the processes of a sandbox to its egress rules.
//!
//! They run in a network namespace whose only interface is its loopback. Whatever
//! they connect to, the kernel redirects the connection to a listener of the
//! emulator inside the namespace, which dials the address from the network of this
//! machine if the rules allow that. E2B does the same, so the habits are E2B's: a
//! denied connection is accepted and then closed, and no IPv6 leaves.

mod datagrams;
mod forward;
mod host_name;
mod namespace;
mod rules;

use std::net::{TcpListener, UdpSocket};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rustix::process::geteuid;
use tokio::task::JoinHandle;

pub(crate) use namespace::Namespace;
pub(crate) use rules::{Rules, network};

/// The network of a sandbox with rules. When it is dropped, nothing is forwarded any more.
#[derive(Debug)]
pub(crate) struct Egress {
    namespace: Namespace,
    tasks: [JoinHandle<()>; 2],
}

impl Egress {
    /// Makes a namespace that lets out what the rules allow. Needs a runtime.
    ///
    /// # Errors
    /// Returns an error if this machine does not allow it, or has no `ip` or `nft`.
    pub(crate) fn start(rules: Rules) -> Result<Self> {
        let inside = || {
            let streams = TcpListener::bind("127.0.0.1:0")?;
            let datagrams = datagrams::bind()?;
            let ports = (streams.local_addr()?.port(), datagrams.local_addr()?.port());
            namespace::shell(SETUP, &ruleset(&rules, ports))?;
            anyhow::Ok((streams, datagrams))
        };
        let (namespace, (streams, datagrams)): (_, (TcpListener, UdpSocket)) =
            Namespace::make(inside)?;
        streams.set_nonblocking(true)?;
        datagrams.set_nonblocking(true)?;
        let (streams, datagrams) = (
            tokio::net::TcpListener::from_std(streams)?,
            tokio::net::UdpSocket::from_std(datagrams)?,
        );
        let rules = Arc::new(rules);
        let tasks = [
            tokio::spawn(forward::all(streams, rules.clone())),
            tokio::spawn(datagrams::all(datagrams, rules, namespace.clone())),
        ];
        Ok(Self { namespace, tasks })
    }

    /// Checks that this machine can enforce egress rules.
    ///
    /// # Errors
    /// Returns an error that says what is missing, and how to get it.
    pub(crate) fn check() -> Result<()> {
        if !geteuid().is_root() {
            bail!("egress rules need root: run the emulator as root");
        }
        for (program, package) in [("ip", "iproute2"), ("nft", "nftables")] {
            if services::program(program, &[]).is_none() {
                bail!("egress rules need `{program}`: run `apt-get install {package}`");
            }
        }
        let inside = || namespace::shell(SETUP, &ruleset(&Rules::default(), (1, 1)));
        Namespace::make(inside).context("egress rules need network namespaces and nftables")?;
        Ok(())
    }

    /// The namespace, for processes to enter.
    pub(crate) fn namespace(&self) -> &Namespace {
        &self.namespace
    }
}

impl Drop for Egress {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// Makes every address one of the namespace's own, so that the kernel has a route
/// to each, and takes the ruleset from its input.
const SETUP: &str = "ip route add local default dev lo && exec nft -f -";

/// Redirects what leaves the namespace to these ports, of streams and datagrams.
/// Drops what is not redirected, unless it stays on the namespace's loopback.
fn ruleset(rules: &Rules, (streams, datagrams): (u16, u16)) -> String {
    // An allowed address of loopback is that of this machine.
    let allowed: Vec<String> = rules.loopback().iter().map(ToString::to_string).collect();
    let loopback = |action: &str| match allowed.join(", ") {
        none if none.is_empty() => String::new(),
        nets => format!("ip daddr {{ {nets} }} {action}"),
    };
    let redirect = format!("meta l4proto tcp redirect to :{streams}");
    let divert =
        format!("meta l4proto udp meta mark set 1 tproxy ip to 127.0.0.1:{datagrams} accept");
    let (stream_loopback, datagram_loopback) = (loopback(&redirect), loopback(&divert));
    format!(
        "table inet sandbox {{
            chain streams {{
                type nat hook output priority -100
                {stream_loopback}
                ip daddr 127.0.0.0/8 accept
                meta nfproto ipv4 {redirect}
            }}
            chain datagrams {{
                type filter hook prerouting priority -150
                ct direction reply accept
                {datagram_loopback}
                ip daddr 127.0.0.0/8 accept
                meta nfproto ipv4 {divert}
            }}
            chain input {{
                type filter hook input priority 0; policy drop
                ct state established accept
                meta mark 1 accept
                ip daddr 127.0.0.0/8 accept
                ip6 daddr ::1 accept
            }}
        }}"
    )
}
