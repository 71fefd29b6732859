"""Whether products are in bfloat16, and the reason shown."""

from pathlib import Path

import pytest

from charrnn.networks import precision
from charrnn.networks.precision import choose_precision

LINE = "processor : 0\nflags     : fpu avx512f {} amx_tile\nmodel name : that\n"


@pytest.fixture
def processor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which Linux describes the processor."""
    path = tmp_path / "cpuinfo"
    monkeypatch.setattr(precision, "_CPUINFO", path)
    return path


@pytest.mark.parametrize("flag", ["avx512_bf16", "amx_bf16"])
def test_auto_is_bfloat16_if_the_processor_has_it(processor: Path, flag: str) -> None:
    """The reason names the instructions."""
    processor.write_text(LINE.format(flag), encoding="utf-8")
    assert choose_precision("auto", 256) == ("bfloat16", f"the processor has {flag}")


@pytest.mark.parametrize("flags", ["", "avx512_bf1", "amx_int8 avx512_fp16"])
def test_auto_is_float32_on_other_processors(processor: Path, flags: str) -> None:
    """Instructions with a similar name don't count."""
    processor.write_text(LINE.format(flags), encoding="utf-8")
    assert choose_precision("auto", 1024) == (
        "float32",
        "no avx512_bf16 or amx_bf16 found in the processor",
    )


def test_auto_is_float32_without_a_description_of_the_processor(processor: Path) -> None:
    """Without /proc/cpuinfo, as on other systems, nothing is known of the processor."""
    assert not processor.exists()
    assert choose_precision("auto", 1024).name == "float32"


def test_auto_is_float32_if_onednn_is_off(processor: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without oneDNN, TensorFlow's products don't use such instructions."""
    processor.write_text(LINE.format("avx512_bf16"), encoding="utf-8")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    assert choose_precision("auto", 1024) == ("float32", "oneDNN is off")


@pytest.mark.parametrize("asked", ["auto", "float32", "bfloat16"])
def test_a_gpu_gets_float32(processor: Path, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """On a GPU Keras's own layers run, in float32."""
    processor.write_text(LINE.format("avx512_bf16"), encoding="utf-8")
    monkeypatch.setattr(precision, "has_gpu", lambda: True)
    assert choose_precision(asked, 1024) == ("float32", "on a GPU")


def test_auto_is_float32_for_small_layers(processor: Path) -> None:
    """Below 256 units float32 was measured to be as fast."""
    processor.write_text(LINE.format("avx512_bf16"), encoding="utf-8")
    assert choose_precision("auto", 255) == ("float32", "bfloat16 gains nothing below 256 units")


@pytest.mark.parametrize("asked", ["float32", "bfloat16"])
@pytest.mark.parametrize("flag", ["", "avx512_bf16"])
def test_an_explicit_precision_is_used(processor: Path, asked: str, flag: str) -> None:
    """An explicit precision is used on any processor, at any size."""
    processor.write_text(LINE.format(flag), encoding="utf-8")
    assert choose_precision(asked, 8) == choose_precision(asked, 1024) == (asked, "as asked")
