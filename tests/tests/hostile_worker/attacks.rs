//! What workers try, and what the run says of it.

/// A worker, from `worker.py` and this.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// How the run must end.
    pub(crate) exit: i32,
    /// The kind of failure.
    pub(crate) kind: &'static str,
    /// A part of the message.
    pub(crate) says: &'static str,
    /// What the worker does, in Python.
    pub(crate) does: &'static str,
}

const fn attack(
    name: &'static str,
    exit: i32,
    kind: &'static str,
    says: &'static str,
    does: &'static str,
) -> Attack {
    Attack { name, exit, kind, says, does }
}

/// Files that no step writes, and files that are not what they are said to be.
const NO_STEP: &str = "which no step of this run writes";

pub(crate) const ATTACKS: &[Attack] = &[
    // Files.
    attack("file-above", 1, "protocol", NO_STEP, "finish(begin(), [offer('../x')])"),
    attack(
        "file-far-above",
        1,
        "protocol",
        NO_STEP,
        "finish(begin(), [offer('lines.txt/../../x')])",
    ),
    attack("file-absolute", 1, "protocol", NO_STEP, "finish(begin(), [offer('/etc/x')])"),
    attack("file-env", 1, "protocol", NO_STEP, "re = begin(); finish(re, [make('.env')])"),
    attack(
        "file-connections",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('osiris_connections.yaml')])",
    ),
    attack(
        "file-pipeline",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('pipeline.yaml')])",
    ),
    attack(
        "file-of-another-session",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('logs/run_20260101T000000000Z-00000000/artifacts/ask/x')])",
    ),
    attack(
        "file-of-osiris",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make(f'logs/run_{plan[\"session_id\"]}/status.json')])",
    ),
    attack(
        "file-of-no-step",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make(f'logs/run_{plan[\"session_id\"]}/artifacts/other/x')])",
    ),
    attack(
        "file-beside-a-good-one",
        1,
        "protocol",
        NO_STEP,
        "re = begin(); finish(re, [make('lines.txt'), make('other.txt')])",
    ),
    attack("file-nameless", 1, "protocol", NO_STEP, "re = begin(); finish(re, [offer('')])"),
    attack(
        "file-twice",
        1,
        "protocol",
        "twice",
        "re = begin(); finish(re, [make('lines.txt'), make('lines.txt')])",
    ),
    attack(
        "file-missing",
        1,
        "sandbox",
        "lines.txt",
        "re = begin(); finish(re, [offer('lines.txt')])",
    ),
    attack(
        "file-that-is-a-link",
        1,
        "sandbox",
        "lines.txt",
        "re = begin(); make('lines.txt'); os.remove(plan['base'] + '/lines.txt'); \
         os.symlink('/etc/shadow', plan['base'] + '/lines.txt'); finish(re, [offer('lines.txt')])",
    ),
    attack(
        "file-altered",
        1,
        "sandbox",
        "its sha256 is not what the worker says",
        "re = begin(); finish(re, [make('lines.txt', sha256='0' * 64)])",
    ),
    attack(
        "file-longer",
        1,
        "sandbox",
        "longer than the worker says",
        "re = begin(); finish(re, [make('lines.txt', size=3)])",
    ),
    attack(
        "file-shorter",
        1,
        "sandbox",
        "lines.txt",
        "re = begin(); finish(re, [make('lines.txt', size=1 << 60)])",
    ),
    // Lines.
    attack(
        "garbage",
        1,
        "protocol",
        "not the one that follows",
        "begin(); raw(b'\\xff\\0{]\\n'); wait()",
    ),
    attack("garbage-first", 3, "protocol", "not the one that follows", "raw(b'hello\\n'); wait()"),
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
        "not the one",
        "begin(); raw(b'[' * 100000 + b'\\n'); wait()",
    ),
    attack(
        "number-jumps",
        1,
        "protocol",
        "not the one that follows",
        "begin(); last = 41; say('pong', re=1); wait()",
    ),
    attack(
        "number-overflows",
        1,
        "protocol",
        "not the one that follows",
        "begin(); last = (1 << 64) - 1; say('pong', re=1); wait()",
    ),
    attack(
        "number-is-the-last",
        1,
        "protocol",
        "not the one that follows",
        "begin(); last = (1 << 64) - 2; say('pong', re=1); wait()",
    ),
    attack(
        "number-negative",
        1,
        "protocol",
        "not the one that follows",
        "begin(); last = -2; say('pong', re=1); wait()",
    ),
    // What is said.
    attack(
        "protocol-of-the-future",
        3,
        "protocol",
        "speaks version 2",
        "hello(protocol=2); wait()",
    ),
    attack("no-hello", 3, "protocol", "did not begin with a hello", "say('pong', re=1); wait()"),
    attack("hello-twice", 1, "protocol", "where nobody asked", "begin(); hello(); wait()"),
    attack(
        "ready-twice",
        1,
        "protocol",
        "where nobody asked",
        "begin(); say('ready', re=1); wait()",
    ),
    attack(
        "finished-before",
        3,
        "protocol",
        "where nobody asked",
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
        "makes no sense",
        "finish(begin(), error={'step': None, 'kind': 'data', 'message': 'm'})",
    ),
    attack(
        "success-with-a-failed-step",
        1,
        "protocol",
        "makes no sense",
        "finish(begin(), steps=[STEPS[0], step('write', 'filesystem.csv_writer', status='failed')])",
    ),
    attack(
        "failure-without-an-error",
        1,
        "protocol",
        "makes no sense",
        "finish(begin(), status='failed')",
    ),
    attack("still-running", 1, "protocol", "makes no sense", "finish(begin(), status='running')"),
    attack("crashed", 1, "protocol", "makes no sense", "finish(begin(), status='crashed')"),
    attack(
        "no-such-state",
        1,
        "protocol",
        "not the one that follows",
        "finish(begin(), status='fine'); wait()",
    ),
    attack(
        "flood-of-records",
        1,
        "protocol",
        "says more than all steps together may",
        "begin()\nwhile True: say('record', record=log('x' * (4 << 20), 'ask'))",
    ),
    attack(
        "flood-of-names",
        1,
        "protocol",
        "says more than all steps together may",
        "begin()\nwhile True: say('record', record=event('x' * (4 << 20)))",
    ),
    // Nothing is said.
    attack("exits-at-once", 3, "sandbox", "it said: no such luck", "sys.exit('no such luck')"),
    attack("exits-when-ready", 1, "sandbox", "exit status 7", "begin(); sys.exit(7)"),
    attack("dies", 1, "sandbox", "killed", "begin(); os.kill(os.getpid(), 9)"),
    attack("silent", 1, "timeout", "--e2b-timeout", "wait()"),
];

