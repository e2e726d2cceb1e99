"""protovalidate's conformance cases: the checks that protoc-gen-bia writes, against what protovalidate says of the same messages.

    git clone --branch v1.2.2 https://github.com/bufbuild/protovalidate && cd protovalidate/tools     # it is no package that go install finds by itself
    GOWORK=off go build -o ~/go/bin/protovalidate-conformance ./protovalidate-conformance

Compared are, as the runner does with --strict_message, each violation's field, rule id and text, and how many there are. What it compares besides is not in bia's
answers: the rule's path in the .proto's options, and whether a map's key or its value is meant.
"""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import types

import pytest

import conftest

RUNNER = shutil.which("protovalidate-conformance") or shutil.which("protovalidate-conformance", path=pathlib.Path.home() / "go/bin")
pytestmark = pytest.mark.skipif(not RUNNER, reason="no protovalidate-conformance: built from bufbuild/protovalidate, see this file's beginning")

HERE = conftest.SOURCE / "tests/bia/protovalidate"
FOLDER = "buf/validate/conformance/cases/"


def command(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, **options)


def descriptors(protobuf, folder, includes, name):
    made = folder / "descriptors"
    done = command("protoc", *[f"-I{one}" for one in includes], "--include_imports", "-o", made, name)
    assert done.returncode == 0, done.stderr.decode()
    return protobuf.descriptor_pb2.FileDescriptorSet.FromString(made.read_bytes())


