import io
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from grokaem.corpora.archive import ArchiveError, members, read_member
from tests.corpora.archives import deb_of, tar_of, wheel_of

FILES = {"./usr/share/a.txt": b"first", "./usr/share/b/c.txt": b"second" * 1000}
PLAIN = {name.removeprefix("./"): content for name, content in FILES.items()}


def every(_name):
    return True


@pytest.mark.parametrize("suffix", [".xz", ".gz", ""])
def test_deb_members_are_those_that_were_put_in(tmp_path, suffix):
    path = tmp_path / "x_1_all.deb"
    path.write_bytes(deb_of(FILES, suffix))
    assert dict(members(path, every)) == PLAIN


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="needs dpkg-deb as the judge")
def test_debian_reads_our_hand_made_package_the_same_way(tmp_path):
    path = tmp_path / "x_1_all.deb"
    path.write_bytes(deb_of(FILES))
    tar = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(tar)) as judged:
        expected = {m.name.removeprefix("./"): judged.extractfile(m).read() for m in judged if m.isreg()}
    assert dict(members(path, every)) == expected == PLAIN


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs zstd to make the package")
def test_zstandard_deb(tmp_path):
    def compress(content):
        return subprocess.run(["zstd", "-qc"], input=content, stdout=subprocess.PIPE, check=True).stdout

    path = tmp_path / "x_1_all.deb"
    path.write_bytes(deb_of(FILES, ".zst", extra=compress))
    assert dict(members(path, every)) == PLAIN


def test_wheel_and_sdist(tmp_path):
    wheel, sdist = tmp_path / "x-1-py3-none-any.whl", tmp_path / "x-1.tar.gz"
    wheel.write_bytes(wheel_of(PLAIN))
    import gzip

    sdist.write_bytes(gzip.compress(tar_of(PLAIN)))
    for path in (wheel, sdist):
        assert read_member(path, "usr/share/b/c.txt") == b"second" * 1000
        assert [name for name, _ in members(path, lambda n: n.endswith("a.txt"))] == ["usr/share/a.txt"]
        with pytest.raises(ArchiveError, match="no member nothing.txt"):
            read_member(path, "nothing.txt")


@pytest.mark.parametrize("name", ["../evil.txt", "/etc/evil.txt", "a/../../evil.txt", "C:\\evil.txt", "a\\..\\b"])
@pytest.mark.parametrize("kind", ["whl", "deb", "tar"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name, kind):
    path = tmp_path / f"x_1.{kind}"
    content = {"whl": wheel_of, "deb": deb_of, "tar": tar_of}[kind]({"good.txt": b"1", name: b"2"})
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="unsafe path"):
        list(members(path, every))


def test_links_are_not_followed(tmp_path):
    deb, wheel = tmp_path / "x_1_all.deb", tmp_path / "x.whl"
    deb.write_bytes(deb_of({"a.txt": b"1"}, links={"secret.txt": "/etc/passwd"}))
    with zipfile.ZipFile(wheel, "w") as bundle:
        bundle.writestr("a.txt", b"1")
        link = zipfile.ZipInfo("secret.txt")
        link.external_attr = 0o120777 << 16
        bundle.writestr(link, "/etc/passwd")
    assert dict(members(deb, every)) == dict(members(wheel, every)) == {"a.txt": b"1"}


@pytest.mark.parametrize("filename", ["x_1_all.deb", "x.whl", "x.tar.gz"])
def test_a_damaged_archive_says_so(tmp_path, filename):
    whole = {"deb": deb_of, "whl": wheel_of, "gz": lambda f: __import__("gzip").compress(tar_of(f))}
    path = tmp_path / filename
    for content in (b"", b"not an archive at all", whole[filename.split(".")[-1]](FILES)[:-900]):
        path.write_bytes(content)
        with pytest.raises(ArchiveError, match="delete it and"):
            list(members(path, every))
