"""zelus grpc as a ghz user types it: output, formats, exit codes, mistakes. The service is the example."""
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

import grpc
import pytest
from conftest import BIN, SOURCE, free_port

sys.path.append(str(pathlib.Path(__file__).parents[1] / "bia"))
from service import Service

PROTO = SOURCE / "bench/scripts/greeter.proto"
CALL = "helloworld.v1.Greeter/SayHello"
DATA = '{"name":"' + "abcdefghijklmnopqrstuvwxyz" * 2 + '"}'


@pytest.fixture
def slow(start, tmp_path):
    return Service(start, tmp_path, program="slow_service", grpc_timeout="0s")


def ghz(*arguments, **options):
    return subprocess.run([str(BIN / "zelus"), "grpc", *map(str, arguments)], capture_output=True, text=True, timeout=60, **options)


def test_the_experiments_command_prints_ghzs_summary(helloworld):
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-c", 50, "-n", 5000, "-d", DATA, f"127.0.0.1:{helloworld.grpc}")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(
        r"\nSummary:\n  Count:\t5000\n  Total:\t[\d.]+ m?s\n  Slowest:\t[\d.]+ ms\n  Fastest:\t[\d.]+ (ms|ns)\n  Average:\t[\d.]+ ms\n  Requests/sec:\t[\d.]+\n\n"
        r"Response time histogram:\n(  [\d.]+ +\[\d+\] +\|∎*\n){11}\n"
        r"Latency distribution:\n(  \d+ % in [\d.]+ (ms|ns) \n){7}\n"
        r"Status code distribution:\n  \[OK\]   5000 responses   \n\n\n", done.stdout), done.stdout


def test_reflection_needs_no_proto(helloworld):
    done = ghz("--insecure", "--call", CALL, "-n", 10, "-c", 2, "-d", DATA, f"127.0.0.1:{helloworld.grpc}")
    assert done.returncode == 0, done.stderr
    assert "[OK]   10 responses" in done.stdout


def test_json_has_every_call(helloworld, tmp_path):
    report = tmp_path / "report.json"
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 100, "-c", 5, "--connections", 2, "-d", DATA, "-O", "json", "-o", report,
               "--name", "run", "--tags", '{"a":"b"}', f"127.0.0.1:{helloworld.grpc}")
    assert done.returncode == 0, done.stderr
    parsed = json.loads(report.read_text())
    assert parsed["count"] == 100 and len(parsed["details"]) == 100
    assert parsed["statusCodeDistribution"] == {"OK": 100}
    assert parsed["options"]["total"] == 100 and parsed["options"]["data"] == json.loads(DATA)
    assert parsed["name"] == "run" and parsed["tags"] == {"a": "b"} and parsed["endReason"] == "normal"
    assert sum(bucket["count"] for bucket in parsed["histogram"]) == 100


@pytest.mark.parametrize("format,begin", [("html", "<!doctype html>"), ("csv", "\nduration (ms),status,error\n"), ("pretty", "{\n  \"date\"")])
def test_other_formats(helloworld, format, begin):
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 5, "-c", 1, "-d", DATA, "-O", format, f"127.0.0.1:{helloworld.grpc}")
    assert done.returncode == 0 and done.stdout.startswith(begin), done.stdout[:300]


def test_influx_and_prometheus(helloworld):
    run = ["--insecure", "--proto", PROTO, "--call", CALL, "-n", 5, "-c", 2, "-d", DATA, f"127.0.0.1:{helloworld.grpc}"]
    line = ghz(*run, "-O", "influx-summary").stdout
    assert re.fullmatch(r'ghz_run,proto="[^ ]+",call="helloworld.v1.Greeter/SayHello",host="127.0.0.1:\d+",n=5,c=2,rps=0,z=0,timeout=20,dial_timeout=10,keepalive=0,data="[^ ]+",'
                        r'metadata="",tags="",errors=0,has_errors=false count=5,total=\d+,average=\d+,fastest=\d+,slowest=\d+,rps=[\d.]+,median=\d+,p95=\d+,errors=0 \d{19}', line), line
    lines = ghz(*run, "-O", "influx-details").stdout.splitlines()
    assert len(lines) == 5 and all(re.search(r'hasError=false latency=\d+,error="",status="OK" \d{19}$', one) for one in lines), lines
    text = ghz(*run, "-O", "prometheus").stdout
    assert re.search(r'^ghz_run_histogram_bucket\{.*le="\+Inf"\} 5$', text, re.M) and re.search(r"^ghz_run_count\{.*\} 5$", text, re.M), text


