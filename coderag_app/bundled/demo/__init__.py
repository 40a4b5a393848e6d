"""The demo database: an invented chain of book and record shops, with verified examples."""
