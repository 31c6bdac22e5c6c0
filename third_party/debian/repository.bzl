"""A repository with one cc_library per Debian library.

Headers under /usr/include need no declaration, so a target is only defines and
link flags. pkg-config knows them.
"""

def _missing(row, what):
    fail(("%s is not on this machine: install the Debian package %s " +
          "(./bazelw installs every package the build needs)") %
         (what, row["package"]))

def _pkg_config(repository_ctx, row, module):
    """Returns (cflags, libs) of a pkg-config module as two lists."""
    flags = []
    for kind in ["--cflags", "--libs"]:
        result = repository_ctx.execute(["pkg-config", kind, module])
        if result.return_code != 0:
            _missing(row, "pkg-config module " + module)
        flags.append([f for f in result.stdout.strip().split(" ") if f])
    return flags[0], flags[1]

def _check_present(repository_ctx, row):
    """Fails unless the header or library file of a row without .pc exists."""
    needs = row["needs"]
    if needs.startswith("lib"):
        result = repository_ctx.execute(["g++", "-print-file-name=" + needs])

        # g++ echoes the bare name when it finds no such file.
        found = result.return_code == 0 and result.stdout.strip() != needs
    else:
        found = repository_ctx.path("/usr/include/" + needs).exists
    if not found:
        _missing(row, needs)

def _target(repository_ctx, name, row):
    if "libs" in row:
        _check_present(repository_ctx, row)
        cflags, libs = row.get("cflags", []), row["libs"]
    else:
        cflags, libs = _pkg_config(repository_ctx, row, name)
    for flag in cflags:
        if not flag.startswith("-D"):
            fail("%s: compile flag %s is not a define" % (name, flag))
    if libs:
        # Abseil's modules list far more libraries than they use.
        libs = ["-Wl,--push-state,--as-needed"] + libs + ["-Wl,--pop-state"]

    # NOMINMAX concerns Windows alone.
    defines = [f[2:] for f in cflags if f != "-DNOMINMAX"]
    return "\n".join([
        "cc_library(",
        "    name = %r," % name,
        "    defines = %r," % defines,
        "    linkopts = %r," % libs,
        "    deps = %r," % [":" + dep for dep in row.get("deps", [])],
        ")",
        "",
    ])

def _debian_libraries_impl(repository_ctx):
    if not repository_ctx.which("pkg-config"):
        _missing({"package": "pkg-config"}, "pkg-config")
    targets = [
        _target(repository_ctx, name, json.decode(row))
        for name, row in sorted(repository_ctx.attr.libraries.items())
    ]
    repository_ctx.file(
        "BUILD.bazel",
        "package(default_visibility = [\"//visibility:public\"])\n\n" +
        "\n".join(targets),
    )

debian_libraries = repository_rule(
    implementation = _debian_libraries_impl,
    attrs = {
        "libraries": attr.string_dict(
            doc = "Target name to its row of libraries.bzl, as JSON.",
        ),
    },
    # Installed packages are an input that Bazel does not see: ask again
    # whenever the server starts.
    configure = True,
    local = True,
)
