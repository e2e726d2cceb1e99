"""Every flag, environment variable and key of config.json with good and bad values: what real k6 1.8.1 says and returns, zelus says and returns.

The script prints exec.test.options, so that a value that is read otherwise shows. A row that differs on purpose is not in the tables: docs/k6-compatibility.md says why.
"""
import json
import pathlib
import re
import subprocess
import tempfile

import pytest

from conftest import BIN
from test_differential import K6, needs_k6

SCRIPT = """
import exec from 'k6/execution';
export default function () { console.log(JSON.stringify(exec.test.options), __ENV.FOO); }
export function setup() { console.log('setup'); }
export function teardown() { console.log('teardown'); }
"""
INTEGERS = ["x", "1.5", "", "99999999999999999999", "1e3", "3"]
BOOLEANS = [None, "false", "x", "", "T"]
#: flag: values; None is the flag alone. `run --flag=value script.js`.
FLAGS = {
    "vus": ["x", "1.5", "", "1e3", "0", "-1"], "iterations": [*INTEGERS, "0", "-1"], "max-redirects": [*INTEGERS, "-1"], "batch": INTEGERS, "batch-per-host": INTEGERS, "rps": INTEGERS,
    "duration": ["x", "5", "-1s", "0", "1d", ""], "min-iteration-duration": ["x", "5", "-1s", "0s", "1d", "10ms"],
    "stage": ["1s", "1s:x", "x:1", ":1", "1s:", "", "1s:-1", "1d:1", "1s:1:2"],
    "execution-segment": ["1/3", "0.2:2/3", "x", "", "0", "1", "2:3", "3:2", "1/3:1/3", "-1", "110%"], "execution-segment-sequence": ["0,1/3,1", "x", "0,1", "1,0", "0"],
    "paused": ["x"], **{name: BOOLEANS for name in ("no-setup", "no-teardown", "insecure-skip-tls-verify", "no-connection-reuse", "no-vu-connection-reuse", "throw",
                                                      "discard-response-bodies", "no-thresholds", "new-machine-readable-summary", "no-usage-report", "include-system-env-vars", "no-color")},
    "quiet": ["x", ""], "verbose": ["x", "false"], "linger": ["x", "false"], "profiling-enabled": ["x", "false"],
    "http-debug": ["", "x", "full", None], "user-agent": ["", "x"], "blacklist-ip": ["10.0.0.0/8", "x", "10.0.0.1", "", "10.0.0.0/8,x", "10.0.0.0/40"],
    "block-hostnames": ["*.example.com", "a*b", "", "*", "a,b", "http://x", "ex_ample.com", "*.", "A.Com", "-a", "a..b"],
    "summary-trend-stats": ["avg", "x", "p(101)", "p(-1)", "p(x)", "", "med,p(99.99)", "p(", "p()", "AVG"], "summary-time-unit": ["s", "ns", "", "S"],
    "system-tags": ["url", "x", "", "iter,vu,ip,url", "URL"], "tag": ["a=b", "a", "a=", "=b", "", "a=b=c", "a=b,c=d"], "console-output": ["c.txt", "", "/nonexistent/x"],
    "local-ips": ["127.0.0.1", "x", "", "127.0.0.1-127.0.0.3", "127.0.0.0/30", "127.0.0.3-127.0.0.1", "127.0.0.1,x", "1.2.3.4/33", "::1"],
    "dns": ["ttl=1m", "ttl=0", "ttl=inf", "ttl=x", "ttl=-1", "ttl=5", "select=x", "policy=any", "policy=x", "x", "", "foo=bar", "ttl=1d", "select=roundRobin", "ttl"],
    "compatibility-mode": ["base", "experimental_enhanced", "x", ""], "type": ["js", "archive", "x", ""],
    "env": ["FOO=bar", "FOO", "1A=x", "", "=x", "FOO=a=b", "A-B=1"], "summary-mode": ["full", "x", "", "legacy", "Full", "disabled"], "summary-export": ["s.json", "", "/nonexistent/s.json"],
    "traces-output": ["none", "x", ""], "out": ["x", "", "csv=/nonexistent/x", "json=a.json", "csv=a.csv", "statsd", "datadog", "kafka", "JSON", "json=a.json,csv=b.csv"],
    "log-output": ["stdout", "none", "x", "", "file", "file=", "file=l.txt", "file=l.txt,level=warning", "file=l.txt,level=x", "file=/nonexistent/y/l.txt", "file=l.txt,foo=bar", "stderr=x"],
    "log-format": ["json", "raw", "x", ""], "config": ["nonexistent.json", "", "conf.json"], "secret-source": ["x", ""], "address": ["x", "localhost:99999", "1.2.3.4:80"],
}
BOOLEAN_VARIABLES = ["true", "x", "1", ""]
VARIABLES = {
    "K6_DURATION": ["x", "5", "", "0"], "K6_ITERATIONS": ["2", "x", "0"], "K6_STAGES": ["x", "1s", "1s:1,1s:x"], "K6_PAUSED": ["x", "false"],
    **{name: BOOLEAN_VARIABLES for name in ("K6_NO_SETUP", "K6_NO_TEARDOWN", "K6_INSECURE_SKIP_TLS_VERIFY", "K6_NO_CONNECTION_REUSE", "K6_NO_VU_CONNECTION_REUSE", "K6_THROW",
                                              "K6_DISCARD_RESPONSE_BODIES", "K6_NO_COOKIES_RESET", "K6_NO_USAGE_REPORT")},
    **{name: ["true", "x", "", "T"] for name in ("K6_NO_THRESHOLDS", "K6_NEW_MACHINE_READABLE_SUMMARY", "K6_INCLUDE_SYSTEM_ENV_VARS", "K6_NO_SUMMARY")},
    **{name: ["x", "1", ""] for name in ("K6_MAX_REDIRECTS", "K6_BATCH", "K6_BATCH_PER_HOST", "K6_RPS", "K6_METRIC_SAMPLES_BUFFER_SIZE")},
    "K6_USER_AGENT": ["x", ""], "K6_HTTP_DEBUG": ["x", "full", ""], "K6_MIN_ITERATION_DURATION": ["10ms", "x", "10"], "K6_BLACKLIST_IPS": ["10.0.0.0/8", "x"],
    "K6_BLOCK_HOSTNAMES": ["a.com", "a*b", "a,b"], "K6_SUMMARY_TREND_STATS": ["avg", "x", "avg,p(99)"], "K6_SUMMARY_TIME_UNIT": ["s", "x"], "K6_SYSTEM_TAGS": ["url", "x", "url,vu"],
    "K6_TAGS": ["a:b", "a:b,c:d", "a", "a:b:c", "a:b,", "::", ","], "K6_CONSOLE_OUTPUT": ["c.txt", ""], "K6_LOCAL_IPS": ["127.0.0.1", "x"], "K6_DNS": ["ttl=1m", "x", "ttl=x"], "K6_SETUP_TIMEOUT": ["1s", "x", "0"],
    "K6_TEARDOWN_TIMEOUT": ["1s", "x"], "K6_COMPATIBILITY_MODE": ["base", "x", ""], "K6_TYPE": ["js", "x", ""], "K6_SUMMARY_MODE": ["full", "x", ""], "K6_SUMMARY_EXPORT": ["s.json", ""],
    "K6_TRACES_OUTPUT": ["none", "x", ""], "K6_OUT": ["json=a.json", "x", "", "csv=a.csv,json=a.json"], "K6_LINGER": ["x", "false"], "K6_WEB_DASHBOARD": ["x", "false"],
    "K6_CONFIG": ["nonexistent.json", ""], "K6_LOG_OUTPUT": ["none", "x", "stdout", ""], "K6_LOG_FORMAT": ["json", "raw", "x"], "K6_NO_COLOR": ["x", ""], "NO_COLOR": ["x", ""],
    "K6_SECRET_SOURCE": ["x"], "SSLKEYLOGFILE": ["/nonexistent/x/k.log", "k.log"], "FOO": ["bar"], "K6_SCENARIOS": ["x"], "K6_TLS_VERSION": ["x"],
}
#: As config.json, and as the script's options.
KEYS = ['{"duration":"1x"}', '{"duration":5}', '{"iterations":2,"vus":2}', '{"unknown":1}', '{"stages":[{"target":1}]}', '{"scenarios":{"a":{"executor":"x"}}}',
        '{"scenarios":{"a":{"executor":"shared-iterations","foo":1}}}', '{"scenarios":{"a":{"executor":"shared-iterations","vus":2,"iterations":2}}}', '{"tags":{"a":"b"}}',
        '{"dns":{"ttl":"x"}}', '{"dns":{"select":"x"}}', '{"hosts":{"a":"1.2.3.4"}}', '{"hosts":{"a*b":"1.2.3.4"}}', '{"blacklistIPs":["x"]}', '{"blockHostnames":["a*b"]}',
        '{"tlsVersion":"tls1.2"}', '{"tlsVersion":{"min":"tls1.2","max":"tls1.3"}}', '{"thresholds":{"http_reqs":["x"]}}', '{"thresholds":{"http_reqs":["count<5"]}}',
        '{"thresholds":{"nope":["count<5"]}}', '{"thresholds":{"http_reqs":[{"threshold":"count<5","abortOnFail":true,"delayAbortEval":"1s"}]}}', '{"systemTags":["x"]}', '{"systemTags":["url"]}',
        '{"summaryTrendStats":["x"]}', '{"summaryTimeUnit":"x"}', '{"rps":"x"}', '{"userAgent":5}', '{"throw":"true"}', '{"throw":1}', '{"paused":"x"}', '{"noSetup":true,"noTeardown":true}',
        '{"setupTimeout":"1s"}', '{"setupTimeout":"0"}', '{"setupTimeout":"-1s"}', '{"executionSegment":"1/2"}', '{"executionSegmentSequence":"x"}', '{"minIterationDuration":"10ms"}',
        '{"noCookiesReset":true}', '{"metricSamplesBufferSize":10}', '{"metricSamplesBufferSize":"x"}', '{"httpDebug":"full"}', '{"ext":{"a":1}}', '{"cloud":{"a":1}}',
        '{"tlsVersion":"ssl3.0"}', '{"tlsVersion":{"min":"ssl3.0"}}', '{"features":["x"]}', '{"features":5}', '{"vus":0}',
        *(f'{{"scenarios":{{"a":{{"executor":"ramping-vus","stages":[{stage}]}}}}}}' for stage in ('{"duration":"10ms","target":1,"foo":1}', '{"foo":1},{"duration":"x"}', 'null')),
        *(f'{{"scenarios":{{"a":{{"executor":"shared-iterations","options":{given}}}}}}}' for given in ('{}', 'null', '{"x":1}', '"x"', '5', '[]', '{"browser":"x"}', '{"browser":[]}', '{"browser":null}', '{"browser":null,"x":1}')),
        '{"duration":"1s","iterations":1}', '{"duration":"1s","stages":[{"duration":"1s","target":1}]}']
