//! Files and folders.

use std::fs;

use reqwest::Method;
use reqwest::blocking::multipart::{Form, Part};
use serde_json::json;

use crate::client::{Emulator, answer};

#[test]
fn uploaded_file_is_downloaded_unchanged() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let response = emulator.upload(&sandbox, "a/one.txt", b"0123456789").send().expect("answers");
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    let entry = json!([{"name": "one.txt", "path": "/home/user/a/one.txt", "type": "file"}]);
    assert_eq!(response.json::<serde_json::Value>().expect("is JSON"), entry);
    let home = emulator.server.home(&sandbox.id).expect("lives");
    assert_eq!(fs::read_to_string(home.join("a/one.txt")).expect("is there"), "0123456789");

    let read = || emulator.envd(&sandbox, Method::GET, "/files?path=~/a/one.txt");
    let part = read().header("Range", "bytes=4-").send().expect("answers");
    assert_eq!((part.status().as_u16(), part.text().expect("is text").as_str()), (206, "456789"));
    let past = read().header("Range", "bytes=99-").send().expect("answers");
    assert_eq!(past.status(), 416);
    let zipped = read().header("Accept-Encoding", "gzip").send().expect("answers");
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let whole = read().send().expect("answers");
    assert_eq!(whole.headers()["content-length"], "10");
    assert_eq!(whole.text().expect("is text"), "0123456789");
}

#[test]
fn failed_file_access_is_explained() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let get =
        |path: &str| answer(emulator.envd(&sandbox, Method::GET, &format!("/files?path={path}")));
    let error = |status: u16, message: &str| (status, json!({"code": status, "message": message}));
    assert_eq!(get("nope"), error(404, "path '/home/user/nope' does not exist"));
    assert_eq!(get("/home/user"), error(400, "path '/home/user' is a directory"));
    let post = answer(emulator.upload(&sandbox, "/home/user", b""));
    assert_eq!(post, error(400, "path is a directory: /home/user"));
    let unknown_user = answer(emulator.envd(&sandbox, Method::GET, "/files?path=x&username=zz"));
    assert_eq!(unknown_user, error(401, "error looking up user 'zz': user: unknown user zz"));
    let json = emulator.envd(&sandbox, Method::POST, "/files?path=x").json(&json!({}));
    assert_eq!(answer(json).0, 400);
    let mut denied = sandbox.clone();
    denied.token = "wrong".to_owned();
    let stat = emulator.call(&denied, "filesystem.Filesystem/Stat", &json!({"path": "/"}));
    let message = "unauthorized access, please provide a valid access token or method signing if \
                   supported";
    assert_eq!(stat, error(401, message));
}

#[test]
fn multipart_upload_uses_the_file_names() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let part = |name: &str| Part::text(format!("in {name}")).file_name(name.to_owned());
    let form = Form::new().part("file", part("m/one")).part("file", part("/tmp/two"));
    let (status, entries) = answer(emulator.envd(&sandbox, Method::POST, "/files").multipart(form));
    assert_eq!(status, 200);
    assert_eq!(entries[0]["path"], "/home/user/m/one");
    assert_eq!(emulator.run(&sandbox, "cat ~/m/one /tmp/two").stdout, "in m/onein /tmp/two");
    let twice = Form::new().part("file", part("same")).part("file", part("~/same"));
    assert_eq!(answer(emulator.envd(&sandbox, Method::POST, "/files").multipart(twice)).0, 400);
}

