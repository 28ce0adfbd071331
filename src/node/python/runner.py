"""Runs one Python plugin of fidius's package layout for an executor, with which it speaks over descriptor 3.

The frames are those of process-frames.ts, and values are bincode 1 of the types that the start message describes. It is one
file without dependencies, for Python 3.9 and later. The plugin's code runs in this process and can break everything in it:
nothing here protects the executor, which therefore believes nothing. What is checked here is what an honest plugin needs.

Values have the forms that fidius gives them. Records are dicts with snake_case keys (a result may be any mapping, or an object
with those attributes); variants, enums and results are {"CaseName": payload}, with None where a case carries nothing (a result
may be the name alone); options are the value or None, and an option of an option is {"Some": value} or None; lists, also of
bytes, and tuples are lists. Raw methods take and give bytes.
"""

import collections
import fcntl
import importlib
import importlib.util
import json
import math
import os
import re
import signal
import struct
import sys
import threading
import traceback
import types
from collections.abc import Mapping
from contextlib import suppress

try:
    import resource
except ImportError:
    resource = None

PROCESS_DESCRIPTOR = 3
ORDER_START, ORDER_CALL, ORDER_DROP, ORDER_HOST_ANSWER = 1, 2, 3, 4
REPORT_STARTED, REPORT_FAILED, REPORT_ANSWER, REPORT_HOST_CALL = 17, 18, 19, 20
OK, ERR, TRAP, RESOURCE_INVALID, HOST_FAILED = range(5)
HOST_ERR, HOST_FAILURE = 1, 2
HOST_CALL = "fidius:host-call/host@0.1.0#call"
# The executor bounds what it sends. This only keeps a broken length from being waited for.
FRAME_BYTES = 1 << 30
TEXT_BYTES, COPIED_BYTES, TYPE_DEPTH = 1 << 12, 1 << 16, 64
HEADER, U16, U32, U64 = map(struct.Struct, ("<IBI", "<H", "<I", "<Q"))
NUMBERS = dict(zip(("u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64", "f32", "f64"), "BbHhIiQqfd"))
SIZES = {name: struct.calcsize("<" + code) for name, code in NUMBERS.items()}
FEWEST = {**SIZES, None: 0, "bool": 1, "char": 1, "string": 8, "bytes": 8}
SET_PARENT_DEATH_SIGNAL = 1
MISSING = object()


# Values


class BincodeProblem(Exception):
    """What is wrong with a value or with bytes. Its path grows while it is raised, so that what is right pays nothing for it."""

    def __init__(self, reason, path=""):
        super().__init__(reason)
        self.reason, self.path = reason, path

    def __str__(self):
        return f"{self.path} {self.reason}"


def parse_type(description, depth=0):
    """Makes a type of a BincodeType in JSON: the name of a primitive, None for no value, or a tuple that begins with its kind."""
    if depth > TYPE_DEPTH:
        raise BincodeProblem(f"is nested more than {TYPE_DEPTH} deep", "a type")
    if not isinstance(description, dict):
        return description if description in FEWEST else wanted(description, "a type")

    def parse(part):
        return parse_type(part, depth + 1)

    kind = description["kind"]
    if kind == "record":
        return "record", tuple((snake_case(field["name"]), parse(field["type"])) for field in description["fields"])
    if kind == "tuple":
        return "tuple", tuple(map(parse, description["items"]))
    if kind == "list":
        element = parse(description["element"])
        return ("list", element) if fewest_bytes(element) > 0 else wanted(element, "of some size, or its lists could not be bounded")
    if kind == "option":
        value = parse(description["value"])
        return "option", value, type(value) is tuple and value[0] == "option"
    if kind == "result":
        return "cases", (("Ok", parse(description["ok"])), ("Err", parse(description["err"])))
    cases = [(case, None) if kind == "enum" else (case["name"], parse(case["type"])) for case in description["cases"]]
    return "cases", tuple(("".join(word[:1].upper() + word[1:] for word in name.split("-")), payload) for name, payload in cases)


