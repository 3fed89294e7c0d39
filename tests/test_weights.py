"""weights.npz: what goes in comes out, and what is not sound is refused."""

import json
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nnbp_cli.config import LayerConfig
from nnbp_cli.errors import NnbpError
from nnbp_cli.models import weights
from tests.failing_disk import check_each_read, fail_at_read
from tests.networks import convolutional, trained
from tests.torture.zips import Member, archive

CONVOLUTIONAL = convolutional(
    (
        LayerConfig(maps=4, kernel=3, pool=2, activation="relu"),
        LayerConfig(maps=5, kernel=2, padding="same", activation="tanh"),
    ),
    (9, 8),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    weights.save(tmp_path / "weights.npz", trained())
    return tmp_path / "weights.npz"


def test_a_disk_that_fails_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    message = f"{path}: cannot be read: input/output error; the disk may be"
    check_each_read(lambda: weights.load(path), message)
    path.write_bytes(b"no archive")
    with monkeypatch.context() as patched:
        fail_at_read(patched, 1)  # when it looks what it is instead
        with pytest.raises(NnbpError, match="cannot be read: input/output error"):
            weights.load(path)


@settings(max_examples=25, deadline=None)
@given(values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=59, max_size=59))
def test_saving_and_loading_gives_the_same_bits(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    path = tmp_path_factory.mktemp("run") / "weights.npz"
    before = trained()
    before.params.theta[:] = values
    weights.save(path, before)
    after = weights.load(path)
    assert after.params.theta.tobytes() == before.params.theta.tobytes()
    assert replace(after, params=before.params) == before


def test_anyone_can_open_it_with_numpy(path: Path) -> None:
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file) == ["layers.0.W", "layers.0.b", "layers.1.W", "layers.1.b", "meta"]
        np.testing.assert_array_equal(file["layers.1.W"], trained().params.layers[1][0])
        meta = json.loads(str(file["meta"]))
    assert meta["format"] == 1
    assert meta["data"]["name"] == "./digits"
    assert meta["data"]["scaling"] == "byte / 255"
    assert meta["network"]["layers"][0]["override"] == [{"neuron": 2, "activation": "tanh"}]


def rewritten(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    with np.load(path, allow_pickle=False) as file:
        members = dict(file)
    change(members)
    np.savez(path, **members)


def with_meta(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(members: dict[str, Any]) -> None:
        members["meta"] = np.array(json.dumps(json.loads(str(members["meta"])) | changes))

    return change


def refusal(path: Path) -> str:
    with pytest.raises(NnbpError) as caught:
        weights.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda m: m.pop("layers.1.b"), "member 'layers.1.b' is missing"),
        (lambda m: m.pop("meta"), "member 'meta' is missing"),
        (lambda m: m.update(extra=np.zeros(2)), "member 'extra' is not one of its own"),
        (  # a long or wild name is cut, and shown escaped
            lambda m: m.update({"\x1b[2J" + "a" * 60_000: np.zeros(2)}),
            f"member '\\x1b[2J{'a' * 56}...' is not one of its own; choose another file or train again",
        ),
        (
            lambda m: m.update({"layers.0.W": np.zeros((6, 5), np.float32)}),
            "member 'layers.0.W' is <f4 (6, 5) in 120 bytes where <f4 (5, 6) is due",
        ),
        (  # one that does not chain with the layer before
            lambda m: m.update({"layers.1.W": np.zeros((4, 6), np.float32)}),
            "member 'layers.1.W' is <f4 (4, 6) in 96 bytes where <f4 (4, 5) is due",
        ),
        (
            lambda m: m.update({"layers.0.b": np.zeros(5)}),
            "member 'layers.0.b' is <f8 (5,) in 40 bytes where <f4 (5,) is due",
        ),
        (
            lambda m: m.update({"layers.0.b": np.full(5, np.nan, np.float32)}),
            "member 'layers.0.b' holds numbers that are not finite",
        ),
        (lambda m: m.update({"layers.0.b": np.array([{}] * 5)}), "member 'layers.0.b' is"),
        (lambda m: m.update(meta=np.array("{")), "its 'meta' is not the JSON that nnbp writes"),
        (lambda m: m.update(meta=np.array("[" * 100_000)), "its 'meta' is not the JSON that nnbp writes"),
        (lambda m: m.update(meta=np.zeros(3)), "its 'meta' is not the JSON that nnbp writes"),
        (with_meta(network={"cost": "cross-entropy", "layers": []}), "its 'meta' is not understood"),
        (with_meta(shape=[10**9, 10**9]), "its network has 5,000,000,000,000,000,029 parameters"),
        (with_meta(shape=[-3, -2]), "its 'meta' is not understood"),
        (with_meta(shape="32"), "its 'meta' is not understood"),
        (with_meta(epoch=float("inf")), "its 'meta' is not the JSON that nnbp writes"),
        (with_meta(epoch=-4), "its 'meta' is not understood"),
        (with_meta(format=True), "its 'meta' is not the JSON that nnbp writes"),
        (with_meta(format=2), "format 2 is newer than this program reads (1); upgrade nnbp-cli"),
        (with_meta(penalty={"l2": -1.0, "images": 50}), "its 'meta' is not understood"),
        (with_meta(penalty={"l2": 1.0, "images": 0}), "its 'meta' is not understood"),
        (with_meta(data={"name": "mnist", "digest": "", "scaling": "byte / 256"}), "scaled as 'byte / 256'"),
        (with_meta(data={"name": "mnist", "digest": "", "scaling": "a" * 5000}), "pixels scaled as 'aaa"),
        (with_meta(data={"name": "mnist", "digest": ""}), "pixels scaled as nothing"),
        (with_meta(data={"digest": 3, "scaling": ""}), "is not understood (data: no digest of the data)"),
        (
            with_meta(data={"digest": "", "scaling": "", "luck": 1}),
            "(meta: data.luck: unknown key; there are",
        ),
    ],
)
def test_what_is_not_sound_is_refused(path: Path, change: Callable[[dict[str, Any]], Any], what: str) -> None:
    rewritten(path, change)
    assert what in refusal(path)
    assert len(refusal(path)) < 300


