"""BoringSSL from Debian's source package, with the patches of this folder.

Two repositories, so that a changed patch does not download anything again:
  @boringssl_source  the package's original tarball, checked by its SHA-256
  @boringssl         the unpacked and patched tree with its BUILD file

Two settings, each a --repo_env with an absolute path:
  SKEX_BORINGSSL_SOURCE_PACKAGE=DIR  takes the tarball from DIR
  SKEX_BORINGSSL_SRC=DIR             takes the tree DIR, unpatched
"""

_PACKAGE = "android-platform-external-boringssl"
_TARBALL = _PACKAGE + "_13.0.0+r24.orig.tar.xz"
_SHA256 = "583b7aeee1fca68b8244d086cea6fca23bd19d517bd63f0b9de714e048f92a7d"

_TREE_ENV = "SKEX_BORINGSSL_SRC"
_PACKAGE_ENV = "SKEX_BORINGSSL_SOURCE_PACKAGE"

def _run(repository_ctx, what, command):
    result = repository_ctx.execute(command, timeout = 1200)
    if result.return_code != 0:
        fail("BoringSSL: %s failed:\n%s%s" %
             (what, result.stdout, result.stderr))
    return result.stdout

def _check_sha256(repository_ctx, tarball):
    actual = _run(
        repository_ctx,
        "reading " + str(tarball),
        ["sha256sum", str(tarball)],
    ).split(" ")[0].lstrip("\\")
    if actual != _SHA256:
        fail("BoringSSL: %s has SHA-256 %s, but %s is expected" %
             (tarball, actual, _SHA256))

def _boringssl_source_impl(repository_ctx):
    folder = repository_ctx.os.environ.get(_PACKAGE_ENV)
    if folder:
        tarball = repository_ctx.path(folder + "/" + _TARBALL)
        if not tarball.exists:
            fail("BoringSSL: %s names %s, which has no file %s" %
                 (_PACKAGE_ENV, folder, _TARBALL))
    else:
        repository_ctx.report_progress("Downloading " + _PACKAGE)
        script = Label("//third_party/boringssl:download_source.py")
        _run(repository_ctx, "downloading the source package", [
            "python3",
            str(repository_ctx.path(script)),
            _PACKAGE,
            str(repository_ctx.path("package")),
        ])
        tarball = repository_ctx.path("package/" + _TARBALL)
        if not tarball.exists:
            fail("BoringSSL: the Debian mirror has another version of %s; " %
                 _PACKAGE + "%s is expected. " % _TARBALL +
                 "Give a folder that has it by --repo_env=%s=DIR" %
                 _PACKAGE_ENV)
    _check_sha256(repository_ctx, tarball)
    repository_ctx.symlink(tarball, "source.tar.xz")
    repository_ctx.file("BUILD.bazel", "exports_files([\"source.tar.xz\"])\n")

boringssl_source_repository = repository_rule(
    implementation = _boringssl_source_impl,
    environ = [_PACKAGE_ENV],
)

def _patches(repository_ctx):
    """Returns the paths of the patches that the series file names."""
    series = Label("//third_party/boringssl:patches/series")
    lines = repository_ctx.read(repository_ctx.path(series)).split("\n")
    names = [line.split("#")[0].strip() for line in lines]
    return [
        repository_ctx.path(Label("//third_party/boringssl:patches/" + name))
        for name in names
        if name
    ]

def _unpack_and_patch(repository_ctx):
    # Asked for first: each path() starts this rule again when it is new.
    patches = _patches(repository_ctx)
    tarball = repository_ctx.path(Label("@boringssl_source//:source.tar.xz"))
    repository_ctx.report_progress("Unpacking " + _PACKAGE)
    _run(repository_ctx, "unpacking " + str(tarball), [
        "tar",
        "--extract",
        "--file=" + str(tarball),
        "--strip-components=1",
        "--no-same-owner",
    ])
    for patch in patches:
        _run(repository_ctx, "applying " + patch.basename, [
            "patch",
            "--strip=1",
            "--fuzz=0",
            "--batch",
            "--forward",
            "--input=" + str(patch),
        ])