#: The script's options of wrong types, as JavaScript: k6 says where in them it found the fault.
WRONG = ['{vus: "many"}', '{vus: 1.5}', '{vus: []}',
         '{vus: true}', '{vus: "x"}', '{iterations: "3", vus: "x"}',
         '{iterations: 1.5}', '{iterations: null, vus: null}', '{duration: {}}',
         '{duration: []}', '{duration: true}', '{duration: "x"}',
         '{stages: {}}', '{stages: "1s:1"}', '{stages: [1]}',
         '{stages: ["1s:1"]}', '{stages: [{duration: "1s", target: "x"}]}', '{stages: [{duration: "x", target: 1}]}',
         '{stages: [{duration: {}, target: 1}]}', '{stages: [{duration: "1s", target: 1.5}]}', '{scenarios: []}',
         '{scenarios: "x"}', '{scenarios: {a: 1}}', '{scenarios: {a: []}}',
         '{scenarios: {a: {}}}', '{scenarios: {a: {executor: 1}}}', '{scenarios: {a: {executor: "shared-iterations", vus: "x"}}}',
         '{scenarios: {a: {executor: "shared-iterations", vus: 1.5}}}', '{scenarios: {a: {executor: "shared-iterations", maxDuration: "x"}}}', '{scenarios: {a: {executor: "shared-iterations", maxDuration: {}}}}',
         '{scenarios: {a: {executor: "shared-iterations", env: []}}}', '{scenarios: {a: {executor: "shared-iterations", env: {A: 1}}}}', '{scenarios: {a: {executor: "shared-iterations", tags: {A: 1}}}}',
         '{scenarios: {a: {executor: "shared-iterations", exec: 1}}}', '{scenarios: {a: {executor: "ramping-vus", stages: {}}}}', '{scenarios: {a: {executor: "ramping-vus", stages: [{duration: 1000, target: "5"}]}}}',
         '{scenarios: {a: {executor: "ramping-vus", stages: [{duration: "1s", target: 1}], startVUs: "x"}}}', '{scenarios: {a: {executor: "constant-arrival-rate", rate: "x", duration: "1s", preAllocatedVUs: 1}}}', '{scenarios: {a: {executor: "constant-arrival-rate", rate: 1, timeUnit: "x", duration: "1s", preAllocatedVUs: 1}}}',
         '{scenarios: {a: {executor: "constant-arrival-rate", rate: 1, duration: "1s", preAllocatedVUs: []}}}', '{thresholds: []}', '{thresholds: {http_reqs: "x"}}',
         '{thresholds: {http_reqs: [1]}}', '{thresholds: {http_reqs: {}}}', '{thresholds: {http_reqs: [{threshold: 1}]}}',
         '{thresholds: {http_reqs: [{threshold: "count<5", abortOnFail: "x"}]}}', '{thresholds: {http_reqs: [{threshold: "count<5", delayAbortEval: "x"}]}}', '{thresholds: {http_reqs: [{}]}}',
         '{thresholds: {http_reqs: ["count<"]}}', '{tags: []}', '{tags: "a"}',
         '{tags: {a: 1}}', '{tags: {a: {}}}', '{systemTags: {}}',
         '{systemTags: "url"}', '{systemTags: [1]}', '{dns: "ttl=1m"}',
         '{dns: {ttl: 5}}', '{dns: {policy: 1}}', '{dns: {select: []}}',
         '{dns: []}', '{hosts: []}', '{hosts: "x"}',
         '{hosts: {a: 1}}', '{hosts: {a: []}}', '{blacklistIPs: "10.0.0.0/8"}',
         '{blacklistIPs: {}}', '{blacklistIPs: [1]}', '{blockHostnames: "a.com"}',
         '{blockHostnames: [1]}', '{blockHostnames: {}}', '{tlsVersion: 1}',
         '{tlsVersion: []}', '{tlsVersion: "tls1.9"}', '{tlsVersion: {min: 1}}',
         '{tlsVersion: {min: "x"}}', '{tlsCipherSuites: "x"}', '{tlsCipherSuites: [1]}',
         '{tlsCipherSuites: {}}', '{tlsAuth: {}}',
         '{tlsAuth: "x"}', '{tlsAuth: [1]}', '{tlsAuth: [{domains: "x"}]}',
         '{tlsAuth: [{domains: ["x"], cert: 1}]}', '{summaryTrendStats: "avg"}',
         '{summaryTrendStats: [1]}', '{summaryTrendStats: {}}', '{summaryTimeUnit: 1}',
         '{rps: "5"}', '{rps: 1.5}', '{batch: "x"}',
         '{batchPerHost: "x"}', '{maxRedirects: "x"}', '{maxRedirects: 1.5}',
         '{userAgent: null}', '{throw: "x"}', '{throw: []}',
         '{insecureSkipTLSVerify: "x"}', '{noConnectionReuse: 1}', '{discardResponseBodies: "true"}',
         '{paused: 1}', '{noSetup: "x"}', '{setupTimeout: "x"}',
         '{setupTimeout: {}}', '{teardownTimeout: []}', '{executionSegment: 5}',
         '{executionSegment: {}}', '{executionSegment: "x"}', '{executionSegmentSequence: 5}',
         '{executionSegmentSequence: []}', '{minIterationDuration: "x"}', '{minIterationDuration: {}}',
         '{localIPs: 5}', '{localIPs: "x"}', '{localIPs: []}',
         '{httpDebug: 1}', '{metricSamplesBufferSize: 1.5}', '{consoleOutput: 1}',
         '{ext: 5}', '{ext: []}', '{cloud: 5}',
         '5', '"x"', '[]',
         '[1]', 'null', 'true',
         '() => 5', '{a: () => 5}', '{vus: undefined}',
         '{vus: NaN}', '{vus: Infinity}', '(() => { const o = {}; o.o = o; return o; })()',
         '{Vus: "x", vus: 3}', '{vus: 99999999999999999999}', '{vus: "99999999999999999999"}',
         '{vus: "é"}', '{userAgent: 1, tags: {"very long name of a tag that goes on and on": "and its value as well"}}', '{tags: {"very long name of a tag that goes on and on": "and its value as well"}, vus: [1, 2, 3], thresholds: {http_req_duration: ["p(95)<500"]}}',
         '{scenarios: {a: {executor: "ramping-vus", stages: [1]}}}', '{scenarios: {a: {executor: "ramping-vus", stages: ["x"]}}}', '{scenarios: {a: {executor: "ramping-vus", stages: [{duration: "1s", target: 1.5}]}}}',
         '{scenarios: {a: {executor: "ramping-vus", stages: [{duration: "x", target: 1}]}}}', '{scenarios: {a: {executor: "ramping-arrival-rate", stages: {}, preAllocatedVUs: 1}}}', '{thresholds: {http_req_duration: ["avg<500", [1]]}}',
         '{tags: {a: "<b>&"}, stages: {a: "<&>"}}', '{tags: {"é": 1}}', '{rps: 1e22}',
         '{rps: 1e-7}', '{rps: 1.25e-9}', '{rps: 123456789012345680000}',
         '{blacklistIPs: ["10.0.0.0/8", {}]}', '{summaryTrendStats: ["avg", {}]}', '{tlsAuth: [{cert: "a", key: {}}]}',
         '{tlsAuth: [{domains: [1], cert: "x", key: "y"}]}', '{tlsVersion: {max: []}}', '{hosts: {a: "1.2.3.4", b: {}}}',
         '{ext: {a: 1}, vus: 1.5}', '{userAgent: "x\\n\\"y\\\\", stages: "a\\tb"}', '{vus: 1, iterations: 1, stages: [{duration: "1s", target: 1.5}, {duration: "1s", target: 2}], tags: {}, thresholds: {}}']
