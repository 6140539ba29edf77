//! A user's key is never sent to an address that a project names.

use std::net::TcpListener;
use std::thread;

use osiris_tests::{Cloud, TestProject};

fn new_project() -> TestProject {
    let project = TestProject::new();
    project.write("in.csv", "n\n1\n");
    project.write(
        "pipeline.yaml",
        "oml_version: 0.1.0\nname: copy\nsteps:\n  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}\n  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}\n",
    );
    project
}

const COMMANDS: [&[&str]; 4] = [
    &["e2b", "doctor"],
    &["e2b", "sweep"],
    &["run", "pipeline.yaml", "--e2b"],
    &["e2b", "template", "--name", "mine"],
];

#[test]
fn exported_key_is_not_sent_to_an_address_of_the_env_file() {
    let cloud = Cloud::bare();
    let [(api, url), (envd, sandboxes), (name, key)] = cloud.local().env();
    for line in [
        format!("{api}={url}\n"),
        format!("{envd}={sandboxes}\n"),
        "E2B_DOMAIN=evil.example\n".to_owned(),
    ] {
        let project = new_project();
        project.write(".env", &line);
        for command in COMMANDS {
            let finished = project.osiris(command).env(name, &key).run().expect(3);
            let told = &finished.stderr;
            let variable = line.split('=').next().expect("a name");
            assert!(
                told.contains(variable) && told.contains(&format!("export `{variable}`")),
                "{told}"
            );
            assert!(told.contains(".env") && !told.contains(key.as_str()), "{told}");
        }
    }
    assert_eq!(cloud.local().log(), [""; 0], "nothing was asked");
}

#[test]
fn key_and_address_of_one_origin_are_accepted() {
    let cloud = Cloud::bare();
    let [api, envd, key] = cloud.local().env();
    let project = new_project();
    let lines = |all: &[&(&str, String)]| -> String {
        all.iter().map(|(name, value)| format!("{name}={value}\n")).collect()
    };
    // All in the file; the address exported; and all exported although the file differs.
    project.write(".env", lines(&[&api, &envd, &key]));
    project.osiris(["e2b", "sweep"]).run().expect(0);
    project.write(".env", lines(&[&key]));
    let exported = |command: osiris_tests::Osiris| command.env(api.0, &api.1).env(envd.0, &envd.1);
    exported(project.osiris(["e2b", "sweep"])).run().expect(0);
    project.write(".env", "E2B_API_URL=http://127.0.0.1:1\n");
    exported(project.osiris(["e2b", "sweep"])).env(key.0, &key.1).run().expect(0);
}

#[test]
fn exported_login_is_not_sent_to_a_registry_of_the_env_file() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let registry = listener.local_addr().expect("it is bound").to_string();
    // Requests a login and records the answer.
    let server = thread::spawn(move || {
        use std::io::{Read, Write};
        let mut heard = String::new();
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut bytes = [0; 4096];
            let read = stream.read(&mut bytes).unwrap_or(0);
            heard.push_str(&String::from_utf8_lossy(&bytes[..read]));
            if heard.contains("/the/end") {
                return heard;
            }
            let answer = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).expect("the client listens");
        }
        heard
    });
    let project = TestProject::new();
    project.write(".env", format!("OSIRIS_REGISTRY={registry}\n"));
    let add = project.osiris(["drivers", "add", &format!("oci://{registry}/a/b:1"), "--insecure"]);
    let add =
        add.env("OSIRIS_REGISTRY_USER", "me").env("OSIRIS_REGISTRY_PASSWORD", "hunter2hunter2");
    let finished = add.run().expect(3);
    assert!(finished.stderr.contains("export OSIRIS_REGISTRY="), "{}", finished.stderr);
    use std::io::Write;
    let mut end = std::net::TcpStream::connect(&registry).expect("the server listens");
    end.write_all(b"GET /the/end").expect("the server reads");
    drop(end);
    let heard = server.join().expect("the server does not panic").to_lowercase();
    assert!(!heard.contains("authorization"), "{heard}");
}
