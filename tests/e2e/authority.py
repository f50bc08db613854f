"""A certificate authority of a test, made with openssl."""

import subprocess


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True, stdin=subprocess.DEVNULL)


class Authority:
    def __init__(self, directory, name):
        self.key, self.certificate = directory / f"{name}.key", directory / f"{name}.pem"
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                "-keyout", str(self.key), "-out", str(self.certificate))  # fmt: skip

    @property
    def pem(self):
        return self.certificate.read_text()

    def sign(self, directory, names):
        """A server's key and certificate there."""
        key, asked, more = directory / "server.key", directory / "server.csr", directory / "server.ext"
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server", "-keyout", str(key),
                "-out", str(asked))  # fmt: skip
        more.write_text(f"subjectAltName={names}\n")
        openssl("x509", "-req", "-in", str(asked), "-CA", str(self.certificate), "-CAkey", str(self.key),
                "-CAcreateserial", "-days", "2", "-extfile", str(more), "-out",
                str(directory / "server.pem"))  # fmt: skip
