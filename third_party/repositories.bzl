"""All external repositories, in one place.

Nothing is downloaded except BoringSSL's source package, which comes from the
machine's own Debian mirror. Bazel's default WORKSPACE would fetch rules_cc,
rules_java and remote_coverage_tools; declaring them here stops that.
"""

load("//third_party/boringssl:repository.bzl", "boringssl_repository")
load("//third_party/debian:libraries.bzl", "DEBIAN_LIBRARIES")
load("//third_party/debian:repository.bzl", "debian_libraries")

def third_party_repositories():
    """Declares every repository that the build may look into."""
    native.local_repository(
        name = "rules_cc",
        path = "third_party/debian/rules_cc",
    )
    native.local_repository(
        name = "remote_coverage_tools",
        path = "third_party/debian/remote_coverage_tools",
    )
    native.local_repository(
        name = "rules_java",
        path = "/usr/share/bazel/rules/java",
    )
    native.local_repository(
        name = "bazel_skylib",
        path = "/usr/share/bazel/tools/skylib",
    )
    native.local_repository(
        name = "platforms",
        path = "/usr/share/bazel/tools/platforms",
    )
    debian_libraries(
        name = "debian",
        libraries = {
            name: json.encode(library)
            for name, library in DEBIAN_LIBRARIES.items()
        },
    )
    boringssl_repository(name = "boringssl")
    native.register_toolchains("//third_party/python:toolchain")
