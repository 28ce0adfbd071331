"""Speaks the frames of process-frames.ts, as a runner does, and does what the test's call or configuration says."""
import ctypes
import json
import os
import signal
import socket
import struct
import sys
import threading
import time

START, CALL, DROP, HOST_ANSWER = 1, 2, 3, 4
STARTED, FAILED, ANSWER, HOST_CALL = 17, 18, 19, 20


def read_exactly(size):
    data = b""
    while len(data) < size:
        part = os.read(3, size - len(data))
        if not part:
            sys.exit(0)
        data += part
    return data


def write_all(data):
    while data:
        data = data[os.write(3, data):]


def receive():
    length, kind, number = struct.unpack("<IBI", read_exactly(9))
    return kind, number, read_exactly(length - 5)


def send(kind, number, payload=b""):
    write_all(struct.pack("<IBI", len(payload) + 5, kind, number) + payload)


def started(**changes):
    send(STARTED, 0, json.dumps({"runtime": "hostile", "metadata": {"trait": {}, "methods": {}}, **changes}).encode())


def value(text):
    data = text if isinstance(text, bytes) else str(text).encode()
    return struct.pack("<Q", len(data)) + data


def answer(number, text):
    send(ANSWER, number, b"\0" + value(text))


def host_call(number, target, args=b""):
    send(HOST_CALL, number, struct.pack("<H", len(target)) + target.encode() + args)


def forever():
    while True:
        time.sleep(60)


def attempt(action):
    try:
        return "done: " + str(action())
    except BaseException as error:
        return f"{type(error).__name__}: {error}"


STORE = "acme:notes/store@1.0.0#read"


def detach(number, rest):
    """Two processes that leave group and session; one also leaves its environment, the other its directory."""
    ready, done = os.pipe()
    for way in range(2):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                if way == 0:
                    os.chdir("/")
                os.write(done, b"x")
                for descriptor in (0, 1, 2, 3):
                    os.close(descriptor)
                if way == 1:
                    os.execve(sys.executable, [sys.executable, "-I", "-c", "import time; time.sleep(600) # " + os.environ["PORTCULLIS_INSTANCE"]], {})
                forever()
            os._exit(0)
    os.read(ready, 1), os.read(ready, 1)
    answer(number, "detached")


