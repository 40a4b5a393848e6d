"""Score how well each SQL candidate fits a question, by the encoder that retrieves examples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from coderag_app.encoders.encoder_loading import embed_documents, embed_queries
from coderag_app.index.embed_view import embed_view

if TYPE_CHECKING:
    from llama_index.core.base.embeddings.base import BaseEmbedding

    from coderag_app.schema.tables import Schema


def rank_candidates(question: str, sqls: Sequence[str], schema: Schema, embed_model: BaseEmbedding) -> list[float]:
    """Compute the cosine (-1 to 1) of the question with each candidate's embed view: its SQL and the tables it uses.

    The encoder is trained to tell near misses apart (another column, aggregate, table or direction), so the scores
    order the candidates of one question; scores of different questions are not comparable.

    Args:
        question: The question.
        sqls: Candidates; equal texts get equal scores.
        schema: The schema they are written for.
        embed_model: The encoder, as ``load_embed_model`` gives it.

    Returns:
        One score per candidate, in the same order.
    """
    if not sqls:
        return []
    context = schema.to_ddl(samples=False)
    views = [embed_view(sql, context) for sql in sqls]
    distinct = list(dict.fromkeys(views))
    scores = embed_documents(embed_model, distinct) @ embed_queries(embed_model, [question])[0]
    of_view = dict(zip(distinct, scores.tolist(), strict=True))
    return [of_view[view] for view in views]
