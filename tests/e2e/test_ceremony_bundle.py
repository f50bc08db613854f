"""What a ceremony left behind, verified out of a tar file: the same findings, and nothing that a tar
file can be made to do."""

import gzip
import io
import shutil
import tarfile

import pytest

from ceremony_kit import Ceremony


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    return Ceremony(tmp_path_factory.mktemp("held")).whole()


def packed(path, members, mode="w", form=tarfile.GNU_FORMAT):
    """`members`: (name or TarInfo, bytes)."""
    with tarfile.open(path, mode, format=form) as tar:
        for entry, data in members:
            info = entry if isinstance(entry, tarfile.TarInfo) else tarfile.TarInfo(str(entry))
            if not (info.issym() or info.islnk() or info.isdir() or info.isfifo()):
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return path


def files(held, prefix=""):
    """The plan first, the report last."""
    names = sorted(path.name for path in held.out.iterdir() if path.name != "report")
    return [(prefix + name, (held.out / name).read_bytes()) for name in (*names, "report")]


def of_type(kind, name="extra", target="/etc/passwd"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def refused(held, tar):
    """What is wrong is found out (2, as of any bundle), but for what can't be read at all (1)."""
    done = held.call("verify-bundle", tar)
    assert done.returncode in (1, 2), (done.stdout, done.stderr)
    assert done.stdout.startswith("result      BAD\n") == (done.returncode == 2)
    return done.stdout + done.stderr


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@pytest.mark.parametrize("prefix", ["", "./", "ceremony/", "./a/b/"])
def test_a_tar_file_verifies_as_its_directory_does(held, tmp_path, prefix, form):
    tar = packed(tmp_path / "c.tar", files(held, prefix), form=form)
    assert held.verify(out=tar) == held.verify()


def test_one_that_tar_made_of_the_whole_directory_does_too(held, tmp_path):
    tar = shutil.make_archive(str(tmp_path / "c"), "tar", held.out.parent, held.out.name)
    assert held.verify(out=tar)["good"]


def test_what_is_wrong_is_found_in_it(held, tmp_path):
    changed = [(name, data.replace(b'"first":"sofia"', b'"first":"wilma"', 1)) for name, data in files(held)]
    (problem,) = held.verify(out=packed(tmp_path / "c.tar", changed))["problems"]
    assert "doesn't follow the line before" in problem
    without = packed(tmp_path / "d.tar", [x for x in files(held) if x[0] != "report"])
    assert not held.verify(out=without)["good"]


def test_what_a_directory_never_gives_is_refused(held, tmp_path):
    good = files(held)
    one = tmp_path / "one.tar"
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
        assert "something else than plain files" in refused(held, packed(one, [(of_type(kind), b""), *good]))
    link = of_type(tarfile.SYMTYPE, "report")
    assert "something else" in refused(held, packed(one, [*good[:-1], (link, b"")]))
    for name in ("../plan.json", "a/../../x", "/etc/x", "a/.."):
        assert "leads out" in refused(held, packed(one, [(name, b"x"), *good])), name
    assert "plan.json twice" in refused(held, packed(one, [*good, good[0]]))
    assert held.call("verify-bundle", one).returncode == 2
    assert "more than one ceremony" in refused(held, packed(one, [*good, ("b/plan.json", b"{}")]))
    strange = [*good, ("b/report", b"x"), ("x", b""), (of_type(tarfile.DIRTYPE, "y/"), b"")]
    assert held.verify(out=packed(one, strange))["problems"] == [
        f"the file {name} isn't one that this ceremony wrote" for name in ("b/report", "x", "y")
    ]
    assert "has no transcript" in refused(held, packed(one, [good[0]]))
    assert "has no plan.json" in refused(held, packed(one, []))


def test_one_that_is_damaged_compressed_or_huge_is_refused(held, tmp_path):
    whole = packed(tmp_path / "c.tar", files(held)).read_bytes()
    one = tmp_path / "one.tar"
    for size in (0, 100, 512, 700, 2048):
        one.write_bytes(whole[:size])
        refused(held, one)
    one.write_bytes(gzip.compress(whole))
    assert "isn't a tar file" in refused(held, one)
    assert files(held)[0][0] == "plan.json"
    large = packed(one, [("plan.json", b" " * (300 << 10)), *files(held)[1:]])
    assert "too large" in refused(held, large)
    many = packed(one, [(f"f{n}", b"") for n in range(1025)])
    assert "more than 1024 files" in refused(held, many)
    swollen = tarfile.TarInfo("big")
    swollen.size = 65 << 20
    with open(one, "wb") as sparse:
        sparse.write(swollen.tobuf())
        sparse.truncate((66 << 20) + 1024)
    assert "over 64 MiB" in refused(held, one)
    refused(held, tmp_path / "nosuch.tar")