def fewest_bytes(kind):
    """The fewest bytes that a value has."""
    if type(kind) is not tuple:
        return FEWEST[kind]
    if kind[0] in ("record", "tuple"):
        return sum(fewest_bytes(part[1] if kind[0] == "record" else part) for part in kind[1])
    return {"list": 8, "option": 1, "cases": 4}[kind[0]]


def snake_case(name):
    return re.sub("[^0-9a-zA-Z]+", "_", name).lower()


def decode(kind, data, name):
    """Reads exactly one value, called `name` in messages."""
    reader = Reader(data)
    try:
        value = reader.read(kind)
        if reader.left > 0:
            raise BincodeProblem(f"has {reader.left} bytes after its end")
        return value
    except BincodeProblem as problem:
        problem.path = name
        raise


class Reader:
    def __init__(self, data):
        self.data, self.left = data, len(data)

    def take(self, size):
        if size > self.left:
            raise BincodeProblem(f"ends after {self.left} of {size} bytes")
        start = len(self.data) - self.left
        self.left -= size
        return self.data[start : start + size]

    def flag(self):
        byte = self.take(1)[0]
        return byte == 1 if byte <= 1 else wanted(byte, "0 or 1")

    def count(self, fewest):
        """A count of things of at least `fewest` bytes each, of which there are enough: asked before memory is taken for them."""
        (count,) = U64.unpack(self.take(8))
        if count > self.left // fewest:
            raise BincodeProblem(f"says that it has {count} items, and {self.left} bytes are left")
        return count

    def read(self, kind):
        if type(kind) is not tuple:
            return self.read_primitive(kind)
        form, content = kind[:2]
        if form == "record":
            return {name: self.read(field) for name, field in content}
        if form == "tuple":
            return [self.read(item) for item in content]
        if form == "list":
            count = self.count(fewest_bytes(content))
            if content in NUMBERS:
                if content == "u8":
                    # A picture's bytes: without a tuple of them in between.
                    return list(self.take(count))
                return list(struct.unpack(f"<{count}{NUMBERS[content]}", self.take(count * SIZES[content])))
            return [self.read(content) for _ in range(count)]
        if form == "option":
            value = self.read(content) if self.flag() else MISSING
            return None if value is MISSING else {"Some": value} if kind[2] else value
        (position,) = U32.unpack(self.take(4))
        if position >= len(content):
            raise BincodeProblem(f"is case {position}, of {len(content)}")
        name, payload = content[position]
        return {name: self.read(payload)}

    def read_primitive(self, kind):
        if kind is None:
            return None
        if kind in NUMBERS:
            return struct.unpack("<" + NUMBERS[kind], self.take(SIZES[kind]))[0]
        if kind == "bool":
            return self.flag()
        if kind == "char":
            data = self.take(1)
            data += self.take(0 if data[0] < 0x80 else 1 if data[0] < 0xE0 else 2 if data[0] < 0xF0 else 3)
        else:
            data = self.take(self.count(1))
        try:
            return bytes(data) if kind == "bytes" else data.decode("utf-8")
        except UnicodeDecodeError:
            raise BincodeProblem("is not well-formed UTF-8") from None


def encode(kind, value, name, most):
    """Writes one value, called `name` in messages, in at most `most` bytes."""
    out = bytearray()
    write_part(kind, value, out, name)
    if len(out) > most:
        raise BincodeProblem(f"takes {len(out)} bytes, and a message has room for {most}", name)
    return out


def write_part(kind, value, out, step):
    try:
        write(kind, value, out)
    except BincodeProblem as problem:
        problem.path = step + problem.path
        raise


def write(kind, value, out):
    form, content = kind[:2] if type(kind) is tuple else (kind, None)
    if form in NUMBERS:
        write_number(form, value, out)
    elif form in ("string", "char"):
        write_text(form, value, out)
    elif form == "bool":
        out.append(value if value is True or value is False else wanted(value, "True or False"))
    elif form == "list" or form == "bytes":
        write_list(content or "u8", value, out)
    elif form == "record":
        write_record(content, value, out)
    elif form == "cases":
        write_case(content, value, out)
    elif form == "tuple":
        if not isinstance(value, (list, tuple)) or len(value) != len(content):
            wanted(value, f"a list or a tuple of {len(content)}")
        for position, item in enumerate(content):
            write_part(item, value[position], out, f"[{position}]")
    elif form == "option":
        out.append(value is not None)
        if kind[2] and value is not None and (not isinstance(value, Mapping) or set(value) != {"Some"}):
            wanted(value, 'None or {"Some": value}, because it is an option of an option')
        if value is not None:
            write(content, value["Some"] if kind[2] else value, out)
    elif value is not None and value != ():
        wanted(value, "None, because nothing is carried here")