/// Terminal escapes and the secret, in every place for words; the run fails.
pub(crate) const TELLTALES: &[Attack] = &[
    attack(
        "tells-in-hello",
        3,
        "protocol",
        "speaks version 9",
        "prepare_secret(); hello(protocol=9, version=secret + BAD); wait()",
    ),
    attack(
        "tells-in-refusal",
        3,
        "sandbox",
        "cannot run this",
        "hello(); re = prepare(); say('refused', re=re, why=secret + BAD); wait()",
    ),
    attack("tells-when-refusing-to-run", 1, "sandbox", "", "re = begin(); say('refused', re=re, why=secret + BAD); wait()"),
    attack(
        "tells-in-records",
        1,
        "data",
        "",
        "re = begin()
for text in [secret + BAD, json.dumps(secret, ensure_ascii=False), 'x' + secret]:
    for record in [
        event(text), event(it=text), event(**{text: [text]}), metric(text), metric(unit=text),
        metric(**{text: text}), log(text), log(text, 'ask'),
    ]: say('record', record=record)
say('finished', re=re, status=failed(secret + BAD), files=[])",
    ),
    attack(
        "tells-in-the-end",
        1,
        "data",
        "",
        "re = begin(); say('finished', re=re, status=failed(secret + BAD), files=[])",
    ),
    attack(
        "tells-as-a-kind",
        1,
        "protocol",
        "makes no sense",
        "re = begin(); say('finished', re=re, status=failed('m', kind=secret + BAD), files=[])",
    ),
    attack(
        "tells-as-the-failed-step",
        1,
        "protocol",
        "makes no sense",
        "re = begin(); say('finished', re=re, status=failed('m', step=secret + BAD), files=[])",
    ),
    attack(
        "tells-as-a-step",
        1,
        "protocol",
        "a step that the plan does not have",
        "begin(); say('record', record=log('m', secret + BAD)); wait()",
    ),
    attack(
        "tells-as-a-driver",
        3,
        "protocol",
        "where nobody asked",
        "hello(); prepare(); say('compiling', driver=secret + BAD); wait()",
    ),
    attack("tells-in-file-names", 1, "protocol", NO_STEP, "re = begin(); finish(re, [offer(secret + BAD)])"),
    attack(
        "tells-in-progress",
        1,
        "sandbox",
        "exit status 5",
        "re = begin()
say('progress', steps=[{'id': secret, 'mode': 'extract', 'state': None, 'rows_in': 1 << 62, 'rows_out': 1, 'progress': [1 << 63, 1], 'elapsed': {'secs': 1, 'nanos': 1}}])
sys.exit(5)",
    ),
    attack("tells-at-death", 1, "sandbox", "it said", "re = begin(); sys.exit(secret + BAD)"),
];
