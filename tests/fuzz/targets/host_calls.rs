//! Calls from a driver to its host: no call makes the host hold or take much more memory than the
//! call passes in, or work for long without yielding, which is when a cancellation takes effect.
#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, LazyLock};
use std::task::Poll;
use std::time::Duration;

use libfuzzer_sys::arbitrary::{self, Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;
use osiris_core::driver::limits::{Limit, LimitOverrides, Limits};
use osiris_core::fs::project_dir::ProjectDir;
use osiris_core::redact::Redactor;
use osiris_core::telemetry::{Level, Number};
use osiris_engine::CallContext;
use osiris_engine::fuzzing::{Host, HostCall};
use osiris_engine::grants::Grants;
use osiris_engine::observer::CallObserver;
use osiris_engine::table::{Batch, Field, Node, channel_within, unflatten};
use osiris_fuzz::Specs;
use serde_json::{Map, Value};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// Maximum size of a text, buffer or list in bytes. The instrumented code is some ten times slower
/// than a release build, so a call of this size represents one of 64 MiB.
const MOST: usize = 4 << 20;
/// Maximum time for which a call can work without yielding.
const BREAK: Duration = Duration::from_millis(100);
/// Maximum bytes that a call can take while it runs, per byte passed in.
const FACTOR: usize = 64;
/// Maximum bytes that a call can take in addition, regardless of its size.
const BESIDE: usize = 8 << 20;
/// Maximum bytes held for one driver.
const HELD: u64 = 16 << 20;

static FOLDER: LazyLock<TempDir> = LazyLock::new(osiris_fuzz::folder);

/// Counts the allocated bytes, and their peak.
struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: all calls go to the system's allocator; counting changes nothing about them.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(live, Relaxed);
        // SAFETY: the caller upholds the same contract.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}

/// A text or a list that is short in the input and long in the call.
#[derive(Debug, Arbitrary)]
struct Repeated {
    part: String,
    times: u32,
}

impl Repeated {
    fn text(&self) -> String {
        let most = MOST / self.part.len().max(1);
        self.part.repeat((self.times as usize).min(most))
    }
}

/// A host call, as decoded from the input.
#[derive(Debug, Arbitrary)]
enum Asked {
    Log(Repeated),
    Metric(String, Repeated, Vec<(String, Repeated)>),
    Event(String, Repeated, Shape),
    Progress(u64, Option<u64>),
    SaveState(Repeated, Shape),
    Panicked(Repeated),
    Open(Vec<Column>, u32),
    Push(u8, u32),
    Send(u32, Vec<Sent>, u32),
    Schema,
    Next,
    Buffer(u8, u32),
    Nodes(u8),
    Forward(u8),
    Drop(u8),
}

/// The JSON value that contains the text.
#[derive(Debug, Arbitrary)]
enum Shape {
    Itself,
    Text,
    List,
    Keys,
}

#[derive(Debug, Arbitrary)]
struct Column {
    name: String,
    format: u8,
    children: u8,
    metadata: Vec<(String, Repeated)>,
}

#[derive(Debug, Arbitrary)]
struct Sent {
    length: u32,
    nulls: u32,
    buffers: u8,
}

const FORMATS: [&str; 8] = ["n", "l", "u", "b", "d:38,0", "+s", "+l", "+w:1000"];

impl Shape {
    fn json(&self, text: &Repeated) -> String {
        let times = (text.times as usize).min(MOST / (text.part.len() + 16));
        match self {
            Self::Itself => text.text(),
            Self::Text => serde_json::json!({"text": text.text()}).to_string(),
            Self::List => {
                let part = Value::from(text.part.as_str()).to_string() + ",";
                format!("{{\"a\":[{}0]}}", part.repeat(times))
            }
            Self::Keys => {
                let keys: String = (0..times).map(|at| format!("\"{at}\":0,")).collect();
                format!("{{{keys}\"z\":0}}")
            }
        }
    }
}

impl Asked {
    /// Returns the call, and the number of bytes passed in.
    fn call(self) -> (HostCall, usize) {
        match self {
            Self::Log(text) => sized(HostCall::Log, text.text()),
            Self::Metric(name, unit, tags) => {
                let unit = unit.text();
                let tags: Vec<_> = tags.into_iter().map(|(key, tag)| (key, tag.text())).collect();
                let bytes: usize = tags.iter().map(|(key, tag)| key.len() + tag.len() + 16).sum();
                let bytes = bytes + name.len() + unit.len();
                (HostCall::Metric(name, unit, tags), bytes)
            }
            Self::Event(name, text, shape) => {
                let fields = shape.json(&text);
                let bytes = name.len() + fields.len();
                (HostCall::Event(name, fields), bytes)
            }
            Self::Progress(done, total) => (HostCall::Progress(done, total), 0),
            Self::SaveState(text, shape) => sized(HostCall::SaveState, shape.json(&text)),
            Self::Panicked(text) => sized(HostCall::Panicked, text.text()),
            Self::Open(columns, times) => {
                let one = columns.iter().map(Column::field);
                let times = (times as usize).min(MOST / 48 / columns.len().max(1));
                let many = (0..times).flat_map(|at| {
                    let name =
                        move |field: Field| Field { name: format!("{at}{}", field.name), ..field };
                    columns.iter().map(Column::plain).map(name)
                });
                let fields: Vec<Field> = one.chain(many).collect();
                let text = |field: &Field| {
                    let pieces =
                        field.metadata.iter().map(|(key, value)| key.len() + value.len() + 16);
                    field.name.len() + field.format.len() + pieces.sum::<usize>() + 36
                };
                let bytes = fields.iter().map(text).sum();
                (HostCall::Open(fields), bytes)
            }
            Self::Push(byte, length) => {
                let buffer = vec![byte; (length as usize).min(MOST)];
                let bytes = buffer.len();
                (HostCall::Push(buffer), bytes)
            }
            Self::Send(rows, nodes, times) => {
                let one: Vec<Node> = nodes.iter().map(Sent::node).collect();
                let times = (times as usize).min(MOST / 24 / one.len().max(1));
                let nodes = one.repeat(times.max(1));
                let bytes = nodes.len() * 24;
                (HostCall::Send(rows.into(), nodes), bytes)
            }
            Self::Schema => (HostCall::Schema, 0),
            Self::Next => (HostCall::Next, 0),
            Self::Buffer(index, number) => (HostCall::Buffer(index, number), 0),
            Self::Nodes(index) => (HostCall::Nodes(index), 0),
            Self::Forward(index) => (HostCall::Forward(index), 0),
            Self::Drop(index) => (HostCall::Drop(index), 0),
        }
    }
}

fn sized(call: impl FnOnce(String) -> HostCall, text: String) -> (HostCall, usize) {
    let bytes = text.len();
    (call(text), bytes)
}

impl Column {
    fn plain(&self) -> Field {
        let format = FORMATS[usize::from(self.format) % FORMATS.len()].to_owned();
        let children = u32::from(self.children % 3);
        Field { name: self.name.clone(), format, nullable: true, metadata: Vec::new(), children }
    }

    fn field(&self) -> Field {
        let metadata = self.metadata.iter().map(|(key, value)| (key.clone(), value.text()));
        Field { metadata: metadata.collect(), ..self.plain() }
    }
}

impl Sent {
    fn node(&self) -> Node {
        let Self { length, nulls, buffers } = *self;
        Node { length: length.into(), null_count: nulls.into(), buffers: (buffers % 4).into() }
    }
}

/// Searches for a secret in all telemetry.
struct Listener(Redactor);

impl CallObserver for Listener {
    fn redactor(&self) -> &Redactor {
        &self.0
    }
    fn log(&self, _: Level, message: &str) {
        self.0.redact(message);
    }
    fn metric(&self, name: &str, _: Number, unit: &str, tags: Vec<(String, String)>) {
        self.0.redact(name);
        self.0.redact(unit);
        tags.iter().for_each(|(key, value)| drop((self.0.redact(key), self.0.redact(value))));
    }
    fn event(&self, _: &str, mut fields: Map<String, Value>) {
        self.0.redact_map(&mut fields);
    }
    fn progress(&self, _: u64, _: Option<u64>) {}
    fn rows(&self, _: u64, _: u64) {}
}

/// Returns the processor time of this thread.
fn worked() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|nanos| nanos.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

/// Waits for a call and returns the longest time that it worked without yielding. Returns `None` if
/// the call waits for another party.
async fn watched<T>(work: impl Future<Output = T>) -> Option<(T, Duration)> {
    let (mut work, mut longest) = (pin!(work), Duration::ZERO);
    let watched = poll_fn(|context| {
        let before = worked();
        let poll = work.as_mut().poll(context);
        longest = longest.max(worked() - before);
        match poll {
            Poll::Ready(done) => Poll::Ready((done, longest)),
            Poll::Pending => Poll::Pending,
        }
    });
    tokio::time::timeout(Duration::from_secs(2), watched).await.ok()
}

fn limits() -> Limits {
    let bounds = LimitOverrides::from([
        (Limit::Held, HELD),
        (Limit::Spill, 64 << 20),
        (Limit::Log, 1 << 20),
    ]);
    Limits::new(&bounds, &LimitOverrides::new())
}

/// Creates a table of three small batches for the driver to read.
async fn input() -> osiris_engine::table::Receiver {
    let (sender, mut readers) = channel_within(&limits().budgets(), 1, 1 << 20, below());
    let field = Field {
        name: "n".into(),
        format: "l".into(),
        nullable: true,
        metadata: vec![],
        children: 0,
    };
    let schema = unflatten(&[field]).expect("a sound schema");
    sender.open(schema.clone());
    for _ in 0..3 {
        let node = Node { length: 1024, null_count: 0, buffers: 2 };
        let buffers = vec![arrow::buffer::Buffer::default(), vec![0_u8; 8192].into()];
        let batch = Batch::from_parts(schema.clone(), 1024, &[node], buffers);
        sender.send(batch.expect("a sound batch")).await.expect("there is room");
    }
    sender.finish();
    readers.remove(0)
}

fn below() -> ProjectDir {
    ProjectDir::new(FOLDER.path(), FOLDER.path())
}

fuzz_target!(|input_bytes: &[u8]| {
    let mut input_bytes = Unstructured::new(input_bytes);
    let Ok(asked) = Vec::<Asked>::arbitrary(&mut input_bytes) else { return };
    osiris_fuzz::wait(async {
        let limits = limits();
        let budgets = limits.budgets();
        let call = CallContext {
            grants: Grants::new(&Specs::all()[0], &Value::Null, FOLDER.path(), None),
            sink: Arc::new(Listener(Redactor::new(["hunter2hunter2".to_owned()]).unwrap())),
            cancel: CancellationToken::new(),
            saved_state: None,
            budgets: budgets.clone(),
            limits,
        };
        // Neither of the two readers reads: the buffered data is bounded, and the driver waits.
        let (output, _readers) = channel_within(&budgets, 2, 1 << 20, below());
        let mut host = Host::new(call, input().await, output).expect("the folder is ours");
        let before = LIVE.load(Relaxed);
        for asked in asked.into_iter().take(50) {
            // Formatted before the texts are repeated to their full length.
            let what = format!("{asked:?}");
            let (call, bytes) = asked.call();
            let start = LIVE.load(Relaxed);
            PEAK.store(start, Relaxed);
            let Some((answer, longest)) = watched(host.answer(call)).await else { return };
            assert!(longest < BREAK, "{longest:?} without a break for {bytes} bytes: {what}");
            let taken = PEAK.load(Relaxed).saturating_sub(start);
            assert!(taken <= FACTOR * bytes + BESIDE, "{taken} bytes taken for {bytes}: {what}");
            let held = LIVE.load(Relaxed).saturating_sub(before);
            assert!(held <= 3 * HELD as usize + BESIDE, "{held} bytes held after {what}");
            if answer.is_err() {
                return;
            }
        }
    });
});
