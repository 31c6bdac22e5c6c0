"""Fuzz targets that are tests too."""

def cc_fuzz_test(name, srcs, corpus = [], deps = [], size = "small", **kwargs):
    """Makes a fuzz target of sources that define LLVMFuzzerTestOneInput.

    With --config=fuzz it is a libFuzzer program. In every other configuration
    it is a test that runs the corpus, and inputs made from a printed seed,
    through the same function; so it is kept working by `bazel test //...`.
    .ci/run finds the targets by their tag `fuzz`.

    Args:
      name: name of the test.
      srcs: as for cc_test.
      corpus: files, each one input; kept findings belong here.
      deps: as for cc_test.
      size: as for cc_test.
      **kwargs: what else cc_test takes.
    """
    native.cc_test(
        name = name,
        size = size,
        srcs = srcs,
        args = ["$(rootpaths %s)" % label for label in corpus],
        data = corpus,
        linkopts = select({
            "//third_party/libfuzzer:enabled": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = deps + select({
            "//third_party/libfuzzer:enabled": [],
            "//conditions:default": ["//third_party/libfuzzer:replay_main"],
        }),
        tags = kwargs.pop("tags", []) + ["fuzz"],
        **kwargs
    )
