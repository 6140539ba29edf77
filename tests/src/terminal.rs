//! A pseudoterminal with a program in it, and the screen that a person would see.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::pty::{Winsize, openpty};

use crate::wait::wait_for;

/// Time limit of a wait.
const LIMIT: Duration = Duration::from_secs(60);

/// A program that runs in a terminal. Killed on drop.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    keyboard: File,
    screen: Arc<Mutex<Screen>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Starts a command in a terminal of this size. The command must make the terminal its
    /// controlling one, as `setsid --ctty` does.
    ///
    /// # Panics
    /// Panics if there is no pseudoterminal or the program does not start.
    pub(crate) fn start(mut command: Command, columns: u16, rows: u16) -> Self {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("the system has pseudoterminals");
        let share = |end: &OwnedFd| Stdio::from(end.try_clone().expect("a handle can be shared"));
        command.stdin(share(&pty.slave)).stdout(share(&pty.slave)).stderr(share(&pty.slave));
        let child = command.spawn().expect("the program starts");
        // Otherwise the reader would never see the end of the output.
        drop((command, pty.slave));
        let keyboard = File::from(pty.master);
        let mut output = keyboard.try_clone().expect("a handle can be shared");
        let screen = Arc::new(Mutex::new(Screen::new(columns.into())));
        let shown = screen.clone();
        let reader = std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // Linux reports the end of the program as an error.
            while let Ok(count @ 1..) = output.read(&mut bytes) {
                shown.lock().expect("the screen is not poisoned").print(&bytes[..count]);
            }
        });
        Self { child, keyboard, screen, reader: Some(reader) }
    }

    /// Presses keys.
    ///
    /// # Panics
    /// Panics if the terminal is closed.
    pub fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the terminal is open");
    }

    /// Waits until the screen shows a text, and returns the screen.
    ///
    /// # Panics
    /// Panics if that takes too long.
    pub fn wait_for(&self, text: &str) -> String {
        wait_for(&format!("{text:?} on the screen"), LIMIT, || {
            let shown = self.screen();
            shown.contains(text).then_some(shown)
        })
    }

    /// Returns the lines on the screen.
    pub fn screen(&self) -> String {
        self.screen.lock().expect("the screen is not poisoned").text()
    }

    /// Returns the number of lines that did not fit so far.
    pub fn wrapped_lines(&self) -> usize {
        self.screen.lock().expect("the screen is not poisoned").wrapped
    }

    /// Waits for the end, and returns it with the last screen.
    ///
    /// # Panics
    /// Panics if that takes too long.
    pub fn finish(mut self) -> (ExitStatus, String) {
        let status = wait_for("the end of the program", LIMIT, || {
            self.child.try_wait().expect("a child can be waited for")
        });
        let reader = self.reader.take().expect("the terminal has one reader");
        reader.join().expect("the reader does not panic");
        (status, self.screen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines of a terminal without scrolling. Knows the codes that osiris uses.
#[derive(Debug)]
struct Screen {
    columns: usize,
    lines: Vec<Vec<char>>,
    x: usize,
    y: usize,
    wrapped: usize,
    /// Bytes of a character or code that is not complete.
    rest: Vec<u8>,
}

impl Screen {
    fn new(columns: usize) -> Self {
        Self { columns, lines: vec![Vec::new()], x: 0, y: 0, wrapped: 0, rest: Vec::new() }
    }

    fn print(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        let bytes = std::mem::take(&mut self.rest);
        let valid = match std::str::from_utf8(&bytes) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let text = std::str::from_utf8(&bytes[..valid]).unwrap_or_default();
        let mut characters = text.char_indices();
        while let Some((at, character)) = characters.next() {
            match character {
                '\r' => self.x = 0,
                '\n' => self.move_to(self.y + 1),
                '\x1b' => {
                    let end = text[at..].find(|c: char| c.is_ascii_alphabetic());
                    let Some(end) = end else {
                        self.rest = bytes[at..].to_vec();
                        return;
                    };
                    self.code(&text[at..=at + end]);
                    // The characters of the code after the escape.
                    characters.nth(end - 1);
                }
                character => self.put(character),
            }
        }
        self.rest = bytes[valid..].to_vec();
    }

    fn code(&mut self, code: &str) {
        let number = |code: &str| code.trim_start_matches("\x1b[").trim_end_matches('A').parse();
        match code.chars().last() {
            Some('A') => self.y = self.y.saturating_sub(number(code).unwrap_or(1)),
            Some('J') => {
                self.lines.truncate(self.y + 1);
                self.lines[self.y].truncate(self.x);
            }
            // Colours.
            _ => {}
        }
    }

    fn put(&mut self, character: char) {
        if self.x == self.columns {
            self.wrapped += 1;
            self.x = 0;
            self.move_to(self.y + 1);
        }
        let line = &mut self.lines[self.y];
        if line.len() <= self.x {
            line.resize(self.x + 1, ' ');
        }
        line[self.x] = character;
        self.x += 1;
    }

    fn move_to(&mut self, line: usize) {
        self.y = line;
        if self.lines.len() <= line {
            self.lines.resize(line + 1, Vec::new());
        }
    }

    fn text(&self) -> String {
        let lines = self.lines.iter().map(|line| line.iter().collect::<String>());
        lines.map(|line| format!("{}\n", line.trim_end())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screen_follows_cursor_codes() {
        let mut screen = Screen::new(10);
        screen.print("one\r\ntwo\r\nthree\r\n\x1b[2A\x1b".as_bytes());
        screen.print("[J\x1b[1mnew\x1b[0m \u{280b}".as_bytes());
        assert_eq!((screen.text().as_str(), screen.wrapped), ("one\nnew ⠋\n", 0));
        screen.print(b"\r\n0123456789ab");
        assert_eq!((screen.text().as_str(), screen.wrapped), ("one\nnew ⠋\n0123456789\nab\n", 1));
    }
}
