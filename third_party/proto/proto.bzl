"""Protocol buffers and gRPC with the system's protoc and grpc_cpp_plugin."""

def cc_grpc_library(name, src, deps = [], visibility = None, testonly = None):
    """Makes a cc_library of the messages and services in one .proto file.

    The headers are included by the path of the .proto file from the root:
    service/api/admin.proto gives "service/api/admin.pb.h" and
    "service/api/admin.grpc.pb.h".

    Args:
      name: name of the cc_library.
      src: the .proto file, in this package.
      deps: the cc_grpc_library targets of the files that it imports, by path
        from the root.
      visibility: as everywhere.
      testonly: as everywhere.
    """
    if not src.endswith(".proto"):
        fail("%s: not a .proto file" % src)
    stem = src[:-len(".proto")]
    headers = [stem + ".pb.h", stem + ".grpc.pb.h"]
    sources = [stem + ".pb.cc", stem + ".grpc.pb.cc"]

    native.filegroup(
        name = name + "_proto",
        srcs = [src] + [dep + "_proto" for dep in deps],
        testonly = testonly,
        visibility = visibility,
    )
    native.genrule(
        name = name + "_generated",
        srcs = [src, ":" + name + "_proto"],
        outs = headers + sources,
        cmd = " ".join([
            "protoc",
            "--proto_path=.",
            "--cpp_out=$(GENDIR)",
            "--grpc_out=$(GENDIR)",
            "--plugin=protoc-gen-grpc=$$(command -v grpc_cpp_plugin)",
            "$(location %s)" % src,
        ]),
        message = "Generating C++ of " + src,
        testonly = testonly,
        visibility = ["//visibility:private"],
    )
    native.cc_library(
        name = name,
        hdrs = headers,
        srcs = sources,
        testonly = testonly,
        visibility = visibility,
        deps = deps + [
            "@debian//:grpc++_unsecure",
            "@debian//:protobuf",
        ],
    )
