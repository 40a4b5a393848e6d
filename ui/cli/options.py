"""Options of the command line that are settings, made from the fields of AppConfig, and the engine they describe."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Annotated, Any, get_origin

import typer
from typer.core import TyperCommand

from coderag_app.errors import ConfigurationError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

    from coderag_app.engine import TextToSQLQueryEngine
    from coderag_app.settings import CommandOption

Settings = dict[str, Any]  # what the command line sets, by the names in AppConfig

_PANELS = {"database": "The database", "models": "Models", "limits": "Limits", "writing": "How SQL is written"}
_DEMO = inspect.Parameter(
    "demo",
    inspect.Parameter.KEYWORD_ONLY,
    default=False,
    annotation=Annotated[
        bool, typer.Option("--demo", rich_help_panel=_PANELS["database"], help="Ask the bundled demo database.")
    ],
)


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command options for settings; what they say becomes its first argument, a ``Settings``.

    Register the command with ``cls=SettingsCommand``.

    Args:
        *names: Fields of AppConfig, groups of them (see ``CommandOption``), or ``demo``: another way to say
            ``database``.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]

        @wraps(command)
        def run(**values: Any) -> None:
            arguments = {parameter.name: values.pop(parameter.name) for parameter in own}
            command(_settings(**values), **arguments)

        run.__dict__["settings"] = names
        return _signed(run, own)

    return decorate


class SettingsCommand(TyperCommand):
    """A command whose options of settings are made when it is used: AppConfig imports longer than all of ``--help``."""

    _complete = False

    def get_params(self, ctx: Any) -> Any:
        """The command's own options, then those of settings."""
        if not self._complete:
            self._complete = True
            run = self.callback.__wrapped__  # type: ignore[union-attr]
            single = typer.Typer(add_completion=False)
            single.command()(_signed(run, [*inspect.signature(run).parameters.values(), *_parameters(run.settings)]))
            built = typer.main.get_command(single)
            self.params, self.callback = built.params, built.callback
        return super().get_params(ctx)


def command_options() -> dict[str, tuple[FieldInfo, CommandOption]]:
    """The settings that have an option, by name."""
    from coderag_app.settings import AppConfig, CommandOption

    return {
        name: (field, marker)
        for name, field in AppConfig.model_fields.items()
        for marker in field.metadata
        if isinstance(marker, CommandOption)
    }


def option_names(name: str, option: CommandOption) -> tuple[str, ...]:
    """How a setting is spelled on the command line, the long name first."""
    return option.names or ("--" + name.replace("_", "-"),)


def default_text(field: FieldInfo, option: CommandOption | None = None) -> str:
    """What a setting is when nobody sets it, in words; "" where it is empty."""
    default = field.default
    if default is None or default in ("", ()):
        return ""
    if not isinstance(default, bool):
        return str(default).removesuffix(".0")
    on, _, off = option.names[0].replace("--", "").partition("/") if option is not None else ("true", "", "false")
    return on if default else off


def database_option(meaning: str, panel: str | None = None) -> Any:
    """A ``--database`` that is another one than that of the setting."""
    return typer.Option("--database", "-d", metavar="FILE_OR_URL", rich_help_panel=panel, help=meaning)


def _signed(function: Callable[..., None], parameters: Sequence[inspect.Parameter]) -> Callable[..., None]:
    """The same function under a signature for Typer to read."""

    @wraps(function)
    def same(**values: Any) -> None:
        function(**values)

    same.__dict__["__signature__"] = inspect.Signature(parameters)
    return same


def _parameters(names: tuple[str, ...]) -> Iterator[inspect.Parameter]:
    """Parameters for Typer: of the fields and groups with these names."""
    options = command_options()
    known = {"demo", *options, *(option.group for _, option in options.values())}
    assert known.issuperset(names), f"neither settings nor groups of them: {set(names) - known}"  # noqa: S101
    for name in names:
        if name == "demo":
            yield _DEMO
        for setting, (field, option) in options.items():
            if name in (setting, option.group):
                yield inspect.Parameter(
                    setting,
                    inspect.Parameter.KEYWORD_ONLY,
                    default=None,
                    annotation=_annotation(setting, field, option),
                )


def _annotation(name: str, field: FieldInfo, option: CommandOption) -> Any:
    """The field's type and limits as an option of Typer; None counts as not given."""
    bounds = {key: getattr(marker, key) for marker in field.metadata for key in ("ge", "le") if hasattr(marker, key)}
    default = default_text(field, option)
    info = typer.Option(
        *option_names(name, option),
        metavar=option.metavar,
        min=bounds.get("ge"),
        max=bounds.get("le"),
        rich_help_panel=_PANELS.get(option.group),
        show_default=False,
        help=f"{field.description} Default: {default}." if default else field.description,
    )
    kind: Any = bool if option.switch is not None else field.annotation
    return Annotated[list[str] if get_origin(kind) is tuple else kind | None, info]


def _settings(demo: bool = False, **values: Any) -> Settings:
    """The settings that the command line says.

    Raises:
        ConfigurationError: Both --demo and --database are given.
    """
    settings = {name: value for name, value in values.items() if value is not None}
    for name, (_, option) in command_options().items():
        if option.switch is not None and name in settings:
            settings[name] = option.switch[0 if settings[name] else 1]
    if demo:
        if "database" in settings:
            raise ConfigurationError("Got both --database and --demo, expected one of them.")
        from coderag_app.bundled.demo import DEMO_DATABASE
        from coderag_app.bundled.integrity import check_bundled

        check_bundled(DEMO_DATABASE)
        settings["database"] = str(DEMO_DATABASE)
    return settings


def open_engine(settings: Settings) -> TextToSQLQueryEngine:
    """The engine, with a spinner on standard error while models load."""
    from ui.cli.console import error_console

    with error_console().status("Loading models and index…"):
        from coderag_app.loading import load_query_engine

        return load_query_engine(**settings)
