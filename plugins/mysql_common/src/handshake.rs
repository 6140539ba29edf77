//! The handshake that lets a user in.

use std::cell::Cell;

use db_common::tls::Ciphers;
use osiris_sdk::Error;
use protocol::constants::CapabilityFlags;
use protocol::crypto::rsa::{Padding, PublicKey};
use protocol::io::ParseBuf;
use protocol::packets::{
    AuthPlugin, AuthSwitchRequest, HandshakePacket, HandshakeResponse, SslRequest,
};
use protocol::proto::{MyDeserialize, MySerialize};

use crate::MysqlError;
use crate::connection::{Connection, Tls};
use crate::wire::Wire;

/// utf8mb4_general_ci, which every server knows.
const CHARSET: u8 = 45;
const MAX_PACKET: u32 = 1 << 30;

/// The way to log in before `caching_sha2_password`, and its wish for a key.
const SHA256: &[u8] = b"sha256_password";
const SHA256_KEY_REQUEST: u8 = 1;

/// The bytes that `caching_sha2_password` sends and answers.
const SHA2_KEY_REQUEST: u8 = 2;
const SHA2_FAST_OK: u8 = 3;
const SHA2_FULL: u8 = 4;

/// Answers the server's greeting, and everything that it asks until it lets the
/// user in.
pub(crate) fn authenticate(
    wire: &mut Wire,
    connection: &Connection,
    ciphers: Ciphers,
) -> Result<(), MysqlError> {
    let result = enter(wire, connection, ciphers);
    match result {
        // Servers do not say that the user has to come over TLS.
        Err(MysqlError::Server { code: 1045, message }) if !wire.is_encrypted() => {
            Err(Error::auth(format!(
                "{message} (MySQL error 1045); check `user` and `password` of the connection, and \
                 set `tls: required` if the user has to use TLS"
            ))
            .into())
        }
        Err(MysqlError::Server { code: 1045, message })
            if connection.client_cert_file.is_none() =>
        {
            Err(Error::auth(format!(
                "{message} (MySQL error 1045); check `user` and `password` of the connection, and \
                 set `client_cert_file` and `client_key_file` if the user has to show a certificate"
            ))
            .into())
        }
        result => result,
    }
}

fn enter(wire: &mut Wire, connection: &Connection, ciphers: Ciphers) -> Result<(), MysqlError> {
    let greeting = wire.receive()?;
    refused(greeting)?;
    let greeting = HandshakePacket::deserialize((), &mut ParseBuf(greeting))
        .map_err(MysqlError::protocol)?
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
        | CapabilityFlags::CLIENT_CONNECT_WITH_DB
        // The server is sent rows as a file, and no file that it asks for.
        | CapabilityFlags::CLIENT_LOCAL_FILES;
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
        wire.encrypt(connection, ciphers)?;
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
    let mut asked_key = is_key_request(&plugin, proof.as_deref());
    loop {
        let answer = wire.receive()?.to_vec();
        refused(&answer)?;
        match answer.as_slice() {
            [0, ..] => return Ok(()),
            [0xFE, _, ..] => {
                let switch = AuthSwitchRequest::deserialize((), &mut ParseBuf(&answer))
                    .map_err(MysqlError::protocol)?;
                plugin = switch.auth_plugin().into_owned();
                nonce = switch.plugin_data().to_vec();
                let proof = prove(wire, connection, &plugin, &nonce)?;
                asked_key = is_key_request(&plugin, proof.as_deref());
                wire.send(&proof.unwrap_or_default(), &[])?;
            }
            [1, SHA2_FAST_OK] => {}
            [1, SHA2_FULL] if wire.is_encrypted() => {
                wire.send(connection.password.as_bytes(), &[0])?;
            }
            // Who answers with a key of its own can read the password.
            [1, SHA2_FULL] if !connection.allow_insecure_auth => {
                return Err(whole_password());
            }
            [1, SHA2_FULL] => {
                asked_key = true;
                wire.send(&[SHA2_KEY_REQUEST], &[])?;
            }
            [1, key @ ..] if asked_key && takes_key(&plugin) => {
                wire.send(&hide(&connection.password, &nonce, key)?, &[])?;
            }
            _ => return Err(MysqlError::protocol("an answer to the password that means nothing")),
        }
    }
}

