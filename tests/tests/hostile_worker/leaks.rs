//! Terminal escapes and the secret, in every field that holds text; the run fails.

use crate::attack::{Attack, attack};
use crate::files::NO_STEP;

pub(crate) const ATTACKS: &[Attack] = &[
    attack(
        "tells-in-hello",
        3,
        "protocol",
        "uses version 9",
        "prepare_secret(); hello(protocol=9, version=secret + BAD); wait()",
    ),
    attack(
        "tells-in-refusal",
        3,
        "sandbox",
        "cannot run the pipeline",
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
        "is inconsistent",
        "re = begin(); say('finished', re=re, status=failed('m', kind=secret + BAD), files=[])",
    ),
    attack(
        "tells-as-the-failed-step",
        1,
        "protocol",
        "is inconsistent",
        "re = begin(); say('finished', re=re, status=failed('m', step=secret + BAD), files=[])",
    ),
    attack(
        "tells-as-a-step",
        1,
        "protocol",
        "a step that is not in the plan",
        "begin(); say('record', record=log('m', secret + BAD)); wait()",
    ),
    attack(
        "tells-as-a-driver",
        3,
        "protocol",
        "unexpected message",
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
    attack(
        "tells-in-the-config",
        1,
        "data",
        "",
        "re = begin()
path = 'logs/run_%s/artifacts/ask/cleaned_config.json' % plan['session_id']
say('finished', re=re, status=failed('m'), files=[make(path, secret.encode())])",
    ),
    attack("tells-at-death", 1, "sandbox", "it printed", "re = begin(); sys.exit(secret + BAD)"),
];
