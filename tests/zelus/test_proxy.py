"""zelus run through the proxies that the environment names, as k6 (Go's net/http) takes them."""
import re
import shutil
import pathlib
import subprocess

import pytest

import conftest
from certificates import Authority
from proxy import Proxy, Socks


@pytest.fixture
def service(start, tmp_path):
    authority = Authority(tmp_path)
    certificate, key = authority.issue("server", "shop", "DNS:shop.example")

    class Service:
        folder, http, https, tls = tmp_path, conftest.free_port(), conftest.free_port(), authority.issue("proxy", "proxy", "DNS:localhost")
        root = authority.pem
    for name, port, more in (("http", Service.http, ""), ("https", Service.https, f"    tls: {{cert: {certificate}, key: {key}}}\n")):
        config = tmp_path / f"{name}.yaml"
        config.write_text(f"server:\n  http:\n    addr: 127.0.0.1:{port}\n{more}")
        start([conftest.BIN / "helloworld", "-conf", config], port=port, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return Service


def run(service, variables, program=None, trust="--insecure-skip-tls-verify"):
    (service.folder / "script.js").write_text(f"""
import http from 'k6/http';
export default function () {{
  for (const url of ['http://shop.example:{service.http}/helloworld/a', 'https://shop.example:{service.https}/helloworld/b', 'http://127.0.0.1:{service.http}/helloworld/c']) {{
    const r = http.get(url);
    console.log(r.status, r.body, r.proto, r.error_code, r.error);
    if (__ENV.SHOW_TLS) console.log(r.tls_version, r.timings.tls_handshaking > 0);
  }}
}}""")
    done = subprocess.run([program or conftest.BIN / "zelus", "run", "-q", "--no-summary", *filter(None, [trust]), "script.js"], capture_output=True, text=True, timeout=60,
                          cwd=service.folder, env={"PATH": "/usr/bin:/bin", "HOME": str(service.folder), "K6_NO_USAGE_REPORT": "true", **variables})
    return re.findall(r'level=info msg="((?:[^"\\]|\\.)*)" source=console', done.stderr)


def hello(name, proto):
    return rf'200 {{\"message\":\"Hello {name}\"}} {proto} 0 '


def test_requests_go_through_the_proxy(service):
    proxy = Proxy()
    url = f"http://127.0.0.1:{proxy.port}"
    lines = run(service, {"HTTP_PROXY": url, "https_proxy": url})
    assert lines == [hello("a", "HTTP/1.1"), hello("b", "HTTP/2.0"), hello("c", "HTTP/1.1")]
    assert proxy.seen == [f"GET http://shop.example:{service.http}/helloworld/a HTTP/1.1", f"CONNECT shop.example:{service.https} HTTP/1.1"]


def test_user_and_refusal(service):
    proxy = Proxy(authorization="Basic dTpw")
    good = run(service, {"HTTPS_PROXY": f"u:p@127.0.0.1:{proxy.port}"})
    assert good[1] == hello("b", "HTTP/2.0")
    refused = run(service, {"HTTPS_PROXY": f"127.0.0.1:{proxy.port}"})
    assert "Proxy Authentication Required" in refused[1]


def test_a_proxy_of_another_kind_ends_the_run(service):
    (service.folder / "script.js").write_text("export default function () {}")
    done = subprocess.run([conftest.BIN / "zelus", "run", "-q", "script.js"], capture_output=True, text=True, timeout=60, cwd=service.folder,
                          env={"PATH": "/usr/bin:/bin", "HTTP_PROXY": "ftp://127.0.0.1:1"})
    assert done.returncode != 0 and "HTTP_PROXY: there are no proxies of ftp://" in done.stderr


K6 = shutil.which("k6") or shutil.which("k6", path=str(pathlib.Path.home() / "go/bin"))


@pytest.mark.skipif(K6 is None, reason="k6 is not installed")
def test_as_the_real_k6(service):
    for variables in ({"HTTP_PROXY": "127.0.0.1:{}", "HTTPS_PROXY": "http://127.0.0.1:{}"}, {"HTTP_PROXY": "127.0.0.1:{}", "NO_PROXY": "shop.example"}):
        seen = []
        for program in None, K6:
            proxy = Proxy()
            lines = run(service, {name: value.format(proxy.port) for name, value in variables.items()}, program)
            seen.append((proxy.seen, [re.sub(r"lookup .*", "lookup", line) for line in lines if line.startswith("200")]))
        assert seen[0] == seen[1]


def test_requests_go_through_socks(service):
    socks = Socks()
    url = f"socks5://127.0.0.1:{socks.port}"
    lines = run(service, {"HTTP_PROXY": url, "HTTPS_PROXY": url})
    assert lines == [hello("a", "HTTP/1.1"), hello("b", "HTTP/2.0"), hello("c", "HTTP/1.1")]
    assert socks.seen == [(b"\0", 1, 3, "shop.example", service.http), (b"\0", 1, 3, "shop.example", service.https)]


SOCKS_CASES = {  # the proxy, what is before its address in the URL
    "open": ({}, "socks5://"),
    "h": ({}, "socks5h://"),
    "login": ({"login": b"us:p@ss"}, "socks5://us:p%40ss@"),
    "wrong login": ({"login": b"us:pass"}, "socks5://us:other@"),
    "no login": ({"login": b"us:pass"}, "socks5://"),
    "login that nobody asks for": ({}, "socks5://us:pass@"),
    "refused": ({"reply": 5}, "socks5://"),
    "forbidden": ({"reply": 2}, "socks5://"),
    "unknown": ({"reply": 99}, "socks5://"),
}


@pytest.mark.parametrize("case", SOCKS_CASES)
def test_socks_as_the_real_k6(service, case):
    options, scheme = SOCKS_CASES[case]
    seen = []
    for program in (None, K6) if K6 else (None,):
        socks = Socks(**options)
        url = f"{scheme}127.0.0.1:{socks.port}"
        lines = run(service, {"HTTP_PROXY": url, "HTTPS_PROXY": url}, program)
        seen.append((socks.seen, [line.replace(str(socks.port), "PROXY") for line in lines]))
    assert seen[0] == seen[-1]
    good = case in ("open", "h", "login", "login that nobody asks for")
    assert seen[0][1][0] == hello("a", "HTTP/1.1") if good else " 1200 socks connect tcp 127.0.0.1:PROXY->shop.example:" in seen[0][1][0]


TLS_CASES = {  # what the proxy has, what is before its address in the URL, what more the run has
    "trusted": ({}, "https://localhost", {}),
    "insecure": ({}, "https://127.0.0.1", {"trust": "--insecure-skip-tls-verify"}),
    "user": ({"authorization": "Basic dTpw"}, "https://u:p@localhost", {}),
    "no user": ({"authorization": "Basic dTpw"}, "https://localhost", {}),
    "another name": ({}, "https://127.0.0.1", {}),
    "not trusted": ({}, "https://localhost", {"variables": {"SSL_CERT_FILE": "/dev/null"}}),
}


@pytest.mark.parametrize("case", TLS_CASES)
def test_tls_to_the_proxy_as_the_real_k6(service, case):
    has, url, more = TLS_CASES[case]
    more = {"trust": None, **more}
    variables = {"SSL_CERT_FILE": str(service.root), "SHOW_TLS": "1", **more.pop("variables", {})}
    seen = []
    for program in (None, K6) if K6 else (None,):
        proxy = Proxy(**{"tls": service.tls, **has})
        lines = run(service, {"HTTP_PROXY": f"{url}:{proxy.port}", "HTTPS_PROXY": f"{url}:{proxy.port}", **variables}, program, **more)
        seen.append((proxy.seen, [re.sub(r"127\.0\.0\.1:\d+->|\[::1\]:\d+->", "", line).replace(str(proxy.port), "PROXY") for line in lines]))
        assert set(proxy.offered) <= {"http/1.1"}
    assert seen[0] == seen[-1]
    if case in ("trusted", "insecure", "user"):
        assert seen[0][1][:4] == [hello("a", "HTTP/1.1"), "tls1.3 true", hello("b", "HTTP/2.0"), "tls1.3 true"]
        assert len(seen[0][0]) == 2
    elif case != "no user":
        assert " 1200 proxyconnect tcp: " in seen[0][1][0]


@pytest.mark.parametrize("url", ["http://127.0.0.1:{}", "https://127.0.0.1:{}", "socks5://127.0.0.1:{}", "http://no-such-host.invalid:{}"])
def test_a_proxy_that_is_not_there(service, url):
    proxy = url.format(conftest.free_port())
    lines = [[re.sub(r" on [0-9.]+:53", "", line) for line in run(service, {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}, program)[:2]]
             for program in ((None, K6) if K6 else (None,))]
    assert lines[0] == lines[-1] and " 1200 proxyconnect tcp: " in lines[0][0]
