//! Transfers to and from the sandbox that fail.

use e2b_local::{Answer, Effect, Fault};

use crate::fixture::{Fixture, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    cut_upload_is_sent_again,
    upload_with_lost_response_is_sent_again,
    cut_secrets_are_sent_again,
    uploads_answered_by_a_page_are_sent_again,
    full_disk_during_upload_is_reported,
    cut_download_resumes,
    dropped_download_is_fetched_again,
    temporarily_rejected_download_is_fetched_later,
    altered_download_is_fetched_again,
    always_altered_download_is_reported,
    always_cut_download_is_reported,
];

const UPLOAD: &str = "POST /files";
const DOWNLOAD: &str = "GET /files";

/// Returns a fault in the download of the output.
fn of_the_output(effect: Effect) -> Fault {
    Fault::on(DOWNLOAD, effect).containing("ids%2Etxt")
}

#[track_caller]
fn assert_recovers(fault: Fault) -> Fixture {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(fault);
    fixture.assert_well(fixture.run(&[]).run());
    fixture
}

fn cut_upload_is_sent_again() {
    assert_recovers(Fault::on(UPLOAD, Effect::CutUpload(1000)));
}

fn upload_with_lost_response_is_sent_again() {
    assert_recovers(Fault::on(UPLOAD, Effect::DropDone));
}

fn cut_secrets_are_sent_again() {
    assert_recovers(Fault::on(UPLOAD, Effect::CutUpload(5)).containing("confidential"));
}

fn uploads_answered_by_a_page_are_sent_again() {
    let page = Answer { status: 502, headers: Vec::new(), body: "<html></html>".to_owned() };
    assert_recovers(Fault::on(UPLOAD, Effect::Answer(page)).times(3));
}

fn full_disk_during_upload_is_reported() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(UPLOAD, Effect::DiskFull(100)).always());
    let words = ["507", "not enough disk space available", "a template with a larger disk"];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn cut_download_resumes() {
    assert_recovers(of_the_output(Effect::CutAnswer(2)));
}

fn dropped_download_is_fetched_again() {
    assert_recovers(of_the_output(Effect::Drop));
}

fn temporarily_rejected_download_is_fetched_later() {
    let limit = Answer::error(429, "Rate limit exceeded").header("Retry-After", "1");
    assert_recovers(of_the_output(Effect::Answer(limit)));
}

fn altered_download_is_fetched_again() {
    assert_recovers(of_the_output(Effect::FlipByte(0)).times(2));
}

fn always_altered_download_is_reported() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(of_the_output(Effect::FlipByte(0)).always());
    let words = ["cannot download `ids.txt`", "altered", "run the pipeline again"];
    fixture.assert_failed(fixture.run(&[]).run(), 1, "sandbox", &words);
}

fn always_cut_download_is_reported() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(of_the_output(Effect::CutAnswer(0)).always());
    let words = ["cannot download `ids.txt`", "run the pipeline again"];
    fixture.assert_failed(fixture.run(&[]).run(), 1, "sandbox", &words);
}
