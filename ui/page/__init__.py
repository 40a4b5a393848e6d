"""The chat page in Streamlit.

``app`` is the page and ``views`` its parts; ``connect``, ``schema_browser``, ``conversation``, ``answer``,
``result_table``, ``teach`` and ``history`` each draw one thing. ``session`` holds what belongs to a tab, ``engines``
what tabs share. ``chat_state``, ``answer_words`` and ``live_question`` do not use Streamlit.
"""