CONFIGS = ["", "{", "[]", "null", '"x"', '{"vus":"x"}', '{"stages":{}}', '{"tags":{"a":1}}', '{"tags":[]}', '{"out":["json=x.json"]}', '{"out":"json=x.json"}', '{"linger":1}',
           '{"noUsageReport":true}', '{"webDashboard":false}', '{"collectors":{}}', '{"dns":"ttl=1m"}', '{"tlsVersion":"x"}', '{"thresholds":[]}', '{"batch":1.5}', '{"executionSegment":5}',
           '{"ext":5}', '{"consoleOutput":"x.txt"}', '{"localIPs":"x"}', '{"vus":2,"foo":}', '{"vus":2}x']
COMMANDS = ["run", "run a b", "run nonexistent.js", "run .", "run --bogus script.js", "run -z script.js", "run -uxyz script.js", "run -u", "run --vus", "run -u 2 -i 2 script.js", "run -qu2 -i2 script.js",
            "run -- script.js", "run script.js -- x", "run script.js -u 2 -i 2", "run -e", "run -i 5 -s 1s:1 script.js", "run -d 1s -s 1s:1 script.js", "run -u 5 -i 2 script.js", "run -u 0 -i 1 script.js",
            "run --out script.js", "run ---vus=1 script.js", "run --=x script.js", "run --vus=1 --vus=2 -i 2 script.js", "run http://127.0.0.1:1/x.js", "run empty.js", "-q run script.js",
            "inspect", "inspect a b", "inspect nonexistent.js", "inspect --bogus script.js", "inspect -u 2 script.js", "archive", "archive a b", "archive --bogus script.js",
            "archive -O /nonexistent/x.tar script.js", "new --bogus", "new a b", "version --bogus", "nope", "--nope", "-x", "--address", "-c", "rum script.js", "RUN script.js", "insp script.js",
            "-c conf.json nope", "--log-format=json nope", "scale"]


