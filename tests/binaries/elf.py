"""What an ELF program links to, exports and asks for, by readelf and ldd."""

import re
import subprocess

_NEEDED = re.compile(r"\(NEEDED\)\s+Shared library: \[([^\]]+)\]")
_TLS_LIBRARY = re.compile(r"^lib(ssl|crypto|gnutls|boringssl)\b")
_TLS_SYMBOL = re.compile(r"^(SSL|EVP|CRYPTO|OPENSSL|BIO|X509)_")

# BoringSSL asks weakly for an allocator of the program's; no library has one.
_WEAK_HOOKS = (
    "OPENSSL_memory_alloc",
    "OPENSSL_memory_free",
    "OPENSSL_memory_get_size",
)


def _Output(*command):
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def Needed(path):
    """Returns the names of the libraries that the program itself asks for."""
    return _NEEDED.findall(_Output("readelf", "--dynamic", "--wide", path))


def Loaded(path):
    """Returns the names of all libraries that the loader would bring in."""
    lines = _Output("ldd", path).splitlines()
    paths = [line.split()[0] for line in lines if line.strip()]
    return [path.rpartition("/")[2] for path in paths]


def DynamicSymbols(path):
    """Returns the names that the program exports or leaves undefined."""
    names = []
    for line in _Output("readelf", "--dyn-syms", "--wide", path).splitlines():
        columns = line.split()
        if len(columns) >= 8 and columns[0].rstrip(":").isdigit():
            names.append(columns[7].partition("@")[0])
    return names


def TlsLibraries(libraries):
    """Returns those of the libraries that are some TLS library."""
    return [name for name in libraries if _TLS_LIBRARY.match(name)]


def TlsSymbols(symbols):
    """Returns those of the symbols that belong to BoringSSL or OpenSSL."""
    return [
        name
        for name in symbols
        if _TLS_SYMBOL.match(name) and name not in _WEAK_HOOKS
    ]


def IsPositionIndependent(path):
    """Says whether the loader may put the program at any address."""
    header = _Output("readelf", "--file-header", path)
    return bool(re.search(r"^\s*Type:\s+DYN\b", header, re.M))


def BindsAtStart(path):
    """Says whether function pointer tables are read-only while it runs."""
    headers = _Output("readelf", "--program-headers", "--wide", path)
    dynamic = _Output("readelf", "--dynamic", "--wide", path)
    return "GNU_RELRO" in headers and "BIND_NOW" in dynamic


def StackIsExecutable(path):
    """Says whether the program asks for a stack that can hold code."""
    headers = _Output("readelf", "--program-headers", "--wide", path)
    match = re.search(r"GNU_STACK.*\s(R?WE?|RWE)\s", headers)
    return match is None or "E" in match[1]
