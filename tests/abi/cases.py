"""The bad input that each parameter of a function must be tested with, by its type and name.

An unknown parameter is an error, and so is a case without a row in bad_input.toml: a new function fails until it has
its rows.
"""

import re
from dataclasses import dataclass, field

from header import HANDLES, Function


@dataclass(frozen=True)
class Case:
    """One bad call: its differences from the good call."""

    name: str
    arguments: dict  # parameter -> C expression
    before: str = ""  # C statements before the call
    after: str = ""  # C statements after it


@dataclass
class Call:
    """The good call of a function, and all bad calls."""

    function: Function
    good: dict = field(default_factory=dict)
    cases: list = field(default_factory=list)
    before: str = ""  # C statements that the good call needs

    def case(self, name, before="", after="", **arguments):
        self.cases.append(Case(name, arguments, before, after))


LAST = "parfocal_shutdown"
OTHER_KIND = {"parfocal_model": "a_task", "parfocal_stream": "a_model", "parfocal_task": "a_stream"}


def is_packed(call: Call) -> bool:
    """Whether the function takes packed pixels, which are grey."""
    return call.function.name.endswith(("_packed", "_unpack"))


def handle(call: Call, type_: str, name: str):
    kind = type_.removeprefix("parfocal_")
    closing = call.function.name.endswith("_close")
    call.good[name] = "kept" if closing else f"a_{kind}"
    if call.function.name.endswith("_error_map"):
        call.good[name] = f"mapped_{kind}"
        call.case(f"{name} without an error map", **{name: f"a_{kind}"})
    if kind == "task" and any(p.type == "parfocal_model" for p in call.function.parameters):
        # 0 stands for no task and is valid; a task that an earlier run has used is not.
        call.good[name] = "0"
        call.case(f"{name} used before", **{name: "used_task()"})
    else:
        call.case(f"{name} zero", **{name: "0"})
    call.case(f"{name} foreign", **{name: "a_" + kind + " + (1ull << 40)"})
    call.case(f"{name} all bits", **{name: "UINT64_MAX"})
    call.case(f"{name} stale", **{name: f"closed_{kind}()"})
    call.case(f"{name} of another kind", **{name: OTHER_KIND[type_]})
    if closing:
        call.before = f"kept = new_{kind}();"
        again = f"CHECK(found == PARFOCAL_STATUS_OK); found = {call.function.name}(kept);"
        call.case("closed twice", after=again)
        call.case("closed during a run", f"kept = busy_{kind}();", again + " wait_for_run();")


def text(call: Call, name: str):
    """Paths and options."""
    function = call.function.name
    opening = function.startswith("parfocal_model_open")
    if name == "options":
        call.good[name] = '"threads=1"' if opening else "NULL"
        other = "tile=64" if opening else "threads=1"
        value = "threads=none" if opening else "tile=none"
        call.case("options unknown", options='"colour=green"')
        key = value.split("=")[0]
        call.case("options repeated", options=f'"{key}=64 {key}=64"')
        call.case("options misquoted", options=f'"{key}=\'64"')
        call.case("options bad value", options=f'"{value}"')
        call.case("options without value", options='"tile"')
        call.case("options out of scope", options=f'"{other}"')
        call.case("options not UTF-8", options=r'"tile=\xff"')
        call.case("options NULL", options="NULL")
        call.case("options empty", options='""')
        if opening:
            call.case("options second runtime", options='"runtime=/elsewhere/libonnxruntime.so"')
        return
    good = {"path": "model_path", "input": 'in_folder("good.tif")', "output": 'fresh("out.tif")'}
    if name not in good:
        raise ValueError(f"{function}: text '{name}' is new to tests/abi/cases.py")
    call.good[name] = good[name]
    call.case(f"{name} NULL", **{name: "NULL"})
    call.case(f"{name} empty", **{name: '""'})
    call.case(f"{name} not UTF-8", **{name: r'"/tmp/caf\xe9"'})
    call.case(f"{name} is a folder", **{name: "folder_path"})
    if name == "output":
        call.case("output exists", output='in_folder("good.tif.copy")')
        call.case("output is the input", output='in_folder("good.tif")')
        call.case("output without folder", output='"/no/such/folder/out.tif"')
    else:
        call.case(f"{name} absent", **{name: '"/no/such/file"'})
        call.case(f"{name} of another kind", **{name: 'in_folder("text.txt")'})


def text_out(call: Call, buffer: str, capacity: str, length: str):
    call.good |= {buffer: "text", capacity: "sizeof text", length: "&length"}
    # parfocal_last_error needs a message.
    call.before = "fail_on_purpose();" if call.function.name == "parfocal_last_error" else ""
    call.case(f"{buffer} NULL with a capacity", **{buffer: "NULL"})
    call.case(f"{buffer} NULL asks for the length", after="CHECK(length > 1);", **{buffer: "NULL", capacity: "0"})
    call.case(f"{buffer} and {length} NULL", **{buffer: "NULL", capacity: "0", length: "NULL"})
    call.case(f"{length} NULL", after="CHECK(text[0] != 0);", **{length: "NULL"})
    call.case(f"{capacity} zero", after="CHECK(text[0] == MARK_BYTE && length > 1);", **{capacity: "0"})
    call.case(f"{capacity} too small", after="CHECK(text[3] == 0 && text[4] == MARK_BYTE);", **{capacity: "4"})
    call.case(
        f"{capacity} huge",
        after="CHECK(text[length - 1] == 0 && text[length] == MARK_BYTE);",
        **{capacity: "UINT64_MAX"},
    )