def test_binary_data_one_and_many(helloworld, tmp_path):
    message = b"\x0a\x03bob"
    (tmp_path / "one").write_bytes(message)
    (tmp_path / "many").write_bytes((bytes([len(message)]) + message) * 3)
    for name in "one", "many":
        done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 6, "-c", 2, "-B", tmp_path / name, "-O", "json", f"127.0.0.1:{helloworld.grpc}")
        report = json.loads(done.stdout)
        assert report["statusCodeDistribution"] == {"OK": 6} and report["options"]["binary"] is True


def test_compression(helloworld):
    big = '{"name":"' + "a" * 100_000 + '"}'
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-e", "-n", 10, "-c", 2, "-d", big, f"127.0.0.1:{helloworld.grpc}")
    assert "[OK]   10 responses" in done.stdout, done.stdout


def test_async_does_not_wait(slow):
    # 20 calls of 100 ms from one worker: one after the other they would take 2 s.
    done = ghz("--insecure", "--call", "slow.v1.Slow/Wait", "--async", "-r", 200, "-n", 20, "-c", 1, "-d", '{"milliseconds":100}', "-O", "json", f"127.0.0.1:{slow.grpc}")
    report = json.loads(done.stdout)
    assert report["statusCodeDistribution"] == {"OK": 20} and report["options"]["async"] is True
    assert 0.2e9 <= report["total"] < 1.9e9


def test_a_load_schedule_sets_the_pace(helloworld):
    # 20 in the first half second, 40 in the second, then 60 to the end.
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 70, "-c", 5, "--load-schedule", "step", "--load-start", 40, "--load-step", 40, "--load-end", 120,
               "--load-step-duration", "500ms", "-d", DATA, "-O", "json", f"127.0.0.1:{helloworld.grpc}")
    report = json.loads(done.stdout)
    assert report["count"] == 70 and 1.05e9 <= report["total"] < 4e9
    assert report["options"]["load-schedule"] == "step" and report["options"]["load-step-duration"] == 500_000_000


def test_a_concurrency_schedule_changes_the_workers(slow):
    def workers(begin, end, step):
        done = ghz("--insecure", "--call", "slow.v1.Slow/Wait", "-z", "800ms", "--duration-stop", "wait", "--concurrency-schedule", "step", "--concurrency-start", begin,
                   "--concurrency-end", end, "--concurrency-step=%d" % step, "--concurrency-step-duration", "200ms", "-d", '{"milliseconds":20}', "-O", "json",
                   f"127.0.0.1:{slow.grpc}")
        report = json.loads(done.stdout)
        assert set(report["statusCodeDistribution"]) == {"OK"}, done.stderr
        stamps = sorted(one["timestamp"] for one in report["details"])
        half = len(stamps) // 2
        return report, half
    report, _ = workers(1, 9, 4)
    # One worker makes at most 40 calls in that time.
    assert report["count"] > 60
    report, _ = workers(9, 1, -4)
    assert report["count"] > 60


@pytest.mark.parametrize("call,data,more,log", [
    ("Count", '{"milliseconds":5}', [], None),
    ("Sum", '[{"milliseconds":5},{"milliseconds":7}]', [], "sum 12"),
    ("Sum", '[{"milliseconds":5},{"milliseconds":7}]', ["--stream-call-count", 5], "sum 29"),
    ("Sum", '{"milliseconds":{{.RequestNumber}}}', ["--stream-dynamic-messages", "--stream-call-count", 3], "sum 3"),
    ("Echo", '[{"milliseconds":5},{"milliseconds":7}]', ["--stream-interval", "5ms"], None),
    ("Echo", '{"milliseconds":5}', ["--stream-call-duration", "50ms"], None),
])
def test_streams(slow, call, data, more, log):
    done = ghz("--insecure", "--call", "slow.v1.Slow/" + call, "-n", 4, "-c", 2, "-d", data, *more, f"127.0.0.1:{slow.grpc}")
    assert "[OK]   4 responses" in done.stdout, done.stdout + done.stderr
    if log:
        slow.wait_for_log(log)