def _link_tree(repository_ctx, folder):
    tree = repository_ctx.path(folder)
    if not tree.exists:
        fail("BoringSSL: %s names %s, which does not exist" %
             (_TREE_ENV, folder))
    for entry in tree.readdir():
        if entry.basename not in ["BUILD", "BUILD.bazel", "MODULE.bazel"]:
            repository_ctx.symlink(entry, entry.basename)

# The two ways in which BoringSSL lists its sources, each brought to the names
# that BUILD.boringssl.bazel loads.
_LAYOUTS = {
    "BUILD.generated.bzl": """
load(
    ":BUILD.generated.bzl",
    "crypto_headers",
    "crypto_internal_headers",
    "crypto_sources",
    "crypto_sources_linux_aarch64",
    "crypto_sources_linux_x86_64",
    "fips_fragments",
    "ssl_headers",
    "ssl_internal_headers",
    "ssl_sources",
)
load(
    ":BUILD.generated_tests.bzl",
    "ssl_test_sources",
    "test_support_sources",
)

INCLUDE = "src/include"
CRYPTO_HEADERS = crypto_headers
CRYPTO_SOURCES = crypto_sources + crypto_internal_headers
CRYPTO_FRAGMENTS = fips_fragments
CRYPTO_ASSEMBLY = {
    "aarch64": crypto_sources_linux_aarch64,
    "x86_64": crypto_sources_linux_x86_64,
}
SSL_HEADERS = ssl_headers
SSL_SOURCES = ssl_sources + ssl_internal_headers
TEST_SUPPORT = test_support_sources
SSL_TESTS = ssl_test_sources
SSL_TEST_FOLDER = "src/ssl/test"
""",
    "gen/sources.bzl": """
load(
    "//:gen/sources.bzl",
    "bcm_internal_headers",
    "bcm_sources",
    "bcm_sources_asm",
    "crypto_headers",
    "crypto_internal_headers",
    "crypto_sources",
    "crypto_sources_asm",
    "ssl_headers",
    "ssl_internal_headers",
    "ssl_sources",
    "ssl_test_sources",
    "test_support_internal_headers",
    "test_support_sources",
)

INCLUDE = "include"
CRYPTO_HEADERS = crypto_headers
CRYPTO_SOURCES = bcm_sources + crypto_sources + crypto_internal_headers
CRYPTO_FRAGMENTS = bcm_internal_headers

# Each of these files tests for its own system and processor.
CRYPTO_ASSEMBLY = {
    "aarch64": bcm_sources_asm + crypto_sources_asm,
    "x86_64": bcm_sources_asm + crypto_sources_asm,
}
SSL_HEADERS = ssl_headers
SSL_SOURCES = ssl_sources + ssl_internal_headers
TEST_SUPPORT = test_support_sources + test_support_internal_headers
SSL_TESTS = ssl_test_sources
SSL_TEST_FOLDER = "ssl/test"
""",
}

def _boringssl_impl(repository_ctx):
    folder = repository_ctx.os.environ.get(_TREE_ENV)
    if folder:
        _link_tree(repository_ctx, folder)
    else:
        _unpack_and_patch(repository_ctx)
    for listing, sources in _LAYOUTS.items():
        if repository_ctx.path(listing).exists:
            repository_ctx.file("sources.bzl", sources.lstrip("\n"))
            break
    if not repository_ctx.path("sources.bzl").exists:
        fail("BoringSSL: neither %s is in the tree" %
             " nor ".join(_LAYOUTS.keys()))
    repository_ctx.delete("BUILD.bazel")
    repository_ctx.symlink(
        Label("//third_party/boringssl:BUILD.boringssl.bazel"),
        "BUILD.bazel",
    )

boringssl_tree_repository = repository_rule(
    implementation = _boringssl_impl,
    environ = [_TREE_ENV],
)

def boringssl_repository(name):
    """Declares @<name>, with :crypto and :ssl, and @<name>_source."""
    if name != "boringssl":
        fail("the rules of this file know the repository as @boringssl")
    boringssl_source_repository(name = "boringssl_source")
    boringssl_tree_repository(name = "boringssl")
