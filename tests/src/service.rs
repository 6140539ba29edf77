//! A service on loopback with a secret, and a project with a connection to it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use crate::TestProject;

/// Starts a server that answers one line per connection until the test ends. Returns its port.
pub fn service() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut line = String::new();
            let mut reader = BufReader::new(&stream);
            if reader.read_line(&mut line).is_ok() {
                // The client may have disconnected; the next one will not have.
                let _ = writeln!(&stream, "heard {}", line.trim());
            }
        }
    });
    port
}

/// Creates a project with a connection to the service.
pub fn new_project(host: &str, port: u16, step: &str) -> TestProject {
    let project = TestProject::new();
    project.write(
        "osiris_connections.yaml",
        format!(
            "version: 1\nconnections:\n  service:\n    main:\n      host: {host}\n      port: \"${{PORT:-{port}}}\"\n      password: \"${{SECRET}}\"\n      dsn: \"service://user:${{SECRET}}@{host}\"\n"
        ),
    );
    project.write(
        "pipeline.yaml",
        format!(
            "oml_version: 0.1.0\nname: ask\nsteps:\n  - {{id: ask, component: service.client, mode: read, config: {{connection: '@service.main', {step}}}}}\n  - {{id: write, component: filesystem.csv_writer, mode: write, config: {{path: lines.txt}}}}\n"
        ),
    );
    project
}