def test_a_limit_on_a_servers_stream_cancels(slow):
    done = ghz("--insecure", "--call", "slow.v1.Slow/Count", "-n", 2, "-c", 1, "-d", '{"milliseconds":100000}', "--stream-call-count", 3, f"127.0.0.1:{slow.grpc}")
    assert "[Canceled]   2 responses" in done.stdout, done.stdout + done.stderr


def test_duration_ends_the_run(helloworld):
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-z", "500ms", "--duration-stop", "wait", "-c", 2, "-d", DATA, "-O", "json", f"127.0.0.1:{helloworld.grpc}")
    parsed = json.loads(done.stdout)
    assert parsed["endReason"] == "timeout" and 0.4e9 < parsed["total"] < 3e9
    assert set(parsed["statusCodeDistribution"]) == {"OK"}


def test_rps_holds_the_rate(helloworld):
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 50, "-r", 100, "-c", 5, "-d", DATA, "-O", "json", f"127.0.0.1:{helloworld.grpc}")
    assert 0.45e9 <= json.loads(done.stdout)["total"] < 2e9


def test_an_array_and_templates_are_data(helloworld):
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 4, "-c", 1, "-d", '[{"name":"a"},{"name":"b"}]', f"127.0.0.1:{helloworld.grpc}")
    assert done.returncode == 0, done.stderr
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 4, "-c", 1, "-d", '{"name":"{{.RequestNumber}}"}', f"127.0.0.1:{helloworld.grpc}")
    assert done.returncode == 0, done.stderr


def test_a_server_that_is_not_there_gives_a_report(tmp_path):
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 3, "-c", 1, "-d", DATA, f"127.0.0.1:{free_port()}")
    assert done.returncode == 0
    assert "[Unavailable]   3 responses" in done.stdout and "connection refused" in done.stdout


def test_series_has_the_run_over_time(helloworld, tmp_path):
    series = tmp_path / "series"
    done = ghz("--insecure", "--proto", PROTO, "--call", CALL, "-n", 2000, "-c", 4, "-d", DATA, "--series", series, f"127.0.0.1:{helloworld.grpc}")
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in series.read_text().splitlines()]
    assert lines[-1]["total"]["count"] == 2000 == sum(line["count"] for line in lines[:-1])


@pytest.mark.parametrize("arguments,text", [
    (["--nope"], "zelus grpc: error: unknown long flag '--nope', try --help"),
    (["--insecure", "--call", CALL], "host required"),
    (["--insecure", "HOST"], "call required"),
    (["--insecure", "--proto", "nope.proto", "--call", CALL, "HOST"], "nope.proto"),
    (["--insecure", "--proto", PROTO, "--call", "helloworld.v1.Greeter/Nope", "HOST"], 'service "helloworld.v1.Greeter" does not include a method named "Nope"'),
    (["--insecure", "--proto", PROTO, "--call", "bad", "HOST"], 'method name must be package.Service.Method or package.Service/Method: "bad"'),
    (["--insecure", "--proto", PROTO, "--call", CALL, "-d", '{"nope":1}', "HOST"], 'unknown field "nope"'),
    (["--insecure", "--proto", PROTO, "--call", CALL, "-B", "nope.bin", "HOST"], "open nope.bin: no such file or directory"),
    (["--insecure", "--proto", PROTO, "--call", CALL, "-B", "/tmp", "HOST"], "read /tmp: is a directory"),
    (["--insecure", "--proto", PROTO, "--call", CALL, "-D", "/tmp", "HOST"], "read /tmp: is a directory"),
    (["--insecure", "--proto", PROTO, "--call", CALL, "-M", "/tmp", "HOST"], "read /tmp: is a directory"),
    (["--insecure", "--protoset", "/tmp", "--call", CALL, "HOST"], 'could not load protoset file "/tmp": read /tmp: is a directory'),
    (["--cacert", "/tmp", "--proto", PROTO, "--call", CALL, "HOST"], "read /tmp: is a directory"),
    (["--insecure", "--proto", PROTO, "--call", CALL, "--load-schedule", "step", "HOST"], "load start cannot equal load end"),
    (["--insecure", "--call", CALL, "127.0.0.1:1"], "connection refused"),
    (["--insecure", "--proto", PROTO, "--call", CALL, "-o", "/nowhere/x", "HOST"], "/nowhere/x"),
])
def test_mistakes_are_one_message_and_exit_1(arguments, text):
    done = ghz(*("127.0.0.1:1" if one == "HOST" else one for one in arguments))
    assert done.returncode == 1
    assert text in done.stderr and done.stderr.count("\n") <= 2, done.stderr
    assert done.stdout == ""


