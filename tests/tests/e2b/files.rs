//! Transfers to and from the sandbox that fail.

use e2b_local::{Answer, Effect, Fault};

use crate::fixture::{Fixture, SHORT};
use crate::{Test, tests};

pub(crate) const TESTS: &[Test] = tests![
    an_upload_that_is_cut_is_sent_again,
    an_upload_whose_answer_is_lost_is_sent_again,
    the_secrets_that_are_cut_are_sent_again,
    uploads_that_a_page_answers_are_sent_again,
    a_disk_without_room_for_an_upload_is_told,
    a_download_that_is_cut_goes_on,
    a_download_that_is_dropped_is_fetched_again,
    a_download_that_is_refused_for_a_while_is_fetched_later,
    a_download_that_arrives_altered_is_fetched_again,
    a_download_that_always_arrives_altered_is_told,
    a_download_that_is_always_cut_is_told,
];

const UPLOAD: &str = "POST /files";
const DOWNLOAD: &str = "GET /files";

/// Returns a fault in the download of the output.
fn of_the_output(effect: Effect) -> Fault {
    Fault::on(DOWNLOAD, effect).containing("ids%2Etxt")
}

#[track_caller]
fn recovers(fault: Fault) -> Fixture {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(fault);
    fixture.assert_well(fixture.run(&[]).run());
    fixture
}

fn an_upload_that_is_cut_is_sent_again() {
    recovers(Fault::on(UPLOAD, Effect::CutUpload(1000)));
}

fn an_upload_whose_answer_is_lost_is_sent_again() {
    recovers(Fault::on(UPLOAD, Effect::DropDone));
}

fn the_secrets_that_are_cut_are_sent_again() {
    recovers(Fault::on(UPLOAD, Effect::CutUpload(5)).containing("confidential"));
}

fn uploads_that_a_page_answers_are_sent_again() {
    let page = Answer { status: 502, headers: Vec::new(), body: "<html></html>".to_owned() };
    recovers(Fault::on(UPLOAD, Effect::Answer(page)).times(3));
}

fn a_disk_without_room_for_an_upload_is_told() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(Fault::on(UPLOAD, Effect::DiskFull(100)).always());
    let words = ["507", "not enough disk space available", "a template with a larger disk"];
    fixture.assert_failed(fixture.run(&[]).run(), 3, "sandbox", &words);
}

fn a_download_that_is_cut_goes_on() {
    recovers(of_the_output(Effect::CutAnswer(2)));
}

fn a_download_that_is_dropped_is_fetched_again() {
    recovers(of_the_output(Effect::Drop));
}

fn a_download_that_is_refused_for_a_while_is_fetched_later() {
    let limit = Answer::error(429, "Rate limit exceeded").header("Retry-After", "1");
    recovers(of_the_output(Effect::Answer(limit)));
}

fn a_download_that_arrives_altered_is_fetched_again() {
    recovers(of_the_output(Effect::FlipByte(0)).times(2));
}

fn a_download_that_always_arrives_altered_is_told() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(of_the_output(Effect::FlipByte(0)).always());
    let words = ["`ids.txt` could not be fetched", "altered", "run it again"];
    fixture.assert_failed(fixture.run(&[]).run(), 1, "sandbox", &words);
}

fn a_download_that_is_always_cut_is_told() {
    let fixture = Fixture::new(SHORT);
    fixture.e2b.fault(of_the_output(Effect::CutAnswer(0)).always());
    let words = ["`ids.txt` could not be fetched", "run it again"];
    fixture.assert_failed(fixture.run(&[]).run(), 1, "sandbox", &words);
}
