"""What `bia new` writes for operating a service: the image, the Kubernetes manifests and the systemd unit fit the program."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import conftest
from service import Service, http, run

NAME = "my-shop"


@pytest.fixture
def project(tmp_path):
    assert run("bia", "new", NAME, cwd=tmp_path)[0] == 0
    return tmp_path / NAME


def dockerfile(project):
    text = (project / "Dockerfile").read_text()
    return text, re.search(r"--no-install-recommends (.*?)\\?\n && rm", text, re.S)[1].replace("\\\n", " ").split()


def needed(program):
    return re.findall(r"\(NEEDED\)\s+Shared library: \[(.*?)\]", subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout)


def test_the_image_has_what_the_program_links(project):
    if not shutil.which("dpkg-query") or not shutil.which("readelf"):
        pytest.skip("needs Debian's dpkg and binutils")
    _, installed = dockerfile(project)
    program = conftest.BIN / "helloworld"
    places = dict(re.findall(r"(\S+) => (\S+)", subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout))
    owners = {}
    for library in needed(program):
        if library not in places:
            continue  # the loader
        real = os.path.realpath(places[library])
        for path in (real, real.replace("/usr/lib/", "/lib/", 1)):
            found = subprocess.run(["dpkg-query", "-S", path], capture_output=True, text=True).stdout
            if found:
                owners[library] = found.split(":")[0]
                break
        assert library in owners, f"{library} at {real} is no package's"
    base = {"libc6", "libgcc-s1", "libstdc++6"}  # of debian:12-slim
    assert "libprotobuf32" in owners.values()
    assert {package for package in owners.values() if package not in base} <= set(installed)


def documents(project):
    yaml = pytest.importorskip("yaml", reason="needs Debian's python3-yaml")
    return {document["kind"]: document for document in yaml.safe_load_all((project / "deploy/kubernetes.yaml").read_text())}


def test_the_manifests_fit_the_image_and_the_service(project, start, tmp_path):
    kinds = documents(project)
    assert set(kinds) == {"Deployment", "Service", "HorizontalPodAutoscaler"}
    text, _ = dockerfile(project)
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    container, = pod["containers"]
    # The image has no entry point: the command is the manifest's own.
    assert "ENTRYPOINT" not in text and container["command"][0] == f"/app/{NAME}" and f"COPY build/bin/{NAME} /app/{NAME}\n" in text
    assert container["command"][1:3] == ["-conf", container["volumeMounts"][0]["mountPath"]]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    config = (project / "configs/config.yaml").read_text()
    assert f"addr: :{ports['http']}\n" in config and f"addr: :{ports['grpc']}\n" in config and f"EXPOSE {ports['http']} {ports['grpc']}\n" in text
    assert "replicas" not in kinds["Deployment"]["spec"]  # or each apply undoes what the autoscaler did
    assert kinds["Service"]["spec"]["selector"] == kinds["Deployment"]["spec"]["template"]["metadata"]["labels"]
    # What the manifest sets is taken, and what the probes ask for is there.
    flags = [word for word in container["command"] if "=" in word]
    service = Service(start, tmp_path, extra="".join(f"{key.split('.')[0]}: {{{key.split('.')[1]}: {value}}}\n" for key, value in (flag.split("=") for flag in flags)))
    for probe in ("livenessProbe", "readinessProbe"):
        assert http(service.http, f"GET {container[probe]['httpGet']['path']}")[0] == 200
    drain = float(re.fullmatch(r"runtime\.drain_delay=(\d+)s", flags[0])[1])
    assert pod["terminationGracePeriodSeconds"] > drain + 10  # runtime.stop_timeout


def test_the_autoscaler_counts_requests(project, start, tmp_path):
    scaler = documents(project)["HorizontalPodAutoscaler"]["spec"]
    pods, cpu = scaler["metrics"]
    name = pods["pods"]["metric"]["name"]
    manifest = (project / "deploy/kubernetes.yaml").read_text()
    assert pods["type"] == "Pods" and pods["pods"]["target"]["type"] == "AverageValue" and f"name: {{as: {name}}}" in manifest
    assert cpu["resource"]["name"] == "cpu" and scaler["scaleTargetRef"]["name"] == NAME
    series = re.search(r"seriesQuery: '(\w+)\{", manifest)[1]
    service = Service(start, tmp_path)
    assert http(service.http, "GET /helloworld/x")[0] == 200
    assert f"\n{series}{{kind=\"http\"".encode() in http(service.http, "GET /metrics")[2]


def test_the_unit_is_systemds(project, tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("needs systemd-analyze")
    unit = project / f"deploy/{NAME}.service"
    text = unit.read_text()
    assert f"ExecStart=/usr/local/bin/{NAME} -conf /etc/{NAME}\n" in text
    there = tmp_path / f"{NAME}.service"
    there.write_text(text.replace(f"/usr/local/bin/{NAME}", str(conftest.BIN / "helloworld")))
    socket = shutil.copy(project / f"deploy/{NAME}.socket", tmp_path)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", there, socket], capture_output=True, text=True, timeout=60)
    assert NAME not in done.stderr, done.stderr  # it names the file in what is wrong with it
    config = (project / "configs/config.yaml").read_text()
    for port in re.findall(r"^ListenStream=(\d+)$", pathlib.Path(socket).read_text(), re.M):
        assert f"addr: :{port}\n" in config
