//! How a user gets in.

use osiris_sdk::Error;
use protocol::constants::CapabilityFlags;
use protocol::io::ParseBuf;
use protocol::packets::{
    AuthPlugin, AuthSwitchRequest, ErrPacket, HandshakePacket, HandshakeResponse, SslRequest,
};
use protocol::proto::{MyDeserialize, MySerialize};

use crate::Failure;
use crate::config::{Connection, Tls};
use crate::wire::Wire;

/// utf8mb4_general_ci, which every server knows.
const CHARSET: u8 = 45;
const MAX_PACKET: u32 = 1 << 30;

/// What `caching_sha2_password` says and asks.
const SHA2_KEY_REQUEST: u8 = 2;
const SHA2_FAST_OK: u8 = 3;
const SHA2_FULL: u8 = 4;

/// Answers the server's greeting, and everything that it asks until it lets the
/// user in.
pub(crate) fn authenticate(wire: &mut Wire, connection: &Connection) -> Result<(), Failure> {
    let greeting = wire.receive()?;
    refused(greeting)?;
    let greeting = HandshakePacket::deserialize((), &mut ParseBuf(greeting))
        .map_err(Failure::protocol)?
        .into_owned();
    let offered = greeting.capabilities();
    let mut wanted = CapabilityFlags::CLIENT_LONG_PASSWORD
        | CapabilityFlags::CLIENT_LONG_FLAG
        | CapabilityFlags::CLIENT_PROTOCOL_41
        | CapabilityFlags::CLIENT_TRANSACTIONS
        | CapabilityFlags::CLIENT_SECURE_CONNECTION
        | CapabilityFlags::CLIENT_PLUGIN_AUTH
        | CapabilityFlags::CLIENT_PLUGIN_AUTH_LENENC_CLIENT_DATA
        | CapabilityFlags::CLIENT_MULTI_RESULTS
        | CapabilityFlags::CLIENT_PS_MULTI_RESULTS
        | CapabilityFlags::CLIENT_CONNECT_WITH_DB;
    if offered.contains(CapabilityFlags::CLIENT_SSL) && connection.tls != Tls::Disabled {
        wanted |= CapabilityFlags::CLIENT_SSL;
    } else if !matches!(connection.tls, Tls::Disabled | Tls::Preferred) {
        return Err(Error::config(format!(
            "{} offers no TLS, and the connection asks for it; set it up on the server, or set \
             `tls: preferred`",
            connection.address()
        ))
        .into());
    }
    wanted &= offered | CapabilityFlags::CLIENT_LONG_PASSWORD;
    if wanted.contains(CapabilityFlags::CLIENT_SSL) {
        wire.send(&packet(&SslRequest::new(wanted, MAX_PACKET, CHARSET)), &[])?;
        wire.encrypt(connection)?;
    }
    let mut nonce = greeting.nonce();
    let mut plugin = greeting.auth_plugin().unwrap_or(AuthPlugin::MysqlNativePassword).into_owned();
    let proof = prove(wire, connection, &plugin, &nonce)?;
    wire.send(
        &packet(&HandshakeResponse::new(
            proof.as_deref(),
            greeting.server_version_parsed().unwrap_or((5, 7, 0)),
            Some(connection.user.as_bytes()),
            Some(connection.database.as_bytes()),
            Some(plugin.clone()),
            wanted,
            None,
            MAX_PACKET,
        )),
        &[],
    )?;
    let mut asked_key = false;
    loop {
        let answer = wire.receive()?.to_vec();
        refused(&answer)?;
        match answer.as_slice() {
            [0, ..] => return Ok(()),
            [0xFE, _, ..] => {
                let switch = AuthSwitchRequest::deserialize((), &mut ParseBuf(&answer))
                    .map_err(Failure::protocol)?;
                plugin = switch.auth_plugin().into_owned();
                nonce = switch.plugin_data().to_vec();
                let proof = prove(wire, connection, &plugin, &nonce)?;
                wire.send(&proof.unwrap_or_default(), &[])?;
            }
            [1, SHA2_FAST_OK] => {}
            [1, SHA2_FULL] if wire.is_encrypted() => {
                wire.send(connection.password.as_bytes(), &[0])?;
            }
            // Who answers with a key of its own can read the password.
            [1, SHA2_FULL] if !connection.allow_insecure_auth => {
                return Err(Error::auth(
                    "the server wants the whole password, which is only sent over TLS; set \
                     `tls: required` in the connection, or, if you trust everything between here \
                     and the server, `allow_insecure_auth: true`",
                )
                .into());
            }
            [1, SHA2_FULL] => {
                asked_key = true;
                wire.send(&[SHA2_KEY_REQUEST], &[])?;
            }
            [1, key @ ..] if asked_key && matches!(plugin, AuthPlugin::CachingSha2Password) => {
                wire.send(&hide(&connection.password, &nonce, key), &[])?;
            }
            _ => return Err(Failure::protocol("an answer to the password that means nothing")),
        }
    }
}

/// What shows that the user knows the password.
fn prove(
    wire: &Wire,
    connection: &Connection,
    plugin: &AuthPlugin<'_>,
    nonce: &[u8],
) -> Result<Option<Vec<u8>>, Failure> {
    match plugin {
        AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519 => {
        }
        AuthPlugin::MysqlClearPassword
            if connection.allow_insecure_auth || wire.is_encrypted() && connection.is_checked() => {
        }
        AuthPlugin::MysqlClearPassword => {
            return Err(Error::auth(
                "the server wants the password in clear text, which is only sent over TLS to a \
                 server whose certificate is checked; set `tls: verify_identity` in the \
                 connection, or, if you trust everything between here and the server, \
                 `allow_insecure_auth: true`",
            )
            .into());
        }
        other => {
            return Err(Error::auth(format!(
                "the user {:?} logs in by {:?}, which this driver does not know; give the user \
                 mysql_native_password, caching_sha2_password or ed25519",
                connection.user,
                String::from_utf8_lossy(other.as_bytes())
            ))
            .into());
        }
    }
    let proof = plugin.gen_data(Some(&connection.password), nonce);
    Ok(proof.map(|proof| {
        let mut proof = proof.to_vec();
        if matches!(plugin, AuthPlugin::MysqlClearPassword) {
            proof.push(0);
        }
        proof
    }))
}

/// The password, so that only the owner of the key can read it.
fn hide(password: &str, nonce: &[u8], key: &[u8]) -> Vec<u8> {
    let mut password = password.as_bytes().to_vec();
    password.push(0);
    for (byte, mask) in password.iter_mut().zip(nonce.iter().cycle()) {
        *byte ^= mask;
    }
    protocol::crypto::encrypt(&password, key)
}

fn packet(content: &impl MySerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    content.serialize(&mut bytes);
    bytes
}

/// Whether a packet is an error.
pub(crate) fn refused(packet: &[u8]) -> Result<(), Failure> {
    if packet.first() != Some(&0xFF) {
        return Ok(());
    }
    let flags = CapabilityFlags::CLIENT_PROTOCOL_41;
    match ErrPacket::deserialize(flags, &mut ParseBuf(packet)).map_err(Failure::protocol)? {
        ErrPacket::Error(error) => Err(Failure::Server {
            code: error.error_code(),
            message: error.message_str().into_owned(),
        }),
        ErrPacket::Progress(_) => Ok(()),
    }
}