class Suite:
    """The cases, and what the messages in them are."""

    def __init__(self, protobuf, folder):
        self.folder = folder
        self.protobuf = protobuf
        pool = protobuf.descriptor_pool.DescriptorPool()
        for file in descriptors(protobuf, folder, [HERE, "/usr/include"], "cases.proto").file:
            pool.Add(file)
        dump = command(RUNNER, "--dump", "--proto", "--verbose")
        results = protobuf.message_factory.GetMessageClass(pool.FindMessageTypeByName("bia.conformance.ResultSet")).FromString(dump.stdout)
        assert results.suites, dump.stderr
        self.cases = [(suite.name, case) for suite in results.suites for case in suite.cases]
        self.files = {}
        for suite in results.suites:
            for file in suite.fdset.file:
                self.files[file.name] = protobuf.descriptor_pb2.FileDescriptorProto.FromString(file.SerializeToString())
        self.types = {}
        self.beyond = set()
        for file in self.files.values():
            self.walk(file, f"{file.package}.", file.message_type)

    def walk(self, file, prefix, messages):
        for one in messages:
            self.types[prefix + one.name] = (file, one)
            self.walk(file, f"{prefix}{one.name}.", one.nested_type)

    def field(self, name, key):
        return next((field for field in self.types[name][1].field if field.name == key), None)

    def path(self, name, elements):
        """A FieldPath as bia shows it: "items[2].valueOf[key]"."""
        text = ""
        for element in elements:
            field = self.field(name, element.field_name) if name else None
            text += ("." if text else "") + (field.json_name if field else element.field_name)
            subscript = element.WhichOneof("subscript")
            if subscript:
                value = getattr(element, subscript)
                text += f"[{int(value) if isinstance(value, bool) else value}]"
            name = field.type_name[1:] if field and field.type_name else None
            if name in self.types and self.types[name][1].options.map_entry:
                name = self.field(name, "value").type_name[1:]
            name = name if name in self.types else None
        return text

    def generate(self, protoc_gen_bia, protos):
        """Lets protoc write the C++, and takes from the messages what protoc-gen-bia refuses. Returns why, by message."""
        out = self.folder / "generated"
        out.mkdir()
        ours = descriptors(self.protobuf, self.folder, [protos, "/usr/include"], "buf/validate/validate.proto")
        known = {file.name for file in ours.file}
        # Below buf/validate/ a file would be taken for one of protovalidate's own.
        moved = [file for name, file in self.files.items() if name.startswith(FOLDER)]
        for file in moved:
            self.downgrade(file)
        lines = {}
        names = []
        for file in moved:
            names.append(file.name.replace("buf/validate/conformance/", ""))
            file.name = names[-1]
            lines[file.name] = self.place(file)
            file.dependency[:] = [name.replace("buf/validate/conformance/", "") for name in file.dependency]
        refused = {}
        while True:
            everything = self.protobuf.descriptor_pb2.FileDescriptorSet.FromString(ours.SerializeToString())
            others = [file for name, file in self.files.items() if name not in known and file not in moved and not name.startswith("buf/validate/")]
            everything.file.extend(others + self.sorted(moved))
            made = self.folder / "all"
            made.write_bytes(everything.SerializeToString())
            done = command("protoc", f"--descriptor_set_in={made}", f"--plugin=protoc-gen-bia={protoc_gen_bia}", f"--cpp_out={out}", f"--bia_out={out}", *names)
            if done.returncode == 0:
                return refused
            self.refuse(done.stderr.decode(), lines, refused)

    def downgrade(self, file):
        """An edition's file as proto2's, as far as that is the same: protobuf 3.21 knows no editions. What is not goes into `beyond`."""
        field_types = self.protobuf.descriptor_pb2.FieldDescriptorProto
        for name, (of, message) in self.types.items():
            for field in message.field if of is file else []:
                if field.label == field_types.LABEL_REQUIRED or field.type == field_types.TYPE_GROUP:
                    self.beyond.add(name)
                    field.label = field_types.LABEL_OPTIONAL if field.label == field_types.LABEL_REQUIRED else field.label
                    field.type = field_types.TYPE_MESSAGE if field.type == field_types.TYPE_GROUP else field.type
        if file.syntax != "editions":
            return
        file.syntax = "proto2"
        file.ClearField("edition")
        file.options.ClearField("features")
        features = self.protobuf.descriptor_pb2.FeatureSet
        for name, (of, message) in self.types.items():
            if of is not file:
                continue
            for field in message.field:
                if field.options.features.field_presence == features.IMPLICIT or field.options.features.message_encoding == features.DELIMITED:
                    self.beyond.add(name)
                field.options.ClearField("features")
            message.options.ClearField("features")
        for field in file.extension:
            field.options.ClearField("features")

    @staticmethod
    def sorted(files):
        done, names, left = [], {file.name for file in files}, list(files)
        while left:
            ready = [file for file in left if all(name not in names or name in {one.name for one in done} for name in file.dependency)]
            assert ready, [file.name for file in left]
            done += ready
            left = [file for file in left if file not in ready]
        return done

    def place(self, file):
        """Gives each message a line of its own, by which an error names it."""
        lines = []

        def walk(prefix, path, messages):
            for i, one in enumerate(messages):
                here = [*path, i]
                lines.append(prefix + one.name)
                for where in [here, *[[*here, 2, j] for j in range(len(one.field))]]:
                    file.source_code_info.location.add(path=where, span=[len(lines) - 1, 0, 1])
                walk(f"{prefix}{one.name}.", [*here, 3], one.nested_type)

        walk(f"{file.package}.", [4], file.message_type)
        return lines

    def refuse(self, error, lines, refused):
        found = re.search(r"(\S+\.proto):(\d+):\d+: (.*)", error)
        assert found, error
        name = lines[found[1]][int(found[2]) - 1]
        assert name not in refused, error
        refused[name] = found[3]
        message = self.types[name][1]
        for one in [message, *message.field, *message.oneof_decl, *message.extension]:
            one.ClearField("options")

    def write_checks(self, file):
        """checks.h's table of all messages that the cases are of."""
        names = sorted({case.input.type_url.split("/")[-1] for _, case in self.cases} & set(self.types))
        headers = sorted({of.name.removesuffix(".proto") for of in (self.types[name][0] for name in names) if of.name.startswith("cases/")})
        lines = [f'#include "{header}.bia.h"' for header in headers]
        lines += ["#include <google/protobuf/any.pb.h>", '#include "checks.h"', "", "std::map<std::string, Check> all_checks() {", "  return {"]
        for name in names:
            of = self.types[name][0]
            if of.name.startswith("cases/"):
                package = of.package
                nested = name.removeprefix(package + ".").replace(".", "_")
                lines.append(f'      {{"{name}", &check<::{package.replace(".", "::")}::{nested}>}},')
        lines.append('      {"google.protobuf.Any", &check<::google::protobuf::Any>},')
        file.write_text("\n".join([*lines, "  };", "}", ""]))

    def wanted(self, case):
        """What protovalidate says: a list of (field, rule id, text), or the kind of its error."""
        kind = case.wanted.WhichOneof("result")
        if kind != "validation_error":
            return [] if kind == "success" and case.wanted.success else kind
        type_name = case.input.type_url.split("/")[-1]
        return sorted((self.path(type_name, one.field.elements), one.rule_id, one.message) for one in case.wanted.validation_error.violations)