def write_record(fields, value, out):
    if value is None or type(value) is tuple or isinstance(value, (str, bytes, int, float, list)):
        wanted(value, f"a mapping or an object with {', '.join(name for name, _ in fields)}")
    for name, field in fields:
        member = value.get(name, MISSING) if isinstance(value, Mapping) else getattr(value, name, MISSING)
        if member is MISSING and field[0] != "option":
            raise BincodeProblem("is missing", f".{name}")
        write_part(field, None if member is MISSING else member, out, f".{name}")


def write_case(cases, value, out):
    name, content = value, None
    if isinstance(value, Mapping) and len(value) == 1:
        ((name, content),) = value.items()
    for position, (own, payload) in enumerate(cases):
        if isinstance(name, str) and own == name:
            out += U32.pack(position)
            return write_part(payload, content, out, f".{own}")
    wanted(name, f"one of {', '.join(own for own, _ in cases)}, alone or as the only key of a dict")


def write_list(element, value, out):
    if isinstance(value, Mapping) and element[0] == "tuple" and len(element[1]) == 2:
        value = list(value.items())
    if element == "u8" and isinstance(value, (bytes, bytearray, memoryview)):
        value = bytes(value)
    elif not isinstance(value, (list, tuple)):
        value = value.tolist() if hasattr(type(value), "tolist") else wanted(value, "a list")
    out += U64.pack(len(value))
    if isinstance(value, bytes):
        out += value
    elif element in NUMBERS and set(map(type, value)) == {float if element[0] == "f" else int}:
        with suppress(struct.error, OverflowError, ValueError):
            out += bytes(value) if element == "u8" else struct.pack(f"<{len(value)}{NUMBERS[element]}", *value)
            return
    # One is of another type, or out of range. Going one by one finds which.
    for position, item in enumerate(() if isinstance(value, bytes) else value):
        write_part(element, item, out, f"[{position}]")


def write_text(form, value, out):
    what = "well-formed text" if form == "string" else "exactly one character"
    try:
        data = value.encode("utf-8") if isinstance(value, str) and (form == "string" or len(value) == 1) else wanted(value, what)
    except UnicodeEncodeError:
        wanted(value, what)
    out += data if form == "char" else U64.pack(len(data)) + data


def write_number(form, value, out):
    """Whatever converts itself losslessly is a number, such as those of numpy. True and False are none."""
    convert = getattr(type(value), "__float__" if form[0] == "f" else "__index__", None)
    bits = int(form[1:])
    lowest, highest = (0, (1 << bits) - 1) if form[0] == "u" else (-(1 << bits - 1), (1 << bits - 1) - 1)
    wish = "a number" if form[0] == "f" else f"a whole number from {lowest} to {highest}"
    try:
        number = wanted(value, wish) if convert is None or isinstance(value, bool) else convert(value)
    except OverflowError:
        wanted(value, wish)
    if form[0] != "f" and not lowest <= number <= highest:
        wanted(value, wish)
    try:
        out += struct.pack("<" + NUMBERS[form], number)
    except OverflowError:
        # What is too large for an f32 is infinite there, as in Rust and in JavaScript.
        out += struct.pack("<f", math.copysign(math.inf, number))


def wanted(value, what):
    raise BincodeProblem(f"is {described(value)}, and must be {what}")


def described(value):
    """A value in words. Its own repr is not asked: it may be long, or fail."""
    if value is None or type(value) in (bool, float) or (type(value) is int and value.bit_length() <= 128):
        return repr(value)
    return ascii(value[:40]) if type(value) is str else f"of type {type(value).__name__}"


# The channel to the executor


class Refusal(Exception):
    """Why the plugin cannot start, with an error code, or why a call of it has no answer, with an outcome."""

    def __init__(self, kind, reason):
        super().__init__(reason)
        self.kind = kind


