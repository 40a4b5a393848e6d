"""The errors a user may see. Each message says what was got, what was expected and what to run."""


class CodeRAGError(Exception):
    """Base of every error that CodeRAG raises on purpose."""


class ConfigurationError(CodeRAGError):
    """A setting, a file or a command-line value cannot be used."""


class IngestionError(CodeRAGError):
    """An input cannot be read, or holds nothing usable."""


class IndexStoreError(CodeRAGError):
    """A persisted index is missing, damaged, or made with other settings."""


class ModelError(CodeRAGError):
    """A model cannot be found, verified or loaded."""


class DatabaseError(CodeRAGError):
    """A database cannot be opened, or refused or failed to run a statement."""


class SQLRejectedError(CodeRAGError):
    """SQL was refused before it reached the database."""


class HistoryError(CodeRAGError):
    """The history of conversations cannot be read or written."""


class TeachingError(CodeRAGError):
    """A verified example, or the file that holds them, cannot be used."""


class FileRefusedError(CodeRAGError):
    """A file is damaged, too large, or not of the kind it should be."""
