//! Pipelines that succeed and need no server.

use osiris_tests::databases::samples;

use crate::both::both;

/// Reads a file of the sample project.
fn sample(path: &str) -> Vec<u8> {
    std::fs::read(samples().join(path)).expect("a sample can be read")
}

#[test]
fn penguins_sample_is_equal() {
    let both = both(0, |project| {
        project.write("data/penguins.csv", sample("data/penguins.csv"));
        project.write("pipeline.yaml", sample("pipelines/penguins.yaml"));
    });
    assert_eq!(both.there.read("output/penguins.csv").lines().count(), 345);
    assert_eq!(both.there.files(), both.here.files());
    assert_eq!(both.session.status["rows_written"], 688);
}

#[test]
fn sources_of_any_size_give_equal_rows() {
    for rows in [10, 100, 1000] {
        let both = both(0, |project| {
            let config = format!("rows: {rows}, batch: 7");
            project.write(
                "pipeline.yaml",
                format!(
                    "\
oml_version: 0.1.0
name: volumes
steps:
  - {{id: source, component: test.source, mode: read, config: {{{config}}}}}
  - {{id: pass, component: test.passthrough, mode: transform, needs: [source]}}
  - {{id: count, component: test.sink, mode: write, needs: [pass], config: {{path: ids.txt}}}}
  - {{id: table, component: filesystem.csv_writer, mode: write, needs: [pass], config: {{path: deep/er/rows.csv}}}}
"
                ),
            );
        });
        assert_eq!(both.there.read("ids.txt").lines().count(), rows);
        assert_eq!(both.there.read("deep/er/rows.csv").lines().count(), rows + 1);
    }
}

#[test]
fn existing_output_folder_keeps_other_files() {
    let both = both(0, |project| {
        project.write("in/a.csv", "n,t\n1,x\n2,\"two\nlines\"\n3,žluťoučký\n");
        project.write("out/other.csv", "mine\n");
        project.write("out/a.csv", "from before\n");
        project.write("pipeline.yaml", copy("in/a.csv", "out/a.csv"));
    });
    assert_eq!(both.there.read("out/other.csv"), "mine\n");
    assert!(both.there.read("out/a.csv").contains("žluťoučký"));
}

/// Returns a pipeline that copies a file.
pub(crate) fn copy(from: &str, to: &str) -> String {
    format!(
        "\
oml_version: 0.1.0
name: copy
steps:
  - {{id: read, component: filesystem.csv_extractor, mode: read, config: {{path: {from}}}}}
  - {{id: write, component: filesystem.csv_writer, mode: write, config: {{path: {to}}}}}
"
    )
}