def pixels(call: Call, pointer: str, count: str, strides: str, element: str, written: bool):
    channels, samples = ("1", "(WIDTH * HEIGHT)") if is_packed(call) else ("CHANNELS", "SAMPLES")
    call.good |= {pointer: f"{'out' if written else 'in'}_{element}", count: samples, strides: "NULL"}
    stride = lambda a, b, c, d: f"numbers({a}, {b}, {c}, {d})"
    call.case(f"{pointer} NULL", **{pointer: "NULL"})
    call.case(f"{count} zero", **{count: "0"})
    call.case(f"{count} too small", **{count: f"{samples} - 1"})
    call.case(f"{count} huge", **{count: "UINT64_MAX"})
    if call.function.name.startswith("parfocal_stream"):
        call.case(f"{count} of a larger frame", **{count: f"{samples} + 1"})
    call.case(f"{strides} beyond {count}", **{strides: stride(channels, f"{channels} * WIDTH + 1", 1, samples)})
    call.case(f"{strides} negative", **{strides: stride(f"-{channels}", f"{channels} * WIDTH", 1, samples)})
    call.case(f"{strides} most negative", **{strides: stride(channels, "INT64_MIN", 1, samples)})
    call.case(f"{strides} overflowing", **{strides: stride(channels, "INT64_MAX", 1, samples)})
    call.case(
        f"{strides} overflowing together", **{strides: stride("INT64_MAX / WIDTH", "INT64_MAX / HEIGHT", 1, samples)}
    )
    call.case(f"{strides} zero", **{strides: stride(0, 0, 0, 0)})
    call.case(f"{strides} sharing elements", **{strides: stride(channels, f"{channels} * WIDTH - 1", 1, samples)})


def overlap(call: Call, element: str):
    """Source and destination overlap, but not exactly in place."""
    if is_packed(call):
        # Packed pixels cannot be in place.
        call.case("overlap", dst="(uint16_t *)(void *)in_u8")
        call.case("overlap by the last byte", dst="(uint16_t *)(void *)(in_u8 + PACKED - 1)")
        return
    at = f"in_{element}"
    call.case("overlap shifted up", dst=f"{at} + 1")
    call.case("overlap shifted down", src=f"{at} + 1", dst=at)
    call.case("overlap by the last element", dst=f"{at} + SAMPLES - 1")
    wide = "numbers(CHANNELS, CHANNELS * WIDTH + 3, 1, 2 * SAMPLES)"
    call.case("overlap with other strides", dst=at, dst_count="2 * SAMPLES", dst_strides=wide)


def packed(call: Call, pointer: str, count: str):
    call.good |= {pointer: "in_u8", count: "PACKED", "row_bytes": "0"}
    call.case(f"{pointer} NULL", **{pointer: "NULL"})
    call.case(f"{count} zero", **{count: "0"})
    call.case(f"{count} too small", **{count: "PACKED - 1"})
    call.case(f"{count} huge", **{count: "UINT64_MAX"})
    if call.function.name.startswith("parfocal_stream"):
        call.case(f"{count} of a larger frame", **{count: "PACKED + 1"})
    call.case("row_bytes too small", row_bytes="PACKED_ROW - 1")
    call.case("row_bytes of a longer row", row_bytes="PACKED_ROW + 1")
    call.case("row_bytes huge", row_bytes="UINT64_MAX")


def shape(call: Call, name: str, stream: bool):
    channels = "1" if is_packed(call) else "CHANNELS"
    axes = ["WIDTH", "HEIGHT", channels, "1"]
    call.good[name] = f"numbers({', '.join(axes)})"
    names = ["width", "height", "channels", "planes"]
    call.case(f"{name} NULL", **{name: "NULL"})
    for what, value in [("zero", "0"), ("negative", "-1"), ("most negative", "INT64_MIN"), ("huge", "INT64_MAX")]:
        for i, axis in enumerate(names):
            numbers = ", ".join(axes[:i] + [value] + axes[i + 1 :])
            call.case(f"{name} {what} {axis}", **{name: f"numbers({numbers})"})
    # Each number is valid, but their product is 0 modulo 2^64.
    call.case(f"{name} whose product overflows", **{name: "numbers(1ll << 32, 1ll << 32, 1, 1)"})
    call.case(f"{name} wider than any camera", **{name: "numbers(1ll << 56, 1, 1, 1)"})
    call.case(f"{name} higher than any camera", **{name: "numbers(1, 1ll << 50, 1, 1)"})
    call.case(f"{name} larger than memory", **{name: "numbers(1ll << 30, 1ll << 28, 1, 1)"})
    if stream or is_packed(call):
        call.case(f"{name} of two planes", **{name: f"numbers(WIDTH, HEIGHT, {channels}, 2)"})
    if is_packed(call):
        call.case(f"{name} of two channels", **{name: "numbers(WIDTH, HEIGHT, 2, 1)"})


