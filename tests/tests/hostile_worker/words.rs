//! Messages at the wrong time, and impossible final states.

use crate::attack::{Attack, attack};

pub(crate) const ATTACKS: &[Attack] = &[
    attack("protocol-of-the-future", 3, "protocol", "uses version 2", "hello(protocol=2); wait()"),
    attack(
        "no-hello",
        3,
        "protocol",
        "its first message is not `hello`",
        "say('pong', re=1); wait()",
    ),
    attack("hello-twice", 1, "protocol", "unexpected message", "begin(); hello(); wait()"),
    attack(
        "ready-twice",
        1,
        "protocol",
        "unexpected message",
        "begin(); say('ready', re=1); wait()",
    ),
    attack(
        "finished-before",
        3,
        "protocol",
        "unexpected message",
        "hello(); re = prepare(); finish(re); wait()",
    ),
    attack(
        "other-steps",
        1,
        "protocol",
        "not those of the plan",
        "finish(begin(), steps=STEPS[:1])",
    ),
    attack(
        "renamed-step",
        1,
        "protocol",
        "not those of the plan",
        "finish(begin(), steps=[step('asked', 'service.client'), STEPS[1]])",
    ),
    attack(
        "other-driver",
        1,
        "protocol",
        "not those of the plan",
        "finish(begin(), steps=[step('ask', 'test.source'), STEPS[1]])",
    ),
    attack(
        "success-with-an-error",
        1,
        "protocol",
        "is inconsistent",
        "finish(begin(), error={'step': None, 'kind': 'data', 'message': 'm'})",
    ),
    attack(
        "success-with-a-failed-step",
        1,
        "protocol",
        "is inconsistent",
        "finish(begin(), steps=[STEPS[0], step('write', 'filesystem.csv_writer', status='failed')])",
    ),
    attack(
        "failure-without-an-error",
        1,
        "protocol",
        "is inconsistent",
        "finish(begin(), status='failed')",
    ),
    attack("still-running", 1, "protocol", "is inconsistent", "finish(begin(), status='running')"),
    attack("crashed", 1, "protocol", "is inconsistent", "finish(begin(), status='crashed')"),
    attack(
        "no-such-state",
        1,
        "protocol",
        "out of order",
        "finish(begin(), status='fine'); wait()",
    ),
    attack(
        "error-of-many-mebibytes",
        1,
        "data",
        "... (cut)",
        "re = begin(); say('finished', re=re, status=failed('x' * (20 << 20)), files=[])",
    ),
    attack(
        "refusal-of-many-mebibytes",
        1,
        "sandbox",
        "... (cut)",
        "re = begin(); say('refused', re=re, why='x' * (20 << 20)); wait()",
    ),
    attack(
        "compiles-for-ever",
        3,
        "sandbox",
        "cannot run the pipeline",
        "hello(); re = prepare()
for _ in range(100000): say('compiling', driver='service.client')
say('refused', re=re, why='enough'); wait()",
    ),
    attack(
        "flood-of-records",
        1,
        "protocol",
        "exceeds the log limit of all steps combined",
        "begin()\nwhile True: say('record', record=log('x' * (4 << 20), 'ask'))",
    ),
    attack(
        "flood-of-names",
        1,
        "protocol",
        "exceeds the log limit of all steps combined",
        "begin()\nwhile True: say('record', record=event('x' * (4 << 20)))",
    ),
];