class Channel:
    """Frames to and from the executor. When it breaks there is nobody left to work for, and the process ends at once."""

    def __init__(self):
        # A high number, so that plugins which close or reuse the small ones do not meet it by accident.
        open_files = 256 if resource is None else resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        highest = open_files if 16 < open_files < 1024 else 1024
        self.descriptor = fcntl.fcntl(PROCESS_DESCRIPTOR, fcntl.F_DUPFD_CLOEXEC, highest - 8)
        os.close(PROCESS_DESCRIPTOR)
        os.set_blocking(self.descriptor, True)
        # A forked child that returned from the plugin's code would answer calls as well.
        os.register_at_fork(after_in_child=self.close)

    def close(self):
        descriptor, self.descriptor = self.descriptor, -1
        with suppress(OSError):
            os.close(descriptor)

    def receive(self):
        length, kind, number = HEADER.unpack(self.read(HEADER.size))
        if not 5 <= length <= FRAME_BYTES:
            end_process(f"The executor sent a frame of {length} bytes, and at most {FRAME_BYTES} are allowed")
        return kind, number, self.read(length - 5)

    def read(self, size):
        data = bytearray(size)
        view = memoryview(data)
        while view:
            try:
                count = os.readv(self.descriptor, (view,))
            except OSError:
                count = 0
            if count == 0:
                os._exit(0)
            view = view[count:]
        return data

    def send(self, kind, number, *parts):
        size = sum(map(len, parts))
        chunks = (HEADER.pack(5 + size, kind, number), *parts)
        # Small ones go at once. Large ones are not copied: the plugin may have left no memory for that.
        for chunk in chunks if size > COPIED_BYTES else (b"".join(chunks),):
            view = memoryview(chunk)
            while view:
                try:
                    view = view[os.write(self.descriptor, view) :]
                except OSError:
                    os._exit(1)


def end_process(reason=None):
    """Ends without the plugin's exit handlers, and without waiting for its threads: either could keep the process."""
    with suppress(Exception):
        if reason is not None:
            print(reason, file=sys.stderr)
    flush_output()
    os._exit(1)


def flush_output():
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()


# What the app offers


class HostError(Exception):
    """The app's function answered with its own error, which `payload` has."""

    def __init__(self, target, payload):
        super().__init__(f"{target} answered with the error {payload!r:.200}")
        self.payload = payload


class HostCallFailed(RuntimeError):
    """The app's function was denied, or failed in a way that its type cannot express."""


class Function:
    """A function as BridgeFunction describes it."""

    def __init__(self, description):
        self.target, self.is_fallible = description["target"], description["fallible"]
        self.arguments, self.ok, self.err = (parse_type(description[part]) for part in ("arguments", "ok", "err"))


# Its items are bytes, whatever the app's description of it is.
STREAM_PULL = Function({
    "target": "fidius:stream-pull/pull@0.1.0#next", "fallible": False,
    "arguments": {"kind": "tuple", "items": []}, "ok": {"kind": "option", "value": "bytes"}, "err": None,
})


