//! Ownership of projects: files of another user have no effect unless the user allows it.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::{Path, PathBuf};

use osiris_tests::{Finished, TestProject};

/// Id of another user.
const OTHER: u32 = 1234;

fn give_away(path: &Path) {
    // `chown` of std follows links.
    chown(path, Some(OTHER), Some(OTHER)).expect("these tests need root, who can give files away");
}

/// Creates a project of the user in a directory below the project.
fn own(project: &TestProject) -> PathBuf {
    let file = "oml_version: 0.1.0\nname: copy\nsteps:\n  - {id: read, component: filesystem.csv_extractor, mode: read, config: {path: in.csv}}\n  - {id: write, component: filesystem.csv_writer, mode: write, config: {path: out.csv}}\n";
    project.write("own/pipeline.yaml", file);
    project.write("own/in.csv", "n\n1\n");
    project.path("own")
}

fn run(project: &TestProject, folder: &Path, variables: &[(&str, &str)]) -> Finished {
    let mut osiris = project.osiris(["validate", "pipeline.yaml"]).current_dir(folder);
    for (name, value) in variables {
        osiris = osiris.env(name, value);
    }
    osiris.run()
}

#[track_caller]
fn assert_refused(finished: Finished, what: &Path) {
    let finished = finished.expect(3);
    let told = &finished.stderr;
    assert!(told.contains("another user (uid 1234)"), "{told}");
    assert!(told.contains("export OSIRIS_SAFE_DIRECTORY=/"), "{told}");
    assert!(
        told.contains(what.file_name().and_then(|name| name.to_str()).unwrap_or_default()),
        "{told}"
    );
}

#[test]
fn parent_settings_of_another_user_are_refused() {
    let project = TestProject::new();
    let folder = own(&project);
    project.write("osiris.yaml", "version: 1\n");
    run(&project, &folder, &[]).expect(0);
    give_away(&project.path("osiris.yaml"));
    assert_refused(run(&project, &folder, &[]), Path::new("osiris.yaml"));
}

#[test]
fn parent_files_of_another_user_are_refused() {
    for name in [
        "osiris.yaml",
        "drivers/x",
        "osiris.lock",
        ".env",
        ".osiris/index/x",
        "osiris_connections.yaml",
    ] {
        let project = TestProject::new();
        let folder = own(&project);
        project.write("osiris.yaml", "version: 1\n");
        let content = match name {
            "osiris.lock" => "version: 1\ndrivers: {}\n",
            "osiris_connections.yaml" => "version: 1\nconnections: {}\n",
            "osiris.yaml" => "version: 1\n",
            _ => "",
        };
        project.write(name, content);
        run(&project, &folder, &[]).expect(0);
        let first = project.path(name.split('/').next().expect("a name"));
        give_away(&first);
        assert_refused(run(&project, &folder, &[]), &first);
        chown(&first, Some(0), Some(0)).expect("root can take files back");
        run(&project, &folder, &[]).expect(0);
        give_away(&project.root());
        assert_refused(run(&project, &folder, &[]), &project.root());
    }
}

#[test]
fn current_and_named_folders_are_checked() {
    let project = TestProject::new();
    let folder = own(&project);
    fs::create_dir(folder.join("drivers")).expect("the project can be written");
    run(&project, &folder, &[]).expect(0);
    give_away(&folder.join("drivers"));
    assert_refused(run(&project, &folder, &[]), Path::new("drivers"));
    let named = project.osiris(["drivers", "list", "--project", "own"]).run();
    assert_refused(named, Path::new("drivers"));
}

#[test]
fn symlink_to_another_users_file_is_refused() {
    let project = TestProject::new();
    let folder = own(&project);
    project.write("real.yaml", "version: 1\n");
    symlink("../real.yaml", folder.join("osiris.yaml")).expect("links can be made");
    run(&project, &folder, &[]).expect(0);
    give_away(&project.path("real.yaml"));
    assert_refused(run(&project, &folder, &[]), Path::new("osiris.yaml"));
}

#[test]
fn parent_connections_of_another_user_are_refused() {
    let project = TestProject::new();
    let folder = own(&project);
    fs::write(folder.join("osiris.yaml"), "version: 1\n").expect("the project can be written");
    project.write("osiris_connections.yaml", "version: 1\nconnections: {}\n");
    let list = || project.osiris(["connections", "list"]).current_dir(&folder).run();
    list().expect(0);
    give_away(&project.path("osiris_connections.yaml"));
    for command in
        [&["connections", "list"][..], &["connections", "doctor"], &["run", "pipeline.yaml"]]
    {
        let finished = project.osiris(command).current_dir(&folder).run();
        assert_refused(finished, Path::new("osiris_connections.yaml"));
    }
    // The project's own file comes first, so the parent directories do not matter.
    fs::write(folder.join("osiris_connections.yaml"), "version: 1\nconnections: {}\n")
        .expect("written");
    list().expect(0);
}

#[test]
fn env_file_of_another_user_is_refused() {
    let project = TestProject::new();
    let folder = own(&project);
    fs::write(folder.join("osiris.yaml"), "version: 1\n").expect("the project can be written");
    fs::create_dir(folder.join("sub")).expect("the project can be written");
    fs::write(folder.join("sub/.env"), "A=b\n").expect("the project can be written");
    let list = || project.osiris(["connections", "list"]).current_dir(folder.join("sub")).run();
    list().expect(0);
    give_away(&folder.join("sub/.env"));
    assert_refused(list(), Path::new(".env"));
}

#[test]
fn foreign_folders_are_allowed_only_by_the_user() {
    let project = TestProject::new();
    let folder = own(&project);
    project.write("osiris.yaml", "version: 1\n");
    give_away(&project.root());
    let root = project.root().display().to_string();
    let above = format!("{}/*", project.outside().display());
    let both = format!("/nowhere:{root}");
    for allowed in [root.as_str(), &above, &both, "*", "/*"] {
        run(&project, &folder, &[("OSIRIS_SAFE_DIRECTORY", allowed)]).expect(0);
    }
    let own = folder.display().to_string();
    let outside = project.outside().display().to_string();
    for other in ["", "/nowhere", &own, &outside, &root[..root.len() - 1]] {
        let finished = run(&project, &folder, &[("OSIRIS_SAFE_DIRECTORY", other)]);
        assert_refused(finished, &project.root());
    }
    // A project cannot vouch for itself.
    project.write(".env", format!("OSIRIS_SAFE_DIRECTORY={root}\n"));
    assert_refused(run(&project, &folder, &[]), &project.root());
}

#[test]
fn sudo_keeps_access_to_own_projects() {
    let project = TestProject::new();
    let folder = own(&project);
    project.write("osiris.yaml", "version: 1\n");
    give_away(&project.root());
    run(&project, &folder, &[("SUDO_UID", "1234")]).expect(0);
    assert_refused(run(&project, &folder, &[("SUDO_UID", "1235")]), &project.root());
}

#[test]
fn project_search_ends_at_the_home_folder() {
    let project = TestProject::new();
    let folder = own(&project);
    project.write("osiris.yaml", "version: 1\nunknown: 1\n");
    project.write("osiris_connections.yaml", "nonsense");
    run(&project, &folder, &[]).expect(2);
    let home = folder.display().to_string();
    run(&project, &folder, &[("HOME", &home)]).expect(0);
    let list = project.osiris(["connections", "list"]).current_dir(&folder).env("HOME", &home);
    list.run().expect(0);
    // The home directory itself still counts.
    let home = project.root().display().to_string();
    run(&project, &folder, &[("HOME", &home)]).expect(2);
}
