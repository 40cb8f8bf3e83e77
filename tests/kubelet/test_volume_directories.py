import stat
from pathlib import Path
from typing import Any

import pytest

from localjobs.kubelet.environment import CannotStart
from localjobs.kubelet.runtime import Mount
from localjobs.kubelet.volume_directories import (
    Volume,
    make_working_directory,
    mounts_of,
    set_up,
    write_projection,
)
from localjobs.kubelet.volumes import CannotMount, EmptyDirectory, File, HostPath, Projection

NOW = 1_000_000_000.0


def projection(**contents: str) -> Projection:
    files = [File(path.replace("__", "/"), c.encode(), 0o640) for path, c in contents.items()]
    return Projection(tuple(files))


def test_an_empty_directory_is_for_everyone_and_keeps_what_is_in_it(tmp_path: Path) -> None:
    (volume,) = set_up(tmp_path, {"v": EmptyDirectory()}, NOW).values()
    assert stat.S_IMODE(volume.directory.stat().st_mode) == 0o777
    (volume.directory / "x").write_text("kept")
    assert set_up(tmp_path, {"v": EmptyDirectory()}, NOW) == {"v": volume}
    assert (volume.directory / "x").read_text() == "kept"


def test_files_are_reached_through_the_data_link(tmp_path: Path) -> None:
    (volume,) = set_up(tmp_path, {"v": projection(a="1", d__b="2")}, NOW).values()
    assert volume.read_only
    assert (volume.directory / "a").readlink() == Path("..data/a")
    assert (volume.directory / "d" / "b").read_text() == "2"
    assert (volume.directory / "d").readlink() == Path("..data/d")
    assert stat.S_IMODE((volume.directory / "a").stat().st_mode) == 0o640
    target = (volume.directory / "..data").readlink()
    assert str(target) == "..2001_09_09_01_46_40.000000001"
    assert stat.S_IMODE((volume.directory / target).stat().st_mode) == 0o755


def test_an_update_changes_all_at_once_and_cleans_up(tmp_path: Path) -> None:
    assert write_projection(tmp_path, projection(a="1", old="x"), NOW)
    assert not write_projection(tmp_path, projection(a="1", old="x"), NOW)
    assert write_projection(tmp_path, projection(a="2", new="y"), NOW)
    assert (tmp_path / "a").read_text() == "2"
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["..2001_09_09_01_46_40.000000002", "..data", "a", "new"]


def test_paths_of_the_machine(tmp_path: Path) -> None:
    def there(name: str, type_: str) -> Path:
        return set_up(tmp_path, {"v": HostPath(str(tmp_path / name), type_)}, NOW)["v"].directory

    assert there("made", "").is_dir()
    assert there("also", "DirectoryOrCreate").is_dir()
    assert there("file", "FileOrCreate").is_file()
    assert there("file", "File").is_file()
    with pytest.raises(CannotMount, match=r"hostPath type check failed: \S*/no is not a dir"):
        there("no", "Directory")
    with pytest.raises(CannotMount, match="is not a socket file"):
        there("file", "Socket")


def mounts(volume: Volume, variables: dict[str, str] | None = None, **mount: Any) -> list[Mount]:
    container = {"volumeMounts": [{"name": "v", "mountPath": "/m", **mount}]}
    return list(mounts_of(container, {"v": volume}, variables or {}))


def test_mounts_of_a_volume_and_of_parts_of_it(tmp_path: Path) -> None:
    volume = Volume(tmp_path, read_only=False)
    here = str(tmp_path)
    assert mounts(volume) == [Mount(here, "/m")]
    assert mounts(volume, readOnly=True) == [Mount(here, "/m", True)]
    assert mounts(Volume(tmp_path, read_only=True)) == [Mount(here, "/m", True)]
    assert mounts(volume, subPath="a/b") == [Mount(f"{here}/a/b", "/m")]
    assert (tmp_path / "a/b").is_dir()
    named = mounts(volume, {"POD": "p"}, subPathExpr="$(POD)")
    assert named == [Mount(f"{here}/p", "/m")]


def test_a_part_of_a_projection_is_the_file_behind_the_links(tmp_path: Path) -> None:
    (volume,) = set_up(tmp_path, {"v": projection(a="1")}, NOW).values()
    (mount,) = mounts(volume, subPath="a")
    assert not Path(mount.source).is_symlink()
    assert Path(mount.source).read_text() == "1"


def test_a_part_cannot_lead_out_of_its_volume(tmp_path: Path) -> None:
    inside = tmp_path / "volume"
    inside.mkdir()
    (inside / "out").symlink_to(tmp_path)
    with pytest.raises(CannotStart):
        mounts(Volume(inside, read_only=False), subPath="out")
    with pytest.raises(CannotStart, match=r"missing value for \$\(NO\)"):
        mounts(Volume(inside, read_only=False), subPathExpr="$(NO)")


def test_a_working_directory_in_a_volume_is_made(tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "inner"
    mounted = [Mount(str(outer), "/w"), Mount(str(inner), "/w/in"), Mount("/no", "/r", True)]
    assert make_working_directory("/w/a/b", mounted)
    assert (outer / "a/b").is_dir()
    assert make_working_directory("/w/in/c", mounted)
    assert (inner / "c").is_dir()
    assert make_working_directory("/r/x", mounted)
    assert not make_working_directory("/else", mounted)