def test_a_bad_proto_says_where(tmp_path):
    bad = tmp_path / "bad.proto"
    bad.write_text('syntax = "proto3";\nmessage {\n')
    done = ghz("--insecure", "--proto", bad, "--call", CALL, "127.0.0.1:1")
    assert done.returncode == 1 and re.search(r"bad\.proto:2:\d+", done.stderr), done.stderr


def test_a_proto_that_is_not_there_is_told_in_ghzs_words(tmp_path):
    done = ghz("--insecure", "--proto", tmp_path / "none.proto", "--call", CALL, "127.0.0.1:1")
    assert done.returncode == 1 and done.stderr.strip() == f"open {tmp_path}/none.proto: no such file or directory"
    (tmp_path / "a.proto").write_text('syntax = "proto3";\nimport "nope/x.proto";\n')
    done = ghz("--insecure", "--proto", tmp_path / "a.proto", "--call", CALL, "127.0.0.1:1")
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["open nope/x.proto: no such file or directory", 'a.proto:2:1: Import "nope/x.proto" was not found or had errors.']


def test_a_config_file_is_the_command_line(helloworld, tmp_path):
    host = f"127.0.0.1:{helloworld.grpc}"
    common = {"proto": str(PROTO), "call": CALL, "host": host, "insecure": True, "total": 6, "concurrency": 2, "format": "json", "name": "from file", "tags": {"a": "b"},
              "metadata": {"k": "v"}, "timeout": "3s"}
    (tmp_path / "c.json").write_text(json.dumps({**common, "data": [{"name": "x"}, {"name": "y"}]}))
    scalars = "".join(f"{key} = {json.dumps(value)}\n" for key, value in common.items() if not isinstance(value, dict))
    (tmp_path / "c.toml").write_text(scalars + '[tags]\na = "b"\n[metadata]\nk = "v"\n[data]\nname = "x"\n')
    (tmp_path / "c.yaml").write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in common.items()) + "data:\n  name: x\n")
    for name in ("c.json", "c.toml", "c.yaml"):
        report = json.loads(ghz("--config", tmp_path / name).stdout)
        assert report["count"] == 6 and report["statusCodeDistribution"] == {"OK": 6}, name
        assert (report["name"], report["tags"], report["options"]["timeout"], report["options"]["concurrency"]) == ("from file", {"a": "b"}, 3_000_000_000, 2)
    report = json.loads(ghz("--config", tmp_path / "c.json", "-n", 3, "--name", "typed").stdout)
    assert (report["count"], report["name"]) == (3, "typed")
    (tmp_path / "bad.json").write_text('{"totl": 5, "total": "x"}')
    done = ghz("--config", tmp_path / "bad.json")
    assert done.returncode == 1
    assert '"totl" is no setting, and is ignored' in done.stderr
    assert "json: cannot unmarshal string into Go struct field Config.total of type uint" in done.stderr


def test_reflection_gets_its_own_metadata():
    seen = []

    class Recorder(grpc.GenericRpcHandler):
        def service(self, details):
            seen.append((details.method, dict(details.invocation_metadata)))
            return None

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2), handlers=(Recorder(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    done = ghz("--insecure", "--call", CALL, "-n", 1, "-c", 1, "-d", DATA, "--reflect-metadata", '{"token":"for reflection"}', "-m", '{"token":"for calls"}', f"127.0.0.1:{port}")
    server.stop(0)
    assert done.returncode == 1 and seen
    assert {(method.split("/")[2], metadata["token"]) for method, metadata in seen} == {("ServerReflectionInfo", "for reflection")}
