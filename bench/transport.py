"""Rows of bench/run about the transport: TLS against nginx, many and slow connections, instructions a request, compression, memory over time."""
import json
import os
import pathlib
import re
import shutil
import ssl
import statistics
import string
import subprocess
import sys
import time
import urllib.request

from pair import Server, cpu_seconds, free_port, memory, run_load

HOLD = pathlib.Path(__file__).resolve().parent / "hold.py"
NAME = string.ascii_letters
ANSWER = '{"message":"Hello ' + NAME + '"}'
CIPHER = "TLS_AES_256_GCM_SHA384"
WRK = r"(?s)(\d+) requests in(?!.*(?:Non-2xx|Socket errors))"
H2LOAD = r"(\d+) succeeded, 0 failed"


class Nginx(Server):
    """Debian's nginx in Server's place: one process; `lines` is of its server section."""

    def __init__(self, folder, lines, listen="", cores="0"):
        self.http = self.grpc = free_port()
        self.cores, self.passed = cores, ()
        path = os.path.join(folder, f"nginx-{self.http}.conf")
        temporary = "".join(f"  {kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        pathlib.Path(path).write_text(
            f"daemon off;\nmaster_process off;\nworker_processes 1;\npid {folder}/nginx-{self.http}.pid;\nerror_log {folder}/nginx-error.log;\n"
            "worker_rlimit_nofile 20000;\nevents { worker_connections 20000; }\n"
            f"http {{\n{temporary}  access_log off;\n  keepalive_requests 1000000000;\n  keepalive_timeout 600s;\n"
            f"  server {{\n    listen 127.0.0.1:{self.http}{listen};\n" + "".join(f"    {line}\n" for line in lines) + "  }\n}\n")
        self.command = f"{nginx_program()} -c {path} -p {folder}"


def nginx_program():
    return shutil.which("nginx", path=os.environ["PATH"] + os.pathsep + "/usr/sbin")


class Holder:
    """bench/hold.py on the load's core, as a context: `count` connections that are `kind`. `ended`, afterwards: how many the server ended."""

    def __init__(self, port, count, kind, *flags):
        self.command = [sys.executable, str(HOLD), str(port), str(count), kind, *flags]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        preexec_fn=lambda: os.sched_setaffinity(0, {1}))
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{self.command}: the connections were not opened")
        return self

    def __exit__(self, *_):
        out, _ = self.process.communicate()
        found = re.search(r"ended (\d+)", out)
        self.ended = int(found[1]) if found else None


