"""What E2B's Python SDK does against the emulator. Fails at the first difference."""

import sys
import tempfile
import time
import uuid
from importlib.metadata import version

import e2b
from e2b import CommandExitException, Sandbox, SandboxQuery, Template

RUN = uuid.uuid4().hex


def same(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r} is not {wanted!r}")


def files(sandbox):
    written = sandbox.files.write("up/one.txt", "eins\n")
    same(written.path, "/home/user/up/one.txt")
    same(sandbox.files.read("up/one.txt"), "eins\n")
    data = bytes(range(256)) * 4096
    sandbox.files.write("/home/user/up/data.bin", data)
    same(bytes(sandbox.files.read("up/data.bin", format="bytes")), data)
    same([entry.name for entry in sandbox.files.list("up")], ["data.bin", "one.txt"])
    same(sandbox.files.get_info("up/data.bin").size, len(data))
    same(sandbox.files.get_info("up/one.txt").permissions, "-rw-r--r--")
    same(sandbox.files.exists("up/one.txt"), True)
    same(sandbox.files.exists("up/none.txt"), False)
    same(sandbox.files.make_dir("up/new"), True)
    same(sandbox.files.make_dir("up/new"), False)
    same(sandbox.files.rename("up/one.txt", "up/new/two.txt").path, "/home/user/up/new/two.txt")
    same(sandbox.commands.run("cat /home/user/up/new/two.txt").stdout, "eins\n")
    sandbox.files.remove("up")
    same(sandbox.files.exists("up"), False)
    try:
        sandbox.files.read("up/one.txt")
    except e2b.NotFoundException as error:
        same("does not exist" in str(error), True)
    else:
        raise AssertionError("a removed file was read")


def commands(sandbox):
    lines = []
    result = sandbox.commands.run(
        "echo out; echo err >&2; echo $K $OWN; pwd", envs={"OWN": "o"}, on_stdout=lines.append
    )
    same(result.exit_code, 0)
    same(result.stdout, "out\nv o\n/home/user\n")
    same(result.stderr, "err\n")
    same("".join(lines), result.stdout)
    same(sandbox.commands.run("pwd", cwd="/tmp").stdout, "/tmp\n")
    try:
        sandbox.commands.run("echo bad >&2; exit 7")
    except CommandExitException as error:
        same((error.exit_code, error.stderr), (7, "bad\n"))
    else:
        raise AssertionError("exit code 7 was none")


def processes(sandbox):
    started = sandbox.commands.run("cat", background=True, stdin=True)
    same([one.pid for one in sandbox.commands.list()], [started.pid])
    started.disconnect()
    again = sandbox.commands.connect(started.pid)
    sandbox.commands.send_stdin(started.pid, "through\n")
    sandbox.commands.close_stdin(started.pid)
    result = again.wait()
    same((result.exit_code, result.stdout), (0, "through\n"))
    same(sandbox.commands.list(), [])

    sleeper = sandbox.commands.run("sleep 600", background=True)
    same(sandbox.commands.kill(sleeper.pid), True)
    try:
        sleeper.wait()
    except CommandExitException as error:
        same(error.exit_code, -1)
    else:
        raise AssertionError("a killed process ended well")
    same(sandbox.commands.kill(sleeper.pid), False)


def lists(sandbox):
    others = [Sandbox.create(timeout=60, metadata={"run": RUN, "n": str(n)}) for n in range(2)]
    pages, found = 0, []
    paginator = Sandbox.list(query=SandboxQuery(metadata={"run": RUN}), limit=2)
    while paginator.has_next:
        pages += 1
        found += paginator.next_items()
    same(pages, 2)
    same({one.sandbox_id for one in found}, {one.sandbox_id for one in [sandbox, *others]})
    only = Sandbox.list(query=SandboxQuery(metadata={"run": RUN, "n": "1"})).next_items()
    same([(one.sandbox_id, one.metadata) for one in only], [(others[1].sandbox_id, {"run": RUN, "n": "1"})])
    for other in others:
        same(other.kill(), True)


def lifetimes(sandbox):
    sandbox.set_timeout(600)
    info = sandbox.get_info()
    same(info.metadata, {"run": RUN, "a b": "c&d=ü"})
    same(round((info.end_at - info.started_at).total_seconds(), -2), 600)
    same(info.state.value, "running")
    same(Sandbox.connect(sandbox.sandbox_id, timeout=60).commands.run("echo here").stdout, "here\n")

    short = Sandbox.create(timeout=1)
    waited = time.monotonic() + 30
    while short.is_running():
        same(time.monotonic() < waited, True)
        time.sleep(0.05)
    same(short.kill(), False)

    same(sandbox.kill(), True)
    same(sandbox.is_running(), False)
    same(sandbox.kill(), False)


def templates():
    with tempfile.TemporaryDirectory() as context:
        with open(f"{context}/tool", "w") as file:
            file.write("#!/bin/sh\necho tool $1 $A\n")
        template = Template(file_context_path=context).from_template("base")
        template = template.copy("tool", "/usr/local/bin/tool", mode=0o755)
        template = template.set_envs({"A": "a"}).run_cmd("tool 1 > /home/user/ran")
        name = f"tools-{RUN}:v1"
        Template.build(template, name)
        same(Template.exists(f"tools-{RUN}"), True)
        sandbox = Sandbox.create(name, timeout=60)
        same(sandbox.commands.run("tool 2; cat ran").stdout, "tool 2 a\ntool 1 a\n")
        same(sandbox.kill(), True)
        try:
            Template.build(template.run_cmd("exit 3"), f"broken-{RUN}")
        except e2b.BuildException as error:
            same("exit status 3" in str(error), True)
        else:
            raise AssertionError("a broken template was built")


def main():
    same(version("e2b"), sys.argv[1])
    sandbox = Sandbox.create(timeout=120, metadata={"run": RUN, "a b": "c&d=ü"}, envs={"K": "v"})
    files(sandbox)
    commands(sandbox)
    processes(sandbox)
    lists(sandbox)
    templates()
    lifetimes(sandbox)
    print("conforms")


main()
