"""Code search: units of a repository, their index, the ranking, who calls what. Answers with files and lines."""