#[test]
fn folders_are_created_listed_moved_and_removed() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let call = |name: &str, message| {
        emulator.call(&sandbox, &format!("filesystem.Filesystem/{name}"), &message)
    };
    let (_, response) = call("MakeDir", json!({"path": "d/e"}));
    let entry = &response["entry"];
    assert_eq!(
        (&entry["type"], &entry["mode"], &entry["permissions"], &entry["path"]),
        (
            &json!("FILE_TYPE_DIRECTORY"),
            &json!(493),
            &json!("drwxr-xr-x"),
            &json!("/home/user/d/e")
        )
    );
    let (status, error) = call("MakeDir", json!({"path": "d/e"}));
    assert_eq!((status, &error["code"]), (409, &json!("already_exists")));
    assert_eq!(call("ListDir", json!({"path": "d/e"})), (200, json!({})));
    emulator.run(&sandbox, "printf four > d/f; : > d/empty; ln -s /home/user/d/f d/link");
    let (_, list) = call("ListDir", json!({"path": "d", "depth": 1}));
    let names: Vec<_> =
        list["entries"].as_array().expect("is a list").iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["e", "empty", "f", "link"]);
    let (_, link) = call("Stat", json!({"path": "d/link"}));
    assert_eq!(link["entry"]["symlinkTarget"], "/home/user/d/f");
    assert_eq!(link["entry"]["permissions"], "Lrwxrwxrwx");
    assert_eq!(link["entry"]["type"], "FILE_TYPE_FILE");
    assert_eq!(call("Stat", json!({"path": "d/f"})).1["entry"]["size"], "4");
    assert!(call("Stat", json!({"path": "d/empty"})).1["entry"].get("size").is_none());
    assert_eq!(call("Move", json!({"source": "d/f", "destination": "new/g"})).0, 200);
    assert_eq!(call("Move", json!({"source": "d/f", "destination": "new/h"})).0, 404);
    assert_eq!(call("Remove", json!({"path": "d"})), (200, json!({})));
    assert_eq!(call("Remove", json!({"path": "d"})), (200, json!({})));
    let missing = "file not found: lstat /home/user/d: no such file or directory";
    let stat = call("Stat", json!({"path": "d"}));
    assert_eq!(stat, (404, json!({"code": "not_found", "message": missing})));
}

#[test]
fn files_are_composed_from_parts() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    emulator.upload(&sandbox, "p1", b"one ").send().expect("answers");
    emulator.upload(&sandbox, "p2", b"two").send().expect("answers");
    let body = json!({"source_paths": ["p1", "p2"], "destination": "all/of"});
    let compose = || answer(emulator.envd(&sandbox, Method::POST, "/files/compose").json(&body));
    let entry = json!({"name": "of", "path": "/home/user/all/of", "type": "file"});
    assert_eq!(compose(), (200, entry));
    assert_eq!(emulator.run(&sandbox, "cat all/of; ls").stdout, "one twoall\n");
    assert_eq!(compose().0, 404);
}

#[test]
fn files_belong_to_the_user_that_processes_run_as() {
    let emulator = Emulator::new();
    let sandbox = emulator.sandbox();
    let response = answer(emulator.upload(&sandbox, "new/file", b"1"));
    assert_eq!(response.0, 200, "{}", response.1);
    emulator.call(&sandbox, "filesystem.Filesystem/MakeDir", &json!({"path": "made"}));
    // All of them can be changed, and are the user's to the last folder.
    let script = "set -e
echo 2 >> new/file; mv new/file made; rmdir new; chmod 600 made/file; cat made/file
whoami; stat -c %U . made made/file; : > /usr/local/bin/tool; : > /tmp/file";
    let run = emulator.run(&sandbox, script);
    let user = emulator.run(&sandbox, "id -un").stdout;
    let expected = format!("12\n{}", user.repeat(4));
    assert_eq!((run.stdout, run.stderr), (expected, String::new()));
    let (_, entry) =
        emulator.call(&sandbox, "filesystem.Filesystem/Stat", &json!({"path": "made/file"}));
    assert_eq!(
        (&entry["entry"]["owner"], &entry["entry"]["group"]),
        (&json!("user"), &json!("user"))
    );
    if rustix::process::geteuid().is_root() {
        assert_eq!(user, "user\n");
        // Nothing of this machine can be changed.
        assert_eq!(emulator.run(&sandbox, "touch /etc/x /x /root/x; kill -0 1").end["exitCode"], 1);
        let again = answer(emulator.upload(&sandbox, "made/file", b"3"));
        assert_eq!(again.0, 200, "{}", again.1);
        assert_eq!(emulator.run(&sandbox, "stat -c '%U %a' made/file").stdout, "user 600\n");
    }
}
