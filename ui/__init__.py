"""The Streamlit chat: app (the page), chat_state (pure), rendering (an answer on the page)."""
