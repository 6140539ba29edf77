//! Formats results as JUnit XML, which CI systems read.

use osiris_conformance::{NotPassed, Report};
use osiris_core::code::Code;
use osiris_core::diagnostic::{Diagnostic, Error, Result};
use osiris_core::sanitize::escape_control;
use quick_junit::{NonSuccessKind, Report as Xml, TestCase, TestCaseStatus, TestSuite};

/// Formats a suite for each group and a test case for each check.
pub(super) fn document(report: &Report) -> Result<String> {
    let driver = report.spec.as_ref().map_or("driver", |spec| spec.name.as_str());
    let mut xml = Xml::new(format!("osiris drivers test {driver}"));
    xml.set_time(report.took);
    for group in report.results.chunk_by(|a, b| a.check.group() == b.check.group()) {
        let mut suite = TestSuite::new(group[0].check.group());
        for one in group {
            let status = match &one.missed {
                None => TestCaseStatus::success(),
                Some(NotPassed::Skipped(why)) => {
                    let mut status = TestCaseStatus::skipped();
                    status.set_message(escape_control(why).into_owned());
                    status
                }
                Some(NotPassed::Failed(message)) => {
                    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
                    let message = escape_control(message);
                    status.set_message(message.clone().into_owned()).set_type(one.check.id);
                    status.set_description(format!(
                        "{}\n{message}\nhelp: {}",
                        one.check.title, one.check.fix
                    ));
                    status
                }
            };
            let mut case = TestCase::new(one.check.id, status);
            case.set_classname(driver).set_time(one.took);
            suite.add_test_case(case);
        }
        xml.add_test_suite(suite);
    }
    xml.to_string().map_err(|error| {
        let message = format!("cannot write the results as XML: {error}");
        Error::failed(Diagnostic::new(Code::JunitUnwritable, message))
    })
}