class HostCalls:
    """Calls the app, once at a time. The lock keeps threads of the plugin from reading what is not for them."""

    def __init__(self, channel, imports, most):
        self.channel, self.most, self.lock = channel, most, threading.Lock()
        self.functions = {function.target: function for function in map(Function, imports)}
        self.is_open, self.last = False, 0

    def set_open(self, is_open):
        with self.lock:
            self.is_open = is_open

    def exchange(self, target, data):
        if target not in self.functions:
            raise HostCallFailed(f"It needs {target}, which it was not granted")
        with self.lock:
            if not self.is_open:
                raise RuntimeError(f"{target} can be called only while the plugin is answering a call")
            self.last = self.last % 0xFFFFFFFF + 1
            name = target.encode()
            self.channel.send(REPORT_HOST_CALL, self.last, U16.pack(len(name)), name, data)
            kind, number, answer = self.channel.receive()
            if kind != ORDER_HOST_ANSWER or number != self.last or not answer:
                end_process(f"The executor sent a frame of kind {kind} where the answer of {target} must be")
            return answer[0], answer[1:]

    def call(self, function, arguments):
        try:
            data = encode(function.arguments, arguments, "arguments", self.most)
        except BincodeProblem as problem:
            raise TypeError(f"Cannot call {function.target}: {problem}") from None
        kind, answer = self.exchange(function.target, data)
        if kind == HOST_FAILURE:
            raise HostCallFailed(answer.decode("utf-8", "replace"))
        try:
            value = decode(function.err if kind == HOST_ERR else function.ok, answer, "the answer")
        except BincodeProblem as problem:
            raise HostCallFailed(f"{function.target} was answered with what is not of its type: {problem}") from None
        if kind == HOST_ERR:
            raise HostError(function.target, value)
        return value

    def given_stream(self, item):
        """The items that the app gives for a call. One is pulled when one is wanted, and no more."""
        for data in iter(lambda: self.call(STREAM_PULL, ()), None):
            try:
                value = data if item is None else decode(item, data, "the item")
            except BincodeProblem as problem:
                raise ValueError(f"The stream gave what is not of its type: {problem}") from None
            yield value

    def offer(self):
        """Makes the module portcullis_host, with a module for each interface of the app. fidius has no such thing for Python."""
        offered = types.ModuleType("portcullis_host", "The functions that the app offers to this plugin.")
        offered.HostError, offered.HostCallFailed = HostError, HostCallFailed
        sys.modules[offered.__name__] = offered
        interfaces = collections.defaultdict(dict)
        for function in self.functions.values():
            interface, _, name = function.target.partition("#")
            if function.target == HOST_CALL:
                function.ok = ("tuple", ("s32", "bytes"))
                offered.call = lambda *arguments, function=function: tuple(self.call(function, arguments))
            elif not interface.startswith("fidius:"):
                interfaces[interface][snake_case(name)] = lambda *arguments, function=function: self.call(function, arguments)
        for interface, name in interface_names(interfaces).items():
            module = types.ModuleType(f"{offered.__name__}.{name}", f"The functions of {interface}.")
            vars(module).update(interfaces[interface])
            setattr(offered, name, module)
            sys.modules[module.__name__] = module


def interface_names(interfaces):
    """The shortest name of each that no other has: `store`, else `acme_notes_store`, else `acme_notes_store_1_0_0`."""
    forms = {name: [snake_case(re.sub(cut, "", name)) for cut in ("^.*/|@.*$", "@.*$", "^$")] for name in interfaces}
    uses = collections.Counter(["call", *(form for own in forms.values() for form in set(own))])
    return {name: next((form for form in own if uses[form] == 1), own[-1]) for name, own in forms.items()}


# fidius's SDK


def offer_fidius():
    """Makes a module `fidius` that has what its SDK has, for packages that do not bring it."""
    registry = {}

    class PluginError(Exception):
        def __init__(self, code, message, details=None):
            super().__init__(message)
            self.code, self.message, self.details = code, message, details

    def method(function):
        key = (getattr(function, "__module__", None) or "<unknown>", function.__name__)
        if key in registry:
            raise ValueError(f"The method {key[1]!r} is already registered in the module {key[0]!r}, where names must be unique")
        registry[key] = function
        return function

    def get_method(name, module=None):
        found = [function for (owner, own), function in registry.items() if own == name and module in (None, owner)]
        if len(found) != 1:
            raise KeyError(f"The method {name!r} is in several modules: name one" if found else name)
        return found[0]

    def list_methods(module=None):
        return sorted({name for owner, name in registry if module in (None, owner)})

    offered = types.ModuleType("fidius", "What plugins of fidius import.")
    PluginError.__module__ = offered.__name__
    for part in (PluginError, method, get_method, list_methods):
        setattr(offered, part.__name__, part)
    offered.reset_registry = registry.clear
    sys.modules[offered.__name__] = offered


# Exceptions of the plugin


