"""A throw-away authority and what it signs, made by openssl's command."""
import pathlib
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """Files below `folder`: ca.pem, and NAME.pem and NAME.key of each that is issued."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.pem = self.folder / "ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2, "-subj", "/CN=test authority",
                "-keyout", self.folder / "ca.key", "-out", self.pem)

    def issue(self, name, subject="localhost", names="DNS:localhost,IP:127.0.0.1", expired=False):
        certificate, key = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        request, extensions = self.folder / f"{name}.csr", self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={names}\n")
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={subject}", "-keyout", key, "-out", request)
        if expired:
            self._issue_for_2020(request, extensions, certificate)
        else:
            openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.folder / "ca.key", "-CAcreateserial", "-days", 2,
                    "-extfile", extensions, "-out", certificate)
        return certificate, key

    def _issue_for_2020(self, request, extensions, certificate):
        # `openssl x509` takes no dates, `openssl ca` does.
        (self.folder / "index.txt").write_text("")
        (self.folder / "serial").write_text("01\n")
        config = self.folder / "ca.cnf"
        config.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={self.folder}/index.txt\nnew_certs_dir={self.folder}\nserial={self.folder}/serial\n"
                          "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        openssl("ca", "-batch", "-notext", "-config", config, "-in", request, "-cert", self.pem, "-keyfile", self.folder / "ca.key",
                "-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-extfile", extensions, "-out", certificate)


def staple(folder, status, reason="", more=()):
    """Has the authority say of server.pem that it is "V"alid or "R"evoked; moves server.der into its place at once."""
    serial = subprocess.run(["openssl", "x509", "-in", folder / "server.pem", "-noout", "-serial"], capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
    revoked = f"260101000000Z{reason and ','}{reason}" if status == "R" else ""
    (folder / "index.txt").write_text(f"{status}\t360101000000Z\t{revoked}\t{serial}\tunknown\t/CN=localhost\n")
    subprocess.run(["openssl", "ocsp", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-issuer", "ca.pem", "-cert", "server.pem",
                    "-ndays", "1", "-respout", "new.der", *more], cwd=folder, capture_output=True, check=True)
    (folder / "new.der").rename(folder / "server.der")