def masked(text, work):
    text = re.sub(r'time="?[^" ]*"? |\x1b\[[0-9;]*m', "", text.replace(work, "/w")).replace("zelus", "k6")
    text = re.sub(r'"time":"[^"]*"', '"time":T', text)
    text = re.sub(r'Grafana k6/(?:1\.8\.1|2\.2\.0)', "AGENT", text)
    # 2.2's keys; 1.8.1 has its API server always on.
    text = re.sub(r',\\?"(?:handleSummaryTimeout|features)\\?":(?:null|\\?"[^"]*")', "", text)
    lines = {line for line in text.split("\n") if line and not ("Error from API server" in line and "in use" in line) and "level=debug" not in line}
    return sorted(lines)


def take(program, arguments, environment=None, config=None, script=SCRIPT):
    with tempfile.TemporaryDirectory() as root:
        work = pathlib.Path(root) / "w"
        work.mkdir()
        (work / "script.js").write_text(script)
        (work / "empty.js").write_text("")
        (work / "conf.json").write_text("{}" if config is None else config)
        before = set(work.iterdir())
        done = subprocess.run([program, *arguments], cwd=work, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env={"HOME": str(work), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC", "K6_NO_USAGE_REPORT": "true", **(environment or {})})
        # What stands on stdout is the business of test_golden and test_differential.
        return done.returncode, masked(done.stderr, str(work)), sorted(path.name for path in set(work.iterdir()) - before)


def compare(*row, **options):
    # k6 may begin an iteration before an error of its API server ends the run, and then may not.
    for _ in range(5):
        want, got = take(K6, *row, **options), take(BIN / "zelus", *row, **options)
        if want == got:
            return []
    return [f"{row} {options}\n  k6    {want}\n  zelus {got}"]


@needs_k6
@pytest.mark.parametrize("flag", FLAGS)
def test_flags(flag):
    different = []
    for value in FLAGS[flag]:
        different += compare(["run", f"--{flag}" + ("" if value is None else f"={value}"), "script.js"])
    assert not different, "\n".join(different)


@needs_k6
@pytest.mark.parametrize("variable", VARIABLES)
def test_variables(variable):
    different = []
    for value in VARIABLES[variable]:
        different += compare(["run", "script.js"], {variable: value})
    assert not different, "\n".join(different)


@needs_k6
def test_keys_of_config_json():
    different = []
    for text in KEYS + CONFIGS:
        different += compare(["run", "-c", "conf.json", "script.js"], config=text)
    assert not different, "\n".join(different)


@needs_k6
def test_options_of_the_script():
    different = []
    for text in KEYS:
        json.loads(text)
        different += compare(["run", "script.js"], script=f"export const options = {text};\n{SCRIPT}")
    assert not different, "\n".join(different)


@needs_k6
@pytest.mark.parametrize("part", range(4))
def test_wrong_types(part):
    different = []
    for text in WRONG[part::4]:
        different += compare(["run", "script.js"], script=f"export const options = {text};\n{SCRIPT}")
    assert not different, "\n".join(different)


@needs_k6
def test_command_lines():
    different = []
    for line in COMMANDS:
        different += compare(line.split())
    assert not different, "\n".join(different)


@pytest.mark.parametrize("variable, value, name", [
    ("K6_WEB_DASHBOARD", "true", "the web dashboard (K6_WEB_DASHBOARD)"), ("K6_TRACES_OUTPUT", "otel", "K6_TRACES_OUTPUT"), ("K6_FEATURES", "native-histograms", "K6_FEATURES"),
    ("K6_SECRET_SOURCE", "file=x", "K6_SECRET_SOURCE"), ("K6_PROFILING_ENABLED", "true", "--profiling-enabled"), ("K6_LOG_OUTPUT", "loki", "loki"),
    ("K6_DEPENDENCIES_MANIFEST", "{}", "K6_DEPENDENCIES_MANIFEST"), ("K6_OUT", "influxdb", "influxdb"), ("K6_OUT", "opentelemetry", "opentelemetry"), ("K6_PAUSED", "true", "--paused"),
])
def test_variables_of_what_is_not_built_are_errors_that_name_it(variable, value, name):
    code, lines, _ = take(BIN / "zelus", ["run", "script.js"], {variable: value})
    assert code != 0 and any("level=error" in line and name in line for line in lines), lines
