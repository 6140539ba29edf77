//! Reads the host's commands from standard input.

use std::io::{BufRead, BufReader, Read};

use tokio::sync::mpsc::{Receiver, channel};

use crate::protocol::{Command, MAX_LINE, Sequenced};

/// Returns a channel of commands, or of the errors in malformed lines. The channel closes when the
/// host is gone.
pub(super) fn listen() -> Receiver<Result<Sequenced<Command>, String>> {
    let (sender, receiver) = channel(16);
    // A dedicated thread, because reading standard input blocks.
    std::thread::spawn(move || {
        let mut input = BufReader::new(std::io::stdin());
        let mut last = 0;
        loop {
            let mut line = Vec::new();
            let read = input.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut line);
            if !matches!(read, Ok(count) if count > 0) {
                return;
            }
            let command = serde_json::from_slice::<Sequenced<Command>>(&line)
                .map_err(|why| format!("invalid command: {why}"));
            if let Ok(Sequenced { n, .. }) = &command {
                // A repeated command: the host did not know whether the first one had arrived.
                if *n <= last {
                    continue;
                }
                last = *n;
            }
            if sender.blocking_send(command).is_err() {
                return;
            }
        }
    });
    receiver
}
