"""Muon for the weight matrices, AdamW for the embedding and the norms."""

from collections import defaultdict
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

_QUINTIC = (3.4445, -4.7750, 2.0315)


class Muon(Optimizer):
    """Momentum whose update is orthogonalised, so that every direction of a matrix moves by the same amount.

    Source: Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024),
    https://kellerjordan.github.io/posts/muon/, with Nesterov momentum and the factor sqrt(max(1, rows / columns)).
    Matrices of one shape are orthogonalised together as a batch.
    """

    def __init__(
        self, params: Iterable[Tensor], lr: float = 0.02, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every matrix that has a gradient."""
        for group in self.param_groups:
            same_shape: dict[torch.Size, list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    same_shape[matrix.shape].append((matrix, self._direction(matrix, matrix.grad, group["momentum"])))
            for shape, alike in same_shape.items():
                matrices = [matrix for matrix, _ in alike]
                updates = orthogonalise(torch.stack([direction for _, direction in alike]))
                scale = max(1.0, shape[0] / shape[1]) ** 0.5
                torch._foreach_mul_(matrices, 1 - group["lr"] * group["weight_decay"])
                torch._foreach_add_(matrices, list(updates.unbind()), alpha=-group["lr"] * scale)

    def _direction(self, matrix: Tensor, gradient: Tensor, momentum: float) -> Tensor:
        """Nesterov momentum."""
        state = self.state[matrix]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        average = state["momentum"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(average, momentum)


def orthogonalise(matrices: Tensor, steps: int = 5) -> Tensor:
    """Bring the singular values of each matrix near 1 with a quintic Newton-Schulz iteration in bfloat16.

    Args:
        matrices: Shape (matrices, rows, columns).
        steps: Iterations; five bring the values into about [0.7, 1.2].

    Returns:
        The orthogonalised matrices, same shape and type.
    """
    a, b, c = _QUINTIC
    tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if tall else matrices
    x = (x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)).bfloat16()
    for _ in range(steps):
        gram = x @ x.mT
        x = torch.baddbmm(x, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return (x.mT if tall else x).to(matrices.dtype)


def build_optimizers(
    model: nn.Module, matrix_lr: float, embedding_lr: float, weight_decay: float
) -> tuple[Muon, AdamW]:
    """Make both optimizers; each group keeps its peak learning rate as ``peak_lr`` for the schedule.

    Args:
        model: The network.
        matrix_lr: Peak learning rate of Muon.
        embedding_lr: Peak learning rate of AdamW.
        weight_decay: Decoupled weight decay of the matrices.

    Returns:
        Muon for the matrices of the blocks and AdamW for the rest.
    """
    matrices = [p for name, p in model.named_parameters() if p.dim() == 2 and "token_embd" not in name]
    rest = [p for name, p in model.named_parameters() if p.dim() != 2 or "token_embd" in name]
    muon = Muon(matrices, lr=matrix_lr, weight_decay=weight_decay)
    adamw = AdamW(rest, lr=embedding_lr, betas=(0.9, 0.95), weight_decay=0.0)
    for optimizer in (muon, adamw):
        for group in optimizer.param_groups:
            group["peak_lr"] = group["lr"]
    return muon, adamw