def out(call: Call, type_: str, name: str):
    kind = type_.removesuffix(" *")
    if kind in HANDLES:
        call.good[name] = "&made"
    elif kind in ("double", "uint64_t"):
        call.good[name] = "scores" if name == "scores" else f"&value_{name}"
    else:
        raise ValueError(f"{call.function.name}: '{type_}{name}' is new to tests/abi/cases.py")
    call.case(f"{name} NULL", **{name: "NULL"})


def plan(function: Function) -> Call:
    """All cases of a function. Raises ValueError for an unknown parameter."""
    call = Call(function)
    left = list(function.parameters)
    take = lambda n: [left.pop(0) for _ in range(n)]
    while left:
        types = [p.type for p in left]
        first = left[0]
        if first.type in HANDLES:
            handle(call, *take(1)[0].__dict__.values())
        elif types[:3] == ["char *", "uint64_t", "uint64_t *"]:
            text_out(call, *(p.name for p in take(3)))
        elif first.type == "const char *":
            text(call, take(1)[0].name)
        elif types[:2] == ["const uint8_t *", "uint64_t"] and left[1].name == "length":
            take(2)
            call.good |= {"bytes": "model_bytes", "length": "model_length"}
            call.case("bytes NULL", bytes="NULL")
            call.case("length zero", length="0")
            call.case("length too small", length="model_length - 100")
            call.case("length huge", length="UINT64_MAX")
            call.case("length beyond any model", length="1ull << 40")
            call.case("bytes of another kind", bytes='(const uint8_t *)"not a model at all"', length="18")
        elif types[:3] == ["const uint8_t *", "uint64_t", "uint64_t"] and left[2].name == "row_bytes":
            packed(call, *(p.name for p in take(3)[:2]))
        elif types[1:3] == ["uint64_t", "const int64_t *"] and re.fullmatch(
            r"(const )?(uint8_t|uint16_t|float|void) \*", first.type
        ):
            element = {"uint8_t": "u8", "uint16_t": "u16", "float": "f32", "void": "u16"}[
                re.sub(r"const | \*", "", first.type)
            ]
            pointer, count, strides = (p.name for p in take(3))
            written = not first.type.startswith("const")
            pixels(call, pointer, count, strides, element, written)
            if pointer == "dst" and "src" in call.good:
                overlap(call, element)
        elif first.type == "const int64_t *":
            shape(call, take(1)[0].name, stream="stream" in function.name)
        elif first.type.endswith(" *") and not first.type.startswith("const"):
            out(call, *take(1)[0].__dict__.values())
        elif first.name == "pixel_type":
            take(1)
            call.good["pixel_type"] = "PARFOCAL_PIXEL_U16"
            for what, value in [("zero", "0"), ("negative", "-1"), ("unknown", "4"), ("huge", "INT32_MAX")]:
                call.case(f"pixel_type {what}", pixel_type=value)
        elif first.name == "packing":
            take(1)
            call.good["packing"] = "PARFOCAL_PACKING_MONO12P"
            for what, value in [("zero", "0"), ("negative", "-1"), ("unknown", "5"), ("huge", "INT32_MAX")]:
                call.case(f"packing {what}", packing=value)
        elif first.name == "timeout_ms":
            take(1)
            call.good["timeout_ms"] = "5000"
            call.case("timeout_ms negative", timeout_ms="-2")
            call.case("timeout_ms most negative", timeout_ms="INT32_MIN")
        elif first.name == "tag" and first.type == "uint64_t":
            take(1)
            call.good["tag"] = "1"
            call.case("tag of no frame", tag="UINT64_MAX")
        elif first.name == "status":
            take(1)
            call.good["status"] = "0"
            for what, value in [("negative", "-1"), ("unknown", "4711"), ("most negative", "INT32_MIN")]:
                call.case(f"status {what}", status=value)
        else:
            raise ValueError(f"{function.name}: '{first.type}{first.name}' is new to tests/abi/cases.py")
    if function.name == "parfocal_stream_submit":
        call.before = "make_room(a_stream);"
    if function.name == "parfocal_stream_submit_packed":
        call.before = "make_room(grey_stream);"
        call.good["stream"] = "grey_stream"
        call.case("stream of colours", stream="a_stream")
        call.case("stream of other pixels", before="kept = byte_stream();", stream="kept")
    if function.name == "parfocal_stream_receive":
        call.before = "make_result();"
    call.case("good")
    if function.returns == "parfocal_status":
        call.case("after fork")
    if function.name == LAST:
        # The good call is the last of all: every call after it is CLOSED.
        call.cases.sort(key=lambda case: case.name == "good")
    return call
