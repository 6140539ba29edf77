//! Malformed texts, aimed at terminals, JSON parsers and people who read errors.

use crate::bindings::osiris::driver::context::{self, Level, MetricValue};
use crate::bindings::osiris::driver::types::Error;
use crate::{Table, done, failure};

/// Clears the screen, sets the title, moves the cursor up, and spans several lines.
const ESCAPES: &str = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}1A\u{202e}\r\n[ERROR] forged\0";

/// Characters that reverse text, join it or are invisible: directional marks, zero-width
/// characters, fillers, tags and variation selectors.
const INVISIBLE: &str = "a\u{61c}b\u{200b}\u{200d}c\u{2060}\u{3164}\u{ffa0}d\u{115f}\u{180e}\u{ad}e\u{e0041}\u{e0100}\u{fe0f}f";

pub(crate) const ATTACKS: Table = &[
    ("event-no-json", |_| {
        context::event("test.event", "{\"open\": ");
        done()
    }),
    ("event-no-object", |_| {
        context::event("test.event", "[1, 2]");
        done()
    }),
    ("event-too-deep", |_| {
        context::event(
            "test.event",
            &format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000)),
        );
        done()
    }),
    ("event-forged", |attack| {
        let fields = "{\"ts\":1,\"session_id\":\"mine\",\"event_type\":\"run_complete\",\"step_id\":\"bystander\"}";
        context::event("test.event", fields);
        attack.quiet()
    }),
    ("event-names", |attack| {
        context::event("", "{}");
        context::event("run_complete", "{}");
        context::event(ESCAPES, "{}");
        context::event(&"n".repeat(1 << 20), "{}");
        attack.quiet()
    }),
    ("metric-names", |attack| {
        let tags = [("step".to_owned(), "bystander".to_owned()), (ESCAPES.into(), ESCAPES.into())];
        for name in ["", "rows_written", ESCAPES, &"n".repeat(1 << 20)] {
            context::metric(name, MetricValue::Integer(i64::MAX), ESCAPES, &tags);
        }
        for value in [f64::NAN, f64::INFINITY, f64::MIN_POSITIVE, -0.0] {
            context::metric("test.float", MetricValue::Float(value), "rows", &[]);
        }
        attack.quiet()
    }),
    ("log-escapes", |attack| {
        context::log(Level::Warn, ESCAPES);
        println!("{ESCAPES}");
        eprint!("{ESCAPES}");
        attack.quiet()
    }),
    ("log-invisible", |attack| {
        context::log(Level::Warn, INVISIBLE);
        println!("{INVISIBLE}");
        context::event("invisible.told", &serde_json::json!({"it": INVISIBLE}).to_string());
        attack.quiet()
    }),
    ("error-invisible", |_| Err(failure("data", INVISIBLE))),
    ("error-escapes", |_| Err(failure("data", ESCAPES))),
    ("error-empty", |_| Err(failure("", ""))),
    ("error-flood", |_| Err(failure("data", "e".repeat(32 << 20)))),
    ("error-unknown-kind", |_| Err(failure("hostility", "a kind that the contract does not know"))),
    ("error-host-kind", |_| Err(failure("limit", "a kind that only the host may use"))),
    ("error-upstream", |_| Err(failure("upstream", "blames a step that there is not"))),
    ("error-cancelled", |_| Err(failure("cancelled", "claims that the run was cancelled"))),
    ("error-retryable", |_| {
        Err(Error { kind: "network".into(), message: "try me again".into(), retryable: true })
    }),
    ("state-no-json", |_| {
        context::save_state("{\"open\": ")?;
        done()
    }),
];
