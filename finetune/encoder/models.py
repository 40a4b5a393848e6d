"""The encoder that a training starts from: loaded, prepared, and merged again at the end."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from coderag_app.encoders.encoder_loading import load_full_encoder
from coderag_app.errors import ModelError
from finetune.encoder.plan import TrainingPlan

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)


def load_base(plan: TrainingPlan) -> tuple[SentenceTransformer, str]:
    """The base encoder, ready to be trained as the plan says, and where it came from.

    Raises:
        ModelError: It is missing or does not load, or LoRA is asked for without peft.
    """
    model, origin = load_full_encoder(plan.base)
    base = f"{plan.base} ({origin})"
    logger.info("Base encoder: %s", base)
    _prepare(model, plan)
    return model, base


def _prepare(model: SentenceTransformer, plan: TrainingPlan) -> None:
    """What is trained of the model, and how much of a text it reads."""
    import torch

    from coderag_app.encoders.encoder_loading import transformer_of

    config: Any = transformer_of(model).config
    longest = getattr(config, "max_position_embeddings", plan.max_seq_length)
    model.max_seq_length = min(plan.max_seq_length, longest)  # while training; the result reads as much as its base
    if plan.lora_rank:
        _add_lora(model, plan.lora_rank)
    elif plan.freeze_embeddings:
        for module in transformer_of(model).modules():
            if isinstance(module, torch.nn.Embedding):
                module.requires_grad_(False)
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    logger.info("Training %.1f million of %.1f million parameters", trained / 1e6, _size(model) / 1e6)


def _size(model: SentenceTransformer) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def _add_lora(model: SentenceTransformer, rank: int) -> None:
    try:
        from peft import LoraConfig, TaskType
    except ImportError as error:
        raise ModelError('LoRA needs one more package. Run: pip install "coderag[train]" (peft)') from error
    linear = ["query", "key", "value", "dense"]
    model.add_adapter(
        LoraConfig(task_type=TaskType.FEATURE_EXTRACTION, r=rank, lora_alpha=2 * rank, target_modules=linear)
    )


def merged(model: SentenceTransformer, plan: TrainingPlan) -> SentenceTransformer:
    """The model with LoRA's additions in its weights, so that it loads without peft."""
    if not plan.lora_rank:
        model.max_seq_length = max(_base_length(plan), model.max_seq_length or 0)
        return model
    from peft.tuners.tuners_utils import BaseTunerLayer

    from coderag_app.encoders.encoder_loading import transformer_of

    plain, _ = load_full_encoder(plan.base)
    parameters = dict(transformer_of(plain).named_parameters())
    for name, module in transformer_of(model).named_modules():
        if isinstance(module, BaseTunerLayer):
            module.merge()
            merged: Any = module.get_base_layer()
            parameters[f"{name}.weight"].data.copy_(merged.weight.data)
    return plain


def _base_length(plan: TrainingPlan) -> int:
    return int(load_full_encoder(plan.base)[0].max_seq_length or 0)