def plugin_error(error):
    """An exception as fidius's PluginError: code, message and details, and whether it was raised as one."""
    declared = getattr(sys.modules.get("fidius"), "PluginError", None)
    is_named = any(kind.__name__ == "PluginError" for kind in type(error).__mro__) and hasattr(error, "code") and hasattr(error, "message")
    if not is_named and not (isinstance(declared, type) and isinstance(error, declared)):
        frames = "".join(traceback.format_tb(plugin_traceback(error)))
        return {"code": type(error).__name__, "message": message_of(error), "details": json.dumps({"traceback": frames})}, False
    code, message, details = (getattr(error, name, None) for name in ("code", "message", "details"))
    code = plain(code) if isinstance(code, str) else "PluginError"
    message = plain(message) if isinstance(message, str) else message_of(error)
    try:
        details = None if details is None else json.dumps(details)
    except Exception:
        details = None  # As fidius does with what JSON cannot carry.
    return {"code": code, "message": message, "details": details}, True


def error_value(kind, failure):
    """A failure as a value of an error type; MISSING if that cannot express it."""
    if kind is None or kind == "string":
        return kind and failure["message"]
    if kind[0] == "record" and {name for name, _ in kind[1]} == set(failure):
        return failure
    # NOT_FOUND, NotFound and not-found are one name.
    letters = re.sub("[-_ ]", "", failure["code"]).lower()
    for name, payload in kind[1] if kind[0] == "cases" else ():
        if name.lower() == letters and payload in (None, "string"):
            return {name: payload and failure["message"]}
    return MISSING


