#!/usr/bin/env python3
"""Collects the file descriptors that Debian's golang-google-genproto-dev has in its Go sources into one FileDescriptorSet.

No Debian package ships these .proto files themselves; their compiled descriptors stand in the Go code, gzipped, as `[]byte{0x1f, ...}`.
"""
import argparse
import gzip
import pathlib
import re
import sys

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--source", required=True, help="the folder googleapis of genproto")
parser.add_argument("--out", required=True)
parser.add_argument("names", nargs="+", help="such as google/api/httpbody.proto")
args = parser.parse_args()

REGISTERED = re.compile(r'proto\.RegisterFile\("([^"]+)", (fileDescriptor_\w+)\)')
found = {}
for path in sorted(pathlib.Path(args.source).rglob("*.pb.go")):
    text = path.read_text()
    for name, variable in REGISTERED.findall(text):
        if name in args.names:
            array = re.search(r"var " + variable + r" = \[\]byte\{(.*?)\n\}", text, re.S).group(1)
            found[name] = gzip.decompress(bytes(int(byte, 16) for byte in re.findall(r"0x([0-9a-f]{2})", array)))

missing = [name for name in args.names if name not in found]
if missing:
    sys.exit(f"{args.source} has no descriptors of {', '.join(missing)}: apt install golang-google-genproto-dev")


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


# FileDescriptorSet: repeated FileDescriptorProto file = 1.
pathlib.Path(args.out).write_bytes(b"".join(b"\x0a" + varint(len(file)) + file for file in found.values()))
