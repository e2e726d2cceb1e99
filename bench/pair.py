"""One measurement: a server on one core, a load on another, CPU time of both. What bench/run is built of."""
import os
import re
import resource
import shlex
import socket
import subprocess
import time


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    """Of all threads, in nanoseconds from schedstat; ticks of 10 ms would blur a short run."""
    total = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        try:
            total += int(open(f"/proc/{pid}/task/{thread}/schedstat").read().split()[0])
        except OSError:
            pass
    return total / 1e9


def memory(pid, field):
    found = re.search(rf"{field}:\s+(\d+)", open(f"/proc/{pid}/status").read())
    return int(found[1]) * 1024 if found else 0


def machine_seconds():
    """CPU time of all processes on all cores."""
    fields = [int(part) for part in open("/proc/stat").readline().split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / os.sysconf("SC_CLK_TCK")


class Server:
    """A server process pinned to cores; use as a context. `command` has {http} and {grpc} for its ports, {config} for a -conf file. `threads`: of ours,
    where it is not as many as cores. `passed`: descriptors that it inherits. `lines`: more of the configuration's server.http."""

    def __init__(self, command, cores="0", folder="/tmp", threads=None, passed=(), lines=()):
        self.http, self.grpc = free_port(), free_port()
        config = os.path.join(folder, f"helloworld-{self.http}.yaml")
        with open(config, "w") as file:
            more = "".join(f"    {line}\n" for line in lines)
            file.write(f"server:\n  http:\n    addr: 127.0.0.1:{self.http}\n    timeout: 1s\n{more}  grpc:\n    addr: 127.0.0.1:{self.grpc}\n    timeout: 1s\n")
            if threads:
                file.write(f"runtime:\n  threads: {threads}\n")
        self.command = command.format(http=self.http, grpc=self.grpc, config=config)
        self.cores, self.passed = cores, passed

    def __enter__(self):
        cores = {int(core) for core in self.cores.split(",")}
        environment = dict(os.environ, GOMAXPROCS=str(len(cores)))
        self.process = subprocess.Popen(shlex.split(self.command), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        preexec_fn=lambda: os.sched_setaffinity(0, cores), pass_fds=self.passed)
        # What comes with its HTTP sockets does not listen on a port of its own.
        wanted = [self.grpc] if self.passed else [port for port, mark in ((self.http, str(self.http)), (self.grpc, str(self.grpc))) if mark in self.command or "yaml" in self.command]
        end = time.monotonic() + 15
        for port in wanted:
            while time.monotonic() < end:
                if self.process.poll() is not None:
                    raise RuntimeError(f"{self.command} ended with {self.process.returncode}")
                try:
                    socket.create_connection(("127.0.0.1", port), 0.2).close()
                    break
                except OSError:
                    time.sleep(0.02)
        time.sleep(0.2)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def run_load(server, command, pattern, cores="1", environment=None):
    """Runs one load; returns its figures. The pattern's first group is the number of requests that succeeded."""
    cores = {int(core) for core in cores.split(",")}
    environment = dict(os.environ, GOMAXPROCS=str(len(cores)), K6_NO_USAGE_REPORT="true", **(environment or {}))
    before, began, usage = cpu_seconds(server.process.pid), time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    machine = machine_seconds()
    done = subprocess.run(command, shell=isinstance(command, str), env=environment, capture_output=True, text=True, timeout=300,
                          preexec_fn=lambda: os.sched_setaffinity(0, cores))
    took, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    machine = machine_seconds() - machine
    found = re.search(pattern, done.stdout + done.stderr)
    if not found:
        raise RuntimeError(f"{command}: no figure in its output:\n{(done.stdout + done.stderr)[-1500:]}")
    requests = float(found[1])
    server_cpu = cpu_seconds(server.process.pid) - before
    load_cpu = after.ru_utime + after.ru_stime - usage.ru_utime - usage.ru_stime
    return {"requests": requests, "seconds": took, "rps": requests / took, "server_us": server_cpu * 1e6 / requests, "server_busy": server_cpu / took,
            "others_busy": max(machine - server_cpu - load_cpu, 0) / took, "load_us": load_cpu * 1e6 / requests, "load_busy": load_cpu / took, "load_rss": after.ru_maxrss * 1024,
            "rss": memory(server.process.pid, "VmHWM"), "anonymous": memory(server.process.pid, "RssAnon")}
