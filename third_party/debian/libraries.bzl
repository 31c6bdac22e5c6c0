"""The Debian libraries that the build may use: one row per @debian target.

A target is named like its pkg-config module. The fields of a row:
  package: the Debian package that brings it (named when it is missing).
  cflags, libs: the flags of a library that has no .pc file. With `libs`,
      pkg-config is not asked.
  needs: a header, or a library file (lib*), whose absence means that the
      package is missing. Only for rows without a .pc file.
  deps: other rows, linked after this one.
"""

def _pkg_config(package, modules):
    return {module: {"package": package} for module in modules}

_ABSL = [
    "absl_" + name
    for name in [
        "algorithm_container",
        "any_invocable",
        "base",
        "bind_front",
        "bits",
        "btree",
        "cleanup",
        "cord",
        "core_headers",
        "endian",
        "fixed_array",
        "flat_hash_map",
        "flat_hash_set",
        "function_ref",
        "hash",
        "inlined_vector",
        "int128",
        "memory",
        "node_hash_map",
        "node_hash_set",
        "optional",
        "span",
        "status",
        "statusor",
        "str_format",
        "strings",
        "synchronization",
        "time",
        "type_traits",
        "utility",
        "variant",
    ]
]

def _merge(rows):
    merged = {}
    for row in rows:
        merged.update(row)
    return merged

DEBIAN_LIBRARIES = _merge([
    _pkg_config("libabsl-dev", _ABSL),
    _pkg_config("libgrpc++-dev", ["grpc++_unsecure"]),
    _pkg_config("libprotobuf-dev", ["protobuf"]),
    _pkg_config(
        "prometheus-cpp-dev",
        ["prometheus-cpp-core", "prometheus-cpp-pull"],
    ),
    _pkg_config("libgtest-dev", ["gtest", "gtest_main"]),
    _pkg_config("libgmock-dev", ["gmock", "gmock_main"]),
    _pkg_config("libbenchmark-dev", ["benchmark"]),
    # For a benchmark that compares with it; nothing else may use it.
    _pkg_config("libssl-dev", ["openssl"]),
    _pkg_config("libtomlplusplus-dev", ["tomlplusplus"]),
    _pkg_config("libcli11-dev", ["CLI11"]),
    _pkg_config("libspdlog-dev", ["spdlog"]),
    _pkg_config("libfmt-dev", ["fmt"]),
    _pkg_config("nlohmann-json3-dev", ["nlohmann_json"]),
    {
        "asio": {
            "package": "libasio-dev",
            "needs": "asio.hpp",
            "cflags": ["-DASIO_STANDALONE", "-DASIO_NO_DEPRECATED"],
            "libs": ["-pthread"],
        },
        "benchmark_main": {
            "package": "libbenchmark-dev",
            "needs": "libbenchmark_main.a",
            "libs": ["-lbenchmark_main"],
            "deps": ["benchmark"],
        },
        # The shared library pulls in libgrpc++ and OpenSSL beside
        # grpc++_unsecure, and two gRPC cores in one process hang.
        "grpc++_reflection": {
            "package": "libgrpc++-dev",
            "needs": "libgrpc++_reflection.a",
            "libs": ["-l:libgrpc++_reflection.a"],
            "deps": ["grpc++_unsecure", "protobuf"],
        },
        # Its requests to memcheck, which are macros.
        "valgrind": {
            "package": "valgrind",
            "needs": "valgrind/memcheck.h",
            "libs": [],
        },
    },
])
