"""The faces: the command line (``cli``) and the Streamlit page (``page``)."""