def plugin_traceback(error):
    """Without this file's own frames, which begin it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename == plugin_traceback.__code__.co_filename:
        trace = trace.tb_next
    return trace


def plain(text, most=None):
    """Text that UTF-8 can carry, in at most `most` bytes."""
    return text.encode("utf-8", "backslashreplace")[:most].decode("utf-8", "ignore")


def message_of(error):
    try:
        return plain(str(error))
    except Exception:
        return "<an exception that cannot be printed>"


def words_of(error):
    message = message_of(error)
    return f"{type(error).__name__}: {message}" if message else type(error).__name__


def log_exception(error):
    with suppress(Exception):
        traceback.print_exception(type(error), error, plugin_traceback(error))


# Calls of the plugin


class Plugin:
    """What answers calls: a function for each target, with its types. Streams keep their numbers, as None when they have ended."""

    def __init__(self, start, host_calls):
        self.host_calls, self.most = host_calls, start["messageBytes"]
        self.functions = {function.target: function for function in map(Function, start["exports"])}
        self.bodies, self.streams, self.last = {}, {}, 0
        prefix = f"{start['interfaceName']}#"
        self.bodies[f"{prefix}fidius-interface-hash"] = lambda: int(start["interfaceHash"], 16)
        self.bodies[f"{prefix}fidius-configure"] = lambda _: self.require_configuration(start)
        for method in start["methods"]:
            function = self.functions[prefix + method["function"]]
            if method["raw"] and function.arguments != ("tuple", (("list", "u8"),)):
                raise BincodeProblem("is raw, and takes not exactly one list<u8>", function.target)
            if method["raw"]:
                function.arguments = ("tuple", ("bytes",))
            if "produces" in method:
                self.add_step(f"{prefix}[method]{method['produces']}.next", method["produces"])

    def require_configuration(self, start):
        if "config" not in start:
            raise Refusal(TRAP, "Python code has no type for the bytes of a configuration. Give it as JSON, when the plugin is loaded")

    def add_step(self, target, kind):
        function = self.functions[target]
        # An item that is None must not be taken for the end: it is written as that of an option of an option.
        function.ok = ("option", function.ok[1], True)
        self.bodies[target] = lambda number: self.next_item(kind, number)

    def bind(self, method, target, implementation):
        item = parse_type(method.get("item"))

        def body(*arguments):
            given = (self.host_calls.given_stream(item),) if method["takesStream"] else ()
            result = implementation(*given, *arguments)
            return self.open_stream(method["produces"], result) if "produces" in method else result

        self.bodies[target] = body

    def attempt(self, work, *arguments):
        """Carries out one order. Gives the outcome, its bytes, and whether the process must end."""
        try:
            return (*work(*arguments), False)
        except BaseException as error:
            is_known = isinstance(error, (BincodeProblem, Refusal, HostCallFailed))
            if not is_known:
                log_exception(error)
            outcome = error.kind if isinstance(error, Refusal) else HOST_FAILED if isinstance(error, HostCallFailed) else TRAP
            message = message_of(error) if is_known else words_of(error)
            return outcome, plain(message, min(TEXT_BYTES, self.most)).encode(), isinstance(error, (SystemExit, KeyboardInterrupt))

    def call(self, target, data):
        """Gives the outcome and its bytes. What is neither a result nor an error of the function is raised."""
        body = self.bodies.get(target)
        if body is None:
            raise Refusal(TRAP, f"The plugin has no function {target}")
        function = self.functions[target]
        arguments = decode(function.arguments, data, "the arguments' tuple")
        try:
            value = body(*arguments)
        except (SystemExit, KeyboardInterrupt, MemoryError, BincodeProblem, HostCallFailed, Refusal):
            raise
        except BaseException as error:
            return ERR, self.error_bytes(function, error)
        return OK, encode(function.ok, value, "the result", self.most)

    def error_bytes(self, function, error):
        failure, is_declared = plugin_error(error)
        value = error_value(function.err, failure) if function.is_fallible else MISSING
        if value is MISSING:
            raise error
        if value is not failure and not is_declared:
            log_exception(error)
        return encode(function.err, value, "the error", self.most)

    def open_stream(self, kind, result):
        try:
            iterator = iter(result)
        except TypeError:
            raise BincodeProblem(f"is {described(result)}, and must be iterable, because the method gives a stream", "the result") from None
        self.last += 1
        self.streams[self.last] = (kind, iterator)
        return self.last

    def next_item(self, kind, number):
        if self.streams.get(number, (None,))[0] != kind:
            raise Refusal(RESOURCE_INVALID, f"There is no {kind} {number}")
        iterator = self.streams[number][1]
        try:
            return None if iterator is None else {"Some": next(iterator)}
        except StopIteration:
            self.streams[number] = (kind, None)
            return None
        except BaseException:
            self.streams[number] = (kind, None)
            raise

    def drop(self, number):
        if number not in self.streams:
            raise Refusal(RESOURCE_INVALID, f"There is no stream {number}")
        _, iterator = self.streams.pop(number)
        try:
            if hasattr(iterator, "close"):
                iterator.close()
        except Exception as error:
            log_exception(error)
        return OK, b""


# Starting and serving


def limit_memory(more):
    """Bounds the data of this process to what it has now, and `more` bytes."""
    if more == 0 or resource is None:
        return
    try:
        with open("/proc/self/status", encoding="ascii", errors="replace") as status:
            used = sum(int(line.split()[1]) * 1024 for line in status if line.startswith("VmData:"))
    except OSError:
        return
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    limit = used + more if hard == resource.RLIM_INFINITY else min(used + more, hard)
    try:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    except (OSError, ValueError) as error:
        raise Refusal("instantiate-failed", f"its memory cannot be limited to {limit} bytes: {error}. Ask for another limit") from None


def import_module(directory, name):
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [os.path.join(directory, "vendor"), directory, *(path for path in sys.path if os.path.abspath(path) != own)]
    sys.argv[:] = [name]
    # What is in the package is signed: nothing may be added to it.
    sys.dont_write_bytecode = True
    if name in sys.modules or name in sys.builtin_module_names:
        raise Refusal("instantiate-failed", f"its module {name} has the name of one of Python's own, which would be taken for it. Give it another name")
    try:
        if importlib.util.find_spec("fidius") is None:
            offer_fidius()
        return importlib.import_module(name)
    except BaseException as error:
        log_exception(error)
        reason = f"importing its module {name} raised {words_of(error)}. The traceback is in its log; correct the module"
        raise Refusal("instantiate-failed", reason) from None


def check_interface(module, expected):
    found = getattr(module, "__interface_hash__", None)
    if type(found) is not int or found != int(expected, 16):
        told = f"0x{found:016x}" if type(found) is int else "none that is a number"
        advice = "Make the plugin for the interface that its package names, or name the one that it was made for"
        raise Refusal("interface-mismatch", f"its module's __interface_hash__ is {told}, and 0x{expected} is wanted. {advice}")


def configured(module, start):
    """What has the plugin's methods."""
    if "config" not in start:
        return module
    if not hasattr(module, "__fidius_configure__"):
        raise Refusal("config-invalid", "it was given a configuration, and has no __fidius_configure__ to take one. Load it without")
    try:
        return module.__fidius_configure__(start["config"])
    except BaseException as error:
        log_exception(error)
        raise Refusal("config-invalid", f"its __fidius_configure__ raised {words_of(error)}. Give it another configuration") from None