def of_first_layer(**changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(members: dict[str, Any]) -> None:
        network = json.loads(str(members["meta"]))["network"]
        network["layers"][0] |= changes
        with_meta(network=network)(members)

    return change


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (  # channels first, as PyTorch has them
            lambda m: m.update({"layers.1.W": m["layers.1.W"].transpose(0, 3, 1, 2).copy()}),
            "member 'layers.1.W' is <f4 (5, 4, 2, 2) in 320 bytes where <f4 (5, 2, 2, 4) is due",
        ),
        (lambda m: m.update({"layers.1.W": m["layers.1.W"].T}), "member 'layers.1.W' is not a plain array"),
        (
            lambda m: m.update({"layers.0.W": m["layers.0.W"].reshape(4, 9)}),
            "member 'layers.0.W' is <f4 (4, 9) in 144 bytes where <f4 (4, 3, 3, 1) is due",
        ),
        (
            lambda m: m["layers.1.W"].__setitem__((2, 1, 0, 3), np.nan),
            "member 'layers.1.W' holds numbers that are not finite",
        ),
        (of_first_layer(maps=6), "(4, 3, 3, 1) in 144 bytes where <f4 (6, 3, 3, 1) is due"),
        (of_first_layer(kernel=4), "(4, 3, 3, 1) in 144 bytes where <f4 (4, 4, 4, 1) is due"),
        (of_first_layer(pool=3), "member 'layers.2.W' is <f4 (9, 45) in 1620 bytes where <f4 (9, 20) is due"),
        (of_first_layer(kernel=10), "layer 0 sees 9x8x1, kernel 10 with pool 2 does not fit"),
        (of_first_layer(maps=10**9), "parameters, more than the file can hold"),
        (of_first_layer(neurons=3), "a layer has either neurons or maps; keep one"),
        (with_meta(shape=[2, 2]), "layer 0 sees 2x2x1, kernel 3 with pool 2 does not fit"),
    ],
)
def test_what_is_not_sound_of_a_convolution_is_refused(
    path: Path, change: Callable[[dict[str, Any]], Any], what: str
) -> None:
    weights.save(path, CONVOLUTIONAL)
    rewritten(path, change)
    assert what in refusal(path)


