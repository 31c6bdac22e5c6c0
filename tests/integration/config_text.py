"""Writes TOML from dictionaries, as far as configuration files need it."""

import json


def _value(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        # The strings of JSON are strings of TOML.
        return json.dumps(value)
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"no TOML for {value!r}")


def _is_tables(value):
    # An empty list is none of either.
    return isinstance(value, list) and (not value or isinstance(value[0], dict))


def _table(heading, table):
    lines = ["", heading]
    lines += [f"{key} = {_value(value)}" for key, value in table.items()]
    return lines


def render(config):
    """The file for `config`: values, tables and lists of tables."""
    lines = [
        f"{key} = {_value(value)}"
        for key, value in config.items()
        if not isinstance(value, dict) and not _is_tables(value)
    ]
    for key, value in config.items():
        if isinstance(value, dict):
            lines += _table(f"[{key}]", value)
        elif _is_tables(value):
            for table in value:
                lines += _table(f"[[{key}]]", table)
    return "\n".join(lines) + "\n"