def resolve(holder, module, name):
    found = getattr(holder, name, MISSING)
    if found is MISSING and holder is module and hasattr(module, "__fidius_configure__"):
        reason = f"its module has no {name}, but a __fidius_configure__, which gives what has its methods. Load it with a configuration"
        raise Refusal("config-invalid", reason)
    if not callable(found) or found is MISSING:
        where = "its module" if holder is module else "what its __fidius_configure__ returned"
        raise Refusal("instantiate-failed", f"{where} has no function {name}, which its interface has. Define it")
    return found


def load(start, channel):
    if sys.version_info < (3, 9):
        raise Refusal("runtime-unsupported", f"it needs Python 3.9 or newer, and this is {sys.version.split()[0]}. Install a newer one for the bridge")
    limit_memory(start["memoryBytes"])
    try:
        host_calls = HostCalls(channel, start["imports"], start["messageBytes"])
        host_calls.offer()
        plugin = Plugin(start, host_calls)
    except (BincodeProblem, KeyError) as problem:
        raise Refusal("instantiate-failed", f"its interface is not described as it must be: {words_of(problem)}. Pack it again") from None
    module = import_module(start["directory"], start["entryModule"])
    check_interface(module, start["interfaceHash"])
    holder = configured(module, start)
    for method in start["methods"]:
        name = snake_case(method["function"])
        if "optionalBit" not in method or hasattr(holder, name):
            plugin.bind(method, f"{start['interfaceName']}#{method['function']}", resolve(holder, module, name))
    return plugin


def serve(channel, plugin):
    while True:
        kind, number, data = channel.receive()
        plugin.host_calls.set_open(True)
        if kind == ORDER_CALL and len(data) >= 2:
            end = 2 + U16.unpack(data[:2])[0]
            outcome, answer, is_last = plugin.attempt(plugin.call, data[2:end].decode("utf-8", "replace"), data[end:])
        elif kind == ORDER_DROP and len(data) == 4:
            outcome, answer, is_last = plugin.attempt(plugin.drop, U32.unpack(data)[0])
        else:
            end_process(f"The executor sent a frame of kind {kind} that is no order")
        plugin.host_calls.set_open(False)
        flush_output()
        channel.send(REPORT_ANSWER, number, bytes([outcome]), answer)
        if is_last:
            end_process()


def report_failure(channel, plugin_id, error):
    code, reason = "instantiate-failed", f"loading it raised {words_of(error)}"
    if isinstance(error, Refusal):
        code, reason = error.kind, str(error)
    else:
        log_exception(error)
    flush_output()
    message = f"Cannot start {plugin_id}: {plain(reason, TEXT_BYTES)}"
    channel.send(REPORT_FAILED, 0, json.dumps({"code": code, "message": message}).encode())


def end_with_executor():
    """A plugin that never returns would not read that the executor is gone."""
    with suppress(ImportError, AttributeError, OSError):
        import ctypes

        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def main():
    channel = Channel()
    if sys.platform == "linux":
        end_with_executor()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    kind, _, data = channel.receive()
    if kind != ORDER_START:
        end_process(f"The executor sent a frame of kind {kind} where the start must be")
    start = json.loads(data)
    try:
        plugin = load(start, channel)
    except BaseException as error:
        report_failure(channel, start["pluginId"], error)
        end_process()
    flush_output()
    runtime = f"Python {'.'.join(map(str, sys.version_info[:3]))}"
    channel.send(REPORT_STARTED, 0, json.dumps({"runtime": runtime, "metadata": {"trait": {}, "methods": {}}}).encode())
    serve(channel, plugin)


if __name__ == "__main__":
    try:
        main()
    except BaseException as error:
        log_exception(error)
    finally:
        end_process()
