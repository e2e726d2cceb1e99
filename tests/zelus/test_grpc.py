"""zelus grpc as a ghz user types it: output, formats, exit codes, mistakes. The service is the example."""
import json
import re
import subprocess

import pytest
from conftest import BIN, SOURCE, free_port

PROTO = SOURCE / "bench/scripts/greeter.proto"
CALL = "helloworld.v1.Greeter/SayHello"
DATA = '{"name":"' + "abcdefghijklmnopqrstuvwxyz" * 2 + '"}'


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
    (["--proto", PROTO, "--call", CALL, "HOST"], "TLS is not built yet"),
    (["--insecure", "--async", "--proto", PROTO, "--call", CALL, "HOST"], "--async is not built yet"),
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
