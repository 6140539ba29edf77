//! Concurrent runs in one project.

use osiris_tests::TestProject;
use osiris_tests::session::Session;

const PIPELINE: &str = "\
oml_version: 0.1.0
name: side-by-side
params: {rows: 1}
steps:
  - {id: source, component: test.source, mode: read, config: {rows: '${params.rows}'}}
  - {id: write, component: test.sink, mode: write, config: {path: 'ids-${params.rows}.txt'}}
";

#[test]
fn concurrent_runs_do_not_interfere() {
    let project = TestProject::new();
    project.write("pipeline.yaml", PIPELINE);
    let builds = 1..=4;
    // Three of each: they make the same build, compile the same drivers and write the same file.
    let rows = || builds.clone().chain(builds.clone()).chain(builds.clone());
    let running: Vec<_> = rows()
        .map(|rows| {
            let set = format!("rows={rows}");
            let run = project.osiris(["run", "pipeline.yaml", "--param", &set]).test_drivers();
            run.env("OSIRIS_CACHE", project.outside().join("home/cache")).start()
        })
        .collect();
    for run in running {
        run.finish().expect(0);
    }
    let sessions = Session::all(&project).unwrap();
    assert_eq!(sessions.len(), rows().count());
    for session in sessions {
        assert_eq!(session.status["status"], "success", "{:#}", session.status);
    }
    for rows in builds {
        assert_eq!(project.read(format!("ids-{rows}.txt")).lines().count(), rows);
    }
}

/// A name that another run replaces during a look-up is still the same name.
#[test]
fn concurrent_runs_write_one_output_without_failure() {
    let project = TestProject::new();
    std::fs::create_dir(project.path("output")).unwrap();
    let pipeline = PIPELINE.replace("ids-${params.rows}.txt", "output/ids.txt");
    project.write("pipeline.yaml", pipeline);
    let run = || {
        let run = project.osiris(["run", "pipeline.yaml"]).test_drivers();
        run.env("OSIRIS_CACHE", project.outside().join("home/cache"))
    };
    run().run().expect(0);
    let running: Vec<_> = (0..32).map(|_| run().start()).collect();
    for run in running {
        run.finish().expect(0);
    }
    assert_eq!(project.read("output/ids.txt"), "0\n");
    assert_eq!(project.files(), ["output/ids.txt", "pipeline.yaml"]);
}

/// Five pairs, of which two run at a time.
#[test]
fn steps_wait_for_a_free_slot() {
    let project = TestProject::new();
    let mut pipeline = "oml_version: 0.1.0\nname: pairs\nsteps:\n".to_owned();
    for pair in 0..5 {
        pipeline += &format!(
            "  - {{id: read-{pair}, component: test.source, mode: read, config: {{rows: 500000, batch: 1000}}}}\n  \
               - {{id: write-{pair}, component: test.sink, mode: write, needs: [read-{pair}], \
                   config: {{path: ids-{pair}.txt}}}}\n"
        );
    }
    project.write("pipeline.yaml", pipeline);
    let most_at_once = |limit: &str| {
        let run = project.osiris(["run", "pipeline.yaml", "--limit", limit]).test_drivers();
        run.run().expect(0);
        let session = Session::all(&project).unwrap().pop().expect("a session");
        let changes = session.events.iter().map(|event| match event["event_type"].as_str() {
            Some("step_start") => 1,
            Some("step_complete" | "step_error") => -1,
            _ => 0,
        });
        let running = changes.scan(0, |running, change| {
            *running += change;
            Some(*running)
        });
        assert_eq!(session.status["steps_completed"], 10);
        running.max().unwrap_or_default()
    };
    assert!(most_at_once("steps=10") > 4);
    assert!(most_at_once("steps=4") <= 4);
    // Those of a pair need each other.
    assert!(most_at_once("steps=1") <= 2);
}
