#!/usr/bin/env python3
"""Guards the tree: who includes whom (src/LAYERS), public headers, sizes, bans. Prints each breach as path:line: what; exit 1 if any."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
LINES_MAX, TEST_LINES_MAX = 500, 800
FUNCTION_MAX, TEST_FUNCTION_MAX = 70, 100
# What opens a block in column one and is no function.
NO_FUNCTION = re.compile(r"(namespace|class|struct|enum|union|extern|template|#|/|\}|\s)|.* = \{$")
BANS = {  # token: (folder where it is at home, what to use)
    "std::mutex": ("src/fiber", "fiber::Mutex or a Mailbox"),
    "std::thread": ("src/fiber", "fiber::ThreadGroup or fiber::offload"),
    "this_thread::sleep_for": ("src/fiber", "fiber::sleep_for"),
    "getaddrinfo(": ("src/net", "net::resolve"),
    "#include <regex>": ("", "a parser by hand: <regex> costs 2.5 s to include"),
    "boost/asio": ("bench", "net"),
}
SYSTEM_HEADERS = {  # an include that only layers with the library may have
    "google/protobuf": "protobuf", "nghttp2/": "nghttp2", "openssl/": "openssl", "ares.h": "cares", "yaml-cpp": "yaml_cpp", "re2/": "re2", "crypt.h": "crypt",
    "quickjs": "quickjs", "spdlog": "spdlog", "snappy": "snappy", "rapidjson": "rapidjson", "boost/": "boost_context", "zlib.h": "zlib",
    "toml++": "tomlplusplus", "gumbo.h": "gumbo", "expat.h": "expat",
}


def layers():
    below, libraries = {}, {}
    for line in (ROOT / "src/LAYERS").read_text().splitlines():
        if not line or line.startswith("#") or " folders:" in line:
            continue
        name, _, rest = line.partition(":")
        lower, _, granted = rest.partition("|")
        below[name], libraries[name] = lower.split(), set(granted.partition("|")[0].split())
    reach, granted = {}, {}
    for name in below:  # LAYERS is in order: lower layers first
        reach[name], granted[name] = {name}, set(libraries[name])
        for lower in below[name]:
            if lower not in reach:
                sys.exit(f"src/LAYERS: {name} stands on {lower}, which is not above it in the file")
            reach[name] |= reach[lower]
            granted[name] |= granted[lower]
    return reach, granted


def folders():
    """{layer: its folders, lower ones first}"""
    lines = (line.partition(" folders:") for line in (ROOT / "src/LAYERS").read_text().splitlines() if not line.startswith("#"))
    return {name: rest.split() for name, found, rest in lines if found}


def folder_of(path, layer, names):
    """Where "src/" + layer + "/FOLDER/…" stands among the layer's folders; None for another path."""
    folder = path[len(layer) + 1:].partition("/")[0] if path.startswith(layer + "/") else ""
    return names.index(folder) if folder in names else None


def layer_of(path, names):
    for prefix in ("src/", "include/bia/"):
        if path.startswith(prefix):
            rest = path[len(prefix):]
            for name in sorted(names, key=len, reverse=True):
                if rest.startswith(name + "/"):
                    return name
    return None


def included_layer(target, names):
    if target.startswith("bia/"):
        target = target[4:]
    for name in sorted(names, key=len, reverse=True):
        if target.startswith(name + "/"):
            return name
    return None


def long_functions(path, lines):
    """Functions above the limit: clang-format puts their first and last line into column one."""
    limit, first = TEST_FUNCTION_MAX if "_test." in path else FUNCTION_MAX, 0
    for number, line in enumerate(lines, 1):
        if not first and line.endswith("{") and not NO_FUNCTION.match(line):
            first = number
        elif first and line.startswith("}"):
            if number - first >= limit:
                yield f"{path}:{first}: a function of {number - first + 1} lines, at most {limit}: name its parts"
            first = 0


def main():
    reach, granted = layers()
    parts = folders()
    breaches = []
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True)
    for path in listed.stdout.splitlines():
        if not path.endswith((".h", ".cc", ".c")) or not (ROOT / path).is_file():
            continue
        lines = (ROOT / path).read_text(errors="replace").splitlines()
        limit = TEST_LINES_MAX if "_test." in path or path.startswith("tests/") else LINES_MAX
        if len(lines) > limit:
            breaches.append(f"{path}:{limit}: {len(lines)} lines, at most {limit}: give each idea a file")
        breaches += long_functions(path, lines)
        layer, public = layer_of(path, reach), path.startswith("include/")
        for number, line in enumerate(lines, 1):
            if not path.startswith(("tools/", "bench/", "templates/", "tests/", "fuzz/")) and "_test." not in path and "test_support" not in path:
                for token, (home, instead) in BANS.items():
                    if token in line and not (home and path.startswith((home, home.replace("src/", "include/bia/")))) and not line.lstrip().startswith(("//", "*")):
                        breaches.append(f"{path}:{number}: {token} is banned here; use {instead}")
            found = re.match(r'\s*#include ([<"])([^>"]+)[>"]', line)
            if not found or layer is None:
                continue
            target = found[2]
            used = included_layer(target, reach)
            if used and used not in reach[layer]:
                breaches.append(f"{path}:{number}: the layer {layer} must not include {used} (src/LAYERS)")
            if layer in parts and "_test." not in path:
                mine, theirs = folder_of(path.removeprefix("src/"), layer, parts[layer]), folder_of(target, layer, parts[layer])
                if mine is not None and theirs is not None and theirs > mine:
                    breaches.append(f"{path}:{number}: {layer}/{parts[layer][mine]} must not include {target} (src/LAYERS)")
            if public and found[1] == '"' and not target.startswith("bia/"):
                breaches.append(f"{path}:{number}: a public header includes std and bia/… only, not {target}")
            for prefix, library in SYSTEM_HEADERS.items():
                if target.startswith(prefix) and found[1] == "<":
                    if public and not (library == "protobuf" and path.startswith(("include/bia/codec", "include/bia/bia"))):
                        breaches.append(f"{path}:{number}: {target} in a public header; hide it behind unique_ptr<Impl>")
                    if library not in granted[layer] and "_test." not in path:
                        breaches.append(f"{path}:{number}: src/LAYERS does not grant {library} to {layer}")
    print("\n".join(breaches) if breaches else "layers, sizes and bans: all as they should be")
    return 1 if breaches else 0


sys.exit(main())
