"""Run by /usr/bin/python3, whose grpcio comes from Debian: calls with grpcio what a test asks for, and prints JSON.

    grpc_client.py time ADDRESS PATH REQUEST_HEX COUNT      how long each call took, and its status
    grpc_client.py gzip ADDRESS PATH BYTES                  an echo, compressed both ways
    grpc_client.py tls ADDRESS PATH REQUEST_HEX CA [CERTIFICATE KEY]
"""
import json
import sys
import time

import grpc


def outcome(method, request, **options):
    try:
        return "OK", method(request, **options).hex()
    except grpc.RpcError as error:
        return error.code().name, error.details()


def timed(channel, path, request, count):
    method = channel.unary_unary(path)
    outcome(method, request, timeout=30)  # Connects.
    calls = []
    for _ in range(int(count)):
        begin = time.monotonic()
        status, details = outcome(method, request, timeout=30)
        calls.append({"seconds": time.monotonic() - begin, "status": status, "details": details})
    return calls


def main():
    what, address, path, *rest = sys.argv[1:]
    if what == "time":
        print(json.dumps(timed(grpc.insecure_channel(address), path, bytes.fromhex(rest[0]), rest[1])))
    elif what == "tls":
        def read(path):
            with open(path, "rb") as file:
                return file.read()
        authority, certificate, key = ([read(file) for file in rest[1:]] + [None, None])[:3]
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(authority, key, certificate))
        print(json.dumps(outcome(channel.unary_unary(path), bytes.fromhex(rest[0]), timeout=30)))
    else:
        channel = grpc.insecure_channel(address, compression=grpc.Compression.Gzip)
        print(json.dumps(outcome(channel.unary_unary(path), bytes.fromhex(rest[0]), timeout=30)))


main()