def fork_bomb(number, rest):
    """Every process forks without end. There are 600 tokens for all of them together, so that a missing limit harms nobody."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    tokens, giver = os.pipe()
    os.write(giver, b"x" * 600)
    os.close(giver)
    first, count = os.getpid(), 0
    while os.read(tokens, 1):
        try:
            if os.fork() == 0:
                os.setsid()
                count = 0
            else:
                count += 1
        except OSError as error:
            if os.getpid() == first:
                answer(number, f"{error.strerror} after {count}")
            break
    else:
        if os.getpid() == first:
            answer(number, f"no limit after {count}")
    forever()


def phoenix(number, rest):
    """A process that is done by its child before anybody can look for it, again and again, for half a minute."""
    until = time.monotonic() + 30
    if os.fork() == 0:
        os.setsid()
        while time.monotonic() < until:
            if rest:
                open(rest, "w").close()
            if os.fork():
                os._exit(0)
        os._exit(0)
    answer(number, "rising")
    forever_serving()


def threads(number, rest):
    count = 0
    try:
        while count < 3000:
            threading.Thread(target=forever, daemon=True).start()
            count += 1
    except RuntimeError as error:
        if rest != "wait":
            answer(number, f"{error} after {count}")
        forever()
    answer(number, f"{count} threads")


def close_descriptors(number, rest):
    os.closerange(0, 64)
    forever()


def garbage(number, rest):
    write_all(b"Traceback (most recent call last):\n  File")
    forever()


def huge_frame(number, rest):
    write_all(struct.pack("<IBI", 0xFFFFFFFF, ANSWER, number) + b"x" * 1000)
    forever()


def large_answer(number, rest):
    answer(number, b"x" * int(rest))


def flood(number, rest):
    chunk = b"spam " * 20000
    for _ in range(int(rest)):
        os.write(1, chunk)
        os.write(2, chunk)
    answer(number, "flooded")


def stubborn(number, rest):
    for name in range(1, 65):
        try:
            signal.signal(name, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    forever()


def stubborn_soon(number, rest):
    """Ignores signals, and says so."""
    for name in range(1, 65):
        attempt(lambda: signal.signal(name, signal.SIG_IGN))
    answer(number, "done")
    forever()


def fill(folder, size, pieces):
    written = 0
    for piece in range(pieces):
        with open(os.path.join(folder, f"fill-{piece}"), "wb") as file:
            for _ in range(size >> 20):
                file.write(b"x" * (1 << 20))
                written += 1 << 20
    return written


def fill_disk(number, rest):
    answer(number, attempt(lambda: fill(os.getcwd(), 4 << 20, 200)))


def fill_slowly(number, rest):
    """One file after another until somebody ends it."""
    for piece in range(10000):
        attempt(lambda: fill(os.environ["TMPDIR"], 1 << 20, piece + 1))
        time.sleep(0.05)
    forever()


def fill_everywhere(number, rest):
    found = []
    for folder in ("", "dev", "dev/shm", "tmp", "var/tmp", "run", "plugin", "runtime", "usr", "etc", "proc", "home"):
        found.append((folder, attempt(lambda: fill("/" + folder, 1 << 20, 100))))
    answer(number, json.dumps(found))


def nameless(number, rest):
    """Files that no folder has: deleted ones, and memory."""
    held = []
    for piece in range(60):
        if rest == "memory":
            descriptor = os.memfd_create("held")
        else:
            descriptor = os.open(f"deleted-{piece}", os.O_CREAT | os.O_RDWR)
            os.unlink(f"deleted-{piece}")
        held.append(descriptor)
        attempt(lambda: [os.write(descriptor, b"x" * (1 << 20)) for _ in range(4)])
    forever()


def many_files(number, rest):
    for index in range(1_000_000):
        try:
            open(f"file-{index}", "wb").close()
        except OSError:
            break
    forever()


def deep_folders(number, rest):
    for _ in range(600):
        os.mkdir("folder-with-a-long-name")
        os.chdir("folder-with-a-long-name")
    os.mkdir("closed")
    os.mkdir("closed/inner")
    os.chmod("closed", 0)
    answer(number, "made")


def allocate(number, rest):
    held = []

    def take():
        while len(held) < 256:
            held.append(bytearray(16 << 20))
    answer(number, attempt(take) + f" after {len(held) * 16} MiB")


def allocate_shared(number, rest):
    import mmap
    held = []

    def take():
        while len(held) < 64:
            block = mmap.mmap(-1, 16 << 20)
            for page in range(0, 16 << 20, 4096):
                block[page] = 1
            held.append(block)
    print(attempt(take), flush=True)
    forever()


def allocate_together(number, rest):
    """Each process stays within what one may have."""
    for _ in range(8):
        if os.fork() == 0:
            block = b"x" * (48 << 20)
            forever()
    forever()


def network(number, rest):
    found = []
    for family, address in ((socket.AF_INET, ("127.0.0.1", int(rest))), (socket.AF_INET6, ("::1", int(rest)))):
        found.append(attempt(lambda: socket.create_connection(address[:2], 2).close()))
    found.append(attempt(lambda: os.listdir("/sys/class/net")))
    with open("/proc/net/dev") as file:
        found.append(sorted(line.split(":")[0].strip() for line in file if ":" in line))
    answer(number, json.dumps(found))


def read_files(number, rest):
    answer(number, json.dumps([attempt(lambda: open(path, "rb").read(100)) if not path.endswith("/") else attempt(lambda: os.listdir(path)) for path in json.loads(rest)]))


def write_files(number, rest):
    answer(number, json.dumps([attempt(lambda: open(path, "ab").write(b"x")) for path in json.loads(rest)]))


def chmod_files(number, rest):
    answer(number, json.dumps([attempt(lambda: os.chmod(path, 0o777)) for path in json.loads(rest)]))


def spy(number, rest):
    """What it sees of other processes."""
    parent = os.getppid()
    seen = []
    for pid in [entry for entry in os.listdir("/proc") if entry.isdigit()]:
        try:
            if b"SECRET_OF_THE_BRIDGE" in open(f"/proc/{pid}/environ", "rb").read():
                seen.append(pid)
        except OSError:
            pass
    kills = [attempt(lambda: os.kill(int(pid), 0)) for pid in json.loads(rest)]
    answer(number, json.dumps({"parent": attempt(lambda: open(f"/proc/{parent}/environ", "rb").read()), "seen": seen, "kills": kills}))


def describe(number, rest):
    limits = [line.split("  ")[0].strip() + " = " + " ".join(line[26:].split()[:2]) for line in open("/proc/self/limits")][1:]
    status = dict(line.split(":\t", 1) for line in open("/proc/self/status") if ":\t" in line)
    answer(number, json.dumps({
        "environment": dict(os.environ), "directory": os.getcwd(), "descriptors": {name: attempt(lambda: os.readlink("/proc/self/fd/" + name)) for name in sorted(os.listdir("/proc/self/fd"))},
        "limits": limits, "uid": os.getresuid(), "gid": os.getresgid(), "groups": os.getgroups(), "session": os.getsid(0) == os.getpgid(0),
        "noNewPrivileges": status["NoNewPrivs"].strip(), "capabilities": status["CapEff"].strip(), "oom": open("/proc/self/oom_score_adj").read().strip(),
        "hostname": socket.gethostname(), "files": sorted(os.listdir(START_MESSAGE["directory"])), "start": START_MESSAGE,
        "temporary": attempt(lambda: open(os.path.join(os.environ["TMPDIR"], "own"), "w").write("x")), "pid": os.getpid(),
    }))


def namespaces(number, rest):
    libc = ctypes.CDLL(None, use_errno=True)
    answer(number, "done" if libc.unshare(0x10000000) == 0 else os.strerror(ctypes.get_errno()))


def leave_behind(number, rest):
    libc = ctypes.CDLL(None, use_errno=True)
    shared = libc.shmget(0, 4096, 0o1600)
    folder = os.path.join("/", "tmp", "left-by-" + rest)
    attempt(lambda: os.mkdir(folder))
    attempt(lambda: open(folder + "/secret", "w").write("x"))
    answer(number, json.dumps({"shared": shared, "uid": os.getuid()}))


def become(number, rest):
    """Runs the system's set-user-ID programs, which are root's."""
    run = os.popen("for program in su mount passwd; do path=$(command -v $program) && echo found; done; grep -c . /proc/self/status; su -c id </dev/null 2>&1")
    answer(number, run.read())


def hidden(number, rest):
    """Does another thing, as a process that nobody but root may look into."""
    ctypes.CDLL(None).prctl(4, 0)
    name, _, rest = rest.partition(" ")
    globals()[name](number, rest)


def crumbs(number, rest):
    """An answer in pieces of one byte."""
    for byte in struct.pack("<IBI", int(rest) + 5, ANSWER, number) + b"\0" * int(rest):
        os.write(3, bytes([byte]))
    forever_serving()


def dribble(number, rest):
    for _ in range(int(rest)):
        os.write(1, b"x")
        time.sleep(0.0005)
    answer(number, "dribbled")


def crash(number, rest):
    attempt(lambda: signal.signal(getattr(signal, rest), signal.SIG_DFL))
    os.kill(os.getpid(), getattr(signal, rest))
    forever()


def burn(number, rest):
    while True:
        pass


def say(number, rest):
    stream, text = rest.split(" ", 1)
    os.write(1 if stream == "stdout" else 2, text.encode())
    answer(number, "said")


def die_saying(number, rest):
    os.write(2, rest.encode())
    os._exit(3)


def ask(number, rest):
    """A host call within the call."""
    host_call(7, STORE, value(rest))
    kind, identity, payload = receive()
    answer(number, json.dumps([kind, identity, payload.hex()]))


def ask_foreign(number, rest):
    host_call(1, rest)
    forever()


def ask_twice(number, rest):
    host_call(1, STORE, value("a"))
    host_call(1, STORE, value("b"))
    forever()


def ask_much(number, rest):
    for index in range(int(rest)):
        host_call(index + 1, STORE, value("a"))
    forever()


def ask_malformed(number, rest):
    send(HOST_CALL, 1, b"\xff\xff" + b"x")
    forever()


def wrong_id(number, rest):
    answer(number + 1, "wrong")
    forever()


def answer_twice(number, rest):
    answer(number, "first")
    answer(number, "second")
    forever()


def odd_outcome(number, rest):
    send(ANSWER, number, b"\x09")
    forever()


def outcome(number, rest):
    kind, text = rest.split(" ", 1)
    send(ANSWER, number, bytes([int(kind)]) + (value(text) if int(kind) < 2 else text.encode()))
    forever_serving()


def unknown_kind(number, rest):
    send(99, number)
    forever()


def start_again(number, rest):
    started()
    forever()


def slow(number, rest):
    time.sleep(float(rest))
    answer(number, rest)


def echo(number, rest):
    answer(number, rest)


def stop_reading(number, rest):
    answer(number, "stopped")
    forever()


def forever_serving():
    while True:
        kind, number, payload = receive()
        if kind == CALL:
            size, = struct.unpack_from("<H", payload)
            text = payload[2 + size + 8:].decode()
            name, _, rest = text.partition(" ")
            globals()[name](number, rest)
        elif kind == DROP:
            answer_drop(number, payload)


def answer_drop(number, payload):
    resource, = struct.unpack("<I", payload)
    send(ANSWER, number, b"\0" if resource == 7 else b"\x03there is no such resource")


# What happens before it has started.

def begin_silent():
    forever()


def begin_failed(code, message):
    send(FAILED, 0, json.dumps({"code": code, "message": message}).encode())
    forever()


def begin_malformed(text):
    send(STARTED, 0, text.encode())
    forever()


def begin_dead(code):
    sys.exit(int(code))


def begin_asking():
    host_call(1, STORE, value("start"))
    kind, number, payload = receive()
    started(runtime=payload.hex())


kind, _, payload = receive()
START_MESSAGE = json.loads(payload)
instructions = START_MESSAGE.get("config")
if isinstance(instructions, dict) and "begin" in instructions:
    globals()["begin_" + instructions["begin"]](*instructions.get("with", []))
else:
    started()
forever_serving()
