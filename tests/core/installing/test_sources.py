"""What is meant by SOURCE."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError
from core.installing.sources import Source, read_source


@pytest.mark.parametrize(
    ("text", "kind", "address", "ref"),
    [
        ("https://example.org/me/mvp.git", "git", "https://example.org/me/mvp.git", ""),
        ("https://example.org/me/mvp@v1.2", "git", "https://example.org/me/mvp", "v1.2"),
        ("https://example.org/me/mvp.git@feature/new", "git", "https://example.org/me/mvp.git", "feature/new"),
        ("https://me:word@example.org/me/mvp.git@v1", "git", "https://me:word@example.org/me/mvp.git", "v1"),
        ("git+https://example.org/me/mvp", "git", "https://example.org/me/mvp", ""),
        ("ssh://git@example.org/me/mvp", "git", "ssh://git@example.org/me/mvp", ""),
        ("git@example.org:me/mvp.git", "git", "git@example.org:me/mvp.git", ""),
        ("git@example.org:mvp@0a1b2c", "git", "git@example.org:mvp", "0a1b2c"),
        ("mvp-shout", "package", "mvp-shout", ""),
        ("mvp-shout >= 1.2", "package", "mvp-shout>=1.2", ""),
        ("mvp-shout[fast]==1", "package", "mvp-shout[fast]==1", ""),
    ],
)
def test_what_is_meant(text: str, kind: str, address: str, ref: str) -> None:
    """An @ before the host is a user, one behind the repository a branch, a tag or a commit."""
    source = read_source(text)

    assert (source.kind, source.address, source.ref) == (kind, address, ref)
    assert "word" not in f"{source} {source!r}"


def test_what_lies_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is there goes before what a name could mean elsewhere; it is remembered as an absolute path."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mvp").mkdir()
    zipfile.ZipFile(tmp_path / "mvp.zip", "w").close()
    (tmp_path / "mvp.rar").write_text("")
    (tmp_path / "mvp.git/objects").mkdir(parents=True)
    (tmp_path / "mvp.git/HEAD").write_text("")

    assert read_source("mvp") == Source("folder", str(tmp_path / "mvp"))
    assert read_source("mvp.zip") == Source("archive", str(tmp_path / "mvp.zip"))
    assert read_source("./mvp.git") == Source("git", str(tmp_path / "mvp.git"))
    assert read_source("./mvp.git@v1") == Source("git", str(tmp_path / "mvp.git"), "v1")
    for text, said in {
        "mvp.rar": "no archive that can be read",
        "other.zip": "There is no other.zip",
        "./other": "There is no ./other",
        "/nowhere": "There is no /nowhere",
        "-rfile": "'-rfile' cannot be read",
        "ext::sh -c x": "cannot be read",
        "https://example.org/mvp.zip": "a file elsewhere",
    }.items():
        with pytest.raises(ConfigError, match=said):
            read_source(text)


@given(st.text(max_size=40))
def test_any_text_is_a_source_or_refused(text: str) -> None:
    """Nothing is taken for an option of git or pip."""
    try:
        source = read_source(text)
    except (ConfigError, ValueError):
        return
    assert not source.address.startswith("-")
    assert not source.ref.startswith("-")