def metric(port, name):
    """The sum over what begins with `name` in /metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))


def spread(values):
    return f"{statistics.median(values):.2f} [{min(values):.2f} … {max(values):.2f}]"


class TransportRows:
    """Of Bench: its options, its work folder, `rounds`, `bia` and `results`."""

    def certificate(self):
        """ECDSA P-256, for localhost: (certificate, key)."""
        certificate, key = os.path.join(self.work, "cert.pem"), os.path.join(self.work, "key.pem")
        if not os.path.exists(certificate):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                            "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True, capture_output=True)
        return certificate, key

    def tls_nginx(self, *lines):
        certificate, key = self.certificate()
        return lambda: Nginx(self.work, [f"ssl_certificate {certificate};", f"ssl_certificate_key {key};", "ssl_protocols TLSv1.3;",
                                         f"ssl_conf_command Ciphersuites {CIPHER};", *lines,
                                         f"location / {{ default_type application/json; return 200 '{ANSWER}'; }}"], listen=" ssl")

    def tls_bia(self, *lines):
        certificate, key = self.certificate()
        section = ["tls:", f"  cert: {certificate}", f"  key: {key}", "  min_version: 1.3", f"  cipher_suites: {CIPHER}", *(f"  {line}" for line in lines)]
        return lambda: Server(self.bia, folder=self.work, lines=section)

    def side(self, make, load, pattern):
        def measure():
            with make() as server:
                return run_load(server, load(server), pattern)
        return measure

    def said(self, name, make):
        """What a client agrees on with it, and one answer's size."""
        with make() as server:
            shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.http}"], input="Q\n", capture_output=True, text=True, errors="replace").stdout
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            with urllib.request.urlopen(f"https://127.0.0.1:{server.http}/helloworld/{NAME}", timeout=5, context=context) as answer:
                head, body = str(answer.headers), answer.read().decode()
        assert body == ANSWER, body
        cipher, group = re.search(r"New, (\S+), Cipher is (\S+)", shown), re.search(r"Server Temp Key: (.*)", shown)
        print(f"  {name}: {cipher[1]}, {cipher[2]}, {group[1]}; head of {len(head)} bytes, body of {len(body)}", flush=True)

    def tls(self):
        """Requests on kept connections over TLS 1.3."""
        if not nginx_program():
            return print("\n(nginx is not here: the row tls is left out)", flush=True)
        certificate, key = self.certificate()
        plain = pathlib.Path(self.work, "answer.json")
        plain.write_text(ANSWER)
        handler = self.bin / "bench_http_server"
        makes = {"nginx": self.tls_nginx(), "bia": self.tls_bia()}
        if handler.exists():
            makes["bia, canned"] = lambda: Server(f"{handler} {{http}} body={plain} cert={certificate} key={key}", folder=self.work)
        print("\nTLS: what is agreed on", flush=True)
        for name, make in makes.items():
            self.said(name, make)
        wrk = lambda server: f"exec wrk -t1 -c50 -d{self.options.seconds}s https://127.0.0.1:{server.http}/helloworld/{NAME}"  # noqa: E731
        self.rounds("TLS 1.3, wrk, 50 kept connections", {name: self.side(make, wrk, WRK) for name, make in makes.items()}, "server_us")

    def tls_handshake(self):
        """Full handshakes with an ECDSA P-256 certificate."""
        program = self.bin / "bench_tls_connect"
        if not nginx_program() or not program.exists():
            return print("\n(nginx or build target bench_tls_connect is not here: the row tls-handshake is left out)", flush=True)
        count = 3000 * self.options.seconds
        load = lambda server: f"exec {program} {server.http} {count} 50"  # noqa: E731
        pattern = r"(\d+) handshakes, 0 failed, 0 resumed"
        for title, ours, theirs in (("session tickets off", ["session_tickets: false"], ["ssl_session_tickets off;"]), ("as they ship", [], [])):
            makes = {"nginx": self.tls_nginx(*theirs), "bia": self.tls_bia(*ours)}
            print(f"\nTLS handshakes, {title}: what is agreed on", flush=True)
            for name, make in makes.items():
                with make() as server:
                    print(f"  {name}: {subprocess.run([program, str(server.http), '100'], capture_output=True, text=True).stdout.strip()}", flush=True)
            self.rounds(f"Full TLS handshakes, ECDSA P-256, {title}", {name: self.side(make, load, pattern) for name, make in makes.items()}, "server_us")

    def idle(self):
        """RSS of 10,000 connections that each made a request and are kept."""
        count, table = 10_000, {}
        print(f"\nMemory of {count} idle connections, each after one request (RSS, without the kernel's)", flush=True)
        kinds = {"bia": (lambda: Server(self.bia, folder=self.work), ()), "bia, TLS": (self.tls_bia(), ("--tls",))}
        if nginx_program():
            kinds["nginx"] = (lambda: Nginx(self.work, [f"location / {{ default_type application/json; return 200 '{ANSWER}'; }}"]), ())
            kinds["nginx, TLS"] = (self.tls_nginx(), ("--tls",))
        for name, (make, flags) in kinds.items():
            with make() as server:
                pid = server.process.pid
                with Holder(server.http, 20, "idle", *flags):
                    time.sleep(4)
                before = memory(pid, "VmRSS")
                with Holder(server.http, count, "idle", *flags) as holder:
                    time.sleep(1)
                    at_once = memory(pid, "VmRSS")
                    time.sleep(4)
                    after = memory(pid, "VmRSS")
                time.sleep(4)
                table[name] = {"before": before, "open": after, "bytes": (after - before) / count, "bytes_at_once": (at_once - before) / count, "ended": holder.ended,
                               "closed": memory(pid, "VmRSS")}
                one = table[name]
                print(f"  {name:10s} {one['bytes'] / 1e3:6.2f} KB a connection ({before / 1e6:.1f} MB before, {after / 1e6:.1f} MB with them; {one['bytes_at_once'] / 1e3:.2f} KB "
                      f"while the last are less than 2 s idle; {one['closed'] / 1e6:.1f} MB after they are gone); {holder.ended} were ended", flush=True)
        self.results["idle"] = table

    def full(self, server):
        """wrk as fast as it goes on 50 connections: its p99 in ms among the figures. Both cores are full, so whatever else wakes up on one of them is part of the p99."""
        report = pathlib.Path(self.work, "wrk.txt")
        taken = run_load(server, f"wrk -t1 -c50 -d{self.options.seconds}s --latency http://127.0.0.1:{server.http}/helloworld/{NAME} | tee {report}", WRK)
        value, unit = re.search(r"99%\s+([\d.]+)(us|ms|s)\n", report.read_text()).groups()
        return dict(taken, p99_ms=float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit])

    def paced(self, server):
        """50 users of zelus who wait 5 ms between their requests, so that the cores have room: what the server makes them wait is the most of this p99."""
        script, export = pathlib.Path(self.work, "paced.js"), pathlib.Path(self.work, "paced.json")
        script.write_text("import http from 'k6/http';\nimport { sleep } from 'k6';\n"
                          f"export const options = {{ vus: 50, duration: '{self.options.seconds}s', summaryTrendStats: ['p(99)'] }};\n"
                          f"export default function () {{ http.get('http://127.0.0.1:{server.http}/helloworld/{NAME}'); sleep(0.005); }}\n")
        taken = run_load(server, [str(self.bin / "zelus"), "run", "--no-color", "--summary-export", str(export), str(script)], r"http_reqs\.*: (\d+)")
        metrics = json.loads(export.read_text())["metrics"]
        assert metrics["http_req_failed"]["value"] == 0, metrics["http_req_failed"]
        return dict(taken, p99_ms=metrics["http_req_duration"]["p(99)"])

    def windows(self, server):
        """Of each load, by turns, three windows: the median of each figure."""
        taken = {"full": [], "paced": []}
        for _ in range(3):
            taken["full"].append(self.full(server))
            taken["paced"].append(self.paced(server))
        return {load: {key: statistics.median(one[key] for one in each) for key in ("p99_ms", "rps", "server_us", "server_busy", "load_busy", "others_busy")}
                for load, each in taken.items()}

    def beside(self, row, kind, count, settle, finish=lambda server, holder: ""):
        """50 active connections alone, beside `count` others of this process, and beside as many of another process of the service on the same core: what these change is
        the machine's (a monitor that lists every process' open files takes a core for 20 ms at a time)."""
        rounds, notes = [], []
        for _ in range(self.options.pairs):
            with Server(self.bia, folder=self.work) as server, Server(self.bia, folder=self.work) as other:
                one = {"alone": self.windows(server)}
                for name, holding in (("elsewhere", other), ("beside", server)):
                    with Holder(holding.http, count, kind) as holder:
                        time.sleep(settle)
                        one[name] = self.windows(server)
                        note = finish(holding, holder)
                notes.append(f"{note}{holder.ended} ended by the server")
                rounds.append(one)
        print(f"\n{row} ({self.options.pairs} rounds, of each figure the median of three windows of {self.options.seconds} s)", flush=True)
        table = {}
        for load in ("full", "paced"):
            for key, unit in (("p99_ms", "ms, p99"), ("rps", "requests/s"), ("server_us", "µs of the server a request"), ("server_busy", "busy: server"),
                              ("load_busy", "busy: load"), ("others_busy", "busy: all else")):
                seen = {name: [one[name][load][key] for one in rounds] for name in ("alone", "elsewhere", "beside")}
                text = ", ".join(f"{name} {spread(each)}" for name, each in seen.items())
                for name, to in (("elsewhere", "alone"), ("beside", "alone"), ("beside", "elsewhere")):
                    ratios = [b / a for a, b in zip(seen[to], seen[name]) if a > 0]  # nothing else may have run at all
                    text += f"; {name} ÷ {to} {spread(ratios)}" if ratios else ""
                table[f"{load} {key}"] = seen
                print(f"  {load:5s} {unit:26s} {text}", flush=True)
        for note in notes:
            print(f"  {note}", flush=True)
        self.results[row] = table

    def open(self):
        self.beside("50 active connections beside 15,000 that are open", "idle", 15_000, 4,
                    lambda server, _: f"{metric(server.http, 'http_server_connections_open'):.0f} open, ")

    def slowloris(self):
        def finish(server, _):
            # header_timeout is 10 s; those that began last are swept within a second after it.
            time.sleep(max(0, 12 - 6 * self.options.seconds))
            counted = metric(server.http, 'http_server_bad_requests_total{reason="REQUEST_TIMEOUT"}')
            return f"{counted:.0f} REQUEST_TIMEOUT in /metrics, "
        self.beside("50 active connections beside 2,000 slow ones (a byte of the head a second)", "slow", 2_000, 1, finish)

    def router(self):
        """CPU of a look-up among more and more routes."""
        print("\nA look-up in the router (ns of CPU, medians of 9)", flush=True)
        text = subprocess.run([str(self.bin / "bench_router_lookup")], check=True, capture_output=True, text=True).stdout
        print(text, end="", flush=True)
        self.results["router"] = {line.split()[0]: float(line.split()[2]) for line in text.splitlines()}

    def instructions(self):
        """User-mode instructions a request, under callgrind; of BIA_BIN and of each folder of --against."""
        if not shutil.which("valgrind"):
            return print("\n(valgrind is not here: the row instructions is left out)", flush=True)
        table = {}
        print("\nUser-mode instructions a request (callgrind, 10,000 against 2,000 requests)", flush=True)
        loads = {"HTTP, 50 connections": lambda server, n: f"exec h2load --h1 -t1 -n {n} -c 50 -m 1 http://127.0.0.1:{server.http}/helloworld/{NAME}",
                 "gRPC 1 × 50": lambda server, n: self.h2load(1, 50, n)(server), "gRPC 50 × 1": lambda server, n: self.h2load(50, 1, n)(server)}
        for folder in [str(self.bin), *filter(None, self.options.against.split(","))]:
            for name, load in loads.items():
                counts = {n: self.counted(f"{folder}/helloworld -conf {{config}}", load, n) for n in (2_000, 10_000)}
                table[f"{folder} {name}"] = one = (counts[10_000] - counts[2_000]) / 8_000
                print(f"  {name:20s} {one:8.0f}  {folder}", flush=True)
        self.results["instructions"] = table

    def counted(self, command, load, requests):
        log = os.path.join(self.work, f"callgrind-{requests}.log")
        with Server(f"valgrind --tool=callgrind --callgrind-out-file=/dev/null --log-file={log} {command}", folder=self.work) as server:
            run_load(server, load(server, requests), H2LOAD)
            server.process.terminate()
            server.process.wait(30)
        return int(re.search(r"Collected : (\d+)", pathlib.Path(log).read_text())[1])

    def compression(self):
        """An answer of 5 KB of JSON, as it is and compressed."""
        handler = self.bin / "bench_http_server"
        if not handler.exists():
            return print("\n(build target bench_http_server is not here: the row compression is left out)", flush=True)
        folder = pathlib.Path(self.work, "files")
        folder.mkdir(exist_ok=True)
        body = folder / "items.json"
        body.write_text(json.dumps({"items": [{"id": i * 7919 % 1000, "name": f"item {i * 31 % 97}", "tags": ["red", "green"][: i % 3], "price": i * 1.25,
                                               "text": " ".join(string.ascii_lowercase[(i * k) % 26:][:5] for k in range(3, 11))} for i in range(40)]}))
        ours = lambda: Server(f"{handler} {{http}} body={body} compress", folder=self.work)  # noqa: E731
        makes = {"as it is": (ours, "identity")}
        for coding in ("gzip", "br", "zstd"):
            makes[coding] = (ours, coding)
        if nginx_program():
            theirs = lambda level: lambda: Nginx(self.work, ["default_type application/json;", "gzip on;", "gzip_types application/json;", f"gzip_comp_level {level};", f"root {folder};"])  # noqa: E731
            makes |= {"nginx as it is": (theirs(1), "identity"), "nginx gzip 1": (theirs(1), "gzip"), "nginx gzip 5": (theirs(5), "gzip")}
        print(f"\nBytes of a body of {body.stat().st_size}", flush=True)
        sides = {}
        for name, (make, coding) in makes.items():
            with make() as server:
                request = urllib.request.Request(f"http://127.0.0.1:{server.http}/items.json", headers={"Accept-Encoding": coding})
                with urllib.request.urlopen(request, timeout=5) as answer:
                    assert answer.headers.get("Content-Encoding", "identity") == coding
                    print(f"  {name:14s} {len(answer.read())}", flush=True)
            load = lambda server, coding=coding: (f"exec wrk -t1 -c50 -d{self.options.seconds}s -H 'Accept-Encoding: {coding}' "  # noqa: E731
                                                  f"http://127.0.0.1:{server.http}/items.json")
            sides[name] = self.side(make, load, WRK)
        self.rounds("Compression, wrk, 50 connections", sides, "server_us")

    def flat_server(self):
        """Memory of the service under load over both protocols: does it grow?"""
        seconds, seen = self.options.flat_seconds, []
        print(f"\nThe service under load for {seconds} s: its RSS", flush=True)
        with Server(self.bia, folder=self.work) as server:
            began, start = time.monotonic(), cpu_seconds(server.process.pid)
            commands = [["wrk", "-t1", "-c50", f"-d{seconds}s", f"http://127.0.0.1:{server.http}/helloworld/{NAME}"],
                        ["sh", "-c", self.h2load(10, 5, 1)(server).replace("-n 1 ", f"-D {seconds} ")]]
            loads = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, preexec_fn=lambda: os.sched_setaffinity(0, {1}))
                     for command in commands]
            while time.monotonic() - began < seconds - 1:
                time.sleep(1)
                seen.append((memory(server.process.pid, "VmRSS"), memory(server.process.pid, "RssAnon")))
            busy = (cpu_seconds(server.process.pid) - start) / (time.monotonic() - began)
            texts = [load.communicate()[0] for load in loads]
        counts = [int((re.search(pattern, text) or [0, 0])[1]) for pattern, text in zip((WRK, H2LOAD), texts)]
        marks = {f"{share} %": seen[min(len(seen) - 1, len(seen) * share // 100)] for share in (5, 25, 50, 75, 100)}
        print(f"  {counts[0]} requests, {counts[1]} calls, server busy {100 * busy:.0f} %; RSS (RssAnon) at "
              + ", ".join(f"{at} {rss / 1e6:.2f} ({anonymous / 1e6:.2f}) MB" for at, (rss, anonymous) in marks.items()), flush=True)
        self.results["flat-server"] = {"requests": counts, "rss": marks, "seconds": seconds}
