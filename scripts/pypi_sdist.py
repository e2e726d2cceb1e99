#!/usr/bin/env python3
"""Prints where the source archive of a PyPI package lies: pypi_sdist.py PACKAGE VERSION. Asks the index that pip is configured for
(PIP_INDEX_URL, pip.conf, pip's own default); `pip download` would run the package's build scripts, which we do not want."""
import html.parser
import os
import subprocess
import sys
import urllib.parse
import urllib.request


def index_url():
    if os.environ.get("PIP_INDEX_URL"):
        return os.environ["PIP_INDEX_URL"]
    asked = subprocess.run([sys.executable, "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True)
    if asked.returncode == 0 and asked.stdout.strip():
        return asked.stdout.strip()
    from pip._internal.models.index import PyPI
    return PyPI.simple_url


class Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        if tag == "a":
            self.found.append(dict(attributes).get("href", ""))


package, version = sys.argv[1:3]
page = index_url().rstrip("/") + f"/{package}/"
links = Links()
with urllib.request.urlopen(urllib.request.Request(page, headers={"Accept": "text/html"}), timeout=60) as answer:
    links.feed(answer.read().decode())
wanted = f"{package.replace('-', '_')}-{version}.tar.gz"
for link in links.found:
    address = urllib.parse.urljoin(page, link)
    if urllib.parse.urlparse(address).path.endswith("/" + wanted):
        print(address.split("#")[0])
        break
else:
    sys.exit(f"pypi_sdist.py: the package index has no {wanted}")