/// Returns the proof that the user knows the password.
fn prove(
    wire: &Wire,
    connection: &Connection,
    plugin: &AuthPlugin<'_>,
    nonce: &[u8],
) -> Result<Option<Vec<u8>>, MysqlError> {
    match plugin {
        AuthPlugin::MysqlNativePassword | AuthPlugin::CachingSha2Password | AuthPlugin::Ed25519 => {
        }
        // It sends the password as it is, or asks for a key to hide it.
        AuthPlugin::Other(name) if name.as_ref() == SHA256 && wire.is_encrypted() => {
            return Ok(Some([connection.password.as_bytes(), &[0]].concat()));
        }
        AuthPlugin::Other(name) if name.as_ref() == SHA256 && connection.allow_insecure_auth => {
            return Ok(Some(vec![SHA256_KEY_REQUEST]));
        }
        AuthPlugin::Other(name) if name.as_ref() == SHA256 => {
            return Err(whole_password());
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
                 caching_sha2_password, sha256_password, mysql_native_password or ed25519",
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

fn whole_password() -> MysqlError {
    Error::auth(
        "the server wants the whole password, which is only sent over TLS; set `tls: required` in \
         the connection, or, if you trust everything between here and the server, \
         `allow_insecure_auth: true`",
    )
    .into()
}

/// Returns whether the proof is no proof, but asks for the server's key.
fn is_key_request(plugin: &AuthPlugin<'_>, proof: Option<&[u8]>) -> bool {
    matches!(plugin, AuthPlugin::Other(name) if name.as_ref() == SHA256)
        && proof == Some(&[SHA256_KEY_REQUEST])
}

/// Returns whether a way to log in hides the password with a key of the server.
fn takes_key(plugin: &AuthPlugin<'_>) -> bool {
    match plugin {
        AuthPlugin::CachingSha2Password => true,
        AuthPlugin::Other(name) => name.as_ref() == SHA256,
        _ => false,
    }
}

/// The password, so that only the owner of the key can read it.
fn hide(password: &str, nonce: &[u8], key: &[u8]) -> Result<Vec<u8>, MysqlError> {
    let mut password = password.as_bytes().to_vec();
    password.push(0);
    for (byte, mask) in password.iter_mut().zip(nonce.iter().cycle()) {
        *byte ^= mask;
    }
    // The padding is told how large the key's blocks are.
    let size = Cell::new(0);
    let _ = PublicKey::from_pem(key).encrypt_block([], Measure(&size));
    let room = size.get().saturating_sub(PADDING);
    if password.len() > room {
        return Err(Error::auth(format!(
            "the password has {} bytes, and the server's key hides {} at most; set `tls: required` \
             in the connection",
            password.len() - 1,
            room.saturating_sub(1)
        ))
        .into());
    }
    Ok(protocol::crypto::encrypt(&password, key))
}

/// Bytes of a block that the padding takes: two hashes and a byte.
const PADDING: usize = 41;

/// Notes how large a block is.
struct Measure<'a>(&'a Cell<usize>);

impl Padding for Measure<'_> {
    fn pub_pad(&mut self, _input: impl AsRef<[u8]>, size: usize) -> Vec<u8> {
        self.0.set(size);
        vec![0; size]
    }
}

fn packet(content: &impl MySerialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    content.serialize(&mut bytes);
    bytes
}

/// Returns an error if a packet is one.
pub(crate) fn refused(packet: &[u8]) -> Result<(), MysqlError> {
    if packet.first() != Some(&0xFF) {
        return Ok(());
    }
    let [_, a, b, rest @ ..] = packet else {
        return Err(MysqlError::protocol("an error that is cut off"));
    };
    // Before it has greeted, the server leaves out the state.
    let message = match rest {
        [b'#', _, _, _, _, _, message @ ..] => message,
        message => message,
    };
    Err(MysqlError::Server {
        code: u16::from_le_bytes([*a, *b]),
        message: String::from_utf8_lossy(message).into_owned(),
    })
}
