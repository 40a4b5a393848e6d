"""The Streamlit page.

app (the page), views (its parts), connect, schema_browser, conversation (the chat), answer, result_table, teach,
history: each draws one thing. session (what a tab holds) and engines (what tabs share) stand behind them; chat_state,
answer_words and live_question know nothing of Streamlit.
"""
