#!/usr/bin/python3
# A worker in a sandbox whose last part, the attack, is put where ATTACK stands.
import hashlib, json, os, sys, time

folder = sys.argv[sys.argv.index("--folder") + 1]
stream = open(folder + "/stream.jsonl", "ab", buffering=0)
last = 0


def raw(data):
    """Into the worker's copy and to standard output."""
    stream.write(data)
    live(data)


def live(data):
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def line(n, body):
    return (json.dumps({"n": n, **body}) + "\n").encode()


def say(type, **body):
    global last
    last += 1
    raw(line(last, {"type": type, **body}))


def hear():
    return json.loads(sys.stdin.readline())


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())


def hello(protocol=1, version="0.0.0"):
    say("hello", protocol=protocol, version=version, features=[], ts=now())


plan, secret = {}, ""


def prepare():
    global plan, secret
    command = hear()
    plan = json.load(open(command["plan"]))
    configs = json.load(open(command["confidential"]))["configs"]
    secret = configs["ask"]["resolved_connection"]["password"]
    return command["n"]


def ready():
    say("ready", re=prepare())


def begin():
    """Up to the command to run; returns its number."""
    hello()
    ready()
    return hear()["n"]


def make(path, content=b"line\nx\n", **changes):
    """A file below the base path, as `finished` tells of it."""
    whole = os.path.join(plan["base"], path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    open(whole, "wb").write(content)
    return offer(path, content, **changes)


def offer(path, content=b"line\nx\n", **changes):
    about = {"path": path, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    return {**about, **changes}


def step(id, driver, **changes):
    about = {"id": id, "driver": driver, "status": "success", "rows_in": 1, "rows_out": 1, "duration_ms": 1}
    return {**about, **changes}


STEPS = [step("ask", "service.client"), step("write", "filesystem.csv_writer")]


def status(**changes):
    about = {
        "status": "success", "execution_duration": 0.1, "steps_completed": 2, "steps_total": 2,
        "exit_code": 0, "error": None, "session_id": plan["session_id"], "pipeline": "ask",
        "manifest_hash": "0" * 64, "started_at": now(), "finished_at": now(), "rows_read": 1,
        "rows_written": 1, "rows_processed": 1, "steps": STEPS, "drivers": {},
        "peak_memory_bytes": 1, "pid": 1, "osiris_version": "0.0.0",
    }
    return {**about, **changes}


def failed(message, **changes):
    error = {"step": "ask", "kind": "data", "message": message, **changes}
    return status(status="failed", exit_code=1, error=error)


def finish(re, files=(), **changes):
    say("finished", re=re, status=status(**changes), files=list(files))


def event(event_type="thing", **fields):
    return {"type": "event", "ts": now(), "event_type": event_type, "fields": fields}


def metric(name="thing", unit="rows", **tags):
    return {"type": "metric", "ts": now(), "metric": name, "value": 1, "unit": unit, "tags": tags}


def log(message, step=None, level="info"):
    return {"type": "log", "ts": now(), "level": level, "step": step, "message": message}


def wait():
    """For the end of the host's patience."""
    while sys.stdin.readline():
        pass
    time.sleep(3600)


#ATTACK#
