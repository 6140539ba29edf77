//! A registry that requires a login.

use std::fs;
use std::sync::LazyLock;

use osiris_tests::Osiris;
use osiris_tests::secret::{SECRET, assert_hidden};
use services::registry::{Registry, USER};

use crate::kit::{drivers, new_project, said};

static PRIVATE: LazyLock<Registry> =
    LazyLock::new(|| Registry::start(Some(SECRET)).expect("the registry starts"));

fn with_login(command: Osiris, host: &str, password: &str) -> Osiris {
    command
        .env("OSIRIS_REGISTRY", host)
        .env("OSIRIS_REGISTRY_USER", USER)
        .env("OSIRIS_REGISTRY_PASSWORD", password)
}

#[test]
fn login_is_read_from_environment_or_docker() {
    let project = new_project();
    let host = PRIVATE.host();
    let reference = format!("oci://{host}/private/made");
    let mut texts = vec![said(&drivers(&project, &["publish", "made.wasm", &reference]), &project)];
    let publish = || project.osiris(["drivers", "publish", "made.wasm", &reference, "--verbose"]);
    let wrong = with_login(publish(), &host, "wrong-password").run().expect(3);
    assert!(!wrong.stderr.contains("wrong-password"), "{}", wrong.stderr);
    texts.push(said(&wrong, &project));
    // A login for another registry is not sent.
    texts.push(said(&with_login(publish(), "other.example", SECRET).run().expect(3), &project));
    let half = publish().env("OSIRIS_REGISTRY_USER", USER).run().expect(3);
    texts.push(said(&half, &project));
    insta::assert_snapshot!(texts.join("\n"));
    assert_hidden(&project, &with_login(publish(), &host, SECRET).run().expect(0));

    let auth = base64(&format!("{USER}:{SECRET}"));
    let config = format!(r#"{{"auths": {{"{host}": {{"auth": "{auth}"}}}}}}"#);
    let docker = project.outside().join("home/.docker");
    fs::create_dir(&docker).expect("the home folder is empty");
    fs::write(docker.join("config.json"), config).expect("it can be written");
    let add = || project.osiris(["drivers", "add", &reference, "--verbose"]).run();
    assert_hidden(&project, &add().expect(0));
    fs::write(docker.join("config.json"), "{torn").expect("it can be written");
    let torn = add().expect(3);
    assert!(torn.stderr.contains("docker's login for"), "{}", torn.stderr);
}

fn base64(text: &str) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |number: u32| DIGITS[(number & 63) as usize] as char;
    let group = |bytes: &[u8]| {
        let number = bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        let number = number << (8 * (3 - bytes.len()));
        let all: String = (0..4).rev().map(|place| digit(number >> (6 * place))).collect();
        format!("{:=<4}", &all[..=bytes.len()])
    };
    text.as_bytes().chunks(3).map(group).collect()
}
