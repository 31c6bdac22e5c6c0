"""Checks the layers of the code on a dependency graph from `bazel query`.

usage: check_layers.py GRAPH

GRAPH is what `bazel query --output=graph --nograph:factored` prints. Each
violation is printed with the chain of targets that makes it; the exit status
is then 1.
"""

import collections
import re
import sys

# Folder: what nothing in it may reach, however indirectly.
FORBIDDEN = {
    "//skex": [
        "//tlsbridge",
        "//service",
        "//tests",
        "//bench",
        "@debian//:grpc++_unsecure",
        "@debian//:grpc++_reflection",
        "@debian//:openssl",
        "@debian//:protobuf",
        "@boringssl//:ssl",
    ],
    "//tlsbridge": [
        "//service",
        "//tests",
        "//bench",
        "@debian//:grpc++_unsecure",
        "@debian//:grpc++_reflection",
        "@debian//:openssl",
        "@debian//:protobuf",
    ],
    "//service": ["//tests", "//bench", "@debian//:openssl"],
    "//third_party": [
        "//skex",
        "//tlsbridge",
        "//service",
        "//tests",
        "//bench",
    ],
    "//tests": ["//bench", "@debian//:openssl"],
    # Benchmarks of whole processes start the clusters of the tests.
    "//bench/micro": ["//tests"],
}

# Folder: all of this workspace that its targets may name, beside their own.
ALLOWED = {
    "//tlsbridge": ["//skex/psk", "//skex/base", "//third_party"],
}

_EDGE = re.compile(r'^\s*"([^"]+)"\s*->\s*"([^"]+)"')
_NODE = re.compile(r'^\s*"([^"]+)"\s*$')


def ParseGraph(text):
    """Returns {target: [targets that it names]} of an unfactored graph."""
    graph = {}
    for line in text.splitlines():
        edge = _EDGE.match(line)
        node = _NODE.match(line)
        if edge:
            graph.setdefault(edge[1], []).append(edge[2])
            graph.setdefault(edge[2], [])
        elif node:
            graph.setdefault(node[1], [])
    return graph


def IsIn(label, place):
    """Says whether a label is the target `place`, or in that folder."""
    return label == place or label.startswith((place + "/", place + ":"))


def Chain(graph, start, is_end):
    """Returns the shortest chain from start to a target with is_end, or []."""
    came_from = {start: None}
    queue = collections.deque([start])
    while queue:
        target = queue.popleft()
        if is_end(target):
            chain = []
            while target is not None:
                chain.append(target)
                target = came_from[target]
            return chain[::-1]
        for dependency in graph.get(target, []):
            if dependency not in came_from:
                came_from[dependency] = target
                queue.append(dependency)
    return []


def Violations(graph):
    """Returns one line of text for each violation of a layer."""
    found = []
    for folder, places in FORBIDDEN.items():
        for target in sorted(t for t in graph if IsIn(t, folder)):
            for place in places:
                chain = Chain(graph, target, lambda t: IsIn(t, place))
                if chain:
                    path = " -> ".join(chain)
                    found.append(f"{folder} must not reach {place}: {path}")
    for folder, places in ALLOWED.items():
        for target in sorted(t for t in graph if IsIn(t, folder)):
            for dependency in graph[target]:
                if not dependency.startswith("//"):
                    continue
                if not any(IsIn(dependency, p) for p in [folder] + places):
                    found.append(
                        f"{folder} may use only {', '.join(places)}: "
                        f"{target} -> {dependency}"
                    )
    return found


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__)
    with open(arguments[0], encoding="utf-8") as file:
        graph = ParseGraph(file.read())
    if not graph:
        sys.exit(f"{arguments[0]} holds no graph")
    found = Violations(graph)
    for line in found:
        print(line)
    print(f"{len(graph)} targets, {len(found)} violations of the layers")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