def answered(line):
    if "violations" not in line:
        return "runtime_error" if "failure" in line else "unknown"
    made = []
    for one in line["violations"]:
        before = f"{one['path']}: {one['rule']} [" if one["path"] else f"{one['rule']} ["
        assert one["text"].startswith(before), one
        made.append((one["path"], one["text"].removeprefix(before)[:-1], one["rule"]))
    return sorted(made)


def is_same(wanted, got):
    if isinstance(wanted, str) or isinstance(got, str):
        return wanted == got
    # A case without a text leaves it open.
    return len(wanted) == len(got) and all(a[:2] == b[:2] and a[2] in ("", b[2]) for a, b in zip(wanted, got))


# What differs, and why.
KNOWN = {}


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    pytest.importorskip("google.protobuf", reason="needs PyPI's protobuf", minversion="5.27")
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    return Suite(types.SimpleNamespace(descriptor_pb2=descriptor_pb2, descriptor_pool=descriptor_pool, message_factory=message_factory), tmp_path_factory.mktemp("protovalidate"))


def run(*words, **options):
    done = command(*words, **options)
    assert done.returncode == 0, (done.stdout[-3000:] + done.stderr[-3000:]).decode()


def test_all_cases_of_protovalidate(suite):
    folder = suite.folder
    run("cmake", "--install", conftest.BIN.parent, "--prefix", folder / "prefix")
    refused = suite.generate(folder / "prefix/bin/protoc-gen-bia", folder / "prefix/share/bia/proto")
    suite.write_checks(folder / "generated/checks.cc")
    # 9 MB of C++: without optimization, and known to ccache again.
    environment = {**os.environ, "CCACHE_BASEDIR": str(folder), "CCACHE_NOHASHDIR": "1"}
    run("cmake", "-S", HERE, "-B", folder / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={folder}/prefix", f"-DGENERATED={folder}/generated",
        "-DCMAKE_CXX_FLAGS=-O0", "-DCMAKE_CXX_COMPILER_LAUNCHER=ccache", env=environment)
    run("cmake", "--build", folder / "build", "-j2", env=environment)
    lines = [f'{case.input.type_url.split("/")[-1]} {case.input.value.hex()}\n' for _, case in suite.cases]
    done = command(folder / "build/executor", input="".join(lines).encode())
    answers = done.stdout.decode().splitlines()
    assert done.returncode == 0 and len(answers) == len(lines), done.stderr
    counts, wrong = collections.Counter(), {}
    for (name, case), answer in zip(suite.cases, answers):
        message = case.input.type_url.split("/")[-1]
        if message in suite.beyond:
            counts["groups, required fields, presence of editions"] += 1
            continue
        wanted = suite.wanted(case)
        got = "compilation_error" if message in refused else answered(json.loads(answer))
        if is_same(wanted, got):
            counts["passed"] += 1
        else:
            wrong[f"{name}: {case.name}"] = (wanted, got)
    print(dict(counts), "differ:", len(wrong))
    assert wrong.keys() == KNOWN.keys(), {name: wrong[name] for name in wrong.keys() - KNOWN.keys()}
    assert counts["passed"] >= 2780
