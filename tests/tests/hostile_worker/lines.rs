//! Malformed lines, and numbers out of sequence.

use crate::attack::{Attack, attack};

pub(crate) const ATTACKS: &[Attack] = &[
    attack("garbage", 1, "protocol", "out of order", "begin(); raw(b'\\xff\\0{]\\n'); wait()"),
    attack("garbage-first", 3, "protocol", "out of order", "raw(b'hello\\n'); wait()"),
    attack(
        "line-huge",
        1,
        "protocol",
        "longer than",
        "begin(); raw(b'x' * (40 << 20) + b'\\n'); wait()",
    ),
    attack(
        "line-endless",
        1,
        "protocol",
        "longer than",
        "begin()\nwhile True: raw(b'x' * (1 << 20))",
    ),
    attack(
        "line-deep",
        1,
        "protocol",
        "out of order",
        "begin(); raw(b'[' * 100000 + b'\\n'); wait()",
    ),
    attack(
        "line-of-countless-values",
        1,
        "protocol",
        "more than 500000 values",
        "begin(); raw(line(last + 1, {'type': 'record', 'record': event(it=[[]] * 4000000)})); wait()",
    ),
    attack(
        "copy-of-countless-lines",
        1,
        "protocol",
        "out of order",
        "begin()
for n in range(3, 1000000): stream.write(line(n, {'type': 'pong', 're': 1}))
raw(b'gap\\n'); wait()",
    ),
    attack(
        "number-jumps",
        1,
        "protocol",
        "out of order",
        "begin(); last = 41; say('pong', re=1); wait()",
    ),
    attack(
        "number-overflows",
        1,
        "protocol",
        "out of order",
        "begin(); last = (1 << 64) - 1; say('pong', re=1); wait()",
    ),
    attack(
        "number-is-the-last",
        1,
        "protocol",
        "out of order",
        "begin(); last = (1 << 64) - 2; say('pong', re=1); wait()",
    ),
    attack(
        "number-negative",
        1,
        "protocol",
        "out of order",
        "begin(); last = -2; say('pong', re=1); wait()",
    ),
];
