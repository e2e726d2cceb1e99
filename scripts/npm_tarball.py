#!/usr/bin/env python3
"""Prints where the archive of an npm package lies: npm_tarball.py PACKAGE VERSION. Asks the registry that npm is configured for
(NPM_CONFIG_REGISTRY, .npmrc, npm's own default)."""
import json
import os
import shutil
import subprocess
import sys
import urllib.request


def registry():
    for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry"):
        if os.environ.get(name):
            return os.environ[name]
    if shutil.which("npm"):
        return subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=True).stdout.strip()
    sys.exit("npm_tarball.py: neither npm nor NPM_CONFIG_REGISTRY says where the registry is")


package, version = sys.argv[1:3]
with urllib.request.urlopen(f"{registry().rstrip('/')}/{package}/{version}", timeout=60) as answer:
    print(json.load(answer)["dist"]["tarball"])