def test_a_file_that_ends_too_early_is_refused_wherever_it_ends(path: Path) -> None:
    weights.save(path, CONVOLUTIONAL)
    whole = path.read_bytes()
    for length in range(0, len(whole), 61):
        path.write_bytes(whole[:length])
        assert "damaged" in refusal(path)


def test_a_member_given_twice_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("layers.0.b.npy", b"")
    assert "it holds a member twice" in refusal(path)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "damaged: the file is empty; choose another file or train again"),
        (b"\x80\x04\x95\x10", "not an nnbp weights file but a pickle, which is never opened"),
        (b"\x93NUMPY\x01\x00", "not an nnbp weights file but a single array (.npy)"),
        (b"PK\x03\x04 and no more", "damaged: the end of the file is missing"),
        (b"once upon a time", "not an nnbp weights file"),
    ],
)
def test_another_kind_of_file_is_named(path: Path, content: bytes, what: str) -> None:
    path.write_bytes(content)
    assert refusal(path).startswith(what)


@pytest.mark.parametrize("before", [b"\n", b"#!/bin/sh\n", b"\x80" * 1000])
def test_bytes_before_the_archive_make_it_another_file_as_numpy_says_too(path: Path, before: bytes) -> None:
    path.write_bytes(before + path.read_bytes())
    with pytest.raises(ValueError, match="pickled"):
        np.load(path, allow_pickle=False)
    assert refusal(path).startswith("not an nnbp weights file")
    with pytest.raises(NnbpError, match="is there already, and not weights that nnbp wrote"):
        weights.OUTPUT.check(path)


def member(path: Path, name: str, change: Callable[[bytes], bytes], **lies: int) -> None:
    """Change a member, with a checksum that holds, and let the directory tell lies about it."""
    with zipfile.ZipFile(path) as opened:
        contents = {each: opened.read(each) for each in opened.namelist()}
    members = [Member(each.encode(), content) for each, content in contents.items() if each != name]
    path.write_bytes(archive([*members, Member(name.encode(), change(contents[name]), **lies)]))


def header(shape: str) -> bytes:
    """An .npy file of 20 bytes that says so of its shape."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(20)


@pytest.mark.parametrize(
    ("name", "change", "lies", "what"),
    [
        ("layers.0.b", bytes, {"size": 3}, "is not as long as the file says"),
        ("layers.0.b", bytes, {"packed": 2**31, "size": 2**31}, "is not as long as the file says"),
        ("layers.0.b", bytes, {"method": zipfile.ZIP_DEFLATED}, "is compressed"),
        ("layers.0.b", lambda _: b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{'descr'", {}, "is not a plain array"),
        ("layers.0.b", lambda npy: npy[:8] + bytes([npy[8] + 4]) + npy[9:], {}, "is not a plain array"),
        # What numpy evaluates, and what an expression may look for a match in for ever.
        ("layers.0.b", lambda _: header("1" * 40 + "x"), {}, "is not a plain array"),
        (
            "layers.0.b",
            lambda _: header("999999999999,"),
            {},
            "is <f4 (999999999999,) in 20 bytes where <f4",
        ),
        (
            "meta",
            lambda npy: npy.replace(b"'<U", b"'<U1", 1).replace(b" \n", b"\n", 1),
            {},
            "is not the JSON that nnbp writes",
        ),
    ],
)
def test_what_only_a_forger_writes_is_refused_and_costs_nothing(
    path: Path, name: str, change: Callable[[bytes], bytes], lies: dict[str, int], what: str
) -> None:
    member(path, f"{name}.npy", change, **lies)
    start = process_time()
    tracemalloc.start()
    assert f"'{name}' {what}" in refusal(path)
    assert tracemalloc.get_traced_memory()[1] < 1e7
    tracemalloc.stop()
    assert process_time() - start < 1


def test_a_missing_file_is_said_to_be_missing(tmp_path: Path) -> None:
    for path, file in ((tmp_path / "w.npz", tmp_path / "w.npz"), (tmp_path, tmp_path / "weights.npz")):
        with pytest.raises(NnbpError) as caught:
            weights.load(path)
        assert str(caught.value) == f"{file}: no such file; 'nnbp train' writes one"
