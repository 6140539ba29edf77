//! Abnormal ends of a driver.

use std::hint::black_box;
use std::time::Duration;

use crate::bindings::osiris::driver::context;
use crate::{Attack, Outcome, Table, done};

pub(crate) const ATTACKS: Table = &[
    ("panic", panic),
    ("panic-flood", panic_flood),
    ("panic-escapes", panic_escapes),
    ("trap", |_| core::arch::wasm32::unreachable()),
    ("abort", |_| std::process::abort()),
    ("exit-7", |_| std::process::exit(7)),
    ("exit-0", |_| std::process::exit(0)),
    ("endless-loop", endless_loop),
    ("endless-recursion", endless_recursion),
    ("sleep-forever", sleep),
    ("memory-bomb", memory_bomb),
];

fn panic(_: &mut Attack) -> Outcome {
    context::panicked("the hostile driver panicked on purpose");
    panic!("not seen: the host has been told before");
}

fn panic_flood(_: &mut Attack) -> Outcome {
    context::panicked(&"x".repeat(8 << 20));
    core::arch::wasm32::unreachable()
}

fn panic_escapes(_: &mut Attack) -> Outcome {
    context::panicked(
        "\u{1b}[2J\u{1b}]0;owned\u{7}a panic that draws on the terminal\r\nand a second line",
    );
    core::arch::wasm32::unreachable()
}

fn endless_loop(_: &mut Attack) -> Outcome {
    let mut count = 0_u64;
    loop {
        count = black_box(count).wrapping_add(1);
    }
}

fn endless_recursion(_: &mut Attack) -> Outcome {
    fn deeper(depth: u64) -> u64 {
        let frame = black_box([depth; 16]);
        if frame[0] == u64::MAX {
            return 0;
        }
        deeper(depth + 1) + frame[3]
    }
    black_box(deeper(0));
    done()
}

fn sleep(_: &mut Attack) -> Outcome {
    std::thread::sleep(Duration::from_secs(u64::from(u32::MAX)));
    done()
}

fn memory_bomb(_: &mut Attack) -> Outcome {
    let mut hoard = Vec::new();
    loop {
        hoard.push(black_box(vec![1_u8; 1 << 20]));
    }
}
