"""Tests that run whole clusters."""

# What the tests look for on their command lines.
PROGRAM_ARGS = [
    "--skexd=$(rootpath //service:skexd)",
    "--skex-hub=$(rootpath //service:skex-hub)",
    "--skexctl=$(rootpath //service:skexctl)",
]

PROGRAMS = [
    "//service:skex-hub",
    "//service:skexctl",
    "//service:skexd",
]

def cluster_test(name, deps = [], data = [], **kwargs):
    """A py_test of NAME.py that gets the programs."""
    native.py_test(
        name = name,
        srcs = [name + ".py"],
        args = PROGRAM_ARGS,
        data = PROGRAMS + data,
        deps = ["//tests/integration:cluster"] + deps,
        **kwargs
    )
